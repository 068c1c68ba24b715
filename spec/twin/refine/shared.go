package refine

import "github.com/leased-io/leased/trace"

// withholds reports whether a denial says that less may be had than is left, where it may: of a
// limit that is shared, which withholds from some what others are to have.
func (l *limit) withholds(e *trace.Event, left int64) bool {
	return l.shares && e.Amount >= 0 && e.Amount < left
}

// withhold is such a denial. To the specification, which grants any amount up to what is left, it
// is a request that was lost, as every denial is.
func (m *Machine) withhold(s *session, l *limit, e *trace.Event) *Refusal {
	latest := l.end()
	if l.shape == sliding {
		latest = l.leaves()
	}
	if e.TTL < 1 || e.TTL > latest-m.T {
		return refuse(Deny, "Withheld", "a denial is told %d ns; what is withheld is free in %d at most",
			e.TTL, latest-m.T)
	}
	s.decided, s.charged, s.round = e.Seq, s.charged[:0], 0
	m.counts.step(denies)
	m.counts.refused(deniedByShare)
	return nil
}
