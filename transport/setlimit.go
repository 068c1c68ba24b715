package transport

import (
	"context"
	"fmt"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/transport/leasedv1"
)

// SetLimit overrides a limit, or ends that.
func (s *budgetsServer) SetLimit(
	ctx context.Context, req *leasedv1.SetLimitRequest,
) (*leasedv1.SetLimitResponse, error) {
	set, err := parseSetLimit(req)
	if err != nil {
		return nil, err
	}
	decide := func(ctx context.Context) (*leasedv1.SetLimitResponse, error) {
		res, err := s.coordinator.Propose(ctx, fsm.Command{SetLimit: &set})
		if err != nil {
			return nil, toStatus(err)
		}
		if res.Code != fsm.CodeDone {
			return nil, refusal(res, fmt.Sprintf("set limit %q of budget %q", set.Metric, set.Budget))
		}
		return &leasedv1.SetLimitResponse{
			Revision:      res.Revision,
			Changed:       res.Changed,
			CompliesNanos: int64(res.Complies),
		}, nil
	}
	return call(ctx, s.Server, leasedv1.Budgets_SetLimit_FullMethodName, req, decide)
}

// parseSetLimit refuses what the state machine would refuse whatever its state. A field that this
// version does not know is refused, as it is of a budget.
func parseSetLimit(req *leasedv1.SetLimitRequest) (fsm.SetLimit, error) {
	if unknown(req) {
		return fsm.SetLimit{}, invalid("set limit: has a field that this version does not know")
	}
	if err := parseName("budget", req.GetBudget()); err != nil {
		return fsm.SetLimit{}, err
	}
	set := fsm.SetLimit{
		Budget: req.GetBudget(),
		Metric: req.GetMetric(),
		Per:    time.Duration(req.GetPerNanos()),
		Kind:   budget.Kind(req.GetKind()),
		Amount: budget.Credits(req.GetAmount()),
		Burst:  budget.Credits(req.GetBurst()),
		Key:    req.GetKey(),
		For:    time.Duration(req.GetForNanos()),
		Clear:  req.GetClear(),
		Expect: req.GetExpect(),
	}
	if err := set.Validate(); err != nil {
		return fsm.SetLimit{}, invalid("%v", err)
	}
	return set, nil
}

// overrideToProto tells of an override at now.
func overrideToProto(o fsm.OverrideStatus, now budget.Instant) *leasedv1.Override {
	wire := &leasedv1.Override{
		Limit:  uint32(o.Limit),
		Key:    o.Key,
		Amount: int64(o.Amount),
		Burst:  int64(o.Burst),
	}
	if o.Until != 0 {
		wire.EndsInNanos = int64(o.Until.Sub(now))
	}
	return wire
}
