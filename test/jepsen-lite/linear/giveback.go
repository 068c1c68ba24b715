package linear

import "slices"

// giveBack takes a session's returns, and closes it if told so.
func (s *state) giveBack(c *command, out *Output) []*state {
	ss := s.session(c.Session)
	switch {
	case out != nil && (out.Answer != Done || len(out.Taken) != len(c.Returns)):
		return nil
	case out != nil && !out.SessionKnown:
		return s.lost(c)
	case ss == nil || !s.fits(ss):
		return nil
	}
	var all []*state
	for _, n := range s.ends(c) {
		taken := n.take(n.session(c.Session), c.Returns)
		if out != nil && !slices.Equal(taken, out.Taken) {
			continue
		}
		n.session(c.Session).touched = n.t
		if c.Close {
			n.forget(c.Session)
		}
		all = append(all, one(n, true)...)
	}
	return all
}

// lost are the states in which c's session is not there: it was closed, was idle for long, or its
// key is not one of the budget.
func (s *state) lost(c *command) []*state {
	ss := s.session(c.Session)
	if ss == nil {
		return one(s.clone(), true)
	}
	if !s.fits(ss) {
		n := s.clone()
		n.forget(c.Session)
		return one(n, true)
	}
	if s.late {
		n := s.clone()
		n.forget(c.Session)
		return one(n, true)
	}
	var all []*state
	for _, n := range s.later(nil, max(s.t, ss.touched+sessionIdle), c) {
		n.forget(c.Session)
		all = append(all, n)
	}
	return all
}

// ends are the states that s can have become by its next command, as far as c's returns tell
// them apart: at once, and when the window of one of its leases is over.
func (s *state) ends(c *command) []*state {
	all := []*state{s.clone()}
	if s.late {
		return all
	}
	if c.dated > 0 {
		return s.later(nil, max(s.t, c.dated), c)
	}
	var ends []int64
	for _, h := range s.session(c.Session).held {
		named := slices.ContainsFunc(c.Returns, func(r Return) bool { return r.Lease == h.lease })
		if l := s.life(h.life); named && l != nil && l.end(h.window) > s.t {
			ends = append(ends, l.end(h.window))
		}
	}
	slices.Sort(ends)
	for _, end := range slices.Compact(ends) {
		all = s.later(all, end, c)
	}
	return all
}

// take takes back what each return gives, all of it or nothing, and a lease once: while cluster
// time is in its window.
func (s *state) take(ss *session, returns []Return) []int64 {
	var taken []int64
	for _, r := range returns {
		taken = append(taken, 0)
		i := slices.IndexFunc(ss.held, func(h held) bool { return h.lease == r.Lease })
		if i < 0 || !s.returnable(ss.held[i]) {
			continue
		}
		h := ss.held[i]
		if r.Window != h.window || r.Amount < 1 || r.Amount > h.amount {
			continue
		}
		a := s.life(h.life).account(ss.key)
		a.lo, a.hi = max(0, a.lo-r.Amount), max(0, a.hi-r.Amount)
		ss.held = slices.Delete(ss.held, i, i+1)
		taken[len(taken)-1] = r.Amount
	}
	return taken
}

func (s *state) returnable(h held) bool {
	l := s.life(h.life)
	return l != nil && !s.late && l.window(s.t) == h.window
}
