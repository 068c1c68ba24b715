package transport

import (
	"context"
	"fmt"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/transport/leasedv1"
)

// budgetsServer is what operators call.
type budgetsServer struct {
	leasedv1.UnimplementedBudgetsServer
	*Server
}

var _ leasedv1.BudgetsServer = (*budgetsServer)(nil)

// PutBudget creates a budget or replaces its limits.
func (s *budgetsServer) PutBudget(
	ctx context.Context, req *leasedv1.PutBudgetRequest,
) (*leasedv1.PutBudgetResponse, error) {
	b, err := parsePutBudget(req)
	if err != nil {
		return nil, err
	}
	cmd := fsm.Command{PutBudget: &fsm.PutBudget{Budget: b, Expect: req.GetExpect()}}
	decide := func(ctx context.Context) (*leasedv1.PutBudgetResponse, error) {
		res, err := s.coordinator.Propose(ctx, cmd)
		if err != nil {
			return nil, toStatus(err)
		}
		if res.Code != fsm.CodeDone {
			return nil, refusal(res, fmt.Sprintf("put budget %q", b.Name))
		}
		return &leasedv1.PutBudgetResponse{
			Revision: res.Revision,
			Created:  res.Created,
			Changed:  res.Changed,

			CompliesNanos: int64(res.Complies),
		}, nil
	}
	return call(ctx, s.Server, leasedv1.Budgets_PutBudget_FullMethodName, req, decide)
}

// DeleteBudget removes a budget.
func (s *budgetsServer) DeleteBudget(
	ctx context.Context, req *leasedv1.DeleteBudgetRequest,
) (*leasedv1.DeleteBudgetResponse, error) {
	name := req.GetName()
	if err := parseName("name", name); err != nil {
		return nil, err
	}
	if req.GetExpect() == fsm.ExpectAbsent {
		return nil, invalid("expect: what must not be there cannot be deleted")
	}
	decide := func(ctx context.Context) (*leasedv1.DeleteBudgetResponse, error) {
		cmd := fsm.Command{DeleteBudget: &fsm.DeleteBudget{Name: name, Expect: req.GetExpect()}}
		res, err := s.coordinator.Propose(ctx, cmd)
		if err != nil {
			return nil, toStatus(err)
		}
		if res.Code != fsm.CodeDone {
			return nil, refusal(res, fmt.Sprintf("delete budget %q", name))
		}
		return &leasedv1.DeleteBudgetResponse{CompliesNanos: int64(res.Complies)}, nil
	}
	return call(ctx, s.Server, leasedv1.Budgets_DeleteBudget_FullMethodName, req, decide)
}

// GetBudget reads one budget, with the use of one key's accounts.
func (s *budgetsServer) GetBudget(
	ctx context.Context, req *leasedv1.GetBudgetRequest,
) (*leasedv1.GetBudgetResponse, error) {
	name, key := req.GetName(), req.GetKey()
	if err := parseName("name", name); err != nil {
		return nil, err
	}
	labels, err := parseLabels(key, req.GetLabels())
	if err != nil {
		return nil, err
	}
	decide := func(ctx context.Context) (*leasedv1.GetBudgetResponse, error) {
		var resp *leasedv1.GetBudgetResponse
		var misfit error
		err := s.coordinator.Read(ctx, func(st *fsm.State, now budget.Instant) {
			account, err := accountOf(st, name, key, labels)
			if misfit = err; err != nil {
				return
			}
			if b, ok := st.BudgetAt(name, account, now); ok {
				resp = statusOf(b, now)
			}
		})
		if err != nil {
			return nil, toStatus(err)
		}
		if misfit != nil {
			return nil, misfit
		}
		if resp == nil {
			unknown := fsm.Result{Code: fsm.CodeUnknownBudget}
			return nil, refusal(unknown, fmt.Sprintf("get budget %q", name))
		}
		return resp, nil
	}
	return call(ctx, s.Server, leasedv1.Budgets_GetBudget_FullMethodName, req, decide)
}

// ListBudgets reads every budget, with the use of the empty key's accounts.
func (s *budgetsServer) ListBudgets(
	ctx context.Context, req *leasedv1.ListBudgetsRequest,
) (*leasedv1.ListBudgetsResponse, error) {
	decide := func(ctx context.Context) (*leasedv1.ListBudgetsResponse, error) {
		resp := &leasedv1.ListBudgetsResponse{}
		err := s.coordinator.Read(ctx, func(st *fsm.State, now budget.Instant) {
			for _, b := range st.Budgets(now) {
				resp.Budgets = append(resp.Budgets, statusOf(b, now))
			}
		})
		if err != nil {
			return nil, toStatus(err)
		}
		return resp, nil
	}
	return call(ctx, s.Server, leasedv1.Budgets_ListBudgets_FullMethodName, req, decide)
}

// statusOf puts a budget's use at now into a message.
func statusOf(b fsm.BudgetStatus, now budget.Instant) *leasedv1.GetBudgetResponse {
	resp := &leasedv1.GetBudgetResponse{Budget: budgetToProto(b.Budget), Revision: b.Revision}
	for _, l := range b.Limits {
		resp.Limits = append(resp.Limits, &leasedv1.LimitStatus{
			Limit:        limitToProto(l.Limit),
			Window:       int64(l.Window),
			Used:         int64(l.Used),
			Left:         int64(l.Left),
			EndsInNanos:  int64(l.Ends.Sub(now)),
			OpensInNanos: int64(l.Opens.Sub(now)),
		})
	}
	for _, o := range b.Overrides {
		resp.Overrides = append(resp.Overrides, overrideToProto(o, now))
	}
	return resp
}
