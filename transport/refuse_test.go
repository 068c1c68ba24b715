package transport

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/transport/leasedv1"
)

// TestMalformedIsNeverProposed: everything that its form alone condemns is refused with the
// field's name, before it costs a log entry.
func TestMalformedIsNeverProposed(t *testing.T) {
	node := newFakeNode()
	c, _ := serve(t, Config{Coordinator: node, Cluster: node})
	ctx := t.Context()
	limit := func() *leasedv1.Limit {
		return &leasedv1.Limit{Metric: "requests", Amount: 1, PerNanos: int64(time.Minute)}
	}
	put := func(b *leasedv1.Budget) func() error {
		return func() error {
			_, err := c.budgets.PutBudget(ctx, &leasedv1.PutBudgetRequest{Budget: b})
			return err
		}
	}
	acquire := func(req *leasedv1.AcquireRequest) func() error {
		return func() error { _, err := c.leases.Acquire(ctx, req); return err }
	}
	giveBack := func(req *leasedv1.ReturnRequest) func() error {
		return func() error { _, err := c.leases.Return(ctx, req); return err }
	}
	open := func(name, key string) func() error {
		return func() error {
			req := &leasedv1.OpenSessionRequest{Budget: name, Key: key}
			_, err := c.leases.OpenSession(ctx, req)
			return err
		}
	}
	future := protowire.AppendVarint(protowire.AppendTag(nil, 99, protowire.VarintType), 1)
	newer, newerLimit := &leasedv1.Budget{Name: "b", Limits: []*leasedv1.Limit{limit()}}, limit()
	newer.ProtoReflect().SetUnknown(future)
	newerLimit.ProtoReflect().SetUnknown(future)
	newerRules := &leasedv1.Rules{}
	newerRules.ProtoReflect().SetUnknown(future)
	long := strings.Repeat("n", budget.MaxNameLen+1)
	ask := func(limit uint32, need, want int64) *leasedv1.Ask {
		return &leasedv1.Ask{Limit: limit, Need: need, Want: want}
	}
	ret := func(lease uint64, window, amount int64) []*leasedv1.Return {
		return []*leasedv1.Return{{Lease: lease, Window: window, Amount: amount}}
	}
	tooMany := int64(budget.MaxAmount) + 1
	for _, tc := range []struct {
		name  string
		call  func() error
		names string // what the message must name
	}{
		{"no budget", put(nil), "budget"},
		{"no name", put(&leasedv1.Budget{Limits: []*leasedv1.Limit{limit()}}), "name"},
		{"no limits", put(&leasedv1.Budget{Name: "b"}), "limits"},
		{"many limits", put(&leasedv1.Budget{Name: "b",
			Limits: make([]*leasedv1.Limit, budget.MaxLimits+1)}), "limits"},
		{"same limit twice", put(&leasedv1.Budget{Name: "b",
			Limits: []*leasedv1.Limit{limit(), limit()}}), "limits[1]"},
		{"newer budget", put(newer), "does not know"},
		{"newer rules", put(&leasedv1.Budget{Name: "b", Rules: newerRules,
			Limits: []*leasedv1.Limit{limit()}}), "budget.rules: has a field"},
		{"no such mode", put(&leasedv1.Budget{Name: "b", Rules: &leasedv1.Rules{Mode: "lax"},
			Limits: []*leasedv1.Limit{limit()}}), `mode: "lax"`},
		{"newer limit", put(&leasedv1.Budget{Name: "b",
			Limits: []*leasedv1.Limit{newerLimit}}), "limits[0]"},
		{"open without name", open("", ""), "budget"},
		{"open with long name", open(long, ""), "budget"},
		{"open with long key", open("b", strings.Repeat("k", budget.MaxKeyLen+1)), "key"},
		{"no session", acquire(&leasedv1.AcquireRequest{Seq: 1}), "session"},
		{"no seq", acquire(&leasedv1.AcquireRequest{Session: 1}), "seq"},
		{"limit out of range", acquire(&leasedv1.AcquireRequest{Session: 1, Seq: 1,
			Asks: []*leasedv1.Ask{ask(budget.MaxLimits, 1, 1)}}), "asks[0].limit"},
		{"two asks of a limit", acquire(&leasedv1.AcquireRequest{Session: 1, Seq: 1,
			Asks: []*leasedv1.Ask{ask(3, 1, 1), ask(3, 1, 1)}}), "asks[1].limit"},
		{"need below nothing", acquire(&leasedv1.AcquireRequest{Session: 1, Seq: 1,
			Asks: []*leasedv1.Ask{ask(0, -1, 1)}}), "asks[0]"},
		{"want of nothing", acquire(&leasedv1.AcquireRequest{Session: 1, Seq: 1,
			Asks: []*leasedv1.Ask{ask(0, 0, 0)}}), "asks[0]"},
		{"want below need", acquire(&leasedv1.AcquireRequest{Session: 1, Seq: 1,
			Asks: []*leasedv1.Ask{ask(0, 2, 1)}}), "asks[0]"},
		{"want beyond the amounts", acquire(&leasedv1.AcquireRequest{Session: 1, Seq: 1,
			Asks: []*leasedv1.Ask{ask(0, 1, tooMany)}}), "asks[0]"},
		{"a lease of which nothing is kept", acquire(&leasedv1.AcquireRequest{Session: 1, Seq: 1,
			Asks: []*leasedv1.Ask{{Want: 1, Lease: 7}}}), "asks[0]: keep 0 of lease 7"},
		{"kept of no lease", acquire(&leasedv1.AcquireRequest{Session: 1, Seq: 1,
			Asks: []*leasedv1.Ask{{Want: 1, Keep: 7}}}), "asks[0]: keep 7 of lease 0"},
		{"too many kept", acquire(&leasedv1.AcquireRequest{Session: 1, Seq: 1,
			Asks: []*leasedv1.Ask{{Lease: 7, Keep: 1_000_001}}}), "asks[0]: keep 1000001 of lease 7"},
		{"fewer wanted than needed", acquire(&leasedv1.AcquireRequest{Session: 1, Seq: 1,
			Asks: []*leasedv1.Ask{{Lease: 7, Keep: 1, Need: 1}}}), "asks[0]: need 1, want 0"},
		{"many asks", acquire(&leasedv1.AcquireRequest{Session: 1, Seq: 1,
			Asks: make([]*leasedv1.Ask, budget.MaxLimits+1)}), "asks"},
		{"return of no lease", acquire(&leasedv1.AcquireRequest{Session: 1, Seq: 1,
			Returns: ret(0, 0, 1)}), "returns[0].lease"},
		{"return to no session", giveBack(&leasedv1.ReturnRequest{}), "session"},
		{"return in no window", giveBack(&leasedv1.ReturnRequest{Session: 1,
			Returns: ret(1, -1, 1)}), "returns[0].window"},
		{"return of nothing", giveBack(&leasedv1.ReturnRequest{Session: 1,
			Returns: ret(1, 0, 0)}), "returns[0].amount"},
		{"return beyond the amounts", giveBack(&leasedv1.ReturnRequest{Session: 1,
			Returns: ret(1, 0, tooMany)}), "returns[0].amount"},
		{"many returns", giveBack(&leasedv1.ReturnRequest{Session: 1,
			Returns: make([]*leasedv1.Return, fsm.MaxReturns+1)}), "returns"},
		{"delete without name", func() error {
			_, err := c.budgets.DeleteBudget(ctx, &leasedv1.DeleteBudgetRequest{})
			return err
		}, "name"},
		{"get without name", func() error {
			_, err := c.budgets.GetBudget(ctx, &leasedv1.GetBudgetRequest{})
			return err
		}, "name"},
		{"get with bad key", func() error {
			_, err := c.budgets.GetBudget(ctx, &leasedv1.GetBudgetRequest{Name: "b", Key: "\x00"})
			return err
		}, "key"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := tc.call()
			if status.Code(err) != codes.InvalidArgument || reasonOf(err) != ReasonInvalid {
				t.Fatalf("got %v, want INVALID", err)
			}
			if !strings.Contains(status.Convert(err).Message(), tc.names) {
				t.Errorf("%q does not name %q", status.Convert(err).Message(), tc.names)
			}
		})
	}
	if node.proposed != 0 {
		t.Errorf("%d malformed requests were proposed", node.proposed)
	}
}

