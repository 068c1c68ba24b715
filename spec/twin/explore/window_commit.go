package explore

// commit: the oldest command takes effect on the replicated state, and is answered.
func (m *windowModel) commit(s *windowState, emit windowEmit) {
	if s.LogLen == 0 {
		return
	}
	c := s.Log[0]
	a, stamp := int(c.A), int(c.Stamp)
	k := m.p.KeyOf[a]
	t := m.r.Effect(int(s.T), stamp)

	to := *s
	copy(to.Log[:], s.Log[1:])
	to.Log[maxLog-1] = command{}
	to.LogLen--
	to.T = int16(t)
	to.C = max(s.C, to.T)
	if m.win(t) > m.win(int(s.T)) { // the window rolls
		for x := range m.p.keys() {
			to.Tab[x], to.Use[x] = noGrant, noUse
		}
		to.Avail, to.Adm = int8(m.p.Limit), 0
	}

	e := to.Tab[k]
	switch {
	case c.Op == opReserve && m.r.IsDup(e):
		ttl := m.r.DupTTL(m, s, k, t, stamp)
		m.answer(to, a, answer{e.Win, e.G, int8(ttl)}, emit)
	case c.Op == opReserve && to.Avail > 0:
		ttl, win := m.r.TTL(m, t, stamp), int8(m.win(t))
		avail := to.Avail
		for g := int8(1); g <= avail; g++ { // any sharing policy
			to.Avail = avail - g
			to.Tab[k] = grant{Win: win, G: g}
			m.answer(to, a, answer{win, g, int8(ttl)}, emit)
		}
	case c.Op == opReturn && m.r.MayReturn(e, s.Cli[a].Win):
		to.Avail += s.Cli[a].Back
		to.Tab[k].Ret = true
		emit(act(wCommit, 0), to)
	default: // denied, or a Return that comes too late
		emit(act(wCommit, 0), to)
	}
}

// answer emits what may become of an answer to attempt a. Of several, any may be the one that
// arrives first. One to an attempt that waits no more is ignored, so it is not recorded.
func (m *windowModel) answer(to windowState, a int, n answer, emit windowEmit) {
	before := to.Ans[a]
	waits := to.Cli[a].St == sent
	if waits {
		to.Ans[a] = n
		emit(act(wCommit, a), to)
	}
	if !waits || before != noAnswer {
		to.Ans[a] = before
		emit(act(wCommit, a), to)
	}
}
