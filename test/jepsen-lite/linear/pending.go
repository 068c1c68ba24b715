package linear

import "slices"

// Calls that nobody was told of may have their effect at any time, or never. They are given it
// where the answer to another can tell, and where it could not come about later just as well.

// earlier is a state before a call, and how it came about: by p from the state at from, if p is
// not nil.
type earlier struct {
	s    *state
	p    *command
	from int
}

// closure lists t's state, and what it can have become before y by calls that are pending, as far
// as y can tell.
func (f *follower) closure(t track, y *call) []earlier {
	all := []earlier{{s: t.s}}
	if len(t.s.pending) == 0 {
		return all
	}
	seen := map[string]bool{t.s.id: true}
	for i := 0; i < len(all) && len(all) <= f.limit; i++ {
		from := all[i].s
		matters := f.allThatMatter(from, y)
		for j, c := range from.pending {
			if j > 0 && from.pending[j-1].class == c.class || !matters[j] ||
				c.policy() && f.held(track{from, t.done}, y) {
				continue
			}
			by := *c
			by.until = min(c.until, y.c.until)
			base := from
			if c.Kind == Acquire && y.at > from.t {
				base = from.at(y.at) // what it charges to windows that are over matters to nobody
			}
			for _, n := range base.becomes(j, &by) {
				if !seen[n.id] {
					seen[n.id] = true
					all = append(all, earlier{n, &by, i})
				}
			}
		}
	}
	return all
}

// becomes lists what s is after the call that is pending as number j had its effect as c.
func (s *state) becomes(j int, c *command) []*state {
	all := s.do(c, nil)
	for _, n := range all {
		n.pending = slices.Delete(n.pending, j, j+1)
		n.seal()
	}
	return all
}

// reach reports whether one of the states can become n, or more than n, by p, which is pending.
func reach(from []*state, p *command, n *state) bool {
	for _, s := range from {
		j := slices.IndexFunc(s.pending, func(c *command) bool { return c.class == p.class })
		if j < 0 {
			continue
		}
		if slices.ContainsFunc(s.becomes(j, p), func(o *state) bool { return o.covers(n) }) {
			return true
		}
	}
	return false
}

// allThatMatter says of each call that is pending in s whether it matters to y; all do where the
// policy may change.
func (f *follower) allThatMatter(s *state, y *call) []bool {
	all := make([]bool, len(s.pending))
	policy := false
	for i, p := range s.pending {
		all[i] = f.matters(s, p, y)
		policy = policy || all[i] && p.policy()
	}
	if policy {
		for i := range all {
			all[i] = true
		}
	}
	return all
}

// matters reports whether y's answer can tell whether p had its effect before y.
func (f *follower) matters(s *state, p *command, y *call) bool {
	switch {
	case p.Session > 0 && p.Session == y.c.Session, y.changes():
		return true
	case p.policy() && y.out.Answer == NoBudget:
		return p.Kind == DeleteBudget && s.exists
	case p.policy():
		told := y.out.Revision > 0 && y.out.Revision == s.revision
		return !y.takes() && !y.replayed(s) && !y.again && !told
	case y.replayed(s), y.plain():
		return false
	case s.session(p.Session) == nil || s.session(p.Session).key != y.key:
		return false
	}
	return y.charges()
}
