package sim

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
)

// world is virtual time: a queue of things to do, in order, and the randomness of a schedule. Its
// memory is what schedules need most of, so one world follows another in the same.
type world struct {
	o      Options
	pcg    rand.PCG
	rng    *rand.Rand
	now    int64 // true time in nanoseconds, which no participant reads
	seq    uint64
	sent   int // messages
	queue  todo
	healed bool
	judge  oracle
	record Recorder
	watch  Watcher
	struck Counts

	letters   slab[letter]
	replies   slab[reply]
	requests  slab[lease.Request]
	proposals slab[proposal]
	commands  slab[fsm.Command]
	calls     slab[call]
	costs     slab[budget.Credits]
}

// worlds are those that came to their end.
var worlds = sync.Pool{New: func() any {
	w := &world{}
	w.rng = rand.New(&w.pcg)
	return w
}}

// newWorld returns the world at its beginning.
func newWorld(o Options, rec Recorder, watch Watcher) *world {
	w := worlds.Get().(*world)
	w.o, w.record, w.watch = o, rec, watch
	w.struck = Counts{}
	w.pcg.Seed(o.Seed, 0x5eed)
	w.now, w.seq, w.sent, w.healed = 0, 0, 0, false
	w.queue.reset()
	w.judge.reset(o.DriftPPM)
	w.letters.rewind()
	w.replies.rewind()
	w.requests.rewind()
	w.proposals.rewind()
	w.commands.rewind()
	w.calls.rewind()
	w.costs.rewind()
	return w
}

// end leaves the world to the next schedule. Nobody may use anything of it after that.
func (w *world) end() { worlds.Put(w) }

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
func (w *world) odds(permille int) bool {
	return permille > 0 && !w.healed && w.rng.IntN(1000) < permille
}

// spread draws a duration of up to twice mean.
func (w *world) spread(mean time.Duration) time.Duration {
	return time.Duration(w.rng.Int64N(2*int64(mean) + 1))
}

// delay draws a message's way: mostly short, now and then about a window.
func (w *world) delay() time.Duration {
	if w.odds(w.o.Slow) {
		w.count(Delayed)
		return w.spread(w.o.Limits[0].Per)
	}
	return 100*time.Microsecond + w.spread(w.o.Limits[0].Per/200)
}

// hop is how long an entry takes to reach a majority.
func (w *world) hop() time.Duration {
	return 50*time.Microsecond + w.spread(w.o.Limits[0].Per/200)
}

// send carries a message: lost, late, twice, out of order. It is run with its number.
func (w *world) send(message runner) {
	w.sent++
	if w.odds(w.o.Loss) {
		w.count(Lost)
	} else {
		w.after(w.delay(), message, w.sent)
	}
	if w.odds(w.o.Dup) {
		w.count(Duplicated)
		w.after(w.delay()+w.delay(), message, w.sent)
	}
}

// way is one on which messages overtake each other: the highest number that came.
type way int

func (h *way) came(w *world, n int) {
	if n < int(*h) {
		w.count(Reordered)
		return
	}
	*h = way(n)
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
