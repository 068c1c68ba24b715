package fsm

import (
	"container/heap"
	"fmt"
	"slices"

	"github.com/leased-io/leased/budget"
)

// policy is a budget in force.
type policy struct {
	// Budget is in canonical form. Its slice of limits is never written to: results share it.
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
// lose their keys, since those of before then mean something else.
func (s *State) putBudget(b budget.Budget) Result {
	b = b.Canonical()
	old, exists := s.budgets[b.Name]
	if exists {
		b = b.Adopt(old.Budget)
	}
	if exists && old.Equal(b) {
		return Result{Code: CodeDone, Revision: old.revision}
	}
	if !exists && len(s.budgets) >= s.bounds.budgets {
		return full("budgets", s.bounds.budgets)
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
	for _, l := range gone {
		s.bury(l)
	}
	s.last.Revision++
	p := &policy{Budget: b, revision: s.last.Revision, lives: kept, template: b.KeyTemplate()}
	for i, want := range b.Limits {
		switch l := kept[i]; {
		case l == nil:
			p.lives[i] = s.createLimit(b.Name, want, b.Sharing)
		case l.Limit == want && (l.sharing == nil) != (b.Sharing == nil):
			l.sharing = b.Sharing
			s.emitLimit(l)
		case l.Limit != want:
			l.change(want, s.t)
			l.sharing = b.Sharing
			if l.empty() { // one that fills in longer was in the old cluster for longer, too
				l.emptyUntil = max(l.emptyUntil, s.origin.over(want))
			}
			s.emitLimit(l)
		}
	}
	p.share()
	s.budgets[b.Name] = p
	if exists {
		s.adopt(b.Name, old.Parent, b.Parent)
	} else {
		s.adopt(b.Name, "", b.Parent)
	}
	s.relink(b.Name)
	return Result{Code: CodeDone, Revision: p.revision, Created: !exists, Changed: true}
}

// deleteBudget removes a budget. Its sessions stay: until they expire, or as sessions of the
// next budget of that name.
func (s *State) deleteBudget(name string) Result {
	p, exists := s.budgets[name]
	if !exists {
		return Result{Code: CodeUnknownBudget}
	}
	if len(s.graves)+len(p.lives) > s.bounds.graves {
		return full("graves", s.bounds.graves)
	}
	if children := s.children[name]; len(children) > 0 {
		return Result{Code: CodeMisfit, Detail: parentOf(name, children)}
	}
	for _, l := range p.lives {
		s.bury(l)
	}
	s.adopt(name, p.Parent, "")
	delete(s.budgets, name)
	return Result{Code: CodeDone}
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
	s.limits[l.serial] = l
	heap.Push(&s.rolls, l)
	s.emitLimit(l)
	return l
}

// bury ends a limit's life. Its leases may be spent until its window ends, and its charges count
// for a while after that; and while it is empty, those of the life before it.
func (s *State) bury(l *limit) {
	g := grave{l.budget, l.Metric}
	s.graves[g] = max(s.graves[g], l.over(), l.emptyUntil)
	s.digAt = min(s.digAt, s.graves[g])
	s.accounts -= l.counted()
	delete(s.limits, l.serial)
	heap.Remove(&s.rolls, l.place)
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
