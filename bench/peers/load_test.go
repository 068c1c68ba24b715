package peers

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	// warmUp is how long callers ask before they are counted.
	warmUp = 300 * time.Millisecond
	// measured is how long one run counts.
	measured = 700 * time.Millisecond
)

// callers are how many ask at once.
var callers = []int{1, 64, 256}

// caller makes one decision, and fails if it is not admitted: no budget here runs out.
type caller func(context.Context) error

// target is something that admits.
type target struct {
	// open makes n callers, which are used by one goroutine each, and what ends them.
	open func(b *testing.B, n int) []caller
	// sampled: one admission of so many is timed. Where most of them take less than reading the clock
	// does, timing each would measure the clock.
	sampled int
	// after, if not nil, reports more after a run with so many admissions.
	after func(b *testing.B, admitted int64)
}

// run measures a target with each number of callers.
func run(b *testing.B, t target) {
	for _, n := range callers {
		b.Run(fmt.Sprintf("callers=%d", n), func(b *testing.B) {
			all := t.open(b, n)
			drive(b, all, warmUp, t.sampled)
			var admitted int64
			var took time.Duration
			latency := newHistogram()
			for b.Loop() {
				counted, whole, seen := drive(b, all, measured, t.sampled)
				admitted, took = admitted+counted, took+whole
				latency.Merge(seen)
			}
			b.ReportMetric(float64(admitted)/took.Seconds(), "admissions/s")
			b.ReportMetric(float64(latency.ValueAtQuantile(50)), "p50-ns")
			b.ReportMetric(float64(latency.ValueAtQuantile(99)), "p99-ns")
			b.ReportMetric(0, "ns/op") // the length of a run says nothing
			if t.after != nil {
				t.after(b, admitted)
			}
		})
	}
}

// newHistogram tells nanoseconds apart up to a minute, with an error of a hundredth.
func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, int64(time.Minute), 2)
}

// drive has all callers ask, closed-loop, for a while.
func drive(b *testing.B, all []caller, length time.Duration, sampled int) (
	admitted int64, took time.Duration, latency *hdrhistogram.Histogram,
) {
	var (
		asking sync.WaitGroup
		mu     sync.Mutex
		errs   []error
	)
	latency = newHistogram()
	ctx, cancel := context.WithTimeout(b.Context(), length+30*time.Second)
	defer cancel()
	start := time.Now()
	for _, ask := range all {
		asking.Go(func() {
			counted, seen, err := repeat(ctx, ask, start.Add(length), sampled)
			mu.Lock()
			defer mu.Unlock()
			admitted += counted
			latency.Merge(seen)
			errs = append(errs, err)
		})
	}
	asking.Wait()
	took = time.Since(start)
	if err := errors.Join(errs...); err != nil {
		b.Fatal(err)
	}
	return admitted, took, latency
}

// repeat asks until the end, and reads the clock once in so many times alone.
func repeat(ctx context.Context, ask caller, end time.Time, sampled int) (
	admitted int64, latency *hdrhistogram.Histogram, err error,
) {
	latency = newHistogram()
	for {
		for range sampled - 1 {
			if err := ask(ctx); err != nil {
				return admitted, latency, err
			}
		}
		began := time.Now()
		if err := ask(ctx); err != nil {
			return admitted, latency, err
		}
		now := time.Now()
		if err := latency.RecordValue(int64(now.Sub(began))); err != nil {
			return admitted, latency, err
		}
		admitted += int64(sampled)
		if now.After(end) {
			return admitted, latency, nil
		}
	}
}
