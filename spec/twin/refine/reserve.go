package refine

import "github.com/leased-io/leased/trace"

// lease is one grant: its row of the log's table, and what its holder makes of it.
type lease struct {
	id, seq uint64
	s       *session
	limit   *limit
	key     string // of the account
	window  int64
	g       int64 // credits granted
	ends    int64 // cluster time
	ret     bool  // it was returned
	closed  bool  // its window is over
	stub    bool  // it was forgotten, and taken after that
	told    []told
	toldAll bool // no answer was left out of told

	st         clientState
	cred, back int64
	start      int64 // the send of the answered attempt
	life       int64
	timed      bool  // start and life are known
	read       int64 // the last reading of the holder's clock that is known

	// Of slots: those that are not given back, those in use, and the lease that has what of it was
	// kept.
	out, used  int64
	next, prev *lease
}

// told is an answer on its way to the holder (WindowLease: ans), by the time that it counts from
// and the last entry that gave it.
type told struct {
	t     int64
	index uint64
}

// clientState is WindowLease's cli.st, of a lease.
type clientState uint8

const (
	sent clientState = iota // granted, and not taken
	held
	gone
)

// request returns the session and the limit of a decision. The guards are those of all three.
func (m *Machine) request(action Action, e *trace.Event) (*session, *limit, *Refusal) {
	s, l := m.sessions[e.Session], m.limits[e.Limit]
	switch {
	case s == nil || s.over:
		return nil, nil, refuse(action, "Session", "session %d is not open", e.Session)
	case l == nil:
		return nil, nil, refuse(action, "Limit", "limit %d is not in force", e.Limit)
	case !m.reaches(s, l, e.Key):
		return nil, nil, refuse(action, "Account", "session %d is on %s, key %q, %v; not %s, key %q",
			s.id, s.who.Budget, s.who.Key, s.who.Labels, l.budget, e.Key)
	case l.end() <= m.T:
		return nil, nil, refuse(action, "Rolled", "limit %d is in window %d, which ended at %d",
			l.serial, l.window, l.end())
	}
	if of, is := m.lapseOverdue(l, e.Key); is {
		return nil, nil, refuse(action, "Lapsed", "limit %d was set for key %q until %d, and it is %d",
			l.serial, of, l.lapses[of], m.T)
	}
	return s, l, m.asked(s, action, e.Seq)
}

// reaches reports whether an account is the session's, in its own budget or one above.
func (m *Machine) reaches(s *session, l *limit, key string) bool {
	want, ok := m.families.Key(s.who, l.budget)
	return ok && key == want
}

