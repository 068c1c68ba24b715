package bench

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// What the histograms tell apart: nanoseconds from a microsecond to ten minutes, with an error of
// at most a thousandth. What lies outside is recorded as the nearest bound.
const (
	leastLatency  = time.Microsecond
	mostLatency   = 10 * time.Minute
	latencyDigits = 3
)

func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(int64(leastLatency), int64(mostLatency), latencyDigits)
}

// record adds a latency. It cannot fail within the bounds.
func record(h *hdrhistogram.Histogram, d time.Duration) {
	_ = h.RecordValue(int64(min(max(d, leastLatency), mostLatency)))
}

// timeline is the latencies of a run by the slice of time in which each request was to begin.
type timeline struct {
	length time.Duration
	each   []slice
}

// slice is one part of the run, a column of the plot. Safe for concurrent use.
type slice struct {
	mu       sync.Mutex
	latency  *hdrhistogram.Histogram
	admitted int64
}

func newTimeline(n int, whole time.Duration) *timeline {
	s := &timeline{length: whole / time.Duration(n), each: make([]slice, n)}
	for i := range s.each {
		s.each[i].latency = newHistogram()
	}
	return s
}

// add records a request that was to begin at, counted from the run's start.
func (s *timeline) add(at, took time.Duration, admitted bool) {
	one := &s.each[min(int(at/s.length), len(s.each)-1)]
	one.mu.Lock()
	defer one.mu.Unlock()
	record(one.latency, took)
	if admitted {
		one.admitted++
	}
}

// Quantiles are of latencies. A request that was never admitted counts with the time until it was
// given up, so it is no lower than it should be.
type Quantiles struct {
	P50  time.Duration `json:"p50_ns"`
	P90  time.Duration `json:"p90_ns"`
	P99  time.Duration `json:"p99_ns"`
	P999 time.Duration `json:"p99_9_ns"`
	Max  time.Duration `json:"max_ns"`
}

func quantiles(h *hdrhistogram.Histogram) Quantiles {
	at := h.ValueAtPercentilesSlice([]float64{50, 90, 99, 99.9})
	return Quantiles{
		P50: time.Duration(at[0]), P90: time.Duration(at[1]),
		P99: time.Duration(at[2]), P999: time.Duration(at[3]), Max: time.Duration(h.Max()),
	}
}

// Slice is what one part of the run came to.
type Slice struct {
	FromSec   float64   `json:"from_seconds"`
	PerSec    float64   `json:"admissions_per_second"`
	Latencies Quantiles `json:"latency"`
}

// summary returns the parts of the run that have begun, and the latencies of the whole of it.
func (s *timeline) summary(elapsed time.Duration) ([]Slice, Quantiles) {
	whole := newHistogram()
	var parts []Slice
	for i := range s.each {
		from := time.Duration(i) * s.length
		if from >= elapsed {
			break
		}
		one := &s.each[i]
		one.mu.Lock()
		whole.Merge(one.latency)
		parts = append(parts, Slice{
			FromSec:   from.Seconds(),
			PerSec:    float64(one.admitted) / min(s.length, elapsed-from).Seconds(),
			Latencies: quantiles(one.latency),
		})
		one.mu.Unlock()
	}
	return parts, quantiles(whole)
}
