package cluster

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/trace"
)

// Options is a run's shape.
type Options struct {
	Seed     uint64
	Nodes    int
	Holders  int
	Per      time.Duration // of the budget's one limit
	Amount   budget.Credits
	DriftPPM int64
	Length   time.Duration // virtual time under faults
	Silence  time.Duration // mean time between a process's bursts
	Failover time.Duration // mean time between the cutting off of leaders
	Sleep    int           // permille of a node's clock readings: the reader sleeps after it
	Nap      time.Duration // the longest sleep
}

// Draw returns the options that belong to seed.
func Draw(seed uint64) Options {
	r := rand.New(rand.NewPCG(seed, 0xc1a5))
	per := []time.Duration{2, 5, 20}[r.IntN(3)] * time.Second
	return Options{
		Seed: seed, Nodes: 3, Holders: 1 + r.IntN(3), Per: per,
		Amount:   budget.Credits(20 + r.IntN(200)),
		DriftPPM: []int64{5_000, 100_000}[r.IntN(2)],
		Length:   8*per + 30*time.Second,
		Silence:  per * time.Duration(1+r.IntN(16)) / 8,
		Failover: 2*time.Second + time.Duration(r.Int64N(int64(6*time.Second))),
		Sleep:    100 + r.IntN(200),
		Nap:      time.Duration(3+r.IntN(6)) * time.Second,
	}
}

// clockSeed is that of node i's clock.
func (o Options) clockSeed(i int) uint64 { return o.Seed<<8 + uint64(i) }

// Outcome is what a run came to.
type Outcome struct {
	Allowed   int // requests
	Failovers int
}

// patience bounds each wait for the cluster, in virtual time.
const patience = time.Minute

// Play plays the run that belongs to o, within a synctest bubble, and leaves its trace under
// dir. It returns an error if the cluster does not come up, does not serve, or does not stop.
func Play(o Options, dir string) (out Outcome, err error) {
	begin := time.Now()
	clock := trace.Clock{Name: "virtual", Now: func() int64 {
		return int64(time.Since(begin) + time.Second) // an instant of zero is none
	}}
	ctx, cancel := context.WithTimeout(context.Background(), o.Length+4*patience)
	defer cancel()
	c, err := startNodes(ctx, o, clock, dir)
	defer func() {
		err = errors.Join(err, c.stop(ctx))
		// What raft has under way ends by its own time-outs, before the bubble may.
		time.Sleep(patience)
	}()
	if err != nil {
		return out, err
	}
	fleet := make([]*process, 0, o.Holders)
	defer func() {
		for _, p := range fleet {
			out.Allowed += p.allowed
			err = errors.Join(err, p.close(ctx))
		}
	}()
	for i := range o.Holders {
		p, err := newProcess(o, c, clock, i)
		if err != nil {
			return out, err
		}
		fleet = append(fleet, p)
	}
	b := budget.Budget{Name: budgetName, Limits: []budget.Limit{{
		Metric: "requests", Kind: budget.KindWindow, Amount: o.Amount, Per: o.Per,
	}}}
	if _, err := fleet[0].client.PutBudget(ctx, b); err != nil {
		return out, fmt.Errorf("cluster: put: %w", err)
	}
	out.Failovers = traffic(ctx, o, c, fleet)
	c.calm.Store(true)
	return out, nil
}

// traffic has the fleet offer requests while leaders fail, for o.Length.
func traffic(ctx context.Context, o Options, c *nodes, fleet []*process) (failovers int) {
	ctx, cancel := context.WithTimeout(ctx, o.Length)
	defer cancel()
	var running sync.WaitGroup
	for _, p := range fleet {
		running.Go(func() { p.run(ctx) })
	}
	rng := rand.New(rand.NewPCG(o.Seed, 0xfa11))
	for ctx.Err() == nil {
		id := c.awaitNap(ctx, time.Duration(rng.Int64N(2*int64(o.Failover)+1)))
		if id == "" {
			continue
		}
		failovers += c.depose(ctx, id)
	}
	running.Wait()
	return failovers
}
