package refine

import "github.com/leased-io/leased/trace"

// heir is the model of a cluster that took another one's place: its processes hold leases that
// nobody here knows, of at most a period from t on.
type heir struct {
	is bool
	t  int64
}

// jump is how many numbers lie between a backup's and the first of its successor.
const jump = 1 << 44

// takeOver is the first step of a successor.
func (m *Machine) takeOver(e *trace.Event) *Refusal {
	switch {
	case m.heir.is || m.lastSession > 0 || m.lastLimit > 0 || m.lastLease > 0:
		return refuse(TakeOver, "New", "a cluster that is not new takes another one's place")
	case e.T != m.T:
		return refuse(TakeOver, "Now", "another one's place is taken at %d, and it is %d", e.T, m.T)
	case e.Hash == "":
		return refuse(TakeOver, "Backup", "another one's place is taken without its backup")
	case min(e.Session, e.Limit, e.Lease) < jump:
		return refuse(TakeOver, "Jump", "sessions, limits and leases go on after %d, %d, %d: "+
			"%d of each are the old cluster's", e.Session, e.Limit, e.Lease, int64(jump))
	}
	m.heir = heir{is: true, t: m.T}
	m.lastSession, m.lastLimit, m.lastLease = e.Session, e.Limit, e.Lease
	m.counts.step(takesOver)
	return nil
}

// begunBefore returns when the old cluster's leases of such a limit are over and count no more,
// and whether the limit's window began before that.
func (m *Machine) begunBefore(l *limit) (bool, int64) {
	over := m.heir.t + l.longest() + l.memory()
	return m.heir.is && l.start() < over, over
}
