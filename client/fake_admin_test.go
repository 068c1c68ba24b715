package client

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/transport/leasedv1"
)

func (n *fakeNode) PutBudget(
	_ context.Context, req *leasedv1.PutBudgetRequest,
) (*leasedv1.PutBudgetResponse, error) {
	wire := req.GetBudget()
	limits, _, err := toPolicy(wire.GetLimits(), wire.GetRules())
	if err != nil {
		return nil, refuse(codes.InvalidArgument, "INVALID", err.Error())
	}
	f := n.cluster
	f.mu.Lock()
	old := f.budgets[wire.GetName()]
	f.mu.Unlock()
	changed := old == nil || !slices.Equal(old.limits, limits)
	if err := old.meets(req.GetExpect()); changed && err != nil {
		return nil, err
	}
	if changed {
		f.put(wire.GetName(), limits...)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.budgets[wire.GetName()]
	b.keyed = wire.GetKeyed()
	return &leasedv1.PutBudgetResponse{
		Revision: b.revision, Created: old == nil, Changed: changed,
	}, nil
}

// meets refuses what expects another revision.
func (b *fakeBudget) meets(expect uint64) error {
	revision := uint64(0)
	if b != nil {
		revision = b.revision
	}
	if expect == 0 || expect == revision || expect == absent && b == nil {
		return nil
	}
	s, err := status.New(codes.Aborted, "expected another one").WithDetails(&errdetails.ErrorInfo{
		Reason: reasonConflict, Metadata: map[string]string{revisionKey: fmt.Sprint(revision)}})
	if err != nil {
		return err
	}
	return s.Err()
}

// SetLimit gives a budget's only limit another amount.
func (n *fakeNode) SetLimit(
	_ context.Context, req *leasedv1.SetLimitRequest,
) (*leasedv1.SetLimitResponse, error) {
	f := n.cluster
	f.mu.Lock()
	b := f.budgets[req.GetBudget()]
	f.mu.Unlock()
	if b == nil {
		return nil, refuse(codes.NotFound, "UNKNOWN_BUDGET", "no such budget")
	}
	if err := b.meets(req.GetExpect()); err != nil {
		return nil, err
	}
	l := b.limits[0]
	l.Amount = budget.Credits(req.GetAmount())
	f.put(b.name, l)
	return &leasedv1.SetLimitResponse{Revision: f.budgets[b.name].revision, Changed: true,
		CompliesNanos: int64(l.Per)}, nil
}

func (n *fakeNode) DeleteBudget(
	_ context.Context, req *leasedv1.DeleteBudgetRequest,
) (*leasedv1.DeleteBudgetResponse, error) {
	f := n.cluster
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.budgets[req.GetName()] == nil {
		return nil, refuse(codes.NotFound, "UNKNOWN_BUDGET", "no such budget")
	}
	if err := f.budgets[req.GetName()].meets(req.GetExpect()); err != nil {
		return nil, err
	}
	delete(f.budgets, req.GetName())
	return &leasedv1.DeleteBudgetResponse{}, nil
}

func (n *fakeNode) GetBudget(
	_ context.Context, req *leasedv1.GetBudgetRequest,
) (*leasedv1.GetBudgetResponse, error) {
	f := n.cluster
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.budgets[req.GetName()]
	if b == nil {
		return nil, refuse(codes.NotFound, "UNKNOWN_BUDGET", "no such budget")
	}
	return f.status(b, req.GetKey()), nil
}

func (n *fakeNode) ListBudgets(
	context.Context, *leasedv1.ListBudgetsRequest,
) (*leasedv1.ListBudgetsResponse, error) {
	f := n.cluster
	f.mu.Lock()
	defer f.mu.Unlock()
	resp := &leasedv1.ListBudgetsResponse{}
	for _, name := range slices.Sorted(maps.Keys(f.budgets)) {
		resp.Budgets = append(resp.Budgets, f.status(f.budgets[name], ""))
	}
	return resp, nil
}

func (f *fakeCluster) status(b *fakeBudget, key string) *leasedv1.GetBudgetResponse {
	resp := &leasedv1.GetBudgetResponse{
		Budget: fromBudget(budget.Budget{
			Name: b.name, Keyed: b.keyed, Limits: b.limits,
		}),
		Revision: b.revision,
	}
	for i := range b.limits {
		a := f.account(b, key, i)
		resp.Limits = append(resp.Limits, &leasedv1.LimitStatus{
			Limit: resp.Budget.Limits[i], Window: int64(a.window), Used: int64(a.used),
			EndsInNanos: f.endsIn(b, i),
		})
	}
	return resp
}

func (n *fakeNode) Status(
	context.Context, *leasedv1.StatusRequest,
) (*leasedv1.StatusResponse, error) {
	f := n.cluster
	f.mu.Lock()
	defer f.mu.Unlock()
	return &leasedv1.StatusResponse{
		Node: n.addr, State: "leader", Leader: f.leader, Term: 7, Epoch: 7, AppliedIndex: 42,
		ClusterTimeNanos: int64(f.instant()), Sessions: uint64(len(f.sessions)), DriftPpm: 5000,
		Members: []*leasedv1.Member{
			{Id: "a", RaftAddress: "a:2", ApiAddress: "a:1", Voter: true, Leader: true, Alive: true},
		},
	}, nil
}
