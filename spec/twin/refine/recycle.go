package refine

import "github.com/leased-io/leased/trace"

// late is a lease whose window is over, and when it is forgotten if nobody took it.
type late struct {
	g      *lease
	forget int64
}

// leave ends a limit's window: its leases are over for the log.
func (m *Machine) leave(l *limit) {
	rest := l.leases[:0]
	for _, g := range l.leases {
		if l.shape == slots && g.ends > m.T && g.out > 0 {
			rest = append(rest, g) // it may be kept or given back
			continue
		}
		g.closed = true
		if g.st == gone {
			m.forget(g)
		} else {
			m.late = append(m.late, late{g, m.T + m.horizon})
		}
	}
	clear(l.leases[len(rest):])
	l.leases = rest
}

// over is the end of a lease for its holder.
func (m *Machine) over(g *lease) {
	g.st, g.cred = gone, 0
	if g.closed {
		m.forget(g)
	}
}

// forget drops a lease from the table. The session's last request keeps those of its answer.
func (m *Machine) forget(g *lease) {
	if m.leases[g.id] == g {
		delete(m.leases, g.id)
		g.s.live--
	}
}

// recycle forgets what can take no further step (WindowLease!Recycle): leases that nobody took a
// horizon after their windows, and sessions a horizon after their ends.
func (m *Machine) recycle() {
	for i := 0; i < len(m.dying); {
		if l := m.dying[i]; l.end() <= m.T {
			m.leave(l)
			m.dying = append(m.dying[:i], m.dying[i+1:]...)
		} else {
			i++
		}
	}
	for len(m.late) > 0 && m.late[0].forget <= m.T {
		if g := m.late[0].g; g.st == sent {
			g.st = gone
			m.forget(g)
		}
		m.late = m.late[1:]
	}
	for len(m.ended) > 0 && m.ended[0].forget <= m.T {
		s := m.ended[0]
		m.ended = m.ended[1:]
		if s.live > 0 {
			s.forget = m.T + m.horizon
			m.ended = append(m.ended, s)
			continue
		}
		delete(m.sessions, s.id)
	}
}

// revive takes a lease that was forgotten: an answer that came a horizon after its window may be
// taken, and is worth nothing.
func (m *Machine) revive(f *File, s *session, e *trace.Event) {
	if s == nil {
		s = &session{id: e.Session, file: f}
	}
	if s.answered.seq != e.Seq {
		s.answered = answer{seq: e.Seq, attempt: e.Attempt, at: e.At}
	}
	s.live++
	m.leases[e.Lease] = &lease{id: e.Lease, seq: e.Seq, s: s, window: e.Window, g: e.Amount,
		closed: true, stub: true, st: held, cred: e.Amount}
	m.counts.step(acceptsOver)
}
