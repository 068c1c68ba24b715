package bench

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/leased-io/leased/client"
)

const (
	// maxWaiting bounds the requests that wait at a time. More are turned away at once, and count
	// as failed.
	maxWaiting = 200_000
	// longestRest is how long the pacer may take to see that the run is over.
	longestRest = 10 * time.Millisecond
	// drainFor is how long what still waits at the end of the load may wait on.
	drainFor = 5 * time.Second
)

// errTooMany is the failure of a request that found maxWaiting before it.
var errTooMany = errors.New("bench: too many requests wait at a time")

// load is an open-loop load while it runs. Its counters are safe to read at any time.
type load struct {
	started  time.Time
	interval time.Duration // between two requests
	timeline *timeline
	late     *hdrhistogram.Histogram // how late each request was sent; the pacer's alone until the end

	waits                    sync.WaitGroup
	offered, admitted, unfed atomic.Int64 // unfed: never admitted, until the end
	waiting, failed          atomic.Int64
	failure                  atomic.Pointer[error] // the first
}

func newLoad(cfg Config, columns int) *load {
	return &load{
		interval: time.Second / time.Duration(cfg.Rate),
		timeline: newTimeline(columns, cfg.Duration),
		late:     newHistogram(),
	}
}

// drive sends the requests, each at its instant and to the next limiter in turn, for a duration
// or until ctx ends, and returns when none of them waits any more.
func (l *load) drive(ctx context.Context, limiters []*client.Limiter, duration time.Duration) {
	waiting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	l.started = time.Now()
	for i := int64(0); ; i++ {
		at := time.Duration(i) * l.interval
		if at >= duration {
			break
		}
		due := l.started.Add(at)
		early := time.Until(due)
		for ; early > 0 && ctx.Err() == nil; early = time.Until(due) {
			rest(min(early, longestRest))
		}
		if ctx.Err() != nil {
			break
		}
		record(l.late, -early)
		l.offer(waiting, limiters[i%int64(len(limiters))], at)
	}
	ends := time.AfterFunc(drainFor, cancel)
	defer ends.Stop()
	l.waits.Wait()
}

// offer sends one request, which was to begin at an instant counted from the start.
func (l *load) offer(ctx context.Context, limiter *client.Limiter, at time.Duration) {
	l.offered.Add(1)
	if l.waiting.Load() >= maxWaiting {
		l.fail(errTooMany)
		l.timeline.add(at, mostLatency, false)
		return
	}
	l.waiting.Add(1)
	l.waits.Go(func() {
		defer l.waiting.Add(-1)
		err := limiter.Wait(ctx, 1)
		took := time.Since(l.started) - at
		l.timeline.add(at, took, err == nil)
		switch {
		case err == nil:
			l.admitted.Add(1)
		case ctx.Err() != nil:
			l.unfed.Add(1)
		default:
			l.fail(err)
		}
	})
}

func (l *load) fail(err error) {
	l.failed.Add(1)
	l.failure.CompareAndSwap(nil, &err)
}
