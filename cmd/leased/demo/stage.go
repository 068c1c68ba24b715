package demo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/trace"
)

const (
	// lookEvery is how often the run is looked at and shown; aimEvery is how often while the
	// kill waits for its moment.
	lookEvery = 100 * time.Millisecond
	aimEvery  = 5 * time.Millisecond
	// setupTimeout bounds the creation of the budget and of the limiters.
	setupTimeout = 10 * time.Second
	// overtime is how much longer than its duration the traffic may last, so that the run does
	// not end in the middle of the failover.
	overtime = 5 * time.Second
)

// stage is a demo while it runs.
type stage struct {
	cfg    Config
	policy budget.Budget
	run    string
	dir    string

	cluster *cluster
	fleet   *fleet
	ledger  *Ledger
	tails   *tails
	screen  screen

	started     time.Time
	interrupted bool
	aim         *aim
	kill        *kill
	extras      map[int64]*extra
	seen        extra // totals when they were last booked
	current     int64 // the current window, or the last one with traffic
	over        bool  // the traffic has ended
}

// kill is the hard stop of a leader.
type kill struct {
	node      string
	at        int64         // on the trace's clock
	into      time.Duration // the run
	successor string        // who leads after it; empty at first
}

// aim is the window in which the time to kill came: the next one is it.
type aim struct {
	window int64
	since  time.Duration // the run
}

// extra is what the live view knows of a window beside the trace.
type extra struct {
	denied, calls int64
	waiting       int64    // requests that waited at the last look
	leaders       []string // in order
	leaderless    bool     // at the last look
}

// play runs the demo from the first node's start to the last one's stop.
func (s *stage) play(ctx context.Context, rng *rand.Rand) (err error) {
	defer s.tails.close()
	s.cluster, err = startCluster(ctx, s.cfg.Nodes, s.dir, s.run)
	if err != nil {
		return err
	}
	err = s.withCluster(ctx, rng)
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := errors.Join(err, s.cluster.stop(stopping)); err != nil {
		return err
	}
	// Everything is closed: the trace is complete now.
	err = s.tails.catchUp()
	s.book()
	s.screen.finish(s.view())
	return err
}

// withCluster creates the budget and runs the fleet.
func (s *stage) withCluster(ctx context.Context, rng *rand.Rand) error {
	setup, cancel := context.WithTimeout(ctx, setupTimeout)
	defer cancel()
	endpoints := s.cluster.endpoints()
	if err := putBudget(setup, endpoints, s.policy); err != nil {
		return err
	}
	var err error
	s.fleet, err = openFleet(setup, s.cfg.Limiters, endpoints, s.dir, s.run, s.cfg.Window)
	if err != nil {
		return err
	}
	err = s.perform(ctx, rng)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	return errors.Join(err, s.fleet.close(closing))
}

// perform sends the traffic and watches it until its time is up, or ctx ends.
func (s *stage) perform(ctx context.Context, rng *rand.Rand) error {
	s.started = time.Now()
	driving, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.fleet.drive(driving, s.cfg.Workload, rng, s.cfg.Speedup)
	}()
	defer func() { cancel(); <-done }()
	timer := time.NewTimer(lookEvery)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			if err := s.look(); err != nil {
				return err
			}
			again := s.killIfDue()
			if again == lookEvery {
				s.screen.show(s.view())
			}
			if s.timeIsUp() {
				cancel()
			}
			timer.Reset(again)
		case <-done:
			s.interrupted = ctx.Err() != nil
			err := s.look()
			s.over = true
			return err
		}
	}
}

// timeIsUp reports whether the traffic is to end.
func (s *stage) timeIsUp() bool {
	into := time.Since(s.started)
	if s.kill == nil || into >= s.cfg.Duration+overtime {
		return into >= s.cfg.Duration
	}
	_, granting := s.ledger.Failover(s.kill.at)
	return into >= s.cfg.Duration && granting
}

// look brings the ledger and the view up to date.
func (s *stage) look() error {
	if err := errors.Join(s.fleet.flush(), s.tails.catchUp()); err != nil {
		return fmt.Errorf("read the trace: %w", err)
	}
	now := s.book()
	now.waiting = s.fleet.waiting.Load()
	leader := s.cluster.leader()
	now.leaderless = leader == ""
	if n := len(now.leaders); leader != "" && (n == 0 || now.leaders[n-1] != leader) {
		now.leaders = append(now.leaders, leader)
	}
	if s.kill != nil && s.kill.successor == "" {
		s.kill.successor = leader
	}
	return nil
}

// book books what happened since the last time on the current window.
func (s *stage) book() *extra {
	if windows := s.ledger.Windows(); len(windows) > 0 && !s.over {
		s.current = windows[len(windows)-1][0].Window
	}
	now := s.extras[s.current]
	if now == nil {
		now = &extra{}
		s.extras[s.current] = now
	}
	denied, calls := s.fleet.denied.Load(), s.ledger.Sends
	now.denied += denied - s.seen.denied
	now.calls += calls - s.seen.calls
	s.seen.denied, s.seen.calls = denied, calls
	return now
}

// killIfDue stops the leader in the first moments of a window, once half the time is over: of
// the requests that waited for the window some have got their credits then, and the others
// have to see the failover through. It returns how soon to look again.
func (s *stage) killIfDue() time.Duration {
	into := time.Since(s.started)
	if !s.cfg.Kill || s.kill != nil || into < s.cfg.Duration/2 {
		return lookEvery
	}
	if s.aim == nil {
		s.aim = &aim{window: s.current, since: into}
	}
	if s.current == s.aim.window && into < s.aim.since+2*s.cfg.Window {
		return aimEvery
	}
	at := trace.SystemClock().Now()
	if name := s.cluster.kill(); name != "" {
		s.kill = &kill{node: name, at: at, into: into}
	}
	return lookEvery
}

// windows returns the windows with traffic: not those that began while everything was closed.
func (s *stage) windows() [][]Use {
	return slices.DeleteFunc(s.ledger.Windows(), func(uses []Use) bool {
		return uses[0].Window > s.current
	})
}

// view is what there is to show now.
func (s *stage) view() view {
	v := view{
		elapsed:  time.Since(s.started),
		duration: s.cfg.Duration,
		waiting:  s.fleet.waiting.Load(),
	}
	for _, uses := range s.windows() {
		r := row{window: uses[0].Window, uses: uses}
		if x := s.extras[r.window]; x != nil {
			r.denied, r.calls, r.leaders = x.denied, x.calls, x.leaders
			r.leaderless = x.leaderless
		}
		v.rows = append(v.rows, r)
	}
	if s.kill != nil {
		v.notes = append(v.notes, fmt.Sprintf("%5.1f s %s, the leader, was stopped without warning",
			s.kill.into.Seconds(), s.kill.node))
		if gap, ok := s.ledger.Failover(s.kill.at); ok {
			v.notes = append(v.notes, fmt.Sprintf("        %s grants again, %.2f s after the "+
				"last grant", s.kill.successor, gap.Duration().Seconds()))
		}
	}
	if s.interrupted {
		v.notes = append(v.notes, "        interrupted: what was recorded is checked")
	}
	return v
}
