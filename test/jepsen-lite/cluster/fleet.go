package cluster

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/leased-io/leased/client"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/trace"
)

// process is one process of the fleet: a client with one limiter, its clocks and its traffic.
type process struct {
	o       Options
	client  *client.Client
	writer  *trace.Writer
	limiter *client.Limiter
	rng     *rand.Rand
	allowed int
}

// budgetName is the one budget's.
const budgetName = "b"

func newProcess(o Options, c *nodes, clock trace.Clock, i int) (*process, error) {
	p := &process{o: o, rng: rand.New(rand.NewPCG(o.Seed, 0xf1ee7+uint64(i)))}
	header := trace.Event{
		Run: "cluster", Recorder: fmt.Sprintf("p%d", i), Role: trace.RoleFleet, DriftPPM: o.DriftPPM,
	}
	var err error
	p.writer, err = trace.Create(filepath.Join(c.dir, header.Recorder+".jsonl"), header, clock)
	if err != nil {
		return nil, err
	}
	d := &dual{clock: clock, ppm: drift(p.rng, o.DriftPPM)}
	endpoints := make([]string, 0, len(c.peers))
	for _, peer := range c.peers {
		endpoints = append(endpoints, peer.API)
	}
	p.client, err = client.New(endpoints, client.WithDrift(o.DriftPPM), client.WithClock(d.read),
		client.WithTrace(p.writer), client.WithTraceTime(d.instant),
		client.WithDialOptions(grpc.WithContextDialer(c.dial)))
	return p, err
}

// run opens the limiter and offers requests in bursts, with long silences between them, until
// ctx ends.
func (p *process) run(ctx context.Context) {
	for p.limiter == nil {
		var err error
		if p.limiter, err = p.client.Limiter(ctx, budgetName); ctx.Err() != nil {
			return
		} else if err != nil {
			pause(ctx, p.o.Per/10)
		}
	}
	for ctx.Err() == nil {
		for range 5 + p.rng.IntN(40) {
			if p.limiter.AllowN(1 + p.rng.Int64N(3)).Allowed() {
				p.allowed++
			}
			pause(ctx, time.Duration(p.rng.Int64N(int64(p.o.Per)/40+1)))
		}
		pause(ctx, time.Duration(p.rng.Int64N(2*int64(p.o.Silence)+1)))
	}
}

func (p *process) close(ctx context.Context) error {
	return errors.Join(p.client.Close(ctx), p.writer.Close())
}

// pause waits d out, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// dual is a process's clocks: the monotonic one drifts, the wall clock has the true rate. It
// remembers which true instant a reading is of, since a trace is in true time.
type dual struct {
	clock trace.Clock
	ppm   int64

	mu   sync.Mutex
	seen map[int64]int64 // mono -> true; a run's readings, which end with it
}

func (d *dual) read() lease.Reading {
	now := d.clock.Now()
	mono := local(now, d.ppm)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.seen == nil {
		d.seen = map[int64]int64{}
	}
	d.seen[mono] = now
	return lease.Reading{Mono: mono, Wall: now}
}

// instant returns the instant that a reading was taken at.
func (d *dual) instant(mono int64) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.seen[mono]
}
