//go:build linux

package process

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/leased-io/leased/client"
)

// The time that things may take. The machine may be small and busy with others.
const (
	// electBound is how long a healed cluster may take to have a leader that all follow, the
	// start of its processes included.
	electBound = 10 * time.Second
	// foundBound is how long a new cluster may take.
	foundBound = time.Minute
	// stopBound bounds the end of a process in order.
	stopBound = time.Minute
	// putTimeout bounds one change of the budget.
	putTimeout = 3 * time.Second
	// settle is how often a condition is looked at.
	settle = 20 * time.Millisecond
)

// Where things are, below Options.Out and Options.Scratch.
const (
	traceDir   = "trace"
	historyDir = "history"
	logDir     = "logs"
)

// stage is a campaign while it runs.
type stage struct {
	o   Options
	w   Workload
	log io.Writer // of what happens, for people
	out *outcome
	rng *rand.Rand

	wire    *wire // nil: everything is on the loopback
	disks   bool  // calls of fsync can be failed
	tmpfs   bool  // small disks can be mounted
	watcher *client.Client
	admin   *client.Client
	history *HistoryWriter // of admin
	sites   []*site
	nodes   []*member // of the cluster
	former  []*member // were removed from it, and are still at their sites
	made    int       // servers, so far
	fleets  []*fleetProc
	watches sync.WaitGroup

	ctx    context.Context //nolint:containedctx // the campaign's, which the stage is
	watch  func(*member)   // begins to ask a node for its status
	active []*active
	due    time.Time // of the next fault
	change time.Time // of the next change of the budget
	show   time.Time // of the next line of progress
	busy   bool      // a fault that takes its time is under way
	// runs are the lives of clusters, the last one going on. One is followed by another where a
	// cluster is lost for good.
	runs []*run
}

// Play plays the campaign that o says and leaves its report under o.Out. An error means that
// there is no report; what the report says may be that the campaign failed.
func Play(ctx context.Context, o Options, log io.Writer) error {
	if err := o.Validate(); err != nil {
		return err
	}
	s := &stage{o: o, w: Workloads[o.Workload], log: log, out: newOutcome(o),
		rng: rand.New(rand.NewPCG(o.Seed, 0xca3b)),
	}
	for _, dir := range []string{s.traces(), s.histories(), s.logs()} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if _, err := s.newRun(); err != nil {
		return err
	}
	err := s.play(ctx)
	s.stopAll()
	if err != nil {
		return err
	}
	s.current().end = now()
	s.out.run.Length = s.out.into(now())
	if err := s.judge(); err != nil {
		return err
	}
	return s.write()
}

// play runs everything from the first node's start to the last process's end.
func (s *stage) play(ctx context.Context) error {
	s.ctx = ctx
	if err := s.build(); err != nil {
		return err
	}
	watching, cancel := context.WithCancel(ctx)
	defer s.watches.Wait()
	defer cancel()
	s.watch = func(m *member) {
		ctx, cancel := context.WithCancel(watching)
		m.unwatch = cancel
		s.watches.Go(func() { m.watch(ctx, s.watcher) })
	}
	if err := s.found(ctx); err != nil {
		return err
	}
	if err := s.put(ctx, s.w.Amount); err != nil {
		return fmt.Errorf("process: create the budget: %w", err)
	}
	for _, f := range s.fleets {
		if err := f.start(s); err != nil {
			return err
		}
	}
	if s.o.Kills > 0 {
		s.kills(ctx)
	} else {
		s.rounds(ctx)
	}
	s.finish(ctx)
	return ctx.Err()
}

// found has the servers found a cluster.
func (s *stage) found(ctx context.Context) error {
	for _, m := range s.nodes {
		if err := m.start(s.o, s.logs()); err != nil {
			return err
		}
		s.watch(m)
	}
	return s.await(ctx, foundBound, "the cluster to be founded", s.whole)
}

func (s *stage) traces() string    { return filepath.Join(s.o.Out, traceDir) }
func (s *stage) histories() string { return filepath.Join(s.o.Out, historyDir) }
func (s *stage) logs() string      { return filepath.Join(s.o.Out, logDir) }

// say prints a line with the time into the campaign.
func (s *stage) say(format string, args ...any) {
	fmt.Fprintf(s.log, "%6.1f s  %s\n", s.out.into(now()).Seconds(),
		fmt.Sprintf(format, args...))
}

// fail notes what must not happen. The campaign goes on to its check.
func (s *stage) fail(name, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	s.out.violated(name, text)
	s.say("FAIL %s: %s", name, text)
}

// put sets the budget's amount.
func (s *stage) put(ctx context.Context, amount int64) error {
	ctx, cancel := context.WithTimeout(ctx, electBound)
	defer cancel()
	_, err := s.admin.PutBudget(ctx, s.w.Budget(amount))
	return err
}

// stopAll ends whatever still runs, by force.
func (s *stage) stopAll() {
	for _, f := range s.fleets {
		if f.proc != nil {
			f.proc.kill()
		}
	}
	for _, m := range slices.Concat(s.nodes, s.former) {
		if m.proc != nil {
			m.proc.kill()
		}
	}
	for _, c := range []*client.Client{s.watcher, s.admin} {
		if c != nil {
			closing, cancel := context.WithTimeout(context.Background(), time.Second)
			_ = c.Close(closing)
			cancel()
		}
	}
	if s.history != nil {
		if err := s.history.Close(); err != nil {
			s.fail(judgeHarness, "%v", err)
		}
	}
	if s.wire != nil {
		s.out.figure(judgeHarness, "%d packets carried, %d dropped by faults",
			s.wire.carried.Load(), s.wire.dropped.Load())
		s.wire.close()
	}
}
