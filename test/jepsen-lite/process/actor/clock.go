//go:build linux

package main

import (
	crand "crypto/rand"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/test/jepsen-lite/process"
	"github.com/leased-io/leased/trace"
)

// clocks are a fleet process's. Both run at another rate than real time, or the wall clock would
// make up for a slow monotonic one (R6). The wall clock is hours off, and steps.
//
// The trace of a slow process is written by the slow clock: a lease lives longer there than its
// life, in real time, and is right to. Nobody else has that clock, so that the stage, which
// knows the rate, does the comparisons in real time. Other traces are of real time.
type clocks struct {
	system trace.Clock
	base   int64 // on the system's clock: before any reading
	ppm    int64
	own    bool // the trace is written by the process's own clock

	mu     sync.Mutex
	rng    *rand.Rand
	every  time.Duration // the mean time between two steps; 0: none
	step   int64         // when the next one is due, on the system's clock
	offset int64         // of the wall clock
}

// maxStep is how far the wall clock steps at most, either way. A step ahead ends every lease, as
// a suspend does (R6), so most are back.
const maxStep = 2 * time.Hour

func newClocks(s process.FleetScript) *clocks {
	c := &clocks{
		system: trace.SystemClock(),
		ppm:    s.ClockPPM,
		own:    s.ClockPPM < 0 && !s.Lies,
		rng:    rand.New(rand.NewPCG(s.Seed, 0xc10c)),
		every:  s.WallStep, offset: int64(s.WallOffset),
	}
	c.base = c.system.Now() - int64(time.Second) // no reading is zero
	c.step = c.base + int64(time.Second+c.every)
	return c
}

// trace is what the process's trace is written by.
func (c *clocks) trace() trace.Clock {
	if !c.own {
		return c.system
	}
	return trace.Clock{
		Name: "skewed:" + crand.Text(),
		Now:  func() int64 { return c.base + process.Skew(c.system.Now()-c.base, c.ppm) },
	}
}

// read is the limiters' clock.
func (c *clocks) read() lease.Reading {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.system.Now()
	if c.every > 0 && at >= c.step {
		c.offset -= c.rng.Int64N(int64(maxStep))
		if c.rng.IntN(4) == 0 {
			c.offset += int64(maxStep)
		}
		c.step = at + c.rng.Int64N(2*int64(c.every)+1)
	}
	mono := process.Skew(at-c.base, c.ppm)
	return lease.Reading{Mono: mono, Wall: mono + c.offset}
}

// instant is when, on the trace's clock, the monotonic clock showed mono.
func (c *clocks) instant(mono int64) int64 {
	if c.own {
		return c.base + mono
	}
	return c.base + process.Unskew(mono, c.ppm)
}
