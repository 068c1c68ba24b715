//go:build linux

package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/leased-io/leased/client"
	"github.com/leased-io/leased/cmd/leased/demo"
	"github.com/leased-io/leased/test/jepsen-lite/process"
)

const (
	// maxWaiting bounds the callers that wait at a time. More are not offered.
	maxWaiting = 2000
	// patience is how long a caller waits at least.
	patience = 500 * time.Millisecond
	// probeTry bounds one try of a probe; another follows.
	probeTry = time.Second
)

// traffic offers operations to limiters of its choice until ctx ends.
func (f *fleet) traffic(ctx context.Context) {
	w := f.script.Workload
	rng := rand.New(rand.NewPCG(f.script.Seed, 0x7aff1c))
	calls := demo.Drawn(rng)
	var waiting sync.WaitGroup
	defer waiting.Wait()
	slots := make(chan struct{}, maxWaiting)
	tick := time.NewTicker(time.Second / time.Duration(max(f.script.PerSec, 1)))
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		l := f.limiters[rng.IntN(len(f.limiters))].Load()
		if l == nil {
			continue
		}
		cost := client.Cost{process.Requests: 1}
		if w.Tokens > 0 {
			cost[process.Tokens] = min(calls.Next().Tokens(), w.Tokens)
		} else {
			cost[process.Requests] = 1 + rng.Int64N(w.MaxCost)
		}
		hold := time.Duration(rng.ExpFloat64() * float64(w.Hold))
		f.offered.Add(1)
		if !w.Wait {
			f.count(l.AllowCost(cost).Err(), cost)
			continue
		}
		select {
		case slots <- struct{}{}:
			waiting.Go(func() {
				defer func() { <-slots }()
				patient, cancel := context.WithTimeout(ctx, max(w.Per, patience))
				defer cancel()
				f.take(ctx, patient, l, cost, hold)
			})
		default: // too many wait
		}
	}
}

// take waits for credits, or for slots, which it holds for a while; no longer than ctx lasts.
func (f *fleet) take(
	ctx, patient context.Context, l *client.Limiter, cost client.Cost, hold time.Duration,
) bool {
	if f.script.Workload.Hold == 0 {
		err := l.WaitCost(patient, cost)
		f.count(err, cost)
		return err == nil
	}
	slot, err := l.AcquireSlotCost(patient, cost)
	f.count(err, cost)
	if err != nil {
		return false
	}
	pause(ctx, hold)
	slot.Release()
	return true
}

// count puts an operation that was admitted into the ledger, and tells of one that nothing
// explains.
func (f *fleet) count(err error, cost client.Cost) {
	switch {
	case err == nil:
		for _, n := range cost {
			f.admitted.Add(n)
		}
	case errors.Is(err, client.ErrDenied), errors.Is(err, client.ErrPending),
		errors.Is(err, client.ErrUnavailable), errors.Is(err, context.Canceled),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, client.ErrTooLarge),
		errors.Is(err, client.ErrUnknownBudget): // a new cluster that is not restored yet
	default:
		f.tell(process.FleetLine{Op: process.ToldTick, Error: err.Error()})
	}
}

// probe has every limiter served, and says so of each. An admission counts only when all leases
// are over that were granted before the probe: nobody is to be served from what is left.
func (f *fleet) probe(ctx context.Context) {
	cost := client.Cost{process.Requests: 1}
	if f.script.Workload.Tokens > 0 {
		cost[process.Tokens] = 1
	}
	fresh := time.Now().Add(f.script.Workload.Per * 102 / 100) // on the slowest clock
	var probing sync.WaitGroup
	defer probing.Wait()
	for i := range f.limiters {
		probing.Go(func() {
			f.probeOne(ctx, i, cost) // at once, whatever it is served from
			pause(ctx, time.Until(fresh))
			for ctx.Err() == nil && !f.probeOne(ctx, i, cost) {
			}
			if ctx.Err() == nil {
				f.tell(process.FleetLine{Op: process.ToldServed, Limiter: i})
			}
		})
	}
}

func (f *fleet) probeOne(ctx context.Context, i int, cost client.Cost) bool {
	ctx, cancel := context.WithTimeout(ctx, probeTry)
	defer cancel()
	l := f.limiters[i].Load()
	if l == nil { // it will be open at another try
		pause(ctx, tellEvery/4)
		return false
	}
	return f.take(ctx, ctx, l, cost, 0)
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
