package sim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/trace"
)

// A schedule of several levels has budgets above "b": "above0", "above1" and so on, each with one
// of the limits Above. Processes have a key and a team; the keys of a team share above0, and all
// teams what is above that.

const (
	// teams is how many there are.
	teams = 2
	// weight is what each of what a request costs draws, with Weighs.
	weight = 3
)

func aboveName(i int) string { return fmt.Sprintf("above%d", i) }

// budget is "b" with these limits, below its parent if there are any.
func (o Options) budget(limits []budget.Limit) budget.Budget {
	b := budget.Budget{Name: "b", Keyed: o.Keys > 0, Limits: limits}
	if len(o.Above) > 0 {
		b.Template, b.Parent = "{team}/{key}", aboveName(0)
		b.Weights = o.weights(limits)
	}
	return b
}

// above are the budgets above "b", from the root down.
func (o Options) above() (line []budget.Budget) {
	for i, l := range slices.Backward(o.Above) {
		limits := []budget.Limit{l}
		b := budget.Budget{Name: aboveName(i), Limits: limits}
		if i == 1 { // the others go by their own level's below
			b.Weights = o.weights(limits)
		}
		if i == 0 {
			b.Template = "{team}"
		}
		if i+1 < len(o.Above) {
			b.Parent = aboveName(i + 1)
		}
		line = append(line, b)
	}
	return line
}

func (o Options) weights(limits []budget.Limit) []budget.Weight {
	if !o.Weighs || !slices.ContainsFunc(limits, isRequests) {
		return nil
	}
	return []budget.Weight{{Metric: "requests", Cost: "calls", Times: weight}}
}

func isRequests(l budget.Limit) bool { return l.Metric == "requests" }

// shifted returns the options with another amount of each limit above.
func (o Options) shifted(change budget.Credits) Options {
	o.Above = slices.Clone(o.Above)
	for i := range o.Above {
		l := o.Above[i]
		if l.Amount = max(1, l.Amount+change); l.Validate() == nil {
			o.Above[i] = l
		}
	}
	return o
}

// orphan puts "b" without its parent, which comes back soon.
func orphan(c *cluster, o Options, limits []budget.Limit) {
	b := o.budget(limits)
	b.Parent = ""
	putBudget(c, o, b)
	c.w.after(c.w.spread(o.Limits[0].Per/4), once(func() { put(c, o, 0) }), 0)
}

// onDone is an answerer that is close to the leader, and waits for the command to take effect.
type onDone func()

func (f onDone) answer(r *fsm.Result) {
	if r.Code == fsm.CodeDone {
		f()
	}
}

// labels are the process's, of a schedule of several levels.
func (p *process) labels() budget.Labels {
	return budget.Labels{{Name: "key", Value: p.key}, {Name: "team", Value: p.team}}
}

// keyIn is the key of the process's account in a budget, as it should be.
func (p *process) keyIn(name string) string {
	switch {
	case len(p.w.o.Above) == 0:
		return p.key
	case name == "b":
		return strings.ReplaceAll(p.team, "/", "%2F") + "/" + p.key
	case name == aboveName(0):
		return p.team
	}
	return ""
}

// rightful holds an admission against whose account it is on.
func (p *process) rightful(e *trace.Event) {
	o := &p.w.judge
	c := o.claim(e.Lease)
	if e.Kind != trace.KindAdmit || c == nil || c.tally == nil {
		return
	}
	name := c.tally.limit.budget
	if c.tally.key != p.keyIn(name) {
		o.violate(e, "%s admits on the account of %q in budget %s: its own is of %q",
			p.name, c.tally.key, name, p.keyIn(name))
	}
	if p.spent != nil {
		p.spent[name] += budget.Credits(e.N)
	}
}

// drew holds an admission, of which all was told, against what it should have spent in each budget.
func (p *process) drew(cost lease.Cost) {
	if p.spent == nil {
		return
	}
	levels := p.holder.Levels()
	for i, n := range cost {
		p.spent[aboveOrOwn(levels, i)] -= n
	}
	for name, off := range p.spent {
		if off != 0 {
			p.w.judge.violate(&trace.Event{At: p.w.now}, "an admission of %v spent %d more of budget %s",
				cost, off, name)
		}
	}
	clear(p.spent)
}

// weigh makes a cost of several levels: what is one request, or a few, on each limit of requests.
// The product says what that draws; here it is known.
func (p *process) weigh(cost lease.Cost) {
	if len(p.w.o.Above) == 0 {
		return
	}
	calls := budget.Credits(1)
	if p.w.rng.IntN(4) == 0 {
		calls += budget.Credits(p.w.rng.IntN(3))
	}
	levels := p.holder.Levels()
	for i, l := range p.holder.Limits() {
		if !isRequests(l) {
			continue
		}
		cost[i], _ = levels.Draws(i, l.Metric)[0].Of(calls)
		want := calls
		if p.w.o.Weighs {
			want *= weight
		}
		if cost[i] != want {
			p.w.judge.violate(&trace.Event{At: p.w.now}, "%d calls draw %d on %q, and should draw %d",
				calls, cost[i], aboveOrOwn(levels, i), want)
		}
	}
}

// aboveOrOwn is the name of the budget that a limit is of.
func aboveOrOwn(levels budget.Levels, limit int) string {
	if of, up := levels.Of(limit); up > 0 {
		return of.Budget
	}
	return "b"
}

// behead has somebody try to delete the parent of "b", which is refused as long as it is that.
func behead(c *cluster, o Options) {
	if len(o.Above) > 0 {
		c.propose(fsm.Command{DeleteBudget: &fsm.DeleteBudget{Name: aboveName(0)}}, nil)
	}
}
