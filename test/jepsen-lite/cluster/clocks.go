package cluster

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/trace"
)

// wander is a monotonic clock, in terms of true time, whose rate may change. The zero value has
// the true rate.
type wander struct {
	mu       sync.Mutex
	at, base int64 // the true instant since which it has its rate, and its reading then
	ppm      int64
	stopped  bool
}

func (w *wander) read(now int64) int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.readLocked(now)
}

func (w *wander) readLocked(now int64) int64 {
	if w.stopped {
		return w.base
	}
	return w.base + local(now-w.at, w.ppm)
}

// turn gives it another rate.
func (w *wander) turn(now, ppm int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.base, w.at, w.ppm = w.readLocked(now), now, ppm
}

// stop has it stand still, as in a suspend, or run again.
func (w *wander) stop(now int64, stopped bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.base, w.at = w.readLocked(now), now
	w.stopped = stopped
}

// sleeper is a node's monotonic clock. It drifts, and who reads it may be put to sleep between
// the reading and whatever the reading is for (R3).
type sleeper struct {
	c *nodes
	wander

	// until is the true instant that someone sleeps until who has read the clock.
	until atomic.Int64
	// due is how long the next one sleeps, in any case.
	due atomic.Int64

	id   string
	draw sync.Mutex
	rng  *rand.Rand
}

func newSleeper(c *nodes, id string, seed uint64) *sleeper {
	rng := rand.New(rand.NewPCG(seed, 0xc10c))
	return &sleeper{c: c, id: id, rng: rng, wander: wander{ppm: drift(rng, c.o.DriftPPM)}}
}

func (s *sleeper) read() time.Duration {
	now := s.c.clock.Now()
	reading := s.wander.read(now)
	if nap := s.nap(); nap > 0 && !s.c.calm.Load() {
		s.until.Store(now + int64(nap))
		begun := s.c.now()
		s.c.tally.lasted("nap", s.id, begun, begun+nap)
		time.Sleep(nap)
	}
	return time.Duration(reading)
}

// asleep returns how much longer someone sleeps.
func (s *sleeper) asleep() time.Duration {
	return time.Duration(s.until.Load() - s.c.clock.Now())
}

func (s *sleeper) nap() time.Duration {
	if d := s.due.Swap(0); d > 0 {
		return time.Duration(d)
	}
	s.draw.Lock()
	defer s.draw.Unlock()
	if s.rng.IntN(1000) >= s.c.o.Sleep {
		return 0
	}
	return time.Duration(s.rng.Int64N(int64(s.c.o.Nap) + 1))
}

// drift draws one of the two ends of what is allowed, or none.
func drift(rng *rand.Rand, rho int64) int64 {
	return []int64{-rho, 0, rho}[rng.IntN(3)]
}

// local is how far a clock of that rate gets in a true duration.
func local(d, ppm int64) int64 { return d + d/1_000_000*ppm + d%1_000_000*ppm/1_000_000 }

// generation is how long a reading is remembered, at least, for the trace: longer than the
// product keeps any to itself.
const generation = int64(time.Minute)

// dual is a process's clocks. The monotonic one drifts, and stops in a suspend. The wall clock has
// the true rate, but is hours off, and may be stepped. It remembers which true instant a
// monotonic reading is of, for a trace that is in true time. Where the wall clock is stepped back,
// the monotonic clock alone tells a life's end, too late by a true clock; a trace is in the
// process's own time then, which the checker compares with nobody else's.
type dual struct {
	clock trace.Clock
	wander

	reading sync.Mutex
	wall    int64 // how far the wall clock is off
	last    int64 // the last reading, and the true instant of it
	lastAt  int64
	seen    []seen // the readings of this generation
	before  []seen // and of the one before
	since   int64  // the true instant at which this generation began
}

// seen is a reading, and the true instant that it was taken at.
type seen struct{ mono, at int64 }

func (d *dual) read() lease.Reading {
	now := d.clock.Now()
	d.reading.Lock()
	defer d.reading.Unlock()
	// Two true instants never share a reading, though a clock that is slow may not tell them
	// apart: it would be ahead by a nanosecond then, and ahead is safe for a holder.
	if now != d.lastAt {
		d.last, d.lastAt = max(d.wander.read(now), d.last+1), now
		if now-d.since > generation {
			d.before, d.seen, d.since = d.seen, nil, now
		}
		d.seen = append(d.seen, seen{d.last, now})
	}
	return lease.Reading{Mono: d.last, Wall: now + d.wall}
}

// instant returns the instant that a reading was taken at. Of what nobody has read it is that of
// the last reading before: a limiter that knows by when something was done at the latest may tell
// of an instant in between, and did it by a reading.
func (d *dual) instant(mono int64) int64 {
	d.reading.Lock()
	defer d.reading.Unlock()
	for _, of := range [][]seen{d.seen, d.before} {
		i, found := slices.BinarySearchFunc(of, mono, func(s seen, mono int64) int {
			return cmp.Compare(s.mono, mono)
		})
		if found {
			return of[i].at
		}
		if i > 0 {
			return of[i-1].at
		}
	}
	return 0
}

// own returns a recorder's clock that is the process's own, and what time of it a reading is.
func (d *dual) own(name string) (trace.Clock, func(mono int64) int64) {
	clock := trace.Clock{Name: name, Now: func() int64 { return d.read().Mono }}
	return clock, func(mono int64) int64 { return mono }
}

// step sets the wall clock.
func (d *dual) step(by time.Duration) {
	d.reading.Lock()
	defer d.reading.Unlock()
	d.wall += int64(by)
}
