package fsm

import (
	"slices"
	"strings"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// anyDetail stands for a refusal's reason that the model does not put into words.
const anyDetail = "any"

// line is b with its parents, as names lead to them.
func (m *model) line(b *mBudget) (line []*mBudget) {
	for ; b != nil; b = m.find(b.Parent) {
		line = append(line, b)
	}
	return line
}

// mLine is what a session's asks count through: limits of all levels, with their keys.
type mLine struct {
	revision uint64
	limits   []budget.Limit
	lives    []*mLimit
	keys     []string
	levels   budget.Levels
}

func (m *model) lineOf(ss *mSession, b *mBudget) (n mLine) {
	line := m.line(b)
	for _, up := range line {
		n.revision = max(n.revision, up.revision)
		n.limits = append(n.limits, up.Limits...)
		n.lives = append(n.lives, up.lives...)
		for range up.lives {
			n.keys = append(n.keys, ss.keyIn(up))
		}
		if len(line) > 1 {
			n.levels = append(n.levels, budget.Level{Budget: up.Name, Limits: len(up.Limits)})
		}
	}
	return n
}

// labelsIn are the labels of a budget's template. The model knows three templates.
func labelsIn(b budget.Budget) string {
	switch {
	case b.Template != "":
		return "key org"
	case b.Keyed:
		return "key"
	}
	return ""
}

func (ss *mSession) names() string {
	var names []string
	for _, l := range ss.labels {
		names = append(names, l.Name)
	}
	return strings.Join(names, " ")
}

func (ss *mSession) keyIn(b *mBudget) string {
	key, _ := ss.labels.Get("key")
	switch {
	case b.Template != "":
		org, _ := ss.labels.Get("org")
		return org + ":" + key
	case b.Keyed:
		return key
	}
	return ""
}

// misfits reports whether some budget would be left without a parent that it fits, if b were in
// force, or, without one, if name were gone.
func (m *model) misfits(name string, b *budget.Budget) bool {
	there := map[string]budget.Budget{}
	for _, old := range m.budgets {
		there[old.Name] = old.Budget
	}
	if delete(there, name); b != nil {
		there[name] = *b
	}
	for _, is := range there {
		for up, steps := is, 0; up.Parent != ""; steps++ {
			parent, found := there[up.Parent]
			if !found || steps > len(there) || labelsIn(parent) == "key org" && labelsIn(up) != "key org" ||
				labelsIn(parent) == "key" && labelsIn(up) == "" {
				return true
			}
			up = parent
		}
	}
	return false
}

// labelsOf are the labels that a session is opened with.
func labelsOf(c *OpenSession) budget.Labels {
	if c.Key != "" {
		return budget.Labels{{Name: "key", Value: c.Key}}
	}
	return c.Labels
}

// requestedOf is the line that session id asks through, if it has one.
func (m *model) requestedOf(id lease.SessionID) (n mLine, ok bool) {
	i := slices.IndexFunc(m.sessions, func(ss *mSession) bool { return ss.id == id })
	if i < 0 {
		return n, false
	}
	b := m.find(m.sessions[i].budget)
	if b == nil {
		return n, false
	}
	return m.lineOf(m.sessions[i], b), true
}
