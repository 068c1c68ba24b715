package client

import (
	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/transport/leasedv1"
)

// WithPriority sets whom the last credits of a shared budget are for: budget.PriorityHigh draws on
// what is reserved, too, and budget.PriorityLow leaves twice as much. Where no budget says that its
// accounts are shared it makes no difference. Default budget.PriorityNormal.
func WithPriority(p budget.Priority) LimiterOption {
	return func(o *limiterOptions) { o.priority = p }
}

func fromSharing(s *budget.Sharing) *leasedv1.Sharing {
	if s == nil {
		return nil
	}
	return &leasedv1.Sharing{By: s.By, Weights: fromPortions(s.Weights),
		Guaranteed: fromPortions(s.Guaranteed), Reserved: s.Reserved}
}

func fromPortions(portions []budget.Portion) (wire []*leasedv1.Portion) {
	for _, p := range portions {
		wire = append(wire, &leasedv1.Portion{Tenant: p.Tenant, N: p.N})
	}
	return wire
}

func toSharing(wire *leasedv1.Sharing) *budget.Sharing {
	if wire == nil {
		return nil
	}
	return &budget.Sharing{By: wire.GetBy(), Weights: toPortions(wire.GetWeights()),
		Guaranteed: toPortions(wire.GetGuaranteed()), Reserved: wire.GetReserved()}
}

func toPortions(wire []*leasedv1.Portion) (portions []budget.Portion) {
	for _, p := range wire {
		portions = append(portions, budget.Portion{Tenant: p.GetTenant(), N: p.GetN()})
	}
	return portions
}
