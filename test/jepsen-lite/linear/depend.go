package linear

import "slices"

// Calls that are under way at once are put into every order in which they can matter to each
// other, and into no more: two that do not depend on each other come to the same either way.

// before reports whether c, by what the answers tell, has its effect before d, if neither has had
// it in s.
func (c *call) before(d *call, s *state) bool {
	again := c.replayed(s) || d.replayed(s)
	switch {
	case d.at > 0 && c.by < d.at:
		return true
	case c.at > 0 && d.at > 0 && c.at != d.at:
		return false
	case c.lease > 0 && d.lease > 0 && (!again || c.at > 0 && c.at == d.at):
		return c.lease < d.lease
	case c.session > 0 && d.session > 0:
		return c.session < d.session
	}
	first, second := c.revision(s), d.revision(s)
	return first > 0 && (first < second || first == second && c.changes() && !d.changes())
}

// replayed reports whether c's request was decided in s by an earlier attempt.
func (c *call) replayed(s *state) bool {
	ss := s.session(c.c.Session)
	return c.c.Kind == Acquire && ss != nil && ss.seq >= c.c.Seq
}

// revision is that of the policy which was in force, if c's answer tells it of now; or 0.
func (c *call) revision(s *state) uint64 {
	if c.again || c.out == nil || c.replayed(s) {
		return 0
	}
	return c.out.Revision
}

// policy: it changes the budget itself.
func (c *command) policy() bool { return c.Kind == PutBudget || c.Kind == DeleteBudget }

// changes: it may have changed the budget itself.
func (c *call) changes() bool {
	return c.c.policy() && (c.out == nil || c.c.Kind == DeleteBudget || c.out.Changed)
}

// charges: it reads or charges accounts.
func (c *call) charges() bool {
	if c.c.Kind == GetBudget {
		return true
	}
	return c.c.Kind == Acquire && (c.out.Answer == Granted || c.out.Answer == Denied)
}

// reads: it was denied, which changes no account.
func (c *call) reads() bool {
	return c.c.Kind == Acquire && c.out.Answer == Denied && len(c.c.Returns) == 0
}

// takes: every credit that it gives back was taken, as long as cluster time allows.
func (c *call) takes() bool {
	return c.c.Kind == GiveBack && c.out.SessionKnown &&
		slices.EqualFunc(c.c.Returns, c.out.Taken, func(r Return, n int64) bool {
			return r.Amount == n
		})
}

// plain: neither accounts nor time have a part in it, but the policy has.
func (c *call) plain() bool {
	switch c.c.Kind {
	case OpenSession:
		return true
	case PutBudget:
		return !c.out.Changed
	case Acquire:
		return c.out.Answer == NoBudget ||
			len(c.c.Returns) == 0 && (c.out.Answer == Changed || c.out.Answer == TooLarge)
	}
	return false
}

// looks: it changes nothing but what is known of when its session was touched.
func (c *call) looks() bool {
	switch c.out.Answer {
	case NoBudget:
		return true
	case Done:
		return c.c.Kind == PutBudget && !c.out.Changed
	}
	return false
}

// moves: its effect is at a cluster time that its answer tells, in part at least.
func (c *call) moves() bool {
	return c.at > 0 || len(c.out.Grants) > 0 || c.out.Denial != nil
}

// depends reports whether it may matter which of two calls has effect first in s.
func (c *call) depends(d *call, s *state) bool {
	switch {
	case c.c.Session > 0 && c.c.Session == d.c.Session:
		return true
	case c.moves() && d.moves() && (c.at == 0 || d.at == 0):
		return true // of others the earlier one is first
	case c.replayed(s):
		return c.rushes(d)
	case d.replayed(s):
		return d.rushes(c)
	case c.changes() || d.changes():
		return true
	case c.plain() || d.plain():
		return c.c.Kind == OpenSession && d.c.Kind == OpenSession
	case c.takes() && d.takes(), c.reads() && d.reads():
		return false
	case c.takes():
		return c.key == d.key || d.rushes(c)
	case d.takes():
		return c.key == d.key || c.rushes(d)
	case c.at > 0 && d.at > 0 && c.key != d.key && len(c.c.Returns)+len(d.c.Returns) == 0:
		return false
	}
	return true
}

// rushes reports whether c may move cluster time to where d is too late.
func (c *call) rushes(d *call) bool {
	switch {
	case d.c.Kind == GetBudget, d.takes():
		return c.at == 0 || c.at > d.by
	}
	return d.c.Kind == GiveBack || len(d.c.Returns) > 0
}

// relevant lists x, and those under way of which the order to x may matter, or to one of these.
func (f *follower) relevant(t track, x int) []int {
	told := f.calls[x].revision(t.s)
	all := []int{x}
	rest := slices.DeleteFunc(slices.Clone(f.underWay), func(y int) bool {
		c := f.calls[y]
		return y == x || t.had(y) || f.calls[x].before(c, t.s) ||
			c.changes() && told > 0 && told == t.s.revision // x is decided under it yet
	})
	pull := func(which func(y int) bool) {
		rest = slices.DeleteFunc(rest, func(y int) bool {
			chosen := which(y)
			if chosen {
				all = append(all, y)
			}
			return chosen
		})
	}
	if slices.ContainsFunc(t.s.pending, func(p *command) bool {
		return p.policy() && f.matters(t.s, p, f.calls[x])
	}) { // what was decided under the policy before it must come before it
		pull(func(y int) bool {
			c := f.calls[y]
			r := c.revision(t.s)
			return r < told && r > 0 || told == 0 || r == 0 && !c.plain() && !c.replayed(t.s)
		})
	}
	for i := 0; i < len(all); i++ {
		c := f.calls[all[i]]
		pull(func(y int) bool {
			d := f.calls[y]
			return d.before(c, t.s) || c.depends(d, t.s) && !c.before(d, t.s)
		})
	}
	return all
}

// held reports whether the policy cannot change yet: another call than y is under way that was
// decided under the one in force.
func (f *follower) held(t track, y *call) bool {
	return t.s.revision > 0 && slices.ContainsFunc(f.underWay, func(z int) bool {
		c := f.calls[z]
		return c != y && !t.had(z) && c.revision(t.s) == t.s.revision && !c.changes()
	})
}

// forced returns a call among the candidates on the way to x that must be next, or may as well
// be: the policy has to change before x, what was decided under it comes before, and it depends
// on no other. Or -1.
func (f *follower) forced(t track, x int, candidates []int) int {
	c, now := f.calls[x], t.s.revision
	told := c.revision(t.s)
	if now == 0 || !c.changes() && (told == 0 || told == now) &&
		(c.out.Answer != NoBudget || !t.s.exists) {
		return -1
	}
	for _, y := range candidates {
		d := f.calls[y]
		if y == x || d.changes() || d.revision(t.s) != now {
			continue
		}
		if !slices.ContainsFunc(candidates, func(z int) bool {
			e := f.calls[z]
			return z != y && z != x && !e.changes() &&
				(e.before(d, t.s) || d.depends(e, t.s) && !d.before(e, t.s))
		}) {
			return y
		}
	}
	return -1
}
