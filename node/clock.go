package node

import (
	"time"

	"github.com/leased-io/leased/budget"
)

// epochClock is the cluster clock of one epoch: it starts at the cluster time that the epoch
// was opened with and runs on this node's monotonic clock, never on a wall clock (R2).
//
// It is never reset: the next epoch has another one. So an instant and the epoch that it was
// read under are always taken from the same value (R3).
type epochClock struct {
	epoch uint64
	base  budget.Instant
	// start is the monotonic clock's reading after the epoch command was applied: later than
	// the instant that base stands for, which makes the clock late, and late is safe.
	start time.Duration
	mono  func() time.Duration
}

// startClock starts the clock of an epoch that was opened at base.
func startClock(epoch uint64, base budget.Instant, mono func() time.Duration) *epochClock {
	return &epochClock{epoch: epoch, base: base, start: mono(), mono: mono}
}

// now reads the clock. A stamp is such a reading, taken after its requests arrived (R1).
func (c *epochClock) now() budget.Instant { return c.base.Add(c.mono() - c.start) }

// processClock returns the process's monotonic clock.
func processClock() func() time.Duration {
	origin := time.Now()
	return func() time.Duration { return time.Since(origin) }
}
