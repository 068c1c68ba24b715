package linear

import (
	"maps"
	"math"
	"slices"

	"github.com/leased-io/leased/trace"
)

// policies are what the log tells of budgets themselves.
type policies struct {
	changes map[uint64]*change // index of an entry ->
	limits  map[uint64]metric  // number of a limit's life ->
	// metrics are those of each budget, which are always the same ones: so a limit's place among
	// those of its budget is known.
	metrics map[string][]string
}

type metric struct{ budget, name string }

// change is what one entry does to a budget.
type change struct {
	budget string
	limits map[int]Limit // by event; its Amount is 0 if it is removed
}

func newPolicies() policies {
	return policies{changes: map[uint64]*change{}, limits: map[uint64]metric{},
		metrics: map[string][]string{}}
}

// limit takes a limit that is in force from a place on, or is removed.
func (p policies) limit(at place, e *trace.Event) {
	c := p.changes[at.index]
	if c == nil {
		c = &change{budget: e.Budget, limits: map[int]Limit{}}
		p.changes[at.index] = c
	}
	c.limits[at.event] = Limit{Metric: e.Metric, Amount: e.Amount, Per: e.Per}
	p.limits[e.Limit] = metric{e.Budget, e.Metric}
	if known := p.metrics[e.Budget]; !slices.Contains(known, e.Metric) {
		p.metrics[e.Budget] = slices.Sorted(slices.Values(append(known, e.Metric)))
	}
}

// limitAt is the place of a limit in its budget, whose limits are in the order of their metrics.
func (p policies) limitAt(number uint64) int {
	l := p.limits[number]
	return slices.Index(p.metrics[l.budget], l.name)
}

// puts: some limit is in force after it, so that no deletion made it.
func (c *change) puts() bool {
	for _, l := range c.limits {
		if l.Amount > 0 {
			return true
		}
	}
	return false
}

// does reports whether a call asks for what the change did.
func (c *change) does(in Input) bool {
	if in.Budget != c.budget || c.puts() != (in.Kind == PutBudget) {
		return false
	}
	for _, l := range c.limits {
		if l.Amount > 0 && !slices.ContainsFunc(in.Limits, func(m Limit) bool {
			return m.Metric == l.Metric && m.Per == l.Per && m.Amount == l.Amount
		}) {
			return false
		}
	}
	return true
}

// of returns where a change of a budget, or its deletion, can have been made by in.
func (p policies) of(in Input) (places []place) {
	for index, c := range p.changes {
		if c.does(in) {
			places = append(places, place{index, slices.Min(slices.Collect(maps.Keys(c.limits)))})
		}
	}
	return places
}

// budgetOf returns the budget of which h is.
func budgetOf(h History) string {
	for _, op := range h {
		if op.Input.Budget != "" {
			return op.Input.Budget
		}
	}
	return ""
}

// revisions returns where each revision of h's budget began. They are counted over all budgets,
// from the first one that anybody was told of.
func (p policies) revisions(h History) map[uint64]place {
	budget, first := budgetOf(h), uint64(math.MaxUint64)
	for _, op := range h {
		if op.Output != nil && op.Output.Revision > 0 {
			first = min(first, op.Output.Revision)
		}
	}
	begins, next, begun := map[uint64]place{}, first, false
	for _, index := range slices.Sorted(maps.Keys(p.changes)) {
		c := p.changes[index]
		begun = begun || c.budget == budget
		if !begun || !c.puts() {
			continue
		}
		if c.budget == budget {
			begins[next] = place{index, slices.Min(slices.Collect(maps.Keys(c.limits)))}
		}
		next++
	}
	return begins
}

// replaced is the answer to the call that made the change in an entry, or nil if its revision is
// not known.
func (p policies) replaced(index uint64, begins map[uint64]place) *Output {
	created, before := true, uint64(0)
	for i, c := range p.changes {
		if c.budget == p.changes[index].budget && i < index && i > before {
			created, before = !c.puts(), i
		}
	}
	for revision, begin := range begins {
		if begin.index == index {
			return &Output{Answer: Done, Revision: revision, Created: created, Changed: true}
		}
	}
	return nil
}
