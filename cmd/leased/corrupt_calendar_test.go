package main

import (
	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

// calendarCorruptions are of traces that have no calendar: leaps that nobody proposed.
var calendarCorruptions = []corruption{
	{"calendar time leaps to elsewhere", twin.CalMonotone, onLeap(leapTo(5, 6))},
	{"calendar time leaps backwards", twin.CalMonotone, onLeap(leapTo(-5, -5))},
	{"calendar time leaps without an announcement", twin.LeapAhead,
		onLeap(leapTo(5, 5), leapTo(5, 10))},
}

func leapTo(by, off int64) trace.Event {
	return trace.Event{Kind: trace.KindLeap, OK: true, By: by, Off: off}
}

// onLeap has the entry of a grant tell of leaps too.
func onLeap(leaps ...trace.Event) func(*traceRun) []func() {
	return func(r *traceRun) []func() {
		return on(r.logged(trace.KindGrant), func(l *line) {
			all := []trace.Event{l.event}
			for _, e := range leaps {
				e.At = l.event.At
				all = append(all, e)
			}
			r.replace(l, all...)
		})
	}
}
