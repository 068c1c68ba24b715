package sim

import (
	"math/rand/v2"
	"time"
)

// Stage is a world for models of other coordinators: the same queue of events, network,
// randomness and traffic that schedules of these options have, and nothing of ours on it.
type Stage struct{ w *world }

// NewStage returns the stage of the schedule that belongs to o. Run must follow.
func NewStage(o Options) *Stage { return &Stage{newWorld(o, nil, nil)} }

// Options are those of the schedule.
func (s *Stage) Options() Options { return s.w.o }

// Now is the true time since the beginning, which no participant may read.
func (s *Stage) Now() time.Duration { return time.Duration(s.w.now) }

// Rand is the schedule's randomness.
func (s *Stage) Rand() *rand.Rand { return s.w.rng }

// Spread draws a duration of up to twice mean.
func (s *Stage) Spread(mean time.Duration) time.Duration { return s.w.spread(mean) }

// Hop draws how long an entry takes to reach a majority.
func (s *Stage) Hop() time.Duration { return s.w.hop() }

// After has f called once d of true time has passed.
func (s *Stage) After(d time.Duration, f func()) { s.w.after(d, once(f), 0) }

// Send carries a message: f is its arrival, which may come late, twice or never.
func (s *Stage) Send(f func()) { s.w.send(once(f)) }

// Every does f at random times with the given mean distance; 0: never.
func (s *Stage) Every(mean time.Duration, f func()) { s.w.every(mean, f) }

// Arrivals does f whenever the application of one process has a request.
func (s *Stage) Arrivals(f func()) {
	gap := s.w.o.gap()
	var next func()
	next = func() {
		s.After(s.w.arrival(gap), next)
		f()
	}
	s.After(s.w.spread(s.w.o.Limits[0].Per), next)
}

// Run plays what is on the stage for o.Length, and takes it down: it is of no use any more.
func (s *Stage) Run() {
	s.w.run(int64(s.w.o.Length))
	s.w.end()
}
