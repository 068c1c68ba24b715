package linear

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// Options is the shape of a schedule.
type Options struct {
	Seed     uint64
	Actors   int           // on each budget
	Length   time.Duration // virtual
	Failover time.Duration // mean time between the cutting off of leaders
	Per      time.Duration // of the budgets' first limit
	Amount   int64         // of it, at first
	Lost     int           // permille of requests, and of answers
	Copies   int           // permille of decided requests that arrive again
}

// Draw returns the options that belong to seed.
func Draw(seed uint64) Options {
	r := rand.New(rand.NewPCG(seed, 0x11ea))
	return Options{
		Seed: seed, Actors: 2 + r.IntN(2), Length: 12 * time.Second,
		Failover: time.Second + time.Duration(r.Int64N(int64(4*time.Second))),
		Per:      time.Duration(500+r.IntN(2500)) * time.Millisecond,
		Amount:   int64(10 + r.IntN(40)),
		Lost:     r.IntN(60), Copies: r.IntN(200),
	}
}

// stopping bounds the ending of a schedule, in virtual time.
const stopping = time.Minute

// Play plays the schedule that belongs to o against three nodes, within a synctest bubble, and
// returns what the clients saw, and how often a leader was cut off.
func Play(o Options) (h History, failovers int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), o.Length+2*stopping)
	defer cancel()
	c, err := startNodes(ctx)
	defer func() {
		err = errors.Join(err, c.stop(ctx))
		// What raft has under way ends by its own time-outs, before the bubble may.
		time.Sleep(stopping)
	}()
	if err != nil {
		return nil, 0, err
	}
	if c.leader(ctx, "") == "" {
		return nil, 0, errors.New("linear: nobody leads")
	}
	endpoints := make([]string, 0, len(c.peers))
	for _, peer := range c.peers {
		endpoints = append(endpoints, peer.API)
	}
	h, err = Visit(ctx, o, endpoints, c.dial, func(acting context.Context) {
		failovers = c.fail(acting, o)
	})
	return h, failovers, err
}

// fail cuts off leaders until ctx ends, and returns how many.
func (c *nodes) fail(ctx context.Context, o Options) (failovers int) {
	rng := rand.New(rand.NewPCG(o.Seed, 0xfa11))
	for ctx.Err() == nil {
		pause(ctx, time.Duration(rng.Int64N(2*int64(o.Failover)+1)))
		if id := c.leader(ctx, ""); id != "" {
			c.cut(id)
			c.leader(ctx, id)
			pause(ctx, time.Duration(rng.Int64N(int64(time.Second))))
			c.heal(id)
			failovers++
		}
	}
	return failovers
}
