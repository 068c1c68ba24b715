package main

import (
	"time"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

// slotCorruptions are what slots must not do. They need the trace of some, see theSlots.
var slotCorruptions = []corruption{
	{"more slots are granted than there are", twin.Granted, onGrant(twin.KindSlots,
		func(e *trace.Event) { e.Amount += 3 })},
	{"slots are kept that there were not", twin.Granted, onBeat(func(e *trace.Event) { e.Kept += 3 })},
	{"slots are kept of a lease that was replaced", twin.Granted, func(r *traceRun) []func() {
		from := map[uint64]uint64{}
		var old []*line
		for _, l := range r.beats() {
			from[l.event.Lease] = l.event.From
			if from[l.event.From] != 0 {
				old = append(old, l)
			}
		}
		return on(old, func(l *line) {
			r.change(l, func(e *trace.Event) { e.From = from[e.From] })
		})
	}},
	{"a denial tells one slot more than are left", twin.Granted, onDenial(twin.KindSlots,
		func(e *trace.Event) { e.Amount++ })},
	{"who waits for slots is told to come a nanosecond early", twin.TTL, onDenial(twin.KindSlots,
		func(e *trace.Event) { e.TTL-- })},
	{"a lease of slots is longer than a period", twin.TTL, onGrant(twin.KindSlots,
		func(e *trace.Event) { e.TTL++ })},
	{"slots have windows of another length", twin.Granted, onLimit(twin.KindSlots,
		func(e *trace.Event) { e.Span-- })},
	{"a heartbeat keeps fewer slots than their holder has", twin.NeverEarly,
		func(r *traceRun) []func() {
			return on(r.shrunk(), func(g shrunk) {
				g.over.event.N += g.gaveUp.event.N
				g.file.remove(g.gaveUp)
			})
		}},
	{"a holder has the slots of two leases, one of which replaced the other", twin.AtMostL,
		func(r *traceRun) []func() {
			return on(r.overlapping(), func(p [2]*line) {
				p[0].event.At = p[1].event.At - 1
			})
		}},
	{"more slots are released than are in use", twin.Books, func(r *traceRun) []func() {
		var releases []*line
		for _, f := range r.fleet() {
			releases = append(releases, f.told(trace.KindRelease)...)
		}
		return on(releases, func(l *line) { l.event.N += 3 })
	}},
}

// beats returns the grants of heartbeats.
func (r *traceRun) beats() []*line {
	return r.logged(trace.KindGrant, func(e trace.Event) bool { return e.From > 0 })
}

func onBeat(how func(*trace.Event)) func(*traceRun) []func() {
	return func(r *traceRun) []func() {
		return on(r.beats(), func(l *line) { r.change(l, how) })
	}
}

// told returns a file's lines of a kind.
func (f *traceFile) told(kind trace.Kind) (list []*line) {
	for _, l := range f.lines {
		if l.event.Kind == kind {
			list = append(list, l)
		}
	}
	return list
}

// shrunk is a lease of which a holder gave some up before a heartbeat kept the others.
type shrunk struct {
	file         *traceFile
	gaveUp, over *line
}

func (r *traceRun) shrunk() (list []shrunk) {
	replaced := map[uint64]bool{}
	for _, l := range r.beats() {
		replaced[l.event.From] = true
	}
	for _, f := range r.fleet() {
		over := map[uint64]*line{}
		for _, l := range f.told(trace.KindExpire) {
			over[l.event.Lease] = l
		}
		for _, l := range f.told(trace.KindGiveUp) {
			if replaced[l.event.Lease] {
				list = append(list, shrunk{f, l, over[l.event.Lease]})
			}
		}
	}
	return list
}

// overlapping are the ends of leases of which all slots were kept, and of which they were all, with
// what comes next in their file, a good while later.
func (r *traceRun) overlapping() (list [][2]*line) {
	all := map[uint64]bool{}
	for _, l := range r.beats() {
		all[l.event.From] = l.event.Kept == 3 && l.event.Amount == 3
	}
	for _, f := range r.fleet() {
		for i, l := range f.lines[:len(f.lines)-1] {
			next := f.lines[i+1]
			if l.event.Kind == trace.KindExpire && all[l.event.Lease] &&
				next.event.At-l.event.At > int64(3*twin.DefaultSlack+time.Millisecond) {
				list = append(list, [2]*line{l, next})
			}
		}
	}
	return list
}
