package sim

import (
	"math/rand/v2"
	"time"

	"github.com/leased-io/leased/lease"
)

// world is virtual time: a queue of things to do, in order, and the randomness of a schedule.
type world struct {
	o      Options
	rng    *rand.Rand
	now    int64 // true time in nanoseconds, which no participant reads
	seq    uint64
	queue  todo
	healed bool
	judge  *oracle
	record Recorder

	letters  slab[letter]
	replies  slab[reply]
	requests slab[lease.Request]
}

func newWorld(o Options, rec Recorder) *world {
	return &world{
		o: o, rng: rand.New(rand.NewPCG(o.Seed, 0x5eed)), judge: newOracle(), record: rec,
	}
}

// after has what.run(n) called once d of true time has passed.
func (w *world) after(d time.Duration, what runner, n int) {
	w.seq++
	w.queue.push(task{at: w.now + int64(max(0, d)), seq: w.seq, what: what, n: n})
}

// run does what is due until the given instant.
func (w *world) run(until int64) {
	for len(w.queue.heap) > 0 && w.queue.heap[0].at <= until {
		t := w.queue.pop()
		w.now = t.at
		t.what.run(t.n)
	}
	w.now = until
}

// every does f at random times with the given mean distance, until the healed phase.
func (w *world) every(mean time.Duration, f func()) {
	if mean > 0 {
		w.after(w.spread(mean), &habit{w, mean, f}, 0)
	}
}

// habit is something done again and again.
type habit struct {
	w    *world
	mean time.Duration
	do   func()
}

func (h *habit) run(int) {
	if !h.w.healed {
		h.do()
		h.w.after(h.w.spread(h.mean), h, 0)
	}
}

// odds reports true with the given probability in permille; never in the healed phase.
func (w *world) odds(permille int) bool { return !w.healed && w.rng.IntN(1000) < permille }

// spread draws a duration of up to twice mean.
func (w *world) spread(mean time.Duration) time.Duration {
	return time.Duration(w.rng.Int64N(2*int64(mean) + 1))
}

// delay draws a message's way: mostly short, now and then about a window.
func (w *world) delay() time.Duration {
	if w.odds(w.o.Slow) {
		return w.spread(w.o.Limits[0].Per)
	}
	return 100*time.Microsecond + w.spread(w.o.Limits[0].Per/200)
}

// send carries a message: lost, late, twice, out of order.
func (w *world) send(message runner) {
	if !w.odds(w.o.Loss) {
		w.after(w.delay(), message, 0)
	}
	if w.odds(w.o.Dup) {
		w.after(w.delay()+w.delay(), message, 0)
	}
}

// drift draws a clock's rate: any, or one of the two ends of what is allowed.
func (w *world) drift() int64 {
	switch rho := w.o.DriftPPM; w.rng.IntN(4) {
	case 0:
		return rho
	case 1:
		return -rho
	default:
		return w.rng.Int64N(2*rho+1) - rho
	}
}

// clock is one process's monotonic clock: piecewise linear in true time.
type clock struct {
	real, local int64 // a point on it
	ppm         int64 // rate, less one million
}

// at reads the clock at a true instant that is not before its last change of rate.
func (c *clock) at(real int64) int64 {
	if real <= c.real { // suspended until c.real
		return c.local
	}
	d := real - c.real
	return c.local + d + d/1_000_000*c.ppm + d%1_000_000*c.ppm/1_000_000
}

// change gives the clock another rate from now on.
func (c *clock) change(now, ppm int64) {
	c.real, c.local, c.ppm = max(now, c.real), c.at(now), ppm
}
