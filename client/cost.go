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

// noCost stands for a nil Cost.
var noCost = Cost{}

// ask is a cost as its caller put it. It outlives a change of limits, which its vector does
// not: n credits of the only metric, or byMetric where that is not nil.
type ask struct {
	n        int64
	byMetric Cost
	slot     *Slot // what is to be held, of slots; nil where credits are spent for good
}

// ask returns what is asked for by c, which may be nil.
func (c Cost) ask() ask {
	if c == nil {
		c = noCost
	}
	return ask{byMetric: c}
}

// layout is how a budget's limits, and those of each budget above it, lie in cost vectors.
type layout struct {
	limits []budget.Limit // canonical order in each budget: by metric, then by period
	levels budget.Levels
	names  []costName // that a cost may have: distinct, the unlimited ones first
	slots  bool       // some limit is of slots
	free   []string   // the unlimited metrics
}

// costName is a name that a cost may have, and what it draws: on no limit twice.
type costName struct {
	name  string
	draws []draw
}

// draw is that each of what is named draws weight.Times from a limit.
type draw struct {
	limit  int
	weight budget.Weight
}

func newLayout(limits []budget.Limit, levels budget.Levels, unlimited []string) *layout {
	lay := &layout{limits: limits, levels: levels, free: slices.Clone(unlimited)}
	for _, name := range unlimited {
		lay.place(name)
	}
	for i, limit := range limits {
		lay.slots = lay.slots || limit.Kind == budget.KindSlots
		for _, w := range levels.Draws(i, limit.Metric) {
			of := lay.place(w.Cost)
			of.draws = append(of.draws, draw{limit: i, weight: w})
		}
	}
	return lay
}

// place returns the place of a name, which is new if need be.
func (lay *layout) place(name string) *costName {
	i := slices.IndexFunc(lay.names, func(of costName) bool { return of.name == name })
	if i < 0 {
		i = len(lay.names)
		lay.names = append(lay.names, costName{name: name})
	}
	return &lay.names[i]
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
	return len(lay.limits) == 1 && len(lay.names) == 1 && !lay.slots &&
		lay.names[0].draws[0].weight.Times == 1
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
			ErrCost, lay.allNames())
	}
	if a.n < 1 || a.n > int64(budget.MaxAmount) {
		return fmt.Errorf("%w: n is %d, allowed is 1..%d", ErrCost, a.n, budget.MaxAmount)
	}
	clear(into)
	if over := lay.names[0].draw(into, a.n); over != nil {
		return over.tooMuch(a.n)
	}
	return nil
}

// mapped is vector for a cost by metrics. That is a map, and to read it is most of what this takes:
// it is read once for each name.
func (lay *layout) mapped(into lease.Cost, cost Cost) error {
	clear(into)
	known, positive := 0, false
	for i := range lay.names {
		of := &lay.names[i]
		n, ok := cost[of.name]
		if !ok {
			continue
		}
		if n < 0 || n > int64(budget.MaxAmount) {
			return fmt.Errorf("%w: %s is %d, allowed is 0..%d",
				ErrCost, of.name, n, budget.MaxAmount)
		}
		if over := of.draw(into, n); over != nil {
			return over.tooMuch(n)
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
	return nil
}

// draw adds what n, which is 0..budget.MaxAmount, draws on each limit to what is in into. It
// returns the first draw that is more than a limit can have, or nil.
func (of *costName) draw(into lease.Cost, n int64) (over *draw) {
	for i := range of.draws {
		d := &of.draws[i]
		drawn, ok := d.weight.Of(budget.Credits(n))
		if !ok || into[d.limit]+drawn > budget.MaxAmount {
			return d
		}
		into[d.limit] += drawn
	}
	return nil
}

func (d *draw) tooMuch(n int64) error {
	w := d.weight
	return fmt.Errorf("%w: %s is %d, of which each draws %d %s: allowed is what draws at most %d "+
		"in all", ErrCost, w.Cost, n, w.Times, w.Metric, budget.MaxAmount)
}

// unknownName names the first part of cost, in order of name, that the budget does not declare.
func (lay *layout) unknownName(cost Cost) error {
	var unknown []string
	for name := range cost {
		if !slices.ContainsFunc(lay.names, func(of costName) bool { return of.name == name }) {
			unknown = append(unknown, name)
		}
	}
	return fmt.Errorf("%w: unknown metric %q, the budget has: %s",
		ErrCost, slices.Min(unknown), lay.allNames())
}

func (lay *layout) allNames() string {
	names := make([]string, len(lay.names))
	for i, of := range lay.names {
		names[i] = of.name
	}
	return strings.Join(names, ", ")
}
