//go:build linux

package process

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
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
	foundBound = 30 * time.Second
	// stopBound bounds the end of a process in order.
	stopBound = 20 * time.Second
	// putTimeout bounds one change of the budget.
	putTimeout = 3 * time.Second
	// settle is how often a condition is looked at.
	settle = 20 * time.Millisecond
)

// Where things are, below Options.Out and Options.Scratch.
const (
	traceDir   = "trace"
	logDir     = "logs"
	reportFile = "report.json"
	tableFile  = "report.md"
	pageFile   = "timeline.html"
)

// stage is a campaign while it runs.
type stage struct {
	o   Options
	w   Workload
	out io.Writer
	rng *rand.Rand
	run string

	wire    *wire // nil: everything is on the loopback
	disks   bool  // calls of fsync can be failed
	watcher *client.Client
	admin   *client.Client
	nodes   []*member
	fleets  []*fleetProc
	watches sync.WaitGroup

	ctx    context.Context //nolint:containedctx // the campaign's, which the stage is
	watch  func(*member)   // begins to ask a node for its status
	begin  time.Time
	active []*active
	report *Report
}

// Play plays the campaign that o says and leaves its report under o.Out. An error means that
// there is no report; what the report says may be that the campaign failed.
func Play(ctx context.Context, o Options, out io.Writer) error {
	if err := o.Validate(); err != nil {
		return err
	}
	s := &stage{o: o, w: Workloads[o.Workload], out: out, begin: time.Now(),
		rng: rand.New(rand.NewPCG(o.Seed, 0xca3b)),
		run: fmt.Sprintf("process-%d-%d", o.Seed, time.Now().UnixNano()),
	}
	s.report = &Report{Options: o, Workload: s.w}
	for _, dir := range []string{traceDir, logDir} {
		if err := os.MkdirAll(filepath.Join(o.Out, dir), 0o755); err != nil {
			return err
		}
	}
	err := s.play(ctx)
	s.stopAll()
	if err != nil {
		return err
	}
	if err := s.judge(); err != nil {
		return err
	}
	return s.report.write(o.Out)
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
	s.watch = func(m *member) { s.watches.Go(func() { m.watch(watching, s.watcher) }) }
	for _, m := range s.nodes {
		if err := m.start(s.o, s.logs()); err != nil {
			return err
		}
		s.watch(m)
	}
	if err := s.await(ctx, foundBound, "the cluster to be founded", s.whole); err != nil {
		return err
	}
	if err := s.put(ctx, s.w.Amount); err != nil {
		return fmt.Errorf("process: create the budget: %w", err)
	}
	for _, f := range s.fleets {
		if err := f.start(s.o, s.traces(), s.logs()); err != nil {
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

func (s *stage) traces() string { return filepath.Join(s.o.Out, traceDir) }
func (s *stage) logs() string   { return filepath.Join(s.o.Out, logDir) }

// say prints a line with the time into the campaign.
func (s *stage) say(format string, args ...any) {
	fmt.Fprintf(s.out, "%6.1f s  %s\n", time.Since(s.begin).Seconds(), fmt.Sprintf(format, args...))
}

// fail notes what must not happen. The campaign goes on to its check.
func (s *stage) fail(name, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	s.report.Failures = append(s.report.Failures, Failure{Name: name, Text: text})
	s.say("FAIL %s: %s", name, text)
}

// put sets the budget's amount.
func (s *stage) put(ctx context.Context, amount int64) error {
	ctx, cancel := context.WithTimeout(ctx, electBound)
	defer cancel()
	_, err := s.admin.PutBudget(ctx, s.w.Budget(amount))
	return err
}

// await waits until ok, but no longer than bound.
func (s *stage) await(ctx context.Context, bound time.Duration, what string,
	ok func() (bool, string),
) error {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	tick := time.NewTicker(settle)
	defer tick.Stop()
	for {
		good, why := ok()
		if good {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("process: waited %s for %s: %s", bound, what, why)
		}
	}
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// leader returns the node that leads, as far as is known now, or nil.
func (s *stage) leader() (leader *member) {
	var term uint64
	for _, m := range s.nodes {
		if status, fresh := m.look(); fresh && status.State == "leader" && status.Term >= term {
			leader, term = m, status.Term
		}
	}
	return leader
}

// whole reports whether all nodes answer, and follow one leader in one term.
func (s *stage) whole() (bool, string) {
	var leader string
	var term uint64
	for i, m := range s.nodes {
		status, fresh := m.look()
		switch {
		case !fresh:
			return false, m.id + " does not answer"
		case status.Leader == "":
			return false, m.id + " knows no leader"
		case i > 0 && (status.Leader != leader || status.Term != term):
			return false, fmt.Sprintf("%s follows %s in term %d, and not %s in term %d", m.id,
				status.Leader, status.Term, leader, term)
		}
		leader, term = status.Leader, status.Term
	}
	if leads := s.leader(); leads == nil || leads.id != leader {
		return false, leader + " does not know that it leads"
	}
	return true, ""
}

// stopAll ends whatever still runs, by force.
func (s *stage) stopAll() {
	for _, f := range s.fleets {
		if f.proc != nil {
			f.proc.kill()
		}
	}
	for _, m := range s.nodes {
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
	if s.wire != nil {
		s.report.Carried, s.report.Dropped = s.wire.carried.Load(), s.wire.dropped.Load()
		s.wire.close()
	}
}
