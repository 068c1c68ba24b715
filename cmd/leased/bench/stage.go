package bench

import (
	"context"
	"errors"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/client"
	"github.com/leased-io/leased/trace"
)

const (
	// setupTimeout bounds the creation of the budget and of the limiters.
	setupTimeout = 30 * time.Second
	// lookEvery is how often the run is looked at.
	lookEvery = 250 * time.Millisecond
	// findTimeout bounds the question who leads, before the kill.
	findTimeout = 3 * time.Second
	// columns is how many slices of time the plot shows.
	columns = 60
)

// stage is a bench while it runs.
type stage struct {
	cfg    Config
	policy budget.Budget
	run    string
	dir    string // of the trace; empty: none is recorded
	screen screen

	nodes *nodes // nil: the cluster ran already
	fleet *fleet
	load  *load

	began       int64         // the load, on the trace's clock
	elapsed     time.Duration // of the load
	interrupted bool
	kill        *kill
	sent        client.CallCounters // by the load alone
	cpu         time.Duration       // of all nodes, during the load
	cpuKnown    bool
}

// kill is the end of a leader.
type kill struct {
	node string
	at   int64         // on the trace's clock
	into time.Duration // the load
}

// play runs the bench from the first node's start to the last one's end.
func (s *stage) play(ctx context.Context) (err error) {
	endpoints := s.cfg.Endpoints
	if len(endpoints) == 0 {
		if s.nodes, err = startNodes(ctx, s.cfg.Node, s.dir, s.run); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.nodes.stop()) }()
		endpoints = s.nodes.endpoints()
	}
	admin, err := client.New(endpoints)
	if err != nil {
		return err
	}
	err = s.withBudget(ctx, admin, endpoints)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	return errors.Join(err, admin.Close(closing))
}

// withBudget creates the budget, loads it, and deletes it where the cluster is another's.
func (s *stage) withBudget(
	ctx context.Context, admin *client.Client, endpoints []string,
) (err error) {
	setup, cancel := context.WithTimeout(ctx, setupTimeout)
	defer cancel()
	if _, err := admin.PutBudget(setup, s.policy); err != nil {
		return err
	}
	if s.nodes == nil {
		defer func() {
			stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
			defer cancel()
			err = errors.Join(err, admin.DeleteBudget(stopping, s.policy.Name))
		}()
	}
	s.fleet, err = openFleet(setup, s.cfg, endpoints, s.policy.Name, s.dir, s.run)
	if err != nil {
		return err
	}
	s.perform(ctx, admin)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	return s.fleet.close(closing)
}

// perform sends the load and watches it until its time is up, or ctx ends.
func (s *stage) perform(ctx context.Context, admin *client.Client) {
	s.load = newLoad(s.cfg, columns)
	sent := s.fleet.calls()
	cpu, known := s.coordinatorCPU()
	s.began = trace.SystemClock().Now()
	started := time.Now()
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.load.drive(ctx, s.fleet.limiters, s.cfg.Duration)
	}()
	s.watch(ctx, admin, started, done)
	s.interrupted = ctx.Err() != nil

	now := s.fleet.calls()
	s.sent = client.CallCounters{Calls: now.Calls - sent.Calls,
		Requests: now.Requests - sent.Requests}
	used, still := s.coordinatorCPU()
	s.cpu, s.cpuKnown = used-cpu, known && still
}

// watch shows the load until it is done, and kills the leader half-way.
func (s *stage) watch(
	ctx context.Context, admin *client.Client, started time.Time, done <-chan struct{},
) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	aim := time.NewTimer(s.cfg.Duration / 2)
	defer aim.Stop()
	for {
		select {
		case <-aim.C:
			if s.cfg.Kill {
				s.killLeader(ctx, admin, started)
			}
		case <-tick.C:
		case <-done:
			s.elapsed = min(time.Since(started), s.cfg.Duration)
			s.screen.finish()
			return
		}
		s.elapsed = min(time.Since(started), s.cfg.Duration)
		s.screen.show(s.view())
	}
}

// killLeader kills the leader's process. If none is known within the time, none is killed, and
// the report says so.
func (s *stage) killLeader(ctx context.Context, admin *client.Client, started time.Time) {
	within, cancel := context.WithTimeout(ctx, findTimeout)
	defer cancel()
	members, err := admin.Members(within)
	if err != nil {
		return
	}
	for _, m := range members {
		if at := trace.SystemClock().Now(); m.Leader && s.nodes.kill(m.ID) {
			s.kill = &kill{node: m.ID, at: at, into: time.Since(started)}
		}
	}
}

func (s *stage) coordinatorCPU() (time.Duration, bool) {
	if s.nodes == nil {
		return 0, false
	}
	return s.nodes.cpu()
}
