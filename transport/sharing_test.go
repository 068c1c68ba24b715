package transport

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/leased-io/leased/transport/leasedv1"
)

// TestSharingOnTheWire: a sharing that is put is read again, in canonical order, and a session may
// have the label and a priority.
func TestSharingOnTheWire(t *testing.T) {
	node := newFakeNode()
	c, _ := serve(t, Config{Coordinator: node, Cluster: node})
	ctx := t.Context()
	b := wireBudget("org", "", "")
	b.Sharing = &leasedv1.Sharing{By: "team", Reserved: 10,
		Weights:    []*leasedv1.Portion{{Tenant: "b", N: 2}, {Tenant: "a", N: 3}},
		Guaranteed: []*leasedv1.Portion{{Tenant: "a", N: 20}}}
	if _, err := c.budgets.PutBudget(ctx, &leasedv1.PutBudgetRequest{Budget: b}); err != nil {
		t.Fatal(err)
	}
	got, err := c.budgets.GetBudget(ctx, &leasedv1.GetBudgetRequest{Name: "org"})
	want := proto.CloneOf(b.Sharing)
	want.Weights[0], want.Weights[1] = want.Weights[1], want.Weights[0]
	if err != nil || !proto.Equal(got.Budget.Sharing, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	opened, err := c.leases.OpenSession(ctx, &leasedv1.OpenSessionRequest{Budget: "org",
		Labels: map[string]string{"team": "a"}, Priority: "low"})
	if err != nil {
		t.Fatal(err)
	}
	// Low priority leaves twice the reserve, of 10 credits 2.
	denied, err := c.leases.Acquire(ctx, &leasedv1.AcquireRequest{Session: opened.Session, Seq: 1,
		Revision: opened.Revision, Asks: []*leasedv1.Ask{{Need: 9, Want: 9}}})
	if err != nil || denied.Outcome != leasedv1.Outcome_OUTCOME_DENIED || denied.Denial.Left != 8 {
		t.Errorf("got %v, %v", denied, err)
	}
}

// TestMalformedSharing: what its form condemns is refused before it is proposed.
func TestMalformedSharing(t *testing.T) {
	node := newFakeNode()
	c, _ := serve(t, Config{Coordinator: node, Cluster: node})
	ctx := t.Context()
	newer := protowire.AppendVarint(protowire.AppendTag(nil, 99, protowire.VarintType), 1)
	odd, oddPortion := &leasedv1.Sharing{By: "team"}, &leasedv1.Portion{Tenant: "a", N: 1}
	odd.ProtoReflect().SetUnknown(newer)
	oddPortion.ProtoReflect().SetUnknown(newer)
	for _, tc := range []struct {
		sharing *leasedv1.Sharing
		names   string
	}{
		{&leasedv1.Sharing{}, `sharing.by: "" is not allowed`},
		{odd, "budget.sharing: has a field that this version does not know"},
		{&leasedv1.Sharing{By: "t", Weights: make([]*leasedv1.Portion, 33)},
			"budget.sharing.weights: 33, at most 32"},
		{&leasedv1.Sharing{By: "t", Guaranteed: []*leasedv1.Portion{oddPortion}},
			"budget.sharing.guaranteed[0]: has a field that this version does not know"},
		{&leasedv1.Sharing{By: "t", Reserved: 101}, "sharing.reserved: 101 is not allowed"},
	} {
		b := wireBudget("b", "", "")
		b.Sharing = tc.sharing
		_, err := c.budgets.PutBudget(ctx, &leasedv1.PutBudgetRequest{Budget: b})
		if status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), tc.names) {
			t.Errorf("got %v, want %s", err, tc.names)
		}
	}
	_, err := c.leases.OpenSession(ctx,
		&leasedv1.OpenSessionRequest{Budget: "b", Priority: "urgent"})
	if status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "priority") {
		t.Errorf("got %v", err)
	}
}
