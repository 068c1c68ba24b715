package linear

import "slices"

// decide does what out says, and reports whether the coordinator could have decided so. The
// returns of the request were taken.
func (s *state) decide(c *command, ss *session, out *Output) bool {
	if out.Answer == Changed {
		if !s.learn(out.Revision) || c.Revision == s.revision ||
			!slices.Equal(out.Limits, s.limits()) {
			return false
		}
		s.closes(c, ss, out)
		return true
	}
	if !s.learn(c.Revision) || out.Revision != c.Revision || !s.sane(c, out) {
		return false
	}
	ok := false
	switch out.Answer {
	case TooLarge:
		ask := c.ask(out.Limit)
		ok = ask != nil && ask.Need > s.lives[out.Limit].Amount
	case Denied:
		ok = s.late || s.denied(c, ss, out.Denial)
	case Granted:
		ok = s.granted(c, ss, out)
	}
	if ok {
		s.closes(c, ss, out)
	}
	return ok
}

// sane reports whether every limit that is named is there.
func (s *state) sane(c *command, out *Output) bool {
	n := len(s.lives)
	ok := out.Limit < n && (out.Answer != Denied || out.Denial != nil)
	for _, a := range c.Asks {
		ok = ok && a.Limit < n
	}
	for _, g := range out.Grants {
		ok = ok && g.Limit < n
	}
	return ok && (out.Denial == nil || c.ask(out.Denial.Limit) != nil)
}

func (c *command) ask(limit int) *Ask {
	for i := range c.Asks {
		if c.Asks[i].Limit == limit {
			return &c.Asks[i]
		}
	}
	return nil
}

// denied reports whether less than needed can be left of the limit that d names; or nothing of
// any, if nothing is needed.
func (s *state) denied(c *command, ss *session, d *Denial) bool {
	left := func(limit int, n int64) bool {
		l := &s.lives[limit]
		if l.empty(s.t) {
			return n == 0
		}
		// A limit that was lowered below what is charged leaves nothing.
		return l.account(ss.key).leaves(n, l.Amount)
	}
	need := c.ask(d.Limit).Need
	if need > 0 {
		return d.Left < need && left(d.Limit, d.Left)
	}
	for _, a := range c.Asks {
		if a.Need > 0 || !left(a.Limit, 0) {
			return false
		}
	}
	return d.Left == 0
}

// granted charges what was granted, and reports whether there can have been so much.
func (s *state) granted(c *command, ss *session, out *Output) bool {
	told := 0
	spared := false
	for _, a := range c.Asks {
		l := &s.lives[a.Limit]
		account := l.account(ss.key)
		if told == len(out.Grants) || out.Grants[told].Limit != a.Limit {
			spared = true
			if a.Need > 0 || !l.empty(s.t) && !account.leaves(0, l.Amount) {
				return false
			}
			continue
		}
		g := out.Grants[told]
		told++
		account.hi = min(account.hi, l.Amount-g.Amount)
		if g.Window != l.window(s.t) || l.empty(s.t) || account.hi < account.lo ||
			g.Amount < max(1, a.Need) || g.Amount > a.Want || g.Lease <= s.lastLease {
			return false
		}
		account.lo, account.hi = account.lo+g.Amount, account.hi+g.Amount
		s.lastLease = g.Lease
		s.hold(ss, held{g.Lease, l.serial, g.Window, g.Amount})
	}
	if told < len(out.Grants) || told == 0 && len(c.Asks) > 0 {
		return false
	}
	return spared == (out.Denial != nil) && (!spared || out.Denial.Left == 0)
}

// hold adds a lease to those that its session may return.
func (s *state) hold(ss *session, h held) {
	ss.held = slices.DeleteFunc(ss.held, func(h held) bool { return !s.returnable(h) })
	if len(ss.held) >= maxHeld {
		ss.held = slices.Delete(ss.held, 0, 1)
	}
	ss.held = append(ss.held, h)
}

// reserve charges what nobody was told: from what is needed to what is wanted. It reports whether
// anything can have been granted.
func (s *state) reserve(c *command, ss *session) bool {
	met := false
	for _, a := range c.Asks {
		if a.Limit >= len(s.lives) {
			return false
		}
		l := &s.lives[a.Limit]
		account := l.account(ss.key)
		if l.empty(s.t) {
			if a.Need > 0 {
				return false
			}
			continue
		}
		if account.lo+max(1, a.Need) > l.Amount {
			if a.Need > 0 {
				return false
			}
			continue
		}
		met = true
		account.lo += a.Need
		account.hi = max(account.hi, min(account.hi+a.Want, l.Amount))
	}
	return met
}
