package sim

import (
	"math/rand/v2"
	"time"
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
}

type task struct {
	at  int64
	seq uint64 // first come, first served at one instant
	do  func()
}

// before orders tasks.
func (t *task) before(u *task) bool { return t.at < u.at || t.at == u.at && t.seq < u.seq }

// todo is a heap, the task that is due first at its root. It is written out because most of a
// schedule's time would go into the boxing of container/heap.
type todo []task

func (q *todo) push(t task) {
	*q = append(*q, t)
	h := *q
	i := len(h) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !t.before(&h[parent]) {
			break
		}
		h[i] = h[parent]
		i = parent
	}
	h[i] = t
}

func (q *todo) pop() task {
	h := *q
	first, last := h[0], h[len(h)-1]
	h[len(h)-1] = task{}
	h = h[:len(h)-1]
	*q = h
	if len(h) == 0 {
		return first
	}
	i := 0
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if child+1 < len(h) && h[child+1].before(&h[child]) {
			child++
		}
		if !h[child].before(&last) {
			break
		}
		h[i] = h[child]
		i = child
	}
	h[i] = last
	return first
}

// after does f once d of true time has passed.
func (w *world) after(d time.Duration, f func()) {
	w.seq++
	w.queue.push(task{at: w.now + int64(max(0, d)), seq: w.seq, do: f})
}

// run does what is due until the given instant.
func (w *world) run(until int64) {
	for len(w.queue) > 0 && w.queue[0].at <= until {
		t := w.queue.pop()
		w.now = t.at
		t.do()
	}
	w.now = until
}

// every does f at random times with the given mean distance, until the healed phase.
func (w *world) every(mean time.Duration, f func()) {
	if mean <= 0 {
		return
	}
	w.after(w.spread(mean), func() {
		if w.healed {
			return
		}
		f()
		w.every(mean, f)
	})
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
func (w *world) send(deliver func()) {
	if !w.odds(w.o.Loss) {
		w.after(w.delay(), deliver)
	}
	if w.odds(w.o.Dup) {
		w.after(w.delay()+w.delay(), deliver)
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
