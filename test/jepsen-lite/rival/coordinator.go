package rival

import (
	"time"

	"github.com/leased-io/leased/test/jepsen-lite/sim"
)

// nodes is how many there are that can lead.
const nodes = 3

// coordinator hands out the limit, window by window of its leader's wall clock. What it has
// decided outlives every leader.
type coordinator struct {
	s      *sim.Stage
	meter  *meter
	off    [nodes]time.Duration // of each node's wall clock
	leader int                  // -1: none

	window         int64
	used           int64
	askers, before map[int]bool     // who asked in this window, and in the last
	decided        map[int]decision // by limiter: its last request
}

// request asks for credits, and may give some back. It has one number however often it is sent.
type request struct {
	from, n int
	want    int64
	back    int64 // credits of backOf that are of no use to the limiter any more
	backOf  int64 // window
}

// decision is what a request came to: once decided, always the same.
type decision struct {
	n      int
	window int64
	amount int64 // 0: denied until the window is over
}

// answer is what a limiter is told.
type answer struct {
	decision
	until time.Duration // the window's end on the coordinator's wall clock
	ttl   time.Duration // and how long that is from now
}

func newCoordinator(s *sim.Stage, off time.Duration, m *meter) *coordinator {
	c := &coordinator{
		s: s, meter: m, window: -1, decided: map[int]decision{},
		askers: map[int]bool{}, before: map[int]bool{},
	}
	for i := range c.off {
		c.off[i] = wallError(s, off)
	}
	s.Every(s.Options().Failover, c.fail)
	return c
}

// wallError draws how far a wall clock is from true time: at most off, either way. It starts late
// enough for no clock to be before its zero.
func wallError(s *sim.Stage, off time.Duration) time.Duration {
	return s.Spread(off) - off
}

// fail takes the leader away. Another one follows after a while, with a wall clock of its own.
func (c *coordinator) fail() {
	if c.leader < 0 {
		return
	}
	c.leader = -1
	c.s.After(c.s.Spread(per/2), func() { c.leader = c.s.Rand().IntN(nodes) })
}

// wall reads the leader's wall clock.
func (c *coordinator) wall() time.Duration { return epoch + c.s.Now() + c.off[c.leader] }

// epoch is what wall clocks say at the beginning, so that none is before zero.
const epoch = 1000 * per

// ask decides a request, if there is a leader, and replies once a majority knows.
func (c *coordinator) ask(r request, reply func(answer)) {
	if c.leader < 0 {
		return
	}
	c.roll()
	d := c.decided[r.from]
	if r.n > d.n {
		d = c.decide(r)
		c.decided[r.from] = d
	}
	until := time.Duration(d.window+1) * per
	a := answer{decision: d, until: until, ttl: max(0, until-c.wall())}
	c.s.After(c.s.Hop(), func() { c.s.Send(func() { reply(a) }) })
}

// roll goes to the window that the leader's wall clock says, and never back.
func (c *coordinator) roll() {
	now := int64(c.wall() / per)
	if now <= c.window {
		return
	}
	c.window, c.used = now, 0
	c.askers, c.before = map[int]bool{}, c.askers
	c.meter.roll()
}

// decide takes what comes back, if it is of this window still, and grants.
func (c *coordinator) decide(r request) decision {
	if r.backOf == c.window {
		c.used -= r.back
	}
	d := decision{n: r.n, window: c.window}
	if r.want > 0 {
		c.askers[r.from] = true
		d.amount = min(r.want, c.share())
		c.used += d.amount
	}
	return d
}

// share is the most that one limiter gets at a time: half of its share of what is left, as with
// ours, so that little is stranded and who comes late gets some.
func (c *coordinator) share() int64 {
	left, holders := c.meter.limit-c.used, int64(max(1, len(c.askers), len(c.before)))
	return min(left, (left+2*holders-1)/(2*holders))
}
