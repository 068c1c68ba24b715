package twin

import (
	"slices"

	"github.com/leased-io/leased/trace"
)

// What an admission costs is not recorded. But it draws on all levels at once: where two budgets
// of a session's line have limits on which the same costs weigh the same, what the session
// admitted on the one and on the other is the same in sum, once its holder has told all.

// line is what a session draws on, if budgets are above its own.
type line struct {
	opened  Located
	budgets []string
	changes uint64           // of them, when the session was opened
	drawn   map[uint64]int64 // by limit
	last    Located          // the latest admission
}

// lineOf returns the line of a session that is opened, or nil if its budget has no parent.
func (c *checker) lineOf(s *session, at *Located) *line {
	budgets := c.families.Line(s.who.Budget)
	if len(budgets) < 2 {
		return nil
	}
	return &line{opened: *at, budgets: budgets, changes: c.changesOf(budgets),
		drawn: make(map[uint64]int64)}
}

func (c *checker) changesOf(budgets []string) (sum uint64) {
	for _, name := range budgets {
		sum += c.changes[name]
	}
	return sum
}

// drew notes what an admission drew.
func (g *lease) drew(at *Located) {
	n := g.session.line
	switch {
	case n == nil || at.Event.Kind != trace.KindAdmit:
	case g.account == nil: // of which limit is forgotten
		g.session.line = nil
	default:
		n.drawn[g.account.window.limit.serial] += at.Event.N
		n.last = *at
	}
}

// everyLevel judges a session that its holder has closed, and of which all was told; unless its
// line became another one since it was opened.
func (c *checker) everyLevel(s *session) error {
	n, p := s.line, s.process
	s.line = nil
	if n == nil || p == nil || p.waiting || !p.tellsAll() || len(n.drawn) == 0 ||
		!slices.Equal(n.budgets, c.families.Line(s.who.Budget)) ||
		n.changes != c.changesOf(n.budgets) {
		return nil
	}
	same := map[string]*limit{}
	for _, l := range c.inForce {
		if !slices.Contains(n.budgets, l.budget) {
			continue
		}
		draws := c.families.Draws(n.budgets, l.budget, l.metric)
		first := same[draws]
		if first == nil {
			same[draws] = l
			continue
		}
		if first.budget != l.budget && n.drawn[first.serial] != n.drawn[l.serial] {
			return violated(EveryLevel, []Located{n.opened, n.last},
				"session %d admitted %d on limit %d of budget %s, and %d on limit %d of budget %s, which "+
					"is drawn on by the same", s.id, n.drawn[first.serial], first.serial, first.budget,
				n.drawn[l.serial], l.serial, l.budget)
		}
	}
	return nil
}

// everyLevelOfRest judges the sessions that are closed and not forgotten yet.
func (c *checker) everyLevelOfRest() error {
	for _, s := range c.ended {
		if err := c.everyLevel(s); err != nil {
			return err
		}
	}
	return nil
}
