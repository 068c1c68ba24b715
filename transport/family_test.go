package transport

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/transport/leasedv1"
)

// wireBudget is a budget of one limit.
func wireBudget(name, template, parent string) *leasedv1.Budget {
	return &leasedv1.Budget{Name: name, KeyTemplate: template, Parent: parent,
		Limits: []*leasedv1.Limit{{Metric: "tokens", Amount: 10, PerNanos: int64(time.Minute)}}}
}

// TestFamilyOnTheWire: what is put is read again, and a session is told whose its limits are, what
// they weigh, and when any of them changes.
func TestFamilyOnTheWire(t *testing.T) {
	node := newFakeNode()
	c, _ := serve(t, Config{Coordinator: node, Cluster: node})
	ctx := t.Context()
	put := func(b *leasedv1.Budget) error {
		_, err := c.budgets.PutBudget(ctx, &leasedv1.PutBudgetRequest{Budget: b})
		return err
	}
	org, team := wireBudget("org", "{org}", ""), wireBudget("team", "{org}/{team}", "org")
	team.Weights = []*leasedv1.Weight{{Metric: "tokens", Cost: "output", Times: 5}}
	err := put(team)
	wantReason(t, "a parent that is not there", err, codes.FailedPrecondition, ReasonMisfit)
	for _, b := range []*leasedv1.Budget{org, team} {
		if err := put(b); err != nil {
			t.Fatal(err)
		}
	}
	_, err = c.budgets.DeleteBudget(ctx, &leasedv1.DeleteBudgetRequest{Name: "org"})
	wantReason(t, "delete a parent", err, codes.FailedPrecondition, ReasonMisfit)

	labels := map[string]string{"org": "a/b", "team": "red"}
	opened, err := c.leases.OpenSession(ctx,
		&leasedv1.OpenSessionRequest{Budget: "team", Labels: labels})
	if err != nil {
		t.Fatal(err)
	}
	wantLevels := []*leasedv1.Level{{Budget: "team", Limits: 1, Weights: team.Weights},
		{Budget: "org", Limits: 1}}
	if len(opened.Limits) != 2 || !slices.EqualFunc(opened.Levels, wantLevels, equalLevels) {
		t.Errorf("got %v", opened)
	}
	if _, err := c.leases.Acquire(ctx, &leasedv1.AcquireRequest{Session: opened.Session, Seq: 1,
		Revision: opened.Revision, Asks: []*leasedv1.Ask{
			{Limit: 0, Need: 3, Want: 3}, {Limit: 1, Need: 4, Want: 4}}}); err != nil {
		t.Fatal(err)
	}
	org.Limits[0].Amount++
	if err := put(org); err != nil {
		t.Fatal(err)
	}
	changed, err := c.leases.Acquire(ctx, &leasedv1.AcquireRequest{Session: opened.Session, Seq: 2,
		Revision: opened.Revision})
	if err != nil || changed.Outcome != leasedv1.Outcome_OUTCOME_CHANGED ||
		!slices.EqualFunc(changed.Levels, wantLevels, equalLevels) {
		t.Errorf("got %v, %v", changed, err)
	}
	for _, req := range []*leasedv1.GetBudgetRequest{
		{Name: "team", Labels: labels}, {Name: "team", Key: "a%2Fb/red"},
	} {
		got, err := c.budgets.GetBudget(ctx, req)
		if err != nil || got.Budget.Parent != "org" || got.Budget.KeyTemplate != "{org}/{team}" ||
			len(got.Budget.Weights) != 1 || got.Limits[0].Used != 3 {
			t.Errorf("%v: got %v, %v", req, got, err)
		}
	}
}

func equalLevels(a, b *leasedv1.Level) bool { return proto.Equal(a, b) }

func wantReason(t *testing.T, what string, err error, code codes.Code, reason string) {
	t.Helper()
	if got := status.Code(err); got != code || reasonOf(err) != reason {
		t.Errorf("%s: got %v, want %v, %s", what, err, code, reason)
	}
}

// TestMalformedFamilies: what its form condemns is refused before it is proposed, or read.
func TestMalformedFamilies(t *testing.T) {
	node := newFakeNode()
	c, _ := serve(t, Config{Coordinator: node, Cluster: node})
	ctx := t.Context()
	put := func(change func(*leasedv1.Budget)) error {
		b := wireBudget("b", "", "")
		change(b)
		_, err := c.budgets.PutBudget(ctx, &leasedv1.PutBudgetRequest{Budget: b})
		return err
	}
	open := func(key string, labels map[string]string) error {
		_, err := c.leases.OpenSession(ctx,
			&leasedv1.OpenSessionRequest{Budget: "b", Key: key, Labels: labels})
		return err
	}
	many := map[string]string{}
	for i := range budget.MaxLabels + 1 {
		many[string(rune('a'+i))] = "x"
	}
	newer := &leasedv1.Weight{Metric: "tokens", Cost: "input", Times: 1}
	newer.ProtoReflect().SetUnknown(
		protowire.AppendVarint(protowire.AppendTag(nil, 99, protowire.VarintType), 1))
	for _, tc := range []struct {
		err   error
		names string
	}{
		{put(func(b *leasedv1.Budget) { b.KeyTemplate = "{a}{b}" }), "key"},
		{put(func(b *leasedv1.Budget) { b.Parent = "b" }), "parent"},
		{put(func(b *leasedv1.Budget) { b.Parent = "no name" }), "parent"},
		{put(func(b *leasedv1.Budget) { b.Weights = make([]*leasedv1.Weight, 65) }), "weights"},
		{put(func(b *leasedv1.Budget) { b.Weights = []*leasedv1.Weight{newer} }), "does not know"},
		{put(func(b *leasedv1.Budget) {
			b.Weights = []*leasedv1.Weight{{Metric: "tokens", Cost: "input"}}
		}), "weights.tokens.input: 0 is not allowed"},
		{put(func(b *leasedv1.Budget) {
			b.Weights = []*leasedv1.Weight{{Metric: "usd", Cost: "input", Times: 1}}
		}), "weights.usd.input"},
		{open("k", map[string]string{"org": "x"}), "labels"},
		{open("", map[string]string{"Org": "x"}), "labels"},
		{open("", map[string]string{"org": ""}), "labels.org"},
		{open("", many), "labels: 9, at most 8"},
	} {
		if status.Code(tc.err) != codes.InvalidArgument || !strings.Contains(tc.err.Error(), tc.names) {
			t.Errorf("got %v, want it to name %s", tc.err, tc.names)
		}
	}
	if node.proposed > 0 {
		t.Errorf("%d of them were proposed", node.proposed)
	}
	if err := put(func(*leasedv1.Budget) {}); err != nil {
		t.Fatal(err)
	}
	_, err := c.budgets.GetBudget(ctx,
		&leasedv1.GetBudgetRequest{Name: "b", Labels: map[string]string{"org": "x"}})
	wantReason(t, "labels of a budget without", err, codes.InvalidArgument, ReasonInvalid)
	_, err = c.budgets.GetBudget(ctx,
		&leasedv1.GetBudgetRequest{Name: "none", Labels: map[string]string{"org": "x"}})
	wantReason(t, "labels of no budget", err, codes.NotFound, ReasonUnknownBudget)
}
