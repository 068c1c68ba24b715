package fsm

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/trace"
)

// line is what an admission on a budget draws on: the budget's limits, then its parent's, and so on
// up to the root. Asks and grants name limits by their place here. Whatever changes in one of the
// budgets makes another line.
type line struct {
	policies []*policy // from the budget up
	// revision is the latest of the policies': numbers of revisions are counted over all budgets,
	// so no change of any of them leaves it as it was.
	revision uint64
	limits   []budget.Limit
	lives    []*limit      // of limits
	up       []int         // of limits: which policy has it
	levels   budget.Levels // as told: none where there is no more to tell than the limits
	rules    *budget.Rules // the first policy's; nil: the default
}

// newLine returns the line of policies, which are not empty. The lists of a single one are its own.
func newLine(policies []*policy) *line {
	first := policies[0]
	n := &line{policies: policies, revision: first.revision, limits: first.Limits,
		lives: first.lives, up: make([]int, len(first.lives)), rules: first.rules()}
	if len(policies) == 1 && len(first.Weights) == 0 {
		return n
	}
	n.limits, n.lives, n.up = nil, nil, nil
	for i, p := range policies {
		n.revision = max(n.revision, p.revision)
		n.limits = append(n.limits, p.Limits...)
		n.lives = append(n.lives, p.lives...)
		n.up = append(n.up, slices.Repeat([]int{i}, len(p.lives))...)
		n.levels = append(n.levels,
			budget.Level{Budget: p.Name, Limits: len(p.Limits), Weights: p.Weights})
	}
	return n
}

// reach is a session's line, and the key of its accounts in each of its budgets. Without a line,
// the session's budget does not exist.
type reach struct {
	*line
	keys [budget.MaxLevels]string
	// divided is what a request's asks found, of limits that are shared.
	divided [budget.MaxLimits]*budget.Division
}

// limit returns a limit by its place in the line, and the key of the session's account.
func (r *reach) limit(i int) (l *limit, key string) { return r.lives[i], r.keys[r.up[i]] }

// reach returns the session's, or an error if its labels make no key in some budget.
func (ss *session) reach(p *policy) (r reach, err error) {
	if p == nil {
		return reach{}, nil
	}
	r.line = p.line
	for i, up := range p.line.policies {
		if r.keys[i], err = ss.keyIn(up); err != nil {
			return reach{}, err
		}
	}
	return r, nil
}

// keyIn returns the key of the session's accounts in a budget of its line.
func (ss *session) keyIn(p *policy) (string, error) {
	switch {
	case !p.Keyed:
		return "", nil
	case p.Template == "" && ss.Labels == nil: // most are
		return ss.Key, nil
	}
	return p.template.Key(ss.labels())
}

// labels returns the session's labels: one of the name "key" is kept as that.
func (ss *session) labels() budget.Labels {
	if ss.Key != "" {
		return budget.Labels{{Name: "key", Value: ss.Key}}
	}
	return ss.Labels
}

// fits reports whether the session's labels are those of a budget.
func (ss *session) fits(p *policy) bool {
	if p.Template == "" && ss.Labels == nil && !p.line.sharedBy("key") {
		return p.Keyed == (ss.Key != "")
	}
	return p.template.Fits(p.line.beside(ss.labels())) == nil
}

// keyOf returns the key of the account that a lease is charged to. While the limit lives its budget
// makes the same keys of the same labels, whatever its place among the others is by now.
func (s *State) keyOf(ss *session, l *limit) string {
	key, err := ss.keyIn(s.budgets[l.budget])
	if err != nil {
		panic(broken("Books", s.index, s.term, fmt.Sprintf(
			"session %d has a lease of limit %d, and no key: %v", ss.ID, l.serial, err)))
	}
	return key
}

// misfit says why b, put into force, would not fit its parents, or the budgets below it would not
// fit theirs, or nothing.
func (s *State) misfit(b budget.Budget) string {
	named := func(name string) (budget.Budget, bool) {
		if name == b.Name {
			return b, true
		}
		p := s.budgets[name]
		if p == nil {
			return budget.Budget{}, false
		}
		return p.Budget, true
	}
	switch line, whole, err := budget.Line(b, named); {
	case err != nil:
		return err.Error()
	case !whole:
		return (&budget.FieldError{Field: "parent",
			Value:   fmt.Sprintf("%.40q", line[len(line)-1].Parent),
			Allowed: "the name of a budget that exists"}).Error()
	}
	if old := s.budgets[b.Name]; old == nil || old.SameKeys(b) && old.Parent == b.Parent &&
		len(old.Limits) == len(b.Limits) {
		return "" // nobody is below, or all that they see of b stays
	}
	for _, name := range s.below(b.Name)[1:] {
		if _, _, err := budget.Line(s.budgets[name].Budget, named); err != nil {
			return fmt.Sprintf("budget %q, below %q: %v", name, b.Name, err)
		}
	}
	return ""
}

