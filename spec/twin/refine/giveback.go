package refine

import "github.com/leased-io/leased/trace"

// returnable reports whether the log may still take the lease back at t: it is not over, and its
// limit is in force.
func (g *lease) returnable(t int64) bool { return !g.past(t) && !g.limit.gone && !g.ret }

// past reports whether the lease is over at t.
func (g *lease) past(t int64) bool {
	if g.limit.shape == slots {
		return g.ends <= t
	}
	return g.closed
}

// giveBack is a return (WindowLease!Commit, "return"): it is taken if and only if MayReturn.
func (m *Machine) giveBack(e *trace.Event) *Refusal {
	s := m.sessions[e.Session]
	action := ReturnRefused
	if e.OK {
		action = Return
	}
	if s == nil || s.over {
		return refuse(action, "Session", "session %d is not open", e.Session)
	}
	g, at, why := m.mayReturn(s, e)
	if e.OK {
		if why != taken {
			return refuse(Return, "MayReturn", "%d credits of lease %d are taken back: %s",
				e.Amount, e.Lease, refusals[why].text)
		}
	} else if why == taken {
		return refuse(ReturnRefused, "MayReturn",
			"%d credits of lease %d are not taken back, and there is no reason", e.Amount, e.Lease)
	}
	if s.tells() {
		if r := m.gaveUp(s, action, e); r != nil {
			return r
		}
	}
	if !e.OK {
		m.counts.step(returnsRefused)
		m.counts.refused(why)
		return nil
	}
	g.ret = true
	s.returnable = append(s.returnable[:at], s.returnable[at+1:]...)
	switch a := m.present(g.limit, g.key); g.limit.shape {
	case bucket:
		a.move(g.limit, -e.Amount)
	case slots:
		g.out -= e.Amount // the rest of it until it is over
	default:
		a.used -= e.Amount
	}
	m.counts.step(returns)
	return nil
}

// mayReturn is WindowLease!MayReturn. The log knows the leases that a session may return, and no
// more than maxReturnable of them.
func (m *Machine) mayReturn(s *session, e *trace.Event) (*lease, int, refusal) {
	for i, g := range s.returnable {
		if g.id != e.Lease {
			continue
		}
		switch {
		case g.limit.gone:
			return g, i, returnedToNone
		case g.past(m.T):
			return g, i, returnedLate
		case e.Window != g.window:
			return g, i, returnedElsewhere
		case e.Amount < 1 || e.Amount > g.g:
			return g, i, returnedTooMuch
		}
		return g, i, taken
	}
	if g := m.leases[e.Lease]; g != nil && g.ret {
		return nil, 0, returnedTwice
	}
	return nil, 0, returnedUnknown
}

// gaveUp reports why the holder cannot have sent a return: it gives credits of a lease up before,
// once, and returns what it gave up (WindowLease!Return; Propose: back > 0).
func (m *Machine) gaveUp(s *session, action Action, e *trace.Event) *Refusal {
	g := m.leases[e.Lease]
	switch {
	case e.Lease > m.lastLease:
		return refuse(action, "Granted", "session %d returns lease %d, which was never granted",
			s.id, e.Lease)
	case g == nil || g.stub: // long over
		return nil
	case g.s != s:
		return refuse(action, "Mine", "session %d returns lease %d, which is session %d's",
			s.id, g.id, g.s.id)
	case g.back != e.Amount && (g.limit.shape != slots || g.back < e.Amount) || e.Window != g.window:
		return m.silent(s, refuse(action, "GivenUp",
			"session %d returns %d credits of lease %d of window %d; it gave up %d of window %d",
			s.id, e.Amount, g.id, e.Window, g.back, g.window))
	}
	return nil
}