// grant charges a lease (WindowLease!Commit, "reserve", not a duplicate). A request of several
// limits has several, in a row, and each is an instance's.
func (m *Machine) grant(e *trace.Event) *Refusal {
	s, l, r := m.request(Grant, e)
	if r != nil {
		return r
	}
	a := m.present(l, e.Key)
	left := l.left(a, e.Key)
	from, r := m.kept(s, l, e)
	if r != nil {
		return r
	}
	companion := m.at.granting == s && e.Seq == s.decided
	switch {
	case !companion && e.Seq <= s.decided:
		return refuse(Grant, "Once", "request %d of session %d is charged; request %d was decided",
			e.Seq, s.id, s.decided)
	case companion && s.charges(l):
		return refuse(Grant, "Companion", "request %d of session %d is charged twice to limit %d",
			e.Seq, s.id, l.serial)
	case s.tells() && e.Seq < s.sent && !s.homeless:
		return refuse(Grant, "Outstanding",
			"request %d of session %d is charged; its holder, which never took a lease of it, "+
				"has gone on to request %d", e.Seq, s.id, s.sent)
	case e.Lease != m.lastLease+1:
		return refuse(Grant, "Next", "lease %d is granted after lease %d", e.Lease, m.lastLease)
	case l.empty():
		return refuse(Grant, "Empty", "limit %d grants nothing before %d", l.serial, l.opens())
	case l.shape == sliding && e.Amount > left:
		return refuse(Grant, "Charged", "%d credits are granted of %d; windows before count %d",
			e.Amount, left, l.before(e.Key))
	case l.shape == bucket && e.Amount > left:
		return refuse(Grant, "Refill", "%d credits are granted of %d; %d are out",
			e.Amount, left, a.used)
	case l.shape == slots && e.Amount > e.Kept && e.Amount-e.Kept > left:
		return refuse(Grant, "Room", "%d slots are granted of %d beside the %d that are kept",
			e.Amount-e.Kept, left, e.Kept)
	case e.Amount < 1 || l.shape != slots && e.Amount > left:
		return refuse(Grant, "Avail", "%d credits are granted of %d", e.Amount, left)
	case e.Window != l.window:
		return refuse(Grant, "Window", "a lease of window %d is granted in window %d",
			e.Window, l.window)
	case e.TTL != m.ends(l)-m.T:
		return refuse(Grant, "Ttl", "a lease is told %d ns, and has %d", e.TTL, m.ends(l)-m.T)
	}
	m.lastLease = e.Lease
	g := m.charge(s, l, e, companion)
	switch l.shape {
	case bucket:
		a.move(l, e.Amount)
	case slots:
		m.lend(a, g, from)
	default:
		a.used += e.Amount
	}
	switch {
	case companion:
		m.counts.step(grantsCompanion)
	case l.shape == sliding && l.before(e.Key) > 0:
		m.counts.step(grantsPast)
	case e.Amount-e.Kept == left:
		m.counts.step(grantsLast)
	default:
		m.counts.step(grants)
	}
	m.at.granting = s
	return nil
}

// charge puts a lease into the tables.
func (m *Machine) charge(s *session, l *limit, e *trace.Event, companion bool) *lease {
	if !companion {
		s.decided, s.charged, s.round = e.Seq, s.charged[:0], 0
	}
	g := &lease{id: e.Lease, seq: e.Seq, s: s, limit: l, key: e.Key, window: e.Window,
		g:    e.Amount,
		ends: m.ends(l), toldAll: true, told: []told{{m.T, m.index}}}
	s.charged = append(s.charged, g)
	s.live++
	l.leases = append(l.leases, g)
	m.leases[g.id] = g
	if len(s.returnable) >= maxReturnable {
		rest := s.returnable[:0]
		for _, h := range s.returnable {
			if h.returnable(m.T) {
				rest = append(rest, h)
			}
		}
		clear(s.returnable[len(rest):])
		if s.returnable = rest; len(rest) >= maxReturnable {
			s.returnable = append(rest[:0], rest[1:]...)
		}
	}
	s.returnable = append(s.returnable, g)
	return g
}

// charges reports whether the session's last request was charged to l.
func (s *session) charges(l *limit) bool {
	for _, g := range s.charged {
		if g.limit == l {
			return true
		}
	}
	return false
}

// replay answers a decided request again (WindowLease!Commit, IsDup): all of its leases in their
// order, with what is left of them. The network may have made the copy.
func (m *Machine) replay(e *trace.Event) *Refusal {
	s := m.sessions[e.Session]
	switch {
	case s == nil || s.over:
		return refuse(Replay, "Session", "session %d is not open", e.Session)
	case e.Seq != s.decided || len(s.charged) == 0:
		return refuse(Replay, "IsDup", "request %d of session %d is answered again; it was not charged",
			e.Seq, s.id)
	case e.Lease != s.charged[s.round].id:
		return refuse(Replay, "Same", "a retry is told lease %d, in the place of lease %d",
			e.Lease, s.charged[s.round].id)
	}
	g := s.charged[s.round]
	ttl := g.ends - m.T
	switch {
	case e.Amount != g.g || e.Window != g.window:
		return refuse(Replay, "Content", "lease %d of %d in window %d is told as %d in %d",
			g.id, g.g, g.window, e.Amount, e.Window)
	case e.TTL != ttl:
		return refuse(Replay, "Ttl", "a lease is told %d ns, and has %d", e.TTL, ttl)
	}
	if s.round++; s.round == len(s.charged) {
		s.round, m.at.replaying = 0, nil
	} else {
		m.at.replaying = s
	}
	g.tell(m)
	if ttl > 0 {
		m.counts.step(replays)
	} else {
		m.counts.step(replaysOver)
	}
	return nil
}

