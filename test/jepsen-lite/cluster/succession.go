package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/client"
)

const (
	// staleFor is how old a backup is at most, and downFor how long there is no server at most, when
	// a cluster is lost. Both are shorter than most leases, and where windows are short they are
	// parts of a window: what they are divided by.
	staleFor, downFor = 3 * time.Second, 2 * time.Second
	staleParts        = 4
	downParts         = 8
	// youngest is how many sessions a cluster can have opened since its backup, at most. The one
	// that takes its place leaves out far more numbers.
	youngest = 1 << 30
)

// parting is where a run's second cluster begins.
type parting struct {
	lost  int64  // the instant, on the run's clock, at which the first one begins to end
	at    int64  // the instant at which nothing of it is left
	first uint64 // the number that the second one's sessions are not below
	// counts are of the faults until then.
	counts map[string]int64
}

// succeed has the whole cluster end for good while the fleet admits, and another one, restored
// from a backup of shortly before, take its place at the same addresses. The fleet lives on, and
// dies and suspends as ever.
func (s *storm) succeed(ctx context.Context, rng *hand) (parting, error) {
	on, cancel := context.WithCancel(ctx)
	defer s.fleet.stop()
	defer cancel()
	for _, p := range s.fleet.live() {
		p.start(on)
	}
	blown := make(chan error, 1) // size 1: nobody waits before the end
	go func() { blown <- s.blow(on, sortFleet) }()
	end := func(errs ...error) error {
		cancel()
		return errors.Join(append(errs, <-blown)...)
	}
	pause(ctx, s.o.window()+between(rng, s.o.window()/2))
	b, err := s.admin.client.Backup(ctx)
	if err != nil {
		return parting{}, end(fmt.Errorf("cluster: before it is lost: %w", err))
	}
	pause(ctx, between(rng, min(staleFor, s.o.window()/staleParts)/2))
	p := parting{lost: s.c.clock.Now(), first: b.Last.Session + youngest}
	begun := s.c.now()
	lost := s.c.ruin()
	pause(ctx, between(rng, min(downFor, s.o.window()/downParts)/2))
	p.at = s.c.clock.Now()
	if err := s.c.succeed(ctx, lost); err != nil {
		return p, end(err)
	}
	_, err = s.admin.client.Restore(ctx, b, nil)
	s.admin.adopt(b)
	s.c.tally.lasted("cluster lost", fmt.Sprint(lost), begun, s.c.now())
	p.counts, _ = s.c.tally.all()
	// A limit grants from its first window that begins a period after the restore.
	pause(ctx, 3*s.o.window()+between(rng, s.o.window()))
	return p, end(err)
}

// ruin ends every server for good, at once.
func (c *nodes) ruin() (lost []string) {
	lost = c.in(member, leaving, removed)
	for _, id := range lost {
		c.cut(id)
	}
	all(lost, c.end)
	return lost
}

// succeed founds another cluster, which is found where the lost one was.
func (c *nodes) succeed(ctx context.Context, lost []string) error {
	dir := filepath.Join(c.run.dir, "successor")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	c.mu.Lock()
	c.run = life{"successor", dir}
	c.mu.Unlock()
	if err := c.found(ctx); err != nil {
		return err
	}
	founders := c.members()
	for i, id := range lost {
		c.wires.move(apiAddress(id), apiAddress(founders[i%len(founders)]))
	}
	return nil
}

// adopt takes what is in a backup for what is there.
func (a *admin) adopt(b client.Backup) {
	for i := range a.state {
		a.state[i] = policy{}
		at := slices.IndexFunc(b.Budgets, func(is budget.Budget) bool {
			return is.Name == a.loads[i].Budget.Name
		})
		if at >= 0 {
			a.state[i].acked, a.state[i].changes = b.Budgets[at], 1
		}
	}
}
