package twin

import "github.com/leased-io/leased/trace"

// names reports whether what e says about a lease, where it does, is true of g.
func (g *lease) names(e *trace.Event) bool {
	w := g.account.window
	return (e.Window == 0 || e.Window == w.number) &&
		(e.Limit == 0 || e.Limit == w.limit.serial) &&
		(e.Budget == "" || e.Budget == w.limit.budget) &&
		(e.Metric == "" || e.Metric == w.limit.metric) &&
		(e.Key == "" || e.Key == g.account.key)
}

// mine binds a session to the process that speaks for it.
func (s *session) mine(p *process, at *Located) error {
	if s.process == nil {
		s.process = p
	}
	if s.process != p {
		return violated(OneHolder, []Located{*at},
			"session %d lives in %s, and appears in another file", s.id, s.process.Name())
	}
	p.ticks(s.last, at)
	s.last = at.Event.At
	return nil
}

// send is an attempt of a request (WindowLease!Send).
func (c *checker) send(p *process, at *Located) (bool, error) {
	e := &at.Event
	s := c.sessions[e.Session]
	if s == nil {
		if e.Session > c.lastSession {
			return p.wait(c.awaitSession, e.Session)
		}
		return false, nil // a session that ended long ago: nobody can answer
	}
	if err := s.mine(p, at); err != nil {
		return false, err
	}
	if e.Seq < s.sent {
		return false, violated(FirstAnswer, []Located{*at, s.attempts[0]},
			"request %d was sent after request %d, which its answer must precede", e.Seq, s.sent)
	}
	if e.Seq > s.sent {
		if err := s.overdue(p, at); err != nil {
			return false, err
		}
		s.sent, s.answered, s.attempts = e.Seq, nil, s.attempts[:0]
	}
	s.looked = e.At
	s.attempts = append(s.attempts, *at)
	return false, nil
}

// accept is an answer that is taken (WindowLease!Accept).
func (c *checker) accept(p *process, at *Located) (bool, error) {
	e := &at.Event
	s := c.sessions[e.Session]
	g := c.leases[e.Lease]
	switch {
	case s == nil && e.Session > c.lastSession:
		return p.wait(c.awaitSession, e.Session)
	case e.Lease == 0 || g != nil:
	case e.Lease > c.lastLease:
		return p.wait(c.awaitLease, e.Lease)
	default:
		if err := c.lateAnswer(p, s, at); err != nil {
			return false, err
		}
		// An answer that came a horizon after its window may be taken, and is worth nothing.
		c.leases[e.Lease] = &lease{
			id: e.Lease, session: &session{id: e.Session}, seq: e.Seq, amount: e.Amount,
			granted: *at, taken: p, accepted: copyOf(at),
		}
		return false, nil
	}
	if g != nil && g.session.id != e.Session {
		return false, violated(OneHolder, []Located{*at, g.granted},
			"lease %d was granted to session %d", g.id, g.session.id)
	}
	if s == nil {
		return false, nil
	}
	if err := s.mine(p, at); err != nil {
		return false, err
	}
	send, err := c.firstAnswer(p, s, g, at)
	if err != nil || g == nil {
		s.answered = copyOf(at)
		return false, err
	}
	if told, err := c.covered(g, at); err != nil || !told {
		if err != nil {
			return false, err
		}
		return p.wait(c.awaitLease, e.Lease)
	}
	s.answered, s.looked = copyOf(at), e.At
	g.taken, g.accepted, g.send, g.life, g.told = p, s.answered, send, e.Life, nil
	s.holds(g)
	return false, c.neverEarly(g)
}

// firstAnswer checks that the answer closes its request, and nothing did before (R9). It
// returns the send of the attempt that is answered.
func (c *checker) firstAnswer(p *process, s *session, g *lease, at *Located) (*Located, error) {
	e := &at.Event
	switch {
	case g != nil && g.seq != e.Seq:
		return nil, violated(FirstAnswer, []Located{*at, g.granted},
			"lease %d answers request %d, and was taken for request %d", g.id, g.seq, e.Seq)
	case g != nil && g.accepted != nil:
		return nil, acceptedTwice(g, at)
	case e.Seq < s.sent:
		return nil, answeredLate(s, at)
	case s.answered != nil && e.Seq == s.sent && s.answered.Event.Attempt != e.Attempt:
		return nil, violated(FirstAnswer, []Located{*at, *s.answered},
			"two attempts of request %d were accepted, %d and %d",
			e.Seq, s.answered.Event.Attempt, e.Attempt)
	}
	for i := range s.attempts {
		if e.Seq == s.sent && s.attempts[i].Event.Attempt == e.Attempt {
			return copyOf(&s.attempts[i]), nil
		}
	}
	if p.gap {
		return nil, nil
	}
	return nil, violated(LeaseCover, []Located{*at},
		"attempt %d of request %d was answered and never sent", e.Attempt, e.Seq)
}

