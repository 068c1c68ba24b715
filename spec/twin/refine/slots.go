package refine

import "github.com/leased-io/leased/trace"

// Slots: each slot of a lease is a holder of SlotLease, which has the lease's row of tab, and a
// heartbeat that keeps n of a lease's slots is n heartbeats at once.

// slots is the shape of a limit of slots.
const slots = "slots"

// asksAgain is after which part of a period (one over it) a denied request is told to ask again.
const asksAgain = 8

// ends is when a lease ends that is granted now: a TTL later (SlotLease!Hold), or with its window.
func (m *Machine) ends(l *limit) int64 {
	if l.shape == slots {
		return m.T + l.per
	}
	if l.zone != nil {
		return m.endsAligned(l)
	}
	return l.end()
}

// out is how many slots of an account are taken at t (SlotLease!Room).
func (a *account) out(t int64) int64 {
	n := int64(0)
	live := a.rows[:0]
	for _, g := range a.rows {
		if g.out > 0 && g.ends > t {
			n += g.out
			live = append(live, g)
		}
	}
	clear(a.rows[len(live):])
	a.rows = live
	return n
}

// kept returns the lease that a grant keeps slots of, if it keeps any (SlotLease!TakeBeat).
func (m *Machine) kept(s *session, l *limit, e *trace.Event) (*lease, *Refusal) {
	if e.From == 0 && e.Kept == 0 {
		return nil, nil
	}
	for i, g := range s.returnable {
		if g.id != e.From {
			continue
		}
		switch {
		case g.limit != l || l.shape != slots || g.out == 0 || g.ends <= m.T:
			return nil, refuse(Grant, "Hold", "slots of lease %d are kept, which is over", g.id)
		case e.Kept < 1 || e.Kept > g.g || e.Kept > e.Amount:
			return nil, refuse(Grant, "Hold", "%d of the %d slots of lease %d are kept, in one of %d",
				e.Kept, g.g, g.id, e.Amount)
		}
		if has := g.has(); s.tells() && has > e.Kept {
			if r := m.silent(s, refuse(Grant, "GivenUp", "%d slots of lease %d are kept by a "+
				"heartbeat; its holder has %d", e.Kept, g.id, has)); r != nil {
				return nil, r
			}
		}
		s.returnable = append(s.returnable[:i:i], s.returnable[i+1:]...)
		return g, nil
	}
	return nil, refuse(Grant, "Hold", "slots of lease %d are kept, which session %d has not",
		e.From, s.id)
}

// lend puts a lease of slots into its account, in place of the one that it keeps slots of.
func (m *Machine) lend(a *account, g, from *lease) {
	g.out = g.g
	a.rows = append(a.rows, g)
	if from != nil {
		from.out, from.ret, from.next, g.prev = 0, true, g, from
		if old := from.prev; old != nil && (old.st == gone || old.ends <= m.T) {
			from.prev = nil // nobody has anything as that one
		}
		m.counts.step(beats)
	}
}

// takeSlots is an admission of slots: they are in use, as many as the lease has.
func (m *Machine) takeSlots(g *lease, e *trace.Event) *Refusal {
	if g.used += e.N; g.used > g.cred {
		return refuse(Admit, "InUse", "%d slots of lease %d are in use, which has %d",
			g.used, g.id, g.cred)
	}
	g.read = e.Last
	m.counts.step(admits)
	return nil
}

// release is the end of some work (no step of the specification, where a holder has its slot or
// stops).
func (m *Machine) release(f *File, e *trace.Event) *Refusal {
	g, r := m.holding(Release, f, e)
	switch {
	case r != nil:
		return r
	case e.N < 1:
		return refuse(Release, "Some", "%d slots of lease %d are released", e.N, g.id)
	case e.N > g.used:
		return refuse(Release, "InUse", "%d slots of lease %d are released; %d are in use",
			e.N, g.id, g.used)
	}
	g.used -= e.N
	m.counts.step(releases)
	return nil
}

// passOn is the end of a lease for its holder: what is in use of it stays in use if a heartbeat
// has kept it (SlotLease!Answer).
func (g *lease) passOn() {
	n := g.next
	for n != nil && n.st == gone { // told too late
		n = n.next
	}
	if n != nil && n.st == held {
		n.used += g.used
	}
	g.used, g.next = 0, nil
}

// has is how many slots the holder of g has: as g, or as one before, if it was never told of g or
// was told too late.
func (g *lease) has() int64 {
	for ; g != nil; g = g.prev {
		if g.st == held {
			return g.cred
		}
	}
	return 0
}

// frees reports whether a denial may tell to wait for d: some slots are free then at the latest,
// or it is worth asking whether some were given back.
func (a *account) frees(l *limit, t, d int64) bool {
	for _, g := range a.rows {
		if g.out > 0 && g.ends == t+d {
			return d <= l.per/asksAgain
		}
	}
	return d == l.per/asksAgain
}
