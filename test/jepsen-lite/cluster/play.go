package cluster

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/leased-io/leased/client"
	"github.com/leased-io/leased/test/jepsen-lite/linear"
	"github.com/leased-io/leased/test/jepsen-lite/report"
	"github.com/leased-io/leased/trace"
)

// Outcome is what a run came to.
type Outcome struct {
	Allowed   int // requests
	Failovers int // leaders that were deposed by name
	Faults    map[string]int64
	Timeline  []report.Fault
	Lost      int // messages between nodes
	Healings  int
	Served    time.Duration // after the healing: until the last limiter was, at most
	Within    time.Duration // what that may take
	Virtual   time.Duration
	ledgers   map[string]ledger
	history   linear.History
	lives     []life // of clusters: one, or two
	parting   parting
}

const (
	// patience bounds each wait for the cluster, in virtual time.
	patience = time.Minute
	// recovery bounds what a limiter needs beside its windows once everything is well: an
	// election, the longest pause before a retry, and a call that is under way.
	recovery = 8 * time.Second
	// settling bounds how long a call that its client gave up can be under way in a cluster that is
	// well: the longest sleep between a stamp and its append, and a call between nodes.
	settling = 20 * time.Second
)

// Play plays the run that belongs to o, within a synctest bubble, and leaves its trace under
// dir. It returns an error if the cluster does not come up, does not serve once it is healed,
// loses a change of a budget, comes to different states, or does not stop.
func Play(o Options, dir string) (out Outcome, err error) {
	begin := time.Now()
	clock := trace.Clock{Name: "virtual", Now: func() int64 {
		return int64(time.Since(begin)) + runBegins
	}}
	most := o.Length + time.Duration(10+2*o.Rounds)*patience
	if o.Calendar {
		most += setting + watched
	}
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	c, err := startNodes(ctx, o, clock, dir)
	defer func() {
		c.net.heal()
		err = errors.Join(err, c.stop(ctx))
		out.Faults, out.Timeline = c.tally.all()
		out.Lost = c.net.lost
		out.history = c.history.Timed()
		if out.lives = []life{{"cluster", dir}}; c.run.dir != dir {
			out.lives = append(out.lives, c.run)
		}
		// What raft has under way ends by its own time-outs, before the bubble may.
		time.Sleep(patience)
		out.Virtual = time.Since(begin)
	}()
	if err != nil {
		return out, err
	}
	a, err := newAdmin(c)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, a.client.Close(ctx)) }()
	f, err := newFleet(c)
	ended := false
	defer func() {
		if !ended {
			f.stop()
			gone, cancel := context.WithCancel(ctx)
			cancel()
			_ = f.end(gone) // the run has failed already
		}
		out.ledgers = f.ledgers()
		for _, l := range out.ledgers {
			out.Allowed += l.allowed
		}
	}()
	if err = errors.Join(err, a.ensure(ctx)); err != nil {
		return out, err
	}
	if err := out.rounds(ctx, o, c, f, a); err != nil {
		return out, err
	}
	ended = true
	return out, errors.Join(f.end(ctx), c.onTime(ctx, a), settled(ctx, c, a))
}

// rounds has bad weather and healing take turns.
func (out *Outcome) rounds(ctx context.Context, o Options, c *nodes, f *fleet, a *admin) error {
	storm := &storm{o: o, c: c, fleet: f, admin: a, last: ctx}
	storm.seed()
	out.Within = o.within()
	for round := range max(1, o.Rounds) {
		if o.Succession && round == o.Rounds/2 {
			if err := out.succeed(ctx, storm); err != nil {
				return err
			}
		}
		c.calm.Store(false)
		failovers, err := weather(ctx, o, c, f, storm)
		out.Failovers += failovers
		if err != nil {
			return err
		}
		served, err := healed(ctx, o, c, f, a)
		out.Served, out.Healings = max(out.Served, served), out.Healings+1
		if err = errors.Join(err, a.verify(ctx), rest(ctx, o, c, a)); err != nil {
			return err
		}
	}
	return nil
}

// succeed has the cluster be lost, and another take its place.
func (out *Outcome) succeed(ctx context.Context, s *storm) (err error) {
	s.c.calm.Store(true)
	out.parting, err = s.succeed(ctx, s.hands[sortNodes]) // whom nobody else uses now
	return err
}

// rest waits until what was called in bad weather cannot have an effect any more, and marks the
// history; also if every window is over, by cluster time, which moves with an entry only. The
// budgets are read then.
func rest(ctx context.Context, o Options, c *nodes, a *admin) error {
	given := c.history.Now()
	pause(ctx, settling)
	if err := a.client.DeleteBudget(ctx, "nobody"); !errors.Is(err, client.ErrUnknownBudget) {
		return fmt.Errorf("cluster: at rest: got %w, want an unknown budget", err)
	}
	c.history.Settle(given)
	if c.history.UnderWay() == 0 && o.window()*5/4 < settling {
		c.history.Rest()
	}
	return a.verify(ctx)
}

// weather has the fleet offer requests under faults, for a round.
func weather(
	ctx context.Context, o Options, c *nodes, f *fleet, s *storm,
) (failovers int, err error) {
	bad, cancel := context.WithTimeout(ctx, o.Length/time.Duration(max(1, o.Rounds)))
	defer cancel()
	for _, p := range f.live() {
		p.start(bad)
	}
	if o.Every > 0 {
		err = s.blow(bad, sortNodes, sortFleet, sortBudgets, sortMembers)
	} else {
		rng := rand.New(rand.NewPCG(o.Seed, 0xfa11))
		for bad.Err() == nil {
			id := c.awaitNap(bad, time.Duration(rng.Int64N(2*int64(o.Failover)+1)))
			if id == "" {
				continue
			}
			failovers += c.depose(bad, id)
		}
	}
	f.stop()
	return failovers, err
}

// healed mends everything and wants every limiter to be served: in two windows, and what time a
// cluster and a call need to come back. It returns how long that took.
func healed(
	ctx context.Context, o Options, c *nodes, f *fleet, a *admin,
) (time.Duration, error) {
	if o.Unhealed {
		for _, id := range c.members() {
			c.cut(id)
		}
	} else if err := errors.Join(c.mend(ctx, f.gone()), c.settleMembers(ctx, a),
		a.ensure(ctx)); err != nil {
		return 0, fmt.Errorf("cluster: not healed: %w\n%s", err, c.describe())
	}
	return f.serve(ctx, o.within())
}

// within is how long a healed cluster may take to serve every limiter.
func (o Options) within() time.Duration {
	windows := 2 * o.window()
	windows += windows / 1_000_000 * time.Duration(2*o.DriftPPM) // by the slowest clock
	return windows + recovery
}

// settled wants the replicas to agree, on disk too, and every acknowledged change to be there.
func settled(ctx context.Context, c *nodes, a *admin) error {
	err := c.assembled(ctx)
	if err != nil {
		return err
	}
	upTo, err := c.converge(ctx)
	if err != nil {
		return err
	}
	return errors.Join(c.agree(upTo), a.verify(ctx))
}
