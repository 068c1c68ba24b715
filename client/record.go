package client

import (
	"math"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/trace"
)

// offsetSamples is how often the two clocks are compared: the tightest pair of readings counts,
// so that one preemption does not shift a whole trace.
const offsetSamples = 16

// newSink returns the sink of a client's holders, or nil where nothing is recorded: it maps
// readings to the recorder's time.
func newSink(o options, c *clock) trace.Sink {
	if o.trace == nil {
		return nil
	}
	at := o.traceTime
	if at == nil {
		offset := clockOffset(c.now, o.trace.Now)
		at = func(mono int64) int64 { return mono + offset }
	}
	return func(e trace.Event) {
		for _, t := range []*int64{&e.At, &e.First, &e.Last} {
			if *t != 0 {
				*t = at(*t)
			}
		}
		o.trace.Record(e)
	}
}

// clockOffset returns what to add to a Mono to get the recorder's time.
func clockOffset(clock func() lease.Reading, recorder func() int64) int64 {
	tightest, offset := int64(math.MaxInt64), int64(0)
	for range offsetSamples {
		before := clock().Mono
		there := recorder()
		after := clock().Mono
		if width := after - before; width < tightest {
			tightest, offset = width, there-before-width/2
		}
	}
	return offset
}

// openTally gathers the admissions without credits on one limit until the next flush.
type openTally struct {
	credits     budget.Credits
	count       int64
	first, last int64 // Mono
}

func (t *openTally) add(now lease.Reading, n budget.Credits) {
	if n == 0 {
		return
	}
	if t.count == 0 {
		t.first = now.Mono
	}
	t.last = now.Mono
	t.credits += n
	t.count++
}

// flushLocked hands what was gathered to the trace.
func (l *Limiter) flushLocked() {
	if l.sink == nil {
		return
	}
	l.holder.Flush(l.clock.now())
	if l.outside != nil {
		l.flushTallies(trace.KindFailOpen, l.outside.opened)
		l.flushTallies(trace.KindShadow, l.outside.shaded)
	}
}

func (l *Limiter) flushTallies(kind trace.Kind, tallies []openTally) {
	for i := range tallies {
		t := &tallies[i]
		if t.count == 0 {
			continue
		}
		limit := l.lay.limits[i]
		l.sink(trace.Event{
			Kind:    kind,
			Session: uint64(l.session),
			Budget:  l.lay.owner(i, l.budget),
			Key:     l.account.key,
			Metric:  limit.Metric,
			Per:     int64(limit.Per),
			N:       int64(t.credits),
			Count:   t.count,
			First:   t.first,
			Last:    t.last,
		})
		*t = openTally{}
	}
}
