package client

import (
	"fmt"
	"slices"
	"strings"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// Cost is what an admission takes, by the names that the budget declares: its metrics or, where it
// has weights, what these weigh. Another of the budget's names costs nothing. A metric with several
// limits (requests per minute and per day, or of a budget and its parent) draws on each. Valid
// costs are 0..budget.MaxAmount each, and so is what they draw on a limit once they are weighed;
// they name only what the budget or one above it declares, and are not all zero.
type Cost map[string]int64

// ask is a cost as its caller put it. It outlives a change of limits, which its vector does
// not: n credits of the only metric, or byMetric where that is not nil.
type ask struct {
	n        int64
	byMetric Cost
	slot     *Slot // what is to be held, of slots; nil where credits are spent for good
}

// layout is how a budget's limits, and those of each budget above it, lie in cost vectors.
type layout struct {
	limits []budget.Limit // canonical order in each budget: by metric, then by period
	levels budget.Levels
	draws  [][]budget.Weight // of limits: what of a cost draws on it
	names  []string          // that a cost may have: distinct, the unlimited ones first
	slots  bool              // some limit is of slots
	free   []string          // the unlimited metrics
}

func newLayout(limits []budget.Limit, levels budget.Levels, unlimited []string) *layout {
	lay := &layout{limits: limits, levels: levels, names: slices.Clone(unlimited),
		free: slices.Clone(unlimited)}
	for i, limit := range limits {
		lay.slots = lay.slots || limit.Kind == budget.KindSlots
		draws := levels.Draws(i, limit.Metric)
		lay.draws = append(lay.draws, draws)
		for _, w := range draws {
			if !slices.Contains(lay.names, w.Cost) {
				lay.names = append(lay.names, w.Cost)
			}
		}
	}
	return lay
}

// isOf reports whether lay is that of these.
func (lay *layout) isOf(
	limits []budget.Limit, levels budget.Levels, unlimited []string,
) bool {
	return slices.Equal(lay.limits, limits) && slices.Equal(lay.free, unlimited) &&
		slices.EqualFunc(lay.levels, levels, func(a, b budget.Level) bool {
			return a.Budget == b.Budget && a.Limits == b.Limits && slices.Equal(a.Weights, b.Weights)
		})
}

// plain reports whether n credits cost just that of the only limit.
func (lay *layout) plain() bool {
	return len(lay.limits) == 1 && len(lay.names) == 1 && !lay.slots && lay.draws[0][0].Times == 1
}

// owner returns the name of the budget that a limit is of; own is that of the limiter.
func (lay *layout) owner(limit int, own string) string {
	if of, up := lay.levels.Of(limit); up > 0 {
		return of.Budget
	}
	return own
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
	if len(lay.names) != 1 {
		return fmt.Errorf("%w: the budget has several metrics, name them: %s",
			ErrCost, strings.Join(lay.names, ", "))
	}
	if a.n < 1 || a.n > int64(budget.MaxAmount) {
		return fmt.Errorf("%w: n is %d, allowed is 1..%d", ErrCost, a.n, budget.MaxAmount)
	}
	for i := range into {
		w := lay.draws[i][0]
		drawn, ok := w.Of(budget.Credits(a.n))
		if !ok {
			return tooMuch(w, a.n)
		}
		into[i] = drawn
	}
	return nil
}

func (lay *layout) mapped(into lease.Cost, cost Cost) error {
	known, positive := 0, false
	for _, name := range lay.names {
		n, ok := cost[name]
		if !ok {
			continue
		}
		if n < 0 || n > int64(budget.MaxAmount) {
			return fmt.Errorf("%w: %s is %d, allowed is 0..%d",
				ErrCost, name, n, budget.MaxAmount)
		}
		known++
		positive = positive || n > 0
	}
	if known != len(cost) {
		return lay.unknownName(cost)
	}
	if !positive {
		return fmt.Errorf("%w: it is zero in every metric", ErrCost)
	}
	for i := range lay.limits {
		if err := lay.weigh(&into[i], i, cost); err != nil {
			return err
		}
	}
	return nil
}

// weigh writes what a cost draws on limit i, whose names are known and amounts in range.
func (lay *layout) weigh(into *budget.Credits, i int, cost Cost) error {
	*into = 0
	for _, w := range lay.draws[i] {
		n := cost[w.Cost]
		drawn, ok := w.Of(budget.Credits(n))
		if !ok || *into+drawn > budget.MaxAmount {
			return tooMuch(w, n)
		}
		*into += drawn
	}
	return nil
}

func tooMuch(w budget.Weight, n int64) error {
	return fmt.Errorf("%w: %s is %d, of which each draws %d %s: allowed is what draws at most %d "+
		"in all", ErrCost, w.Cost, n, w.Times, w.Metric, budget.MaxAmount)
}

// unknownName names the first part of cost, in order of name, that the budget does not declare.
func (lay *layout) unknownName(cost Cost) error {
	var unknown []string
	for name := range cost {
		if !slices.Contains(lay.names, name) {
			unknown = append(unknown, name)
		}
	}
	return fmt.Errorf("%w: unknown metric %q, the budget has: %s",
		ErrCost, slices.Min(unknown), strings.Join(lay.names, ", "))
}
