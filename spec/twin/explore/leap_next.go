package explore

// leapModel is CalendarLeap for one configuration. All that is not defined here is
// WindowLease's, by the steps of its model.
type leapModel struct {
	p      leapParams
	r      leapRules
	window *windowModel
}

// toEnd is how long the window lasts, from the elapsed time t of a command on, if nothing
// slows calendar time down and no leap ends it.
func (m *leapModel) toEnd(t int, x calendar) int {
	cal := t + x.off
	return m.window.end(cal) - cal
}

// The actions of CalendarLeap, after those of WindowLease.
const kClock = wRecycle + 1

func nameLeap(a Action) string {
	if a.kind() == kClock {
		return "Propose(clock)"
	}
	return nameWindow(a)
}

type leapEmit = func(Action, leapState)

// next emits every successor of s.
func (m *leapModel) next(s leapState, emit leapEmit) {
	still := func(a Action, w windowState) {
		emit(a, leapState{windowState: w, Off: s.Off, Leap: s.Leap})
	}
	w := m.window
	w.tick(&s.windowState, still)
	m.commit(&s, emit)
	w.failover(&s.windowState, still)
	w.recover(&s.windowState, func(a Action, to windowState) {
		for _, off := range m.r.ResumeOff(m, s.Off) {
			emit(a, leapState{windowState: to, Off: off, Leap: s.Leap})
		}
	})
	w.propose(&s.windowState, opClock, int(nobody), act(kClock, 0), still)
	for a := range m.p.KeyOf {
		w.send(&s.windowState, a, still)
		w.accept(&s.windowState, a, still)
		w.admit(&s.windowState, a, still)
		w.giveUp(&s.windowState, a, still)
		w.crash(&s.windowState, a, still)
		if s.Cli[a].St != idle {
			w.propose(&s.windowState, opReserve, a, act(wReserve, a), still)
		}
		if s.Cli[a].Back > 0 {
			w.propose(&s.windowState, opReturn, a, act(wGiveBack, a), still)
		}
	}
	for k := range m.p.keys() {
		w.recycle(&s.windowState, k, still)
	}
}

// calendars calls emit with each calendar that a command of effect t may leave. The leap takes
// effect if it is due; then a clock command may slow calendar time down, or announce a leap.
func (m *leapModel) calendars(s *leapState, op uint8, t int, emit func(calendar)) {
	x := s.calendar()
	if x.leap != noLeap && t >= int(x.leap.At) {
		x.off += int(x.leap.By)
		x.leap = noLeap
	}
	emit(x)
	if op != opClock {
		return
	}
	for _, slow := range m.p.Slow {
		if m.r.MaySlow(s, slow, t) {
			emit(calendar{x.off - slow, x.leap})
		}
	}
	if !m.r.MayAnnounce(x.leap) {
		return
	}
	for _, at := range m.r.LeapAts(m, t, x.leap) {
		for _, by := range m.p.LeapBy {
			if l := (leap{At: int16(at), By: int16(by)}); l != x.leap { // or it is emitted
				emit(calendar{x.off, l})
			}
		}
	}
}

// commit: the oldest command takes effect, on the calendar and then on the budget.
func (m *leapModel) commit(s *leapState, emit leapEmit) {
	if s.LogLen == 0 {
		return
	}
	c := s.Log[0]
	t := m.window.r.Effect(int(s.T), int(c.Stamp))
	m.calendars(s, c.Op, t, func(x calendar) {
		to := *s
		copy(to.Log[:], s.Log[1:])
		to.Log[maxLog-1] = command{}
		to.LogLen--
		to.T = int16(t)
		to.C = max(s.C, to.T)
		to.Off, to.Leap = int16(x.off), x.leap
		if m.window.win(to.cal()) > m.window.win(s.cal()) { // the window rolls
			for k := range m.p.keys() {
				to.Tab[k], to.Use[k] = noGrant, noUse
			}
			to.Avail, to.Adm = int8(m.p.Limit), 0
		}
		if c.Op == opClock {
			emit(act(wCommit, 0), to)
			return
		}
		m.request(to, c, t, emit)
	})
}

// request is what a command does to the budget, once time is where the command puts it.
func (m *leapModel) request(to leapState, c command, t int, emit leapEmit) {
	a, x := int(c.A), to.calendar()
	k := m.p.KeyOf[a]
	e := to.Tab[k]
	rules := &m.window.r
	answered := func(name Action, w windowState) {
		emit(name, leapState{windowState: w, Off: to.Off, Leap: to.Leap})
	}
	switch {
	case c.Op == opReserve && rules.IsDup(e):
		ttl := m.r.DupTTL(m, t, x)
		m.window.answer(to.windowState, a, answer{e.Win, e.G, int8(ttl)}, answered)
	case c.Op == opReserve && to.Avail > 0:
		ttl, win := m.r.TTL(m, t, x), int8(m.window.win(to.cal()))
		avail := to.Avail
		for g := int8(1); g <= avail; g++ { // any sharing policy
			to.Avail = avail - g
			to.Tab[k] = grant{Win: win, G: g}
			m.window.answer(to.windowState, a, answer{win, g, int8(ttl)}, answered)
		}
	case c.Op == opReturn && rules.MayReturn(e, to.Cli[a].Win):
		to.Avail += to.Cli[a].Back
		to.Tab[k].Ret = true
		emit(act(wCommit, 0), to)
	default: // denied, or a Return that comes too late
		emit(act(wCommit, 0), to)
	}
}