func TestLimitsArePutIntoCanonicalOrder(t *testing.T) {
	got, err := parsePutBudget(&leasedv1.PutBudgetRequest{Budget: &leasedv1.Budget{
		Name: "b", Keyed: true, Limits: []*leasedv1.Limit{
			{Metric: "tokens", Kind: "window", Amount: 3, PerNanos: int64(time.Minute)},
			{Metric: "requests", Amount: 2, PerNanos: int64(time.Hour)},
			{Metric: "requests", Amount: 1, PerNanos: int64(time.Minute)},
		},
	}})
	want := budget.Budget{Name: "b", Keyed: true, Limits: []budget.Limit{
		{Metric: "requests", Kind: budget.KindWindow, Amount: 1, Per: time.Minute},
		{Metric: "requests", Kind: budget.KindWindow, Amount: 2, Per: time.Hour},
		{Metric: "tokens", Kind: budget.KindWindow, Amount: 3, Per: time.Minute},
	}}
	if err != nil || !got.Equal(want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

// TestRefusalsOfTheState: what only the state can refuse is told with its code and reason.
func TestRefusalsOfTheState(t *testing.T) {
	node := newFakeNode()
	c, _ := serve(t, Config{Coordinator: node, Cluster: node})
	ctx := t.Context()
	putBudget(t, c, "llm", 1)
	_, err := c.leases.OpenSession(ctx, &leasedv1.OpenSessionRequest{Budget: "other"})
	if status.Code(err) != codes.NotFound || reasonOf(err) != ReasonUnknownBudget {
		t.Errorf("open on an unknown budget: got %v", err)
	}
	_, err = c.leases.OpenSession(ctx, &leasedv1.OpenSessionRequest{Budget: "llm", Key: "k"})
	if status.Code(err) != codes.InvalidArgument || reasonOf(err) != ReasonInvalid {
		t.Errorf("open with a key on a budget without: got %v", err)
	}
	_, err = c.budgets.DeleteBudget(ctx, &leasedv1.DeleteBudgetRequest{Name: "other"})
	if status.Code(err) != codes.NotFound || reasonOf(err) != ReasonUnknownBudget {
		t.Errorf("delete of an unknown budget: got %v", err)
	}
}
