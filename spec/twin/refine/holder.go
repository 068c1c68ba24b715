package refine

import "github.com/leased-io/leased/trace"

// holding returns the lease that a holder uses. One whose acceptance was lost in a gap counts
// as accepted.
func (m *Machine) holding(action Action, f *File, e *trace.Event) (*lease, *Refusal) {
	g := m.leases[e.Lease]
	if g == nil {
		return nil, refuse(action, "Held", "lease %d is not held", e.Lease)
	}
	if r := g.s.meet(action, f); r != nil {
		return nil, r
	}
	if g.st == sent && f.gap {
		g.st, g.cred, g.told = held, g.g, nil
	}
	switch {
	case g.s.id != e.Session:
		return nil, refuse(action, "Mine", "lease %d is session %d's", g.id, g.s.id)
	case g.st != held:
		return nil, refuse(action, "Held", "lease %d is not held", g.id)
	case e.Window != g.window && !g.stub:
		return nil, refuse(action, "Window", "lease %d is of window %d, not %d",
			g.id, g.window, e.Window)
	case e.N < 0 || e.N > g.cred:
		return nil, refuse(action, "Credits", "%d credits of lease %d, which has %d",
			e.N, g.id, g.cred)
	}
	return g, nil
}

// admit spends credits (WindowLease!Admit, n times): of a lease that has a life left, by the
// holder's own clock, read after it had the lease (MayAdmit, R10).
func (m *Machine) admit(f *File, e *trace.Event) *Refusal {
	g, r := m.holding(Admit, f, e)
	if r != nil {
		return r
	}
	switch {
	case e.N < 1 || e.Count < 0:
		return refuse(Admit, "Some", "%d credits are spent in %d admissions", e.N, e.Count)
	case g.stub:
		return refuse(Admit, "Life", "lease %d was over long before it was taken", g.id)
	case e.First > e.Last || e.First < g.read:
		return refuse(Admit, "Clock", "lease %d is spent from %d to %d; its holder had read %d",
			g.id, e.First, e.Last, g.read)
	case g.timed && (e.First < g.start || e.Last-g.start >= g.life):
		return refuse(Admit, "Life", "lease %d is spent from %d to %d ns after its send; its life is %d",
			g.id, e.First-g.start, e.Last-g.start, g.life)
	case g.s.hasNewer(g, e.Last):
		return refuse(Admit, "Newest", "lease %d of window %d is spent after one of a newer window "+
			"was taken", g.id, g.window)
	}
	if g.limit != nil && g.limit.shape == slots {
		return m.takeSlots(g, e)
	}
	g.cred -= e.N
	g.read = e.Last
	if g.cred == 0 {
		m.counts.step(admitsLast)
	} else {
		m.counts.step(admits)
	}
	return nil
}

// hasNewer reports whether the session had taken a lease of the same limit and a newer window
// before the reading at, which ends older leases (R10).
func (s *session) hasNewer(g *lease, at int64) bool {
	for i := range s.newest {
		if n := &s.newest[i]; n.limit == g.limit.serial {
			return n.window > g.window && at > n.at
		}
	}
	return false
}

// giveUp forgets credits for good, so that they may be returned, once (WindowLease!Return).
func (m *Machine) giveUp(f *File, e *trace.Event) *Refusal {
	g, r := m.holding(GiveUp, f, e)
	if r != nil {
		return r
	}
	switch {
	case e.N < 1:
		return refuse(GiveUp, "Some", "%d credits of lease %d are given up", e.N, g.id)
	case g.used > g.cred-e.N:
		return refuse(GiveUp, "InUse", "%d slots of lease %d are given up; of %d it has %d in use",
			e.N, g.id, g.cred, g.used)
	case g.back > 0 && !f.gap && (g.limit == nil || g.limit.shape != slots):
		return refuse(GiveUp, "Once", "%d credits of lease %d are given up, after %d",
			e.N, g.id, g.back)
	}
	g.cred -= e.N
	g.back += e.N
	m.counts.step(givesUp)
	return nil
}

// expire is the end of a lease for its holder (WindowLease!Crash, of this lease): what is left of
// it is lost.
func (m *Machine) expire(f *File, e *trace.Event) *Refusal {
	g, r := m.holding(Expire, f, e)
	if r != nil {
		return r
	}
	if e.N != g.cred && !f.gap {
		return refuse(Expire, "All", "lease %d ends with %d credits; it has %d", g.id, e.N, g.cred)
	}
	if g.cred > 0 {
		m.counts.step(expires)
	} else {
		m.counts.step(expiresSpent)
	}
	g.passOn()
	m.over(g)
	return nil
}
