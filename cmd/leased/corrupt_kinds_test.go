package main

import (
	"slices"
	"time"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

// kindCorruptions are what sliding limits and buckets must not do. They need the trace of some, see
// theKinds.
var kindCorruptions = []corruption{
	{"slots are a nanosecond shorter than the period", twin.InBudget, onLimit(twin.KindSliding,
		func(e *trace.Event) { e.Span-- })},
	{"slots are the bare period", twin.InBudget, onLimit(twin.KindSliding,
		func(e *trace.Event) { e.Span = e.Per / e.Slots })},
	{"a slot grants what all before it have used", twin.InBudget, onGrant(twin.KindSliding,
		func(e *trace.Event) { e.Amount += 1000 })},
	{"a denial tells one credit more than the slots leave", twin.InBudget, onDenial(twin.KindSliding,
		func(e *trace.Event) { e.Amount++ })},
	{"who waits for a slot is told to come a nanosecond early", twin.TTL, onDenial(twin.KindSliding,
		func(e *trace.Event) { e.TTL-- })},
	{"a bucket has no burst", twin.Whole, onLimit(twin.KindBucket,
		func(e *trace.Event) { e.Burst = 0 })},
	{"a bucket is smaller than what was granted from it", twin.Whole, onLimit(twin.KindBucket,
		func(e *trace.Event) { e.Burst /= 4 })},
	{"a bucket grants more than is in it", twin.Whole, onGrant(twin.KindBucket,
		func(e *trace.Event) { e.Amount += 1000 })},
	{"a denial tells one credit more than is in the bucket", twin.Whole, onDenial(twin.KindBucket,
		func(e *trace.Event) { e.Amount++ })},
	{"a window limit has slots", twin.NoOverGrant, onLimit(twin.KindSliding,
		func(e *trace.Event) { e.Shape = "" })},
	{"there is another kind", twin.NoOverGrant, onLimit(twin.KindBucket,
		func(e *trace.Event) { e.Shape = "drum" })},
	{"a limit is set until a time that is past", twin.Lapse, onSet(
		func(e *trace.Event) { e.Lapse = 1 })},
	{"what was set for a time stays in force", twin.Lapse, onSet(
		func(e *trace.Event) { e.Lapse -= int64(400 * time.Millisecond) })},
	{"the fleet is said to comply before its leases end", twin.TTL, onSet(
		func(e *trace.Event) { e.TTL-- })},
	{"all clocks are slow, and cluster time is not", twin.AnyInterval, func(r *traceRun) []func() {
		return []func(){func() { r.slow(2) }}
	}},
	{"all clocks are slower still", twin.AnyInterval, func(r *traceRun) []func() {
		return []func(){func() { r.slow(3) }}
	}},
}

// kindOf returns the shape that a line's limit came into force with.
func (r *traceRun) kindOf(limit uint64) string {
	for _, l := range r.logged(trace.KindLimit) {
		if l.event.Limit == limit {
			return l.event.Shape
		}
	}
	return ""
}

// ofKind returns the lines that are of a limit of a kind.
func (r *traceRun) ofKind(kind string, lines []*line) []*line {
	return slices.DeleteFunc(lines, func(l *line) bool { return r.kindOf(l.event.Limit) != kind })
}

func onLimit(kind string, how func(*trace.Event)) func(*traceRun) []func() {
	return func(r *traceRun) []func() {
		return on(r.ofKind(kind, r.logged(trace.KindLimit)), func(l *line) { r.change(l, how) })
	}
}

// onSet is on the limits that were set for a time.
func onSet(how func(*trace.Event)) func(*traceRun) []func() {
	return func(r *traceRun) []func() {
		set := slices.DeleteFunc(r.logged(trace.KindLimit),
			func(l *line) bool { return l.event.Lapse == 0 })
		return on(set, func(l *line) { r.change(l, how) })
	}
}

func onGrant(kind string, how func(*trace.Event)) func(*traceRun) []func() {
	return func(r *traceRun) []func() {
		return on(r.ofKind(kind, r.logged(trace.KindGrant)), func(l *line) { r.change(l, how) })
	}
}

func onDenial(kind string, how func(*trace.Event)) func(*traceRun) []func() {
	return func(r *traceRun) []func() {
		return on(r.ofKind(kind, r.firstTold()), func(l *line) { r.change(l, how) })
	}
}

// slow lets all recorders' clocks run at a part of their rate. What would tell that cluster time
// ran too fast for them, proposals and leaderships, is not recorded.
func (r *traceRun) slow(part int64) {
	base := r.files[0].lines[0].event.At
	for _, f := range r.files {
		base = min(base, f.lines[0].event.At)
	}
	for _, f := range r.files {
		f.lines = slices.DeleteFunc(slices.Clone(f.lines), func(l *line) bool {
			return l.event.Kind == trace.KindPropose || l.event.Kind == trace.KindLeader
		})
		for _, l := range f.lines {
			for _, at := range []*int64{&l.event.At, &l.event.First, &l.event.Last} {
				if *at > base {
					*at = base + (*at-base)/part
				}
			}
		}
	}
}