// answeredLate is the violation of an answer to a request that is not the last one sent.
func answeredLate(s *session, at *Located) error {
	return violated(FirstAnswer, []Located{*at, s.attempts[0]},
		"request %d was answered after request %d was sent", at.Event.Seq, s.sent)
}

// covered checks that a lease is accepted as it was granted and its life is short enough (R6).
// It reports false if the log may still tell the TTL: an answer to a retry comes later.
func (c *checker) covered(g *lease, at *Located) (told bool, err error) {
	e := &at.Event
	if e.Amount != g.amount || e.Window != g.account.window.number || !g.names(e) {
		return false, violated(LeaseCover, []Located{*at, g.granted},
			"lease %d was accepted as %d credits of window %d; it was granted otherwise",
			g.id, e.Amount, e.Window)
	}
	drift := max(c.report.DriftPPM, g.session.process.Header().DriftPPM)
	life := int64(0)
	if e.TTL > 0 {
		life = scale(e.TTL, million-drift, million+drift)
	}
	if e.Life > life {
		return false, violated(LeaseCover, []Located{*at, g.granted},
			"lease %d has %d ns to live; of a TTL of %d, with drifts of %d ppm, it may use %d",
			g.id, e.Life, e.TTL, drift, life)
	}
	for _, ttl := range g.told {
		if ttl == e.TTL {
			return true, nil
		}
	}
	return false, nil
}

// use is what a holder does with a lease: admit, give up, expire.
func (c *checker) use(p *process, at *Located) (bool, error) {
	e := &at.Event
	g := c.leases[e.Lease]
	switch {
	case g == nil && e.Lease > c.lastLease:
		return p.wait(c.awaitLease, e.Lease)
	case g == nil:
		return false, violated(Books, []Located{*at},
			"lease %d is over, and all its credits are accounted for", e.Lease)
	case g.session.id != e.Session:
		return false, violated(OneHolder, []Located{*at, g.granted},
			"lease %d was granted to session %d, and used by session %d",
			g.id, g.session.id, e.Session)
	case g.account != nil && !g.names(e):
		return false, violated(Books, []Located{*at, g.granted},
			"lease %d of window %d was used under another window or limit",
			g.id, g.account.window.number)
	}
	if err := g.session.mine(p, at); err != nil {
		return false, err
	}
	if g.taken == nil {
		if !p.gap {
			return false, violated(LeaseCover, []Located{*at, g.granted},
				"lease %d was used and never accepted", g.id)
		}
		g.taken, g.accepted = p, copyOf(at)
	}
	g.drew(at)
	if g.slots != nil {
		return false, c.slotUse(p, g, at)
	}
	if e.Kind == trace.KindRelease && g.account != nil {
		return false, violated(Books, []Located{*at, g.granted},
			"credits of lease %d were released, and they are no slots", g.id)
	}
	if left := g.amount - g.admitted - g.givenUp; g.over || e.N < 0 || e.N > left {
		return false, violated(Books, []Located{*at, *g.accepted, g.granted},
			"%d of lease %d's credits; of %d it had admitted %d and given up %d (over: %t)",
			e.N, g.id, g.amount, g.admitted, g.givenUp, g.over)
	}
	switch e.Kind {
	case trace.KindAdmit:
		return false, c.admission(p, g, at)
	case trace.KindGiveUp:
		g.givenUp += e.N
		return false, nil
	}
	return false, c.expire(p, g, at)
}

func (c *checker) expire(p *process, g *lease, at *Located) error {
	if left := g.amount - g.admitted - g.givenUp; at.Event.N != left && !p.gap {
		return violated(Books, []Located{*at, *g.accepted, g.granted},
			"lease %d expired with %d credits; of %d it had admitted %d and given up %d",
			g.id, at.Event.N, g.amount, g.admitted, g.givenUp)
	}
	g.over = true
	if g.account == nil || g.account.window.closed != nil {
		c.settle(g)
	}
	return nil
}

func copyOf(at *Located) *Located {
	l := *at
	return &l
}
