package refine

import (
	"math/bits"

	"github.com/leased-io/leased/trace"
)

// speaker returns the session of a fleet's event, nil if it was forgotten.
func (m *Machine) speaker(action Action, f *File, e *trace.Event) (*session, *Refusal) {
	s := m.sessions[e.Session]
	switch {
	case s != nil:
		return s, s.meet(action, f)
	case e.Session > m.lastSession || e.Session == 0:
		return nil, refuse(action, "Session", "session %d was never opened", e.Session)
	}
	return nil, nil
}

// send is an attempt of a request (WindowLease!Send): the next one, when the last is closed, or
// the one that is outstanding, again.
func (m *Machine) send(f *File, e *trace.Event) *Refusal {
	s, r := m.speaker(Send, f, e)
	if s == nil || r != nil {
		if r == nil {
			m.counts.step(sends)
		}
		return r
	}
	if !f.gap {
		if r := m.maySend(s, e); r != nil {
			return r
		}
	}
	if e.Seq != s.sent {
		if s.sent > 0 && s.answered.seq != s.sent {
			s.silent = s.sent
		}
		m.counts.step(sends)
	} else {
		m.counts.step(retries)
	}
	s.sent, s.attempt = e.Seq, e.Attempt
	s.attempts[e.Attempt%maxAttempts] = attempt{e.Attempt, e.Seq, e.At, m.index}
	return nil
}

// maySend are the guards of send.
func (m *Machine) maySend(s *session, e *trace.Event) *Refusal {
	last := &s.attempts[s.attempt%maxAttempts]
	switch {
	case e.Seq != s.sent && e.Seq != s.sent+1:
		return refuse(Send, "Serial", "request %d of session %d is sent after request %d",
			e.Seq, s.id, s.sent)
	case s.sent > 0 && e.Attempt != s.attempt+1:
		return refuse(Send, "Attempt", "attempt %d of session %d is sent after attempt %d",
			e.Attempt, s.id, s.attempt)
	case s.sent > 0 && e.At < last.at:
		return refuse(Send, "Clock", "attempt %d of session %d is sent at %d, the one before at %d",
			e.Attempt, s.id, e.At, last.at)
	case e.Seq == s.sent && (s.answered.seq == e.Seq || s.silent == e.Seq):
		return refuse(Send, "Idle", "request %d of session %d is sent again after it was closed",
			e.Seq, s.id)
	case e.Seq == s.sent+1 && s.decided == s.sent && len(s.charged) > 0 &&
		s.answered.seq != s.sent && !s.homeless:
		return refuse(Send, "Closes", "request %d of session %d is sent, and no lease of request %d "+
			"was taken, which was granted %d", e.Seq, s.id, s.sent, len(s.charged))
	}
	return nil
}

// accept takes a lease of an answer (WindowLease!Accept). The first answer to any attempt closes
// the request; all leases of one answer are taken in one step.
func (m *Machine) accept(f *File, e *trace.Event) *Refusal {
	s, r := m.speaker(Accept, f, e)
	if r != nil {
		return r
	}
	if s != nil && !f.gap {
		if r := s.mayAccept(e); r != nil {
			return r
		}
	}
	g := m.leases[e.Lease]
	switch {
	case g == nil && (e.Lease == 0 || e.Lease > m.lastLease):
		return refuse(Accept, "Granted", "lease %d was never granted", e.Lease)
	case g == nil:
		m.revive(f, s, e)
		return nil
	case g.s.id != e.Session || s == nil:
		return refuse(Accept, "Mine", "lease %d is session %d's", g.id, g.s.id)
	case g.st != sent:
		return refuse(Accept, "Waits", "lease %d was taken before", g.id)
	case e.Amount != g.g || e.Window != g.window:
		return refuse(Accept, "Content", "lease %d of %d in window %d is taken as %d in %d",
			g.id, g.g, g.window, e.Amount, e.Window)
	case e.Seq != g.seq:
		return refuse(Accept, "Request", "lease %d of request %d is taken for request %d",
			g.id, g.seq, e.Seq)
	}
	t := g.ends - e.TTL
	if !f.gap {
		if r := m.answers(s, g, e, t); r != nil {
			return r
		}
	}
	again := s.answered.seq == e.Seq
	s.answered = answer{e.Seq, e.Attempt, e.At, t, true}
	g.told = nil
	g.st, g.cred, g.life, g.read = held, g.g, e.Life, e.At
	if s.made(e) {
		g.start, g.timed = s.attempts[e.Attempt%maxAttempts].at, true
	}
	if g.limit.shape != slots {
		s.takes(g)
	}
	m.countAccept(s, g, e, again)
	return nil
}

