package demo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/leased-io/leased/client"
	"github.com/leased-io/leased/trace"
)

const (
	// perProcess is how many limiters share a client, as those of one process would.
	perProcess = 10
	// maxOpening bounds how many limiters open at a time.
	maxOpening = 32
	// maxWaiting bounds the requests that wait at a time. More are turned away at once.
	maxWaiting = 50_000
)

// fleet is the limiters under load, as in a fleet of processes with perProcess limiters each.
type fleet struct {
	processes []*process
	limiters  []*client.Limiter
	patience  time.Duration
	waits     sync.WaitGroup
	tally
}

// tally counts requests by how they ended. Its fields are safe to read at any time.
type tally struct {
	offered, admitted, denied, waiting atomic.Int64
	failed                             atomic.Int64 // neither admitted nor out of patience
	failure                            atomic.Pointer[error]
}

// process is one client and its trace.
type process struct {
	client *client.Client
	writer *trace.Writer
}

// openFleet connects n limiters to the budget. What it opened before an error is closed.
func openFleet(ctx context.Context, n int, endpoints []string, traceDir, run string,
	patience time.Duration,
) (*fleet, error) {
	f := &fleet{patience: patience}
	if err := f.open(ctx, n, endpoints, traceDir, run); err != nil {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		return nil, errors.Join(err, f.close(closing))
	}
	return f, nil
}

func (f *fleet) open(ctx context.Context, n int, endpoints []string, traceDir, run string) error {
	for i := 0; i*perProcess < n; i++ {
		name := fmt.Sprintf("fleet-%02d", i+1)
		writer, err := trace.Create(filepath.Join(traceDir, name+".jsonl"),
			trace.Event{Run: run, Recorder: name, Role: trace.RoleFleet}, trace.SystemClock())
		if err != nil {
			return err
		}
		p := &process{writer: writer}
		f.processes = append(f.processes, p)
		if p.client, err = client.New(endpoints, client.WithTrace(writer)); err != nil {
			return err
		}
	}
	f.limiters = make([]*client.Limiter, n)
	var opening errgroup.Group
	opening.SetLimit(maxOpening)
	for i := range f.limiters {
		opening.Go(func() (err error) {
			f.limiters[i], err = f.processes[i/perProcess].client.Limiter(ctx, budgetName)
			return err
		})
	}
	return opening.Wait()
}

// drive sends the workload through the limiters until ctx ends, each request at its time
// divided by speedup and to a limiter of rng's choice. It returns when no request waits.
func (f *fleet) drive(ctx context.Context, w Workload, rng *rand.Rand, speedup float64) {
	defer f.waits.Wait()
	start := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		request := w.Next()
		limiter := f.limiters[rng.IntN(len(f.limiters))]
		due := start.Add(time.Duration(float64(request.At) / speedup))
		if early := time.Until(due); early > 0 {
			timer.Reset(early)
			select {
			case <-timer.C:
			case <-ctx.Done():
				return
			}
		} else if ctx.Err() != nil {
			return
		}
		f.offered.Add(1)
		if f.waiting.Load() >= maxWaiting {
			f.denied.Add(1)
			continue
		}
		f.waiting.Add(1)
		f.waits.Go(func() {
			defer f.waiting.Add(-1)
			f.send(ctx, limiter, request)
		})
	}
}

// send waits for one request's admission until its patience, or the run, ends. What still
// waits at the run's end is neither admitted nor denied.
func (f *fleet) send(ctx context.Context, limiter *client.Limiter, request Request) {
	patient, cancel := context.WithTimeout(ctx, f.patience)
	defer cancel()
	err := limiter.WaitCost(patient, client.Cost{
		metricRequests: 1,
		metricTokens:   request.Tokens(),
	})
	switch {
	case err == nil:
		f.admitted.Add(1)
	case ctx.Err() != nil:
	case patient.Err() != nil, errors.Is(err, client.ErrDenied):
		f.denied.Add(1)
	default:
		f.failed.Add(1)
		f.failure.CompareAndSwap(nil, &err)
	}
}

// flush writes out what the limiters have told so far.
func (f *fleet) flush() error {
	var errs []error
	for _, p := range f.processes {
		errs = append(errs, p.writer.Flush())
	}
	return errors.Join(errs...)
}

// close ends the limiters, which give their credits back, then the clients, then the traces.
func (f *fleet) close(ctx context.Context) error {
	errs := make([]error, len(f.processes))
	var closing sync.WaitGroup
	for i, p := range f.processes {
		closing.Go(func() {
			if p.client != nil {
				errs[i] = p.client.Close(ctx)
			}
			errs[i] = errors.Join(errs[i], p.writer.Close())
		})
	}
	closing.Wait()
	return errors.Join(errs...)
}
