package twin

import (
	"slices"

	"github.com/leased-io/leased/trace"
)

// heir is what is known of a new cluster that took the place of one that was lost.
type heir struct {
	t       int64
	session uint64 // the last that is not its own
	at      Located
}

// leftOut is how many numbers a successor leaves to the old cluster, which handed out others
// after it was backed up; and greatest what no number may reach.
const (
	leftOut  = 1 << 44
	greatest = 1 << 53
)

// over returns when the old cluster's last leases of such a limit are over and count no more; 0
// without an old cluster. A lease is used for ttl/phi of real time at most, and ttl <= lease; as
// long as this cluster's clock takes at least to run from t to t + lease (docs/adr/0009).
func (h *heir) over(s *shape, amount int64) int64 {
	if h == nil {
		return 0
	}
	return h.t + s.lease(amount) + s.memory(amount)
}

// takeOver makes this cluster another one's successor: as the first thing that it does.
func (c *checker) takeOver(at *Located) error {
	e := &at.Event
	switch {
	case c.heir != nil:
		return violated(TakeOver, []Located{*at, c.heir.at},
			"the cluster takes another one's place a second time")
	case c.lastSession > 0 || c.lastLease > 0 || c.lastLimit > 0:
		return violated(TakeOver, []Located{*at},
			"a cluster that has had limits takes another one's place")
	case e.T != c.now:
		return violated(TakeOver, []Located{*at, c.step.entry},
			"the old cluster's leases are counted from %d; it is %d", e.T, c.now)
	}
	for _, last := range [...]uint64{e.Session, e.Lease, e.Limit} {
		if last < leftOut || last > greatest {
			return violated(TakeOver, []Located{*at},
				"the numbers go on after %d, which must be in %d..%d: "+
					"others may have been handed out since the backup", last, leftOut, greatest)
		}
	}
	c.heir = &heir{t: e.T, session: e.Session, at: *at}
	c.lastSession, c.lastLease, c.lastLimit = e.Session, e.Lease, e.Limit
	c.begins()
	return nil
}

// begins is called once the log has shown whether it is a successor's: those that wait may wait
// for sessions of another cluster.
func (c *checker) begins() {
	clear(c.awaitSession)
	clear(c.awaitLease)
	for _, p := range c.processes {
		if p.waiting && !slices.Contains(c.woken, p) {
			c.woken = append(c.woken, p)
		}
	}
}

// elsewhere reports whether a session is another cluster's: of a process that lived on when one
// took the place of another. Nobody's numbers reach a jump beyond where they began.
func (c *checker) elsewhere(session uint64) bool {
	if session == 0 || c.lastLimit == 0 {
		return false // nobody's, or the log has not begun
	}
	first := uint64(0)
	if c.heir != nil {
		first = c.heir.session
	}
	return session <= first || session-first >= leftOut
}

// waitsLonger checks that a limit that waits for the leases of before, and was changed, waits no
// less than it did, and as long as it would if it came into force now.
func (c *checker) waitsLonger(l *limit, e *trace.Event) error {
	if !l.empty {
		return nil
	}
	was := l.until
	l.until, l.heirs = e.Until, max(l.heirs, c.heir.over(&l.shape, l.amount))
	if e.OK || l.until < was {
		return violated(NoOverGrant, []Located{l.at},
			"limit %d is changed, and does not stay empty until %d", l.serial, was)
	}
	return c.startsAfter(l)
}

// startsAfter checks that a limit that comes into force waits for the old cluster's leases.
func (c *checker) startsAfter(l *limit) error {
	if l.start() >= l.heirs || l.empty && l.until >= l.heirs {
		return nil
	}
	return violated(TakeOver, []Located{l.at, c.heir.at},
		"limit %d comes into force and does not start empty until %d, "+
			"when the old cluster's leases of %d ns count no more", l.serial, l.heirs, l.span)
}
