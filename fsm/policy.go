package fsm

import (
	"container/heap"
	"fmt"
	"slices"

	"github.com/leased-io/leased/budget"
)

// policy is a budget in force.
type policy struct {
	// Budget is in canonical form, with the overrides of whole limits in its amounts. Its slice of
	// limits is never written to: results share it.
	budget.Budget
	revision uint64
	lives    []*limit // of Budget.Limits, in the same order
	template budget.Template
	line     *line
}

// rules returns what limiters are told beside the limits; nil: the default.
func (p *policy) rules() *budget.Rules {
	if p.Rules.Equal(budget.Rules{}) {
		return nil
	}
	return &p.Rules
}

// putBudget creates a budget or replaces its limits. A limit that is there already, perhaps with
// another amount or burst, lives on with its accounts; but not when the budget's accounts get or
// lose their keys, since those of before then mean something else. An override stays where what it
// overrides does.
func (s *State) putBudget(c *PutBudget) Result {
	b := c.Budget.Canonical()
	old, exists := s.budgets[b.Name]
	if exists {
		b = b.Adopt(old.asPut())
	}
	switch {
	case exists && old.asPut().Equal(b): // whatever is expected: a retry finds its own work
		return Result{Code: CodeDone, Revision: old.revision}
	case !old.meets(c.Expect):
		return old.conflict()
	case !exists && len(s.budgets) >= s.bounds.budgets:
		return full("budgets", s.bounds.budgets)
	}
	if lacks, is := s.calendarLacks(b); is {
		return lacks
	}
	var gone []*limit
	kept := make([]*limit, len(b.Limits))
	if exists {
		for _, l := range old.lives {
			i := slices.IndexFunc(b.Limits, func(want budget.Limit) bool { return l.takes(want, s.t) })
			if i >= 0 && old.SameKeys(b) {
				kept[i] = l
			} else {
				gone = append(gone, l)
			}
		}
	}
	if len(s.graves)+len(gone) > s.bounds.graves {
		return full("graves", s.bounds.graves)
	}
	if why := s.misfit(b); why != "" {
		return Result{Code: CodeMisfit, Detail: why}
	}
	complies := s.outlast(gone...)
	for _, l := range gone {
		s.bury(l)
	}
	p := &policy{Budget: b, lives: kept, template: b.KeyTemplate()}
	for i, want := range b.Limits {
		switch l := kept[i]; {
		case l == nil:
			if exists { // who has leases of the others need not know of it before they end
				complies = max(complies, s.outlast(old.lives...))
			}
			p.lives[i] = s.createLimit(b.Name, want, b.Sharing)
		case l.asPut() != want:
			complies = max(complies, s.outlast(l))
			lapse := l.overrides[""].lapse()
			s.forgetOverride(l.overrides[""])
			l.sharing = b.Sharing
			s.changeLimit(l, want, lapse, 0)
		case (l.sharing == nil) != (b.Sharing == nil):
			l.sharing = b.Sharing
			s.emitChange(l, "", l.Amount, l.overrides[""].lapse())
		}
		p.Limits[i] = p.lives[i].Limit
	}
	p.share()
	s.budgets[b.Name] = p
	if exists {
		s.adopt(b.Name, old.Parent, b.Parent)
	} else {
		s.adopt(b.Name, "", b.Parent)
	}
	s.revise(p)
	if exists && old.related() || p.related() || len(s.children[b.Name]) > 0 {
		s.emitLine(p.line)
	}
	return Result{Code: CodeDone, Revision: p.revision, Created: !exists, Changed: true,
		Complies: complies}
}

// changeLimit has a limit be want from now on. Was and lapse are when what it was, and what it is
// then, lapse; 0: never.
func (s *State) changeLimit(l *limit, want budget.Limit, was, lapse budget.Instant) {
	if l.Limit == want && was == lapse {
		return
	}
	if l.Limit != want {
		l.change(want, s.t)
	}
	if l.empty() { // one that fills in longer was in the old cluster for longer, too
		l.emptyUntil = max(l.emptyUntil, s.origin.over(want))
	}
	s.emitChange(l, "", l.Amount, lapse)
}

// deleteBudget removes a budget. Its sessions stay: until they expire, or as sessions of the
// next budget of that name.
func (s *State) deleteBudget(c *DeleteBudget) Result {
	p, exists := s.budgets[c.Name]
	switch {
	case !exists:
		return Result{Code: CodeUnknownBudget}
	case !p.meets(c.Expect):
		return p.conflict()
	case len(s.graves)+len(p.lives) > s.bounds.graves:
		return full("graves", s.bounds.graves)
	}
	if children := s.children[c.Name]; len(children) > 0 {
		return Result{Code: CodeMisfit, Detail: parentOf(c.Name, children)}
	}
	complies := s.outlast(p.lives...)
	for _, l := range p.lives {
		s.bury(l)
	}
	s.adopt(c.Name, p.Parent, "")
	delete(s.budgets, c.Name)
	s.revised = append(s.revised, c.Name)
	return Result{Code: CodeDone, Complies: complies}
}

// full is the answer of a table that holds as much as it may.
func full(table string, most int) Result {
	return Result{Code: CodeFull, Detail: fmt.Sprintf("%s: %d is the most", table, most)}
}

// emptyUntil returns the instant before which no window may begin that a limit, if it is created
// now, grants from: until then what one before has granted counts. 0: its present window began
// later.
func (s *State) emptyUntil(name string, want budget.Limit) budget.Instant {
	until := max(s.graves[grave{name, want.Metric}], s.origin.over(want))
	if want.Align != "" {
		return until // align has a look at the calendar
	}
	if start := want.End(want.WindowAt(s.t) - 1); start >= until {
		return 0
	}
	return until
}

// createLimit begins a life of a limit, empty while what one before has granted still counts.
func (s *State) createLimit(name string, want budget.Limit, sharing *budget.Sharing) *limit {
	s.last.Limit++
	l := &limit{
		Limit:      want,
		budget:     name,
		serial:     s.last.Limit,
		sharing:    sharing,
		window:     want.WindowAt(s.t),
		emptyUntil: s.emptyUntil(name, want),
	}
	if l.Align != "" {
		s.align(l)
	}
	s.limits[l.serial] = l
	heap.Push(s.heap(l), l)
	s.emitLimit(l)
	return l
}

// bury ends a limit's life. Its leases may be spent until its window ends, and its charges count
// for a while after that; and while it is empty, those of the life before it.
func (s *State) bury(l *limit) {
	for _, o := range l.overrides {
		s.forgetOverride(o)
	}
	g := grave{l.budget, l.Metric}
	s.graves[g] = max(s.graves[g], l.over(), l.emptyUntil)
	s.digAt = min(s.digAt, s.graves[g])
	s.accounts -= l.counted()
	delete(s.limits, l.serial)
	s.endings++
	heap.Remove(s.heap(l), l.place)
	s.emitRemoved(l)
}

// dig removes the graves whose instant has come.
func (s *State) dig() {
	s.digAt = never
	for g, until := range s.graves { // in any order: it only deletes and takes a minimum
		if until <= s.t {
			delete(s.graves, g)
		} else {
			s.digAt = min(s.digAt, until)
		}
	}
}
