package refine

import "github.com/leased-io/leased/trace"

// session is one incarnation of a holder, from both sides.
type session struct {
	id     uint64
	who    Who
	over   bool
	forget int64 // cluster time from which it is forgotten, if over
	live   int   // its leases that are remembered
	// homeless: a limit of its budget was removed since, so that requests may have been
	// answered by there being no budget, which leaves no mark.
	homeless bool

	// tab: its last decided request, the leases it was charged for, and those that it may
	// still return, oldest first.
	decided    uint64
	charged    []*lease // empty: it was denied
	round      int      // of charged, those told in the replay that is under way
	returnable []*lease

	// cli: the process that speaks for it, if it was met; the request that was sent last, the
	// attempts, by number modulo maxAttempts; and the answer that closed it.
	file     *File
	early    uint64 // the latest request decided before its process was met
	sent     uint64
	attempt  uint64
	attempts [maxAttempts]attempt
	answered answer
	// silent is the latest request that was closed with no lease taken.
	silent uint64
	newest []newest
}

// attempt is one send of a request.
type attempt struct {
	id, seq uint64
	at      int64
	index   uint64 // of the log, no earlier than which it was sent
}

// answer is what closed a request.
type answer struct {
	seq, attempt uint64
	at           int64 // on the holder's clock
	t            int64 // the cluster time that its TTLs count from, if dated
	dated        bool  // false: only leases that were forgotten were taken of it
}

// newest is the newest window of a limit that a session took a lease of, and when it first did.
type newest struct {
	limit      uint64
	window, at int64
}

// tells reports whether the session's process is known, and what it did not record so far did
// not happen.
func (s *session) tells() bool { return s.file != nil && s.file.tellsAll() }

// openSession starts a session, on a budget that is there.
func (m *Machine) openSession(e *trace.Event) *Refusal {
	switch {
	case e.Session != m.lastSession+1:
		return refuse(OpenSession, "Next", "session %d is opened after session %d",
			e.Session, m.lastSession)
	case e.OK != (m.budgets[e.Budget] == 0):
		return refuse(OpenSession, "Budget", "session %d is opened on budget %s, which has %d limits; "+
			"that it may be one without limits: %t", e.Session, e.Budget, m.budgets[e.Budget], e.OK)
	}
	who := WhoIs(e)
	if key, ok := m.families.Key(who, e.Budget); !ok || key != e.Key {
		return refuse(OpenSession, "Key",
			"session %d is opened for key %q of budget %s; its labels make %q",
			e.Session, e.Key, e.Budget, key)
	}
	m.lastSession = e.Session
	m.sessions[e.Session] = &session{id: e.Session, who: who}
	m.counts.step(opensSession)
	return nil
}

// endSession forgets a session: closed by its holder, or idle for too long. What its leases hold
// counts as spent.
func (m *Machine) endSession(e *trace.Event) *Refusal {
	s := m.sessions[e.Session]
	if s == nil || s.over {
		return refuse(EndSession, "Open", "session %d ends, and is not open", e.Session)
	}
	s.over, s.forget, s.returnable = true, m.T+m.horizon, nil
	m.ended = append(m.ended, s)
	if e.OK {
		m.counts.step(endsSession)
	} else {
		m.counts.step(forgetsSession)
	}
	return nil
}

// asked is what Grant and Deny have in common: the request was sent. The specification
// proposes a command only if its attempt is not idle (WindowLease!Propose).
func (m *Machine) asked(s *session, action Action, seq uint64) *Refusal {
	if s.file == nil {
		s.early = max(s.early, seq)
		return nil
	}
	if s.tells() && seq > s.sent {
		return m.silent(s, refuse(action, "Sent",
			"request %d of session %d was not sent; the last one is %d", seq, s.id, s.sent))
	}
	return nil
}

// meet binds a session to the process whose file has its first event. Whatever the log decided
// for it before must have been sent before, and the file would have that.
func (s *session) meet(action Action, f *File) *Refusal {
	if s.file == nil {
		s.file = f
		if s.early > 0 && f.tellsAll() {
			return refuse(action, "Met", "request %d of session %d was decided before its process "+
				"recorded anything of it", s.early, s.id)
		}
	}
	if s.file != f {
		return refuse(action, "Mine", "session %d is of another process, %s",
			s.id, s.file.header.Recorder)
	}
	return nil
}
