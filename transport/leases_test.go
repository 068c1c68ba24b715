package transport

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/transport/leasedv1"
)

func putBudget(t *testing.T, c api, name string, amount int64) *leasedv1.PutBudgetResponse {
	t.Helper()
	resp, err := c.budgets.PutBudget(t.Context(), &leasedv1.PutBudgetRequest{
		Budget: &leasedv1.Budget{Name: name, Limits: []*leasedv1.Limit{
			{Metric: "requests", Amount: amount, PerNanos: int64(time.Minute)},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// TestHolderLife goes through the answers of every call of a limiter, in one session's life.
func TestHolderLife(t *testing.T) {
	node := newFakeNode()
	c, _ := serve(t, Config{Coordinator: node, Cluster: node})
	ctx := t.Context()

	if put := putBudget(t, c, "llm", 100); !put.GetCreated() || !put.GetChanged() {
		t.Fatalf("put: got %v", put)
	}
	open, err := c.leases.OpenSession(ctx, &leasedv1.OpenSessionRequest{Budget: "llm"})
	if err != nil {
		t.Fatal(err)
	}
	if open.GetDriftPpm() != lease.DefaultMaxClockDriftPPM || len(open.GetLimits()) != 1 ||
		open.GetLimits()[0].GetKind() != string(budget.KindWindow) {
		t.Fatalf("open: got %v", open)
	}
	seq := uint64(0)
	acquire := func(need, want int64, want2 leasedv1.Outcome) *leasedv1.AcquireResponse {
		t.Helper()
		seq++
		req := &leasedv1.AcquireRequest{
			Session: open.GetSession(), Seq: seq, Revision: open.GetRevision(),
			Asks: []*leasedv1.Ask{{Need: need, Want: want}},
		}
		resp, err := c.leases.Acquire(ctx, req)
		if err != nil {
			t.Fatal(err)
		}
		if resp.GetOutcome() != want2 {
			t.Fatalf("acquire %d..%d: got %v, want %v", need, want, resp, want2)
		}
		again, err := c.leases.Acquire(ctx, req)
		if err != nil {
			t.Fatal(err)
		}
		if !proto.Equal(resp, again) { // no time has passed
			t.Fatalf("acquire again: got %v, want %v", again, resp)
		}
		return resp
	}
	granted := acquire(60, 60, leasedv1.Outcome_OUTCOME_GRANTED)
	grant := granted.GetGrants()[0]
	if grant.GetAmount() != 60 || grant.GetTtlNanos() != int64(time.Minute) {
		t.Errorf("grant: got %v", grant)
	}
	denied := acquire(60, 60, leasedv1.Outcome_OUTCOME_DENIED)
	if d := denied.GetDenial(); d.GetLeft() != 40 || d.GetRetryAfterNanos() != int64(time.Minute) {
		t.Errorf("denial: got %v", d)
	}
	acquire(101, 101, leasedv1.Outcome_OUTCOME_TOO_LARGE)

	stale, err := c.leases.Acquire(ctx, &leasedv1.AcquireRequest{Session: open.GetSession(), Seq: 1})
	if err != nil || stale.GetOutcome() != leasedv1.Outcome_OUTCOME_STALE {
		t.Errorf("stale: got %v, %v", stale, err)
	}

	ret := &leasedv1.ReturnRequest{Session: open.GetSession(), Returns: []*leasedv1.Return{
		{Lease: grant.GetLease(), Window: grant.GetWindow(), Amount: 25},
	}}
	for i, want := range []int64{25, 0} { // a lease is returned once
		got, err := c.leases.Return(ctx, ret)
		if err != nil || !got.GetSessionKnown() || got.GetTaken()[0] != want {
			t.Errorf("return %d: got %v, %v, want %d taken", i+1, got, err, want)
		}
	}

	putBudget(t, c, "llm", 50)
	changed := acquire(1, 1, leasedv1.Outcome_OUTCOME_CHANGED)
	if changed.GetLimits()[0].GetAmount() != 50 || changed.GetRevision() <= open.GetRevision() {
		t.Errorf("changed: got %v", changed)
	}

	last, err := c.leases.Return(ctx, &leasedv1.ReturnRequest{Session: open.GetSession(), Close: true})
	if err != nil || !last.GetSessionKnown() {
		t.Errorf("close: got %v, %v", last, err)
	}
	gone, err := c.leases.Return(ctx, ret)
	if err != nil || gone.GetSessionKnown() || gone.GetTaken()[0] != 0 {
		t.Errorf("return after close: got %v, %v", gone, err)
	}
	acquire(1, 1, leasedv1.Outcome_OUTCOME_UNKNOWN_SESSION)
}

func TestAcquireOfADeletedBudgetIsAnswered(t *testing.T) {
	node := newFakeNode()
	c, _ := serve(t, Config{Coordinator: node, Cluster: node})
	ctx := t.Context()
	putBudget(t, c, "llm", 100)
	open, err := c.leases.OpenSession(ctx, &leasedv1.OpenSessionRequest{Budget: "llm"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.budgets.DeleteBudget(ctx, &leasedv1.DeleteBudgetRequest{Name: "llm"})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.leases.Acquire(ctx, &leasedv1.AcquireRequest{
		Session: open.GetSession(), Seq: 1, Revision: open.GetRevision(),
		Asks: []*leasedv1.Ask{{Need: 1, Want: 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	switch resp.GetOutcome() {
	case leasedv1.Outcome_OUTCOME_UNKNOWN_BUDGET, leasedv1.Outcome_OUTCOME_UNKNOWN_SESSION:
	default:
		t.Errorf("got %v", resp)
	}
}

// TestBudgetStatusIsOfNow: a window that is over by the leader's clock is told as over, though
// no command has rolled it yet.
func TestBudgetStatusIsOfNow(t *testing.T) {
	node := newFakeNode()
	c, _ := serve(t, Config{Coordinator: node, Cluster: node})
	ctx := t.Context()
	putBudget(t, c, "llm", 100)
	open, err := c.leases.OpenSession(ctx, &leasedv1.OpenSessionRequest{Budget: "llm"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.leases.Acquire(ctx, &leasedv1.AcquireRequest{
		Session: open.GetSession(), Seq: 1, Revision: open.GetRevision(),
		Asks: []*leasedv1.Ask{{Need: 30, Want: 30}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		now                budget.Instant
		window, used, ends int64
	}{
		{0, 0, 30, int64(time.Minute)},
		{budget.Instant(time.Minute) - 1, 0, 30, 1},
		{budget.Instant(time.Minute), 1, 0, int64(time.Minute)},
	} {
		node.mu.Lock()
		node.now = tc.now
		node.mu.Unlock()
		got, err := c.budgets.GetBudget(ctx, &leasedv1.GetBudgetRequest{Name: "llm"})
		if err != nil {
			t.Fatal(err)
		}
		l := got.GetLimits()[0]
		if l.GetWindow() != tc.window || l.GetUsed() != tc.used || l.GetEndsInNanos() != tc.ends {
			t.Errorf("at %d: got %v, want %+v", tc.now, l, tc)
		}
		list, err := c.budgets.ListBudgets(ctx, &leasedv1.ListBudgetsRequest{})
		if err != nil || len(list.GetBudgets()) != 1 || !proto.Equal(list.GetBudgets()[0], got) {
			t.Errorf("at %d: list: got %v, %v, want %v", tc.now, list, err, got)
		}
	}
	_, err = c.budgets.GetBudget(ctx, &leasedv1.GetBudgetRequest{Name: "other"})
	if status.Code(err) != codes.NotFound || reasonOf(err) != ReasonUnknownBudget {
		t.Errorf("unknown budget: got %v", err)
	}
}