// mayAccept are the guards of accept that rest on what the session did before: its request is
// outstanding, or was closed by this very answer.
func (s *session) mayAccept(e *trace.Event) *Refusal {
	was := &s.answered
	switch {
	case e.Seq != s.sent || s.silent == e.Seq:
		return refuse(Accept, "Outstanding", "request %d of session %d is answered; it is closed",
			e.Seq, s.id)
	case !s.made(e):
		return refuse(Accept, "Sent", "attempt %d of request %d of session %d is answered, and was "+
			"not sent, or too long ago", e.Attempt, e.Seq, s.id)
	case was.seq == e.Seq && (was.attempt != e.Attempt || was.at != e.At):
		return refuse(Accept, "Closes", "request %d of session %d was closed by another answer",
			e.Seq, s.id)
	case e.At < s.attempts[e.Attempt%maxAttempts].at:
		return refuse(Accept, "Clock", "an answer is taken at %d, before its attempt was sent", e.At)
	}
	return nil
}

// answers are the guards of accept that rest on what the answer says: it counts from t.
func (m *Machine) answers(s *session, g *lease, e *trace.Event, t int64) *Refusal {
	drift := max(m.drift, s.file.header.DriftPPM)
	// Nobody waits for the log to tell of a lease that was over so long ago.
	late := e.TTL <= 0 && g.ends+m.horizon <= m.T
	switch was := &s.answered; {
	case was.seq == e.Seq && was.dated && was.t != t:
		return refuse(Accept, "Answer", "leases of one answer count from %d and from %d", was.t, t)
	case !late && !g.wasTold(t, s.attempts[e.Attempt%maxAttempts].index):
		return refuse(Accept, "Told", "no answer after its send told attempt %d that lease %d has "+
			"%d ns", e.Attempt, g.id, e.TTL)
	case e.Life < 0 || e.Life > life(e.TTL, drift):
		return refuse(Accept, "Life", "lease %d has %d ns to live; of %d it may use %d",
			g.id, e.Life, e.TTL, life(e.TTL, drift))
	}
	return nil
}

// wasTold reports whether an answer that counts from t was given after the log's entry index.
func (g *lease) wasTold(t int64, index uint64) bool {
	for i := range g.told {
		if g.told[i].t == t && g.told[i].index > index {
			return true
		}
	}
	return !g.toldAll
}

// made reports whether the session remembers the attempt that e names.
func (s *session) made(e *trace.Event) bool {
	a := &s.attempts[e.Attempt%maxAttempts]
	return a.id == e.Attempt && a.seq == e.Seq
}

func (m *Machine) countAccept(s *session, g *lease, e *trace.Event, again bool) {
	switch {
	case again:
		m.counts.step(acceptsCompanion)
	case g.life == 0:
		m.counts.step(acceptsOver)
	case s.attempts[(e.Attempt-1)%maxAttempts].seq == e.Seq:
		m.counts.step(acceptsRetry)
	default:
		m.counts.step(accepts)
	}
}

// takes notes that the session has a lease of this window: those of older ones are over.
func (s *session) takes(g *lease) {
	for i := range s.newest {
		if n := &s.newest[i]; n.limit == g.limit.serial {
			if g.window > n.window {
				n.window, n.at = g.window, s.answered.at
			}
			return
		}
	}
	if len(s.newest) == maxNewest {
		s.newest = append(s.newest[:0], s.newest[1:]...)
	}
	s.newest = append(s.newest, newest{g.limit.serial, g.window, s.answered.at})
}

// life is WindowLease!Life: floor(ttl q).
func life(ttl, drift int64) int64 {
	if ttl <= 0 {
		return 0
	}
	hi, lo := bits.Mul64(uint64(ttl), uint64(million-drift))
	q, _ := bits.Div64(hi, lo, uint64(million+drift))
	return int64(q)
}

// drop ignores an answer, since its request is closed (WindowLease!Answer, cli.st # "sent"; R9).
// Closed by what, only a lease that was taken tells.
func (m *Machine) drop(f *File, e *trace.Event) *Refusal {
	if e.Session == 0 { // an attempt of so long ago that the holder has forgotten whose
		m.counts.step(drops)
		m.counts.refused(droppedForgotten)
		return nil
	}
	s, r := m.speaker(Drop, f, e)
	if r != nil {
		return r
	}
	m.counts.step(drops)
	switch {
	case s == nil:
		m.counts.refused(droppedForgotten)
	case !f.gap && !s.made(e):
		return refuse(Drop, "Sent", "attempt %d of request %d of session %d is answered, and was "+
			"not sent", e.Attempt, e.Seq, s.id)
	case e.Seq < s.sent:
		m.counts.refused(droppedOld)
	case s.answered.seq == e.Seq:
		m.counts.refused(droppedClosed)
	default: // closed without a lease
		s.silent = e.Seq
		m.counts.refused(droppedSilent)
	}
	return nil
}
