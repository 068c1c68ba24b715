package linear

import "slices"

// acquire decides a request: once, and every retry comes to the same.
func (s *state) acquire(c *command, out *Output) []*state {
	ss := s.session(c.Session)
	if out == nil {
		return s.unanswered(c, ss)
	}
	if out.Answer == NoSession {
		return s.lost(c)
	}
	if ss == nil || !s.fits(ss) {
		return nil
	}
	switch {
	case c.Seq < ss.seq:
		return one(s.clone(), out.Answer == Stale)
	case c.Seq == ss.seq:
		return s.replay(c, ss, out)
	case !s.exists:
		n := s.clone()
		n.session(c.Session).touched = n.t
		return one(n, out.Answer == NoBudget)
	}
	var all []*state
	for _, n := range s.dated(c, out) {
		ss := n.session(c.Session)
		n.take(ss, c.Returns)
		all = append(all, one(n, n.decide(c, ss, out) && n.timely(ss, out))...)
	}
	return all
}

// unanswered are the states that an attempt can leave that had effect, when nobody was told.
func (s *state) unanswered(c *command, ss *session) []*state {
	if ss == nil || !s.fits(ss) || c.Seq <= ss.seq || !s.exists {
		return nil
	}
	var all []*state
	if c.told != nil { // it is known after all
		for _, n := range s.dated(c, untimed(c.told)) {
			ss := n.session(c.Session)
			n.take(ss, c.Returns)
			all = append(all, one(n, n.decide(c, ss, c.told))...)
		}
		return all
	}
	for _, n := range s.from(c) {
		if refused := n.clone(); len(c.Returns) > 0 || n.t == s.t {
			ss := refused.session(c.Session)
			refused.take(ss, c.Returns)
			refused.closes(c, ss, nil)
			all = append(all, one(refused, true)...)
		}
		ss := n.session(c.Session)
		n.take(ss, c.Returns)
		n.closes(c, ss, nil)
		all = append(all, one(n, n.learn(c.Revision) && n.reserve(c, ss))...)
	}
	return all
}

// untimed is a decision that was told later than it was made.
func untimed(out *Output) *Output {
	o := *out
	o.Grants = slices.Clone(out.Grants)
	for i := range o.Grants {
		o.Grants[i].TTL = -1
	}
	if out.Denial != nil {
		d := *out.Denial
		d.RetryAfter = -1
		o.Denial = &d
	}
	return &o
}

// dated are the states that s can have become by a decision that was told as out. A grant's
// window and its time to live name the instant; so does a denial's time to wait.
func (s *state) dated(c *command, out *Output) []*state {
	switch {
	case len(out.Grants) > 0 && out.Answer == Granted:
		t := s.t
		for _, g := range out.Grants {
			if g.Limit >= len(s.lives) {
				return nil
			}
			l := &s.lives[g.Limit]
			if g.TTL >= 0 {
				t = l.end(g.Window) - g.TTL
				break
			}
			t = max(t, g.Window*l.Per)
		}
		if n := s.at(t); n != nil && !s.late {
			return []*state{n}
		}
		return nil
	case out.Answer == Denied && out.Denial != nil && !s.late:
		if out.Denial.Limit >= len(s.lives) {
			return nil
		}
		// A window that nothing was charged to yet denies nothing: it is the current one.
		t := s.lives[out.Denial.Limit].opens(s.t) - out.Denial.RetryAfter
		if out.Denial.RetryAfter < 0 {
			t = s.t
		}
		if n := s.at(t); n != nil {
			return []*state{n}
		}
		return nil
	}
	return s.ends(c)
}

// replay are the states in which the last decision is told again.
func (s *state) replay(c *command, ss *session, out *Output) []*state {
	if ss.decided == nil || ss.said != terms(out) {
		return nil
	}
	t := s.t
	switch {
	case len(out.Grants) > 0:
		// The limits may be others by now: the end is the decision's own.
		t = ss.decided.Grants[0].TTL - out.Grants[0].TTL
		for i, g := range out.Grants {
			if ss.decided.Grants[i].TTL-g.TTL != t {
				return nil
			}
		}
	case out.Denial != nil:
		t = ss.opens - out.Denial.RetryAfter
		if s.late {
			t = s.t
		}
	}
	n := s.at(t)
	if n == nil || s.late && len(out.Grants) > 0 {
		return nil
	}
	if out.Denial != nil && !s.late && ss.opens-out.Denial.RetryAfter != t {
		return nil
	}
	n.session(c.Session).touched = n.t
	return one(n, true)
}

// timely reports whether out, of the decision that was just made, tells how long it is good.
func (s *state) timely(ss *session, out *Output) bool {
	for _, g := range out.Grants {
		if l := &s.lives[g.Limit]; l.end(g.Window)-g.TTL != s.t {
			return false
		}
	}
	return out.Denial == nil || s.late || ss.opens-out.Denial.RetryAfter == s.t
}

// closes notes the decision of a request. In the state a grant's TTL is the end of its window,
// which does not pass.
func (s *state) closes(c *command, ss *session, out *Output) {
	ss.seq, ss.touched, ss.decided, ss.said, ss.opens = c.Seq, s.t, nil, "", 0
	if out == nil {
		return
	}
	d := *out
	d.Grants = slices.Clone(out.Grants)
	for i := range d.Grants {
		g := &d.Grants[i]
		g.TTL = s.lives[g.Limit].end(g.Window)
	}
	ss.decided, ss.said = &d, terms(&d)
	if d.Denial != nil {
		ss.opens = s.lives[d.Denial.Limit].opens(s.t)
	}
}