// tell sends an answer to the lease's holder, if it has none.
func (g *lease) tell(m *Machine) {
	if g.st != sent {
		return
	}
	if n := len(g.told); g.told[n-1].t == m.T {
		g.told[n-1].index = m.index
	} else if n < maxTold {
		g.told = append(g.told, told{m.T, m.index})
	} else {
		g.toldAll = false
	}
}

// deny refuses a request: some need of it is more than is left. To the specification it is a
// request that was lost.
func (m *Machine) deny(e *trace.Event) *Refusal {
	s, l, r := m.request(Deny, e)
	if r != nil {
		return r
	}
	a := m.present(l, e.Key)
	left := l.left(a, e.Key)
	withheld := l.withholds(e, left)
	switch {
	case e.Seq <= s.decided:
		return refuse(Deny, "Once", "request %d of session %d is denied; request %d was decided",
			e.Seq, s.id, s.decided)
	case left == l.mostOf(e.Key) && !l.loose && !withheld &&
		l.shape != slots: // a late heartbeat may have had more
		return refuse(Deny, "Short", "request %d of session %d is denied; all %d of limit %d are left",
			e.Seq, s.id, left, l.serial)
	case e.Amount != left && !withheld && (!l.loose || e.Amount < 0 || e.Amount > left):
		return refuse(Deny, "Left", "a denial says that %d credits are left; there are %d",
			e.Amount, left)
	}
	if withheld {
		return m.withhold(s, l, e)
	}
	if r := m.waits(l, a, e); r != nil {
		return r
	}
	s.decided, s.charged, s.round = e.Seq, s.charged[:0], 0
	switch {
	case l.empty():
		m.counts.step(deniesEmpty)
	case l.shape == sliding && m.T+e.TTL < l.leaves():
		m.counts.step(deniesSlides)
	case l.shape == bucket && m.T+e.TTL < l.end():
		m.counts.step(deniesRefills)
	case l.shape == slots:
		m.counts.step(deniesSlots)
	default:
		m.counts.step(denies)
	}
	switch {
	case l.empty():
		m.counts.refused(deniedByEmpty)
	case left == 0:
		m.counts.refused(deniedByNone)
	default:
		m.counts.refused(deniedByNeed)
	}
	return nil
}

// waits are the guards of a denial that are about how long it tells to wait: until there is more.
// How much is needed is not recorded.
func (m *Machine) waits(l *limit, a *account, e *trace.Event) *Refusal {
	switch {
	case l.empty() || l.shape == "":
		if e.TTL != l.opens()-m.T {
			return refuse(Deny, "Ttl", "a denial is told %d ns; the limit opens in %d",
				e.TTL, l.opens()-m.T)
		}
	case l.shape == sliding:
		if !l.slides(e.Key, m.T+e.TTL) {
			return refuse(Deny, "Slides", "a denial is told %d ns; no charge that matters leaves then",
				e.TTL)
		}
	case l.shape == slots:
		if !a.frees(l, m.T, e.TTL) {
			return refuse(Deny, "Frees", "a denial is told %d ns; no lease of slots is over then, and "+
				"it is no %dth of %d", e.TTL, asksAgain, l.per)
		}
	case !a.refills(l, e.TTL):
		return refuse(Deny, "Refills", "a denial is told %d ns; there is no more than a nanosecond "+
			"before, and the window ends in %d", e.TTL, l.end()-m.T)
	}
	return nil
}
