package explore

// Each invariant has the name that it has in CalendarLeap. Safe and Books are WindowLease's;
// so is LeaseCover, but for what covers a lease.

// typeOK: numbers are of the kinds they are meant to be.
func (m *leapModel) typeOK(s leapState) bool {
	if s.C < 0 || s.T < 0 || s.cal() < 0 || s.Adm < 0 || s.Avail < 0 ||
		int(s.Avail) > m.p.Limit {
		return false
	}
	if s.Leap != noLeap && (s.Leap.At <= s.T || s.Leap.By <= 0) {
		return false
	}
	win := m.window.win(s.cal())
	for _, e := range s.Tab[:m.p.keys()] {
		if e.Win != -1 && int(e.Win) != win || e.G < 0 || int(e.G) > m.p.Limit {
			return false
		}
	}
	return true
}

// noCarryOver: a credit that can be spent is of the current window.
func (m *leapModel) noCarryOver(s leapState) bool { return !m.mayAdmit(&s, m.isPast) }

func (m *leapModel) isPast(s *leapState, win int8) bool {
	return int(win) != m.window.win(s.cal())
}

// mayAdmit is whether some client may admit, of a window as wanted.
func (m *leapModel) mayAdmit(s *leapState, wanted func(s *leapState, win int8) bool) bool {
	for _, c := range s.Cli[:len(m.p.KeyOf)] {
		if m.window.r.MayAdmit(c) && wanted(s, c.Win) {
			return true
		}
	}
	return false
}

// leaseCover: whatever is out ends, by the slowest client's clock, no later than a lease would
// that were granted now, by the fastest cluster clock.
func (m *leapModel) leaseCover(s leapState) bool {
	w := m.window
	for a, c := range s.Cli[:len(m.p.KeyOf)] {
		if c.St == held && !m.covered(&s, int(c.Left), c.Win) {
			return false
		}
		n := s.Ans[a]
		if n != noAnswer && !m.covered(&s, w.r.LeftOnAccept(w, &s.windowState, a, n), n.Win) {
			return false
		}
	}
	return true
}

func (m *leapModel) covered(s *leapState, left int, win int8) bool {
	deadline := int(s.T) + m.r.TTL(m, int(s.T), s.calendar())
	return left <= 0 || !m.isPast(s, win) &&
		left*m.p.lMax() <= (deadline-int(s.C))*m.p.cMin()
}

// calMonotone: calendar time never goes back.
func (m *leapModel) calMonotone(s, n leapState) bool { return n.cal() >= s.cal() }

// The rest are not invariants: the exploration must find each violated.

// neverFullByLeap: Limit is never admitted in a window that a leap alone has entered.
func (m *leapModel) neverFullByLeap(s leapState) bool {
	w := m.window
	return int(s.Adm) != m.p.Limit || w.win(int(s.T)) != 0 || w.win(s.cal()) != 1
}

// neverWithin: no leap within a window takes effect after an admission and with a grant.
func (m *leapModel) neverWithin(s, n leapState) bool {
	within := n.Off > s.Off && m.window.win(n.cal()) == m.window.win(s.cal())
	return !within || s.Adm == 0 || n.Avail == s.Avail
}

// neverCapped: no lease ends at a leap, before its window and before the longest lease.
func (m *leapModel) neverCapped(s leapState) bool {
	for _, n := range s.Ans[:len(m.p.KeyOf)] {
		capped := n != noAnswer && s.Leap != noLeap && int(n.TTL) == int(s.Leap.At-s.T)
		if capped && int(n.TTL) < min(m.p.MaxLease, m.toEnd(int(s.T), s.calendar())) {
			return false
		}
	}
	return true
}

// neverSlowed: calendar time never stands while a lease can be spent.
func (m *leapModel) neverSlowed(s, n leapState) bool {
	stands := n.T > s.T && n.cal() == s.cal()
	return !stands || !m.mayAdmit(&s, func(*leapState, int8) bool { return true })
}

// neverSkipped: no leap skips a whole window.
func (m *leapModel) neverSkipped(s, n leapState) bool {
	return m.window.win(n.cal()) <= m.window.win(s.cal())+1
}

// check adds the named invariants to model, in order.
func (m *leapModel) check(model *Model[leapState], names ...string) {
	ofWindow := func(holds func(windowState) bool) func(leapState) bool {
		return func(s leapState) bool { return holds(s.windowState) }
	}
	states := map[string]func(leapState) bool{
		"TypeOK": m.typeOK, "Safe": ofWindow(m.window.safe), "NoCarryOver": m.noCarryOver,
		"LeaseCover": m.leaseCover, "Books": ofWindow(m.window.books),
		"NeverFullByLeap": m.neverFullByLeap, "NeverCapped": m.neverCapped,
	}
	steps := map[string]func(s, n leapState) bool{
		"CalMonotone": m.calMonotone, "NeverWithin": m.neverWithin,
		"NeverSlowed": m.neverSlowed, "NeverSkipped": m.neverSkipped,
	}
	for _, name := range names {
		if holds, ok := states[name]; ok {
			model.Invariants = append(model.Invariants, Invariant[leapState]{name, holds})
			continue
		}
		model.StepInvariants = append(model.StepInvariants,
			StepInvariant[leapState]{name, steps[name]})
	}
}
