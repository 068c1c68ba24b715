package rival

import (
	"time"

	"github.com/leased-io/leased/test/jepsen-lite/sim"
)

const (
	// horizon is how far ahead a limiter asks, as ours does: an eighth of a window.
	horizon = per / 8
	// idle is how long nobody comes before a limiter gives back what it has.
	idle = per / 4
	// maxWaiting bounds the requests that wait at a limiter, as with ours.
	maxWaiting = 16
)

// limiter admits from leases. Its rule says until when one is good.
type limiter struct {
	s    *sim.Stage
	c    *coordinator
	rule Rule
	id   int
	off  time.Duration // of its wall clock

	leases  []lease
	waiting int
	asleep  time.Duration // suspended until then
	last    time.Duration // when somebody came

	// came is how many come in a horizon: a sum of arrivals that leaks away.
	came  float64
	n     int  // of its last request
	open  bool // that has no answer yet
	sent  time.Duration
	quiet time.Duration // nothing is left before then
}

type lease struct {
	window, left int64
	until        time.Duration // on the coordinator's wall clock
	ends         time.Duration // counted from before it was asked for, on the true clock
	carried      bool          // into the next window
}

// newLimiter puts a limiter on the stage.
func newLimiter(s *sim.Stage, c *coordinator, rule Rule, id int, off time.Duration) *limiter {
	l := &limiter{s: s, c: c, rule: rule, id: id, off: wallError(s, off)}
	s.Arrivals(l.offer)
	return l
}

func (l *limiter) wall() time.Duration { return epoch + l.s.Now() + l.off }

// offer is one request of the application.
func (l *limiter) offer() {
	now := l.s.Now()
	if now < l.asleep {
		return
	}
	l.came = l.came*max(0, 1-float64(now-l.last)/float64(horizon)) + 1
	l.last = now
	l.waiting = min(maxWaiting, l.waiting+1)
	l.serve()
}

// serve admits who waits, and asks for more before it runs out.
func (l *limiter) serve() {
	l.drop()
	for i := range l.leases {
		n := min(l.leases[i].left, int64(l.waiting))
		l.leases[i].left -= n
		l.waiting -= int(n)
		l.c.meter.admit(n)
	}
	want := max(1, int64(l.came))
	if have := l.live(); l.waiting > 0 || have < max(1, want/4) {
		l.ask(request{want: want - have + int64(l.waiting)})
	}
}

// drop forgets the leases that are over.
func (l *limiter) drop() {
	kept := l.leases[:0]
	for _, g := range l.leases {
		if g.left > 0 && l.good(&g) {
			kept = append(kept, g)
		}
	}
	l.leases = kept
}

// good reports whether a lease may be spent now. It is what the rules differ in.
func (l *limiter) good(g *lease) bool {
	over := l.wall() >= g.until
	switch l.rule {
	case Margin:
		return l.wall()+margin < g.until
	case CarryOver:
		over = l.s.Now() >= g.ends
	}
	if !over {
		return true
	}
	if l.rule != CarryOver && l.rule != Both || g.carried {
		return false
	}
	g.carried, g.until, g.ends = true, g.until+per, g.ends+per
	return l.good(g)
}

func (l *limiter) live() (n int64) {
	for _, g := range l.leases {
		n += g.left
	}
	return n
}

// ask sends a request, unless one is open, or it is known that nothing is left.
func (l *limiter) ask(r request) {
	if l.open || l.s.Now() < l.quiet {
		return
	}
	l.n++
	l.open, l.sent = true, l.s.Now()
	r.from, r.n = l.id, l.n
	l.send(r)
}

// send sends a request until it is answered.
func (l *limiter) send(r request) {
	if !l.open || r.n != l.n {
		return
	}
	l.s.Send(func() { l.c.ask(r, l.take) })
	l.s.After(l.s.Options().Patience, func() { l.send(r) })
}

// take takes the first answer to the open request.
func (l *limiter) take(a answer) {
	if !l.open || a.n != l.n {
		return
	}
	l.open = false
	ends := l.sent + a.ttl
	if a.amount > 0 {
		l.leases = append(l.leases,
			lease{window: a.window, left: a.amount, until: a.until, ends: ends})
	} else if l.waiting > 0 {
		l.quiet = l.s.Now() + a.ttl
		l.s.After(a.ttl+time.Millisecond, l.wake)
	}
	l.wake()
}

func (l *limiter) wake() {
	if l.s.Now() >= l.asleep {
		l.serve()
	}
}

// rest gives back what a limiter has if nobody came for a while. What it has given back it has
// not any more, whether that arrives or not.
func (l *limiter) rest() {
	if l.s.Now()-l.last < idle || l.open || len(l.leases) == 0 || l.s.Now() < l.asleep {
		return
	}
	g := l.leases[len(l.leases)-1]
	l.leases = l.leases[:len(l.leases)-1]
	l.ask(request{back: g.left, backOf: g.window})
}

// crash forgets everything. What it was granted stays charged.
func (l *limiter) crash() {
	l.leases, l.waiting, l.open, l.quiet = nil, 0, false, 0
}

func (l *limiter) suspend(d time.Duration) {
	if l.s.Now() >= l.asleep {
		l.asleep = l.s.Now() + d
	}
}
