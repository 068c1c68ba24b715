package cluster

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// sleeper is a node's monotonic clock. It drifts, and who reads it may be put to sleep between
// the reading and whatever the reading is for (R3).
type sleeper struct {
	c   *nodes
	ppm int64

	// until is the true instant that someone sleeps until who has read the clock.
	until atomic.Int64

	mu  sync.Mutex
	rng *rand.Rand
}

func newSleeper(c *nodes, seed uint64) *sleeper {
	rng := rand.New(rand.NewPCG(seed, 0xc10c))
	return &sleeper{c: c, rng: rng, ppm: drift(rng, c.o.DriftPPM)}
}

func (s *sleeper) read() time.Duration {
	now := s.c.clock.Now()
	if nap := s.nap(); nap > 0 && !s.c.calm.Load() {
		s.until.Store(now + int64(nap))
		time.Sleep(nap)
	}
	return time.Duration(local(now, s.ppm))
}

// asleep returns how much longer someone sleeps.
func (s *sleeper) asleep() time.Duration {
	return time.Duration(s.until.Load() - s.c.clock.Now())
}

func (s *sleeper) nap() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rng.IntN(1000) >= s.c.o.Sleep {
		return 0
	}
	return time.Duration(s.rng.Int64N(int64(s.c.o.Nap) + 1))
}

// drift draws one of the two ends of what is allowed, or none.
func drift(rng *rand.Rand, rho int64) int64 {
	return []int64{-rho, 0, rho}[rng.IntN(3)]
}

// local is what a clock of that rate says at a true instant.
func local(now, ppm int64) int64 { return now + now/1_000_000*ppm + now%1_000_000*ppm/1_000_000 }