// below lists a budget and all that have it as an ancestor: each after its parent.
func (s *State) below(name string) []string {
	all := []string{name}
	for i := 0; i < len(all); i++ {
		all = append(all, s.children[all[i]]...)
	}
	return all
}

// relink makes the lines of a budget, and of all below it, anew.
func (s *State) relink(name string) {
	for _, n := range s.below(name) {
		p := s.budgets[n]
		policies := []*policy{p}
		for up := p; up.Parent != ""; {
			up = s.budgets[up.Parent]
			policies = append(policies, up)
		}
		p.line = newLine(policies)
	}
}

// adopt files a budget under its parent, in place of the one it had.
func (s *State) adopt(name, old, parent string) {
	if old == parent {
		return
	}
	if old != "" {
		kept := slices.DeleteFunc(s.children[old], func(n string) bool { return n == name })
		if s.children[old] = kept; len(kept) == 0 {
			delete(s.children, old)
		}
	}
	if parent != "" {
		at, _ := slices.BinarySearch(s.children[parent], name)
		s.children[parent] = slices.Insert(s.children[parent], at, name)
	}
}

// linkAll makes the children and lines of budgets that were read from a snapshot.
func (s *State) linkAll() error {
	for _, name := range slices.Sorted(maps.Keys(s.budgets)) {
		if why := s.misfit(s.budgets[name].Budget); why != "" {
			return fmt.Errorf("budget %q: %s", name, why)
		}
		s.adopt(name, "", s.budgets[name].Parent)
	}
	for name, p := range s.budgets { // in any order: lines share nothing
		if p.Parent == "" {
			s.relink(name)
		}
	}
	return nil
}

// emitLine reports how the keys are made in each budget of a line, from the root down. What is so
// already is told again.
func (s *State) emitLine(l *line) {
	if s.sink == nil {
		return
	}
	for _, p := range slices.Backward(l.policies) {
		s.emit(trace.Event{Kind: trace.KindBudget, Budget: p.Name, Template: p.template.String(),
			Parent: p.Parent, Weights: weightText(p.Weights)})
	}
}

// related reports whether there is more to tell of a budget than its limits.
func (p *policy) related() bool {
	return p.Template != "" || p.Parent != "" || len(p.Weights) > 0
}

// weightText is the weights of a budget's event.
func weightText(weights []budget.Weight) string {
	parts := make([]string, len(weights))
	for i, w := range weights {
		parts[i] = fmt.Sprintf("%s:%s*%d", w.Metric, w.Cost, w.Times)
	}
	return strings.Join(parts, ",")
}

// labelText is the labels of a session's event.
func labelText(labels budget.Labels) string {
	parts := make([]string, len(labels))
	for i, l := range labels {
		parts[i] = l.Name + "=" + strings.NewReplacer("%", "%25", ",", "%2C").Replace(l.Value)
	}
	return strings.Join(parts, ",")
}

// shownChildren is how many children a refusal names.
const shownChildren = 5

// parentOf says that children keep a budget from being deleted.
func parentOf(name string, children []string) string {
	shown := make([]string, 0, shownChildren)
	for _, child := range children[:min(len(children), shownChildren)] {
		shown = append(shown, fmt.Sprintf("%q", child))
	}
	more := ""
	if n := len(children) - len(shown); n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("budget %q is the parent of %s%s: delete them, or give them another, first",
		name, strings.Join(shown, ", "), more)
}

// linesWhole: each budget's line is that of its parents, and fits them (what misfit refuses).
func linesWhole(s *State) error {
	for name, p := range s.budgets {
		if why := s.misfit(p.Budget); why != "" {
			return fmt.Errorf("budget %q: %s", name, why)
		}
		if p.line == nil || p.line.policies[0] != p || p.template.String() != p.KeyTemplate().String() {
			return fmt.Errorf("budget %q has no line of its own", name)
		}
		for i, up := range p.line.policies {
			last := i+1 == len(p.line.policies)
			if s.budgets[up.Name] != up || last != (up.Parent == "") ||
				!last && p.line.policies[i+1].Name != up.Parent || up.revision > p.line.revision {
				return fmt.Errorf("the line of budget %q is broken at %q", name, up.Name)
			}
		}
		if p.Parent != "" && !slices.Contains(s.children[p.Parent], name) {
			return fmt.Errorf("budget %q is no child of %q", name, p.Parent)
		}
	}
	for parent, of := range s.children {
		for _, name := range of {
			if p := s.budgets[name]; p == nil || p.Parent != parent || !slices.IsSorted(of) {
				return fmt.Errorf("%q is a child of %q: %v", name, parent, of)
			}
		}
	}
	return nil
}
