package client

import (
	"fmt"
	"slices"
	"strings"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// Cost is what an admission takes, in credits by metric. A metric of the budget that it does
// not name costs nothing. A metric with several limits (requests per minute and per day) draws
// on each. Valid costs are 0..budget.MaxAmount each, name only the budget's metrics, and are
// not all zero.
type Cost map[string]int64

// ask is a cost as its caller put it. It outlives a change of limits, which its vector does
// not: n credits of the only metric, or byMetric where that is not nil.
type ask struct {
	n        int64
	byMetric Cost
	slot     *Slot // what is to be held, of slots; nil where credits are spent for good
}

// layout is how a budget's limits lie in cost vectors.
type layout struct {
	limits  []budget.Limit // canonical order: by metric, then by period
	metrics []string       // distinct: those that are unlimited, and then in that order
	slots   bool           // some limit is of slots
	free    bool           // some metric is unlimited
}

func newLayout(limits []budget.Limit, unlimited []string) layout {
	lay := layout{limits: limits, metrics: slices.Clone(unlimited), free: len(unlimited) > 0}
	for _, limit := range limits {
		lay.slots = lay.slots || limit.Kind == budget.KindSlots
		if !slices.Contains(lay.metrics, limit.Metric) {
			lay.metrics = append(lay.metrics, limit.Metric)
		}
	}
	return lay
}

// vector writes a into into, which has one place per limit, or returns an error that matches
// ErrCost. It allocates only for the error.
func (lay *layout) vector(into lease.Cost, a ask) error {
	switch {
	case lay.slots && a.slot == nil:
		return fmt.Errorf("%w: the budget has slots, which are given back: use AcquireSlot", ErrCost)
	case !lay.slots && a.slot != nil:
		return fmt.Errorf("%w: the budget has no slots", ErrCost)
	}
	if a.byMetric != nil {
		return lay.mapped(into, a.byMetric)
	}
	if len(lay.metrics) != 1 {
		return fmt.Errorf("%w: the budget has several metrics, name them: %s",
			ErrCost, strings.Join(lay.metrics, ", "))
	}
	if a.n < 1 || a.n > int64(budget.MaxAmount) {
		return fmt.Errorf("%w: n is %d, allowed is 1..%d", ErrCost, a.n, budget.MaxAmount)
	}
	for i := range into {
		into[i] = budget.Credits(a.n)
	}
	return nil
}

func (lay *layout) mapped(into lease.Cost, cost Cost) error {
	known, positive := 0, false
	for _, metric := range lay.metrics {
		n, ok := cost[metric]
		if !ok {
			continue
		}
		if n < 0 || n > int64(budget.MaxAmount) {
			return fmt.Errorf("%w: %s is %d, allowed is 0..%d",
				ErrCost, metric, n, budget.MaxAmount)
		}
		known++
		positive = positive || n > 0
	}
	if known != len(cost) {
		return lay.unknownMetric(cost)
	}
	if !positive {
		return fmt.Errorf("%w: it is zero in every metric", ErrCost)
	}
	for i, limit := range lay.limits {
		into[i] = budget.Credits(cost[limit.Metric])
	}
	return nil
}

// unknownMetric names the first metric of cost, in order of name, that the budget has not.
func (lay *layout) unknownMetric(cost Cost) error {
	var unknown []string
	for metric := range cost {
		if !slices.Contains(lay.metrics, metric) {
			unknown = append(unknown, metric)
		}
	}
	return fmt.Errorf("%w: unknown metric %q, the budget has: %s",
		ErrCost, slices.Min(unknown), strings.Join(lay.metrics, ", "))
}
