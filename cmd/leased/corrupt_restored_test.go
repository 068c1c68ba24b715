package main

import (
	"slices"
	"time"

	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

// takeOverCorruptions change what a restored cluster's first entry says. They need the trace of
// one, see theRestored.
var takeOverCorruptions = []corruption{
	{"a cluster takes over twice", twin.TakeOver, func(r *traceRun) []func() {
		return on(r.logged(trace.KindTakeOver), r.twice)
	}},
	{"a cluster that has limits takes over", twin.TakeOver,
		func(r *traceRun) []func() {
			return on(r.logged(trace.KindTakeOver), func(l *line) {
				limit := r.logged(trace.KindLimit)[0].event
				limit.Limit, limit.OK, limit.Until = 1, true, 0
				r.before(l, limit)
			})
		}},
	{"a cluster takes over behind its first limit", twin.Behaviour,
		func(r *traceRun) []func() {
			return on(r.logged(trace.KindTakeOver), func(l *line) {
				r.after(r.logged(trace.KindLimit)[0], l.event)
				r.drop(l)
			})
		}},
	{"the old leases are counted from before the restore", twin.TakeOver,
		onTakeOver(func(e *trace.Event) { e.T -= int64(time.Millisecond) })},
	{"the old leases are counted from after the restore", twin.TakeOver,
		onTakeOver(func(e *trace.Event) { e.T++ })},
	{"sessions go on after those of the backup", twin.TakeOver,
		onTakeOver(func(e *trace.Event) { e.Session -= fsm.SerialJump })},
	{"limits go on after those of the backup", twin.TakeOver,
		onTakeOver(func(e *trace.Event) { e.Limit -= fsm.SerialJump })},
	{"leases go on after those of the backup", twin.TakeOver,
		onTakeOver(func(e *trace.Event) { e.Lease -= fsm.SerialJump })},
	{"sessions go on after more than there are", twin.TakeOver,
		onTakeOver(func(e *trace.Event) { e.Session = fsm.MaxSerial + 1 })},
	{"no backup is named", twin.Behaviour, onTakeOver(func(e *trace.Event) { e.Hash = "" })},
	{"a cluster takes over without a word", twin.Behaviour, func(r *traceRun) []func() {
		return on(r.logged(trace.KindTakeOver), r.drop)
	}},
}

// heirCorruptions change what a restored cluster did while the old one's leases were about.
var heirCorruptions = []corruption{
	{"a limit does not wait for the old leases", twin.TakeOver, func(r *traceRun) []func() {
		return on(r.logged(trace.KindLimit), func(l *line) {
			r.change(l, func(e *trace.Event) { e.OK, e.Until = true, 0 })
		})
	}},
	{"a limit waits too shortly for the old leases", twin.TakeOver, func(r *traceRun) []func() {
		return on(r.logged(trace.KindLimit), func(l *line) {
			r.change(l, func(e *trace.Event) { e.Until-- })
		})
	}},
	{"a limit grants while the old leases live", twin.TakeOver, func(r *traceRun) []func() {
		return on(r.waiting(), func(l *line) {
			limit := r.logged(trace.KindLimit)[0].event
			now := r.entryOf(l).T
			r.replace(l, trace.Event{Kind: trace.KindGrant, Session: l.event.Session,
				Seq: l.event.Seq, Limit: l.event.Limit, Key: l.event.Key, Amount: 1,
				Lease:  r.logged(trace.KindTakeOver)[0].event.Lease + 1,
				Window: now / limit.Per, TTL: limit.Per - now%limit.Per})
		})
	}},
	{"a limit says that it waits shorter than it does", twin.Behaviour,
		func(r *traceRun) []func() {
			return on(r.waiting(), func(l *line) {
				r.change(l, func(e *trace.Event) { e.TTL -= r.logged(trace.KindLimit)[0].event.Per })
			})
		}},
	{"a session has a number of the old cluster", twin.FencingMonotonic,
		func(r *traceRun) []func() {
			return on(r.logged(trace.KindSession), r.fromOld(func(e *trace.Event) *uint64 {
				return &e.Session
			}))
		}},
	{"a limit has a number of the old cluster", twin.FencingMonotonic,
		func(r *traceRun) []func() {
			return on(r.logged(trace.KindLimit), r.fromOld(func(e *trace.Event) *uint64 {
				return &e.Limit
			}))
		}},
	{"a lease has a number of the old cluster", twin.FencingMonotonic,
		func(r *traceRun) []func() {
			return on(r.logged(trace.KindGrant), r.fromOld(func(e *trace.Event) *uint64 {
				return &e.Lease
			}))
		}},
}

// restoredCorruptions are all of a restored cluster's trace.
var restoredCorruptions = slices.Concat(takeOverCorruptions, heirCorruptions)

// onTakeOver returns the choices of an edit of the entry by which a cluster took another one's
// place.
func onTakeOver(how func(*trace.Event)) func(*traceRun) []func() {
	return func(r *traceRun) []func() {
		return on(r.logged(trace.KindTakeOver), func(l *line) { r.change(l, how) })
	}
}

// fromOld takes the restore's jump from one number of a line: the old cluster may have handed
// that one out.
func (r *traceRun) fromOld(number func(*trace.Event) *uint64) func(*line) {
	return func(l *line) {
		r.change(l, func(e *trace.Event) { *number(e) -= fsm.SerialJump })
	}
}

// waiting returns the denials that decided their requests while the old cluster's leases could
// still be spent in the window that was denied.
func (r *traceRun) waiting() []*line {
	limit := r.logged(trace.KindLimit)[0].event
	over := r.logged(trace.KindTakeOver)[0].event.T + limit.Per
	return slices.DeleteFunc(r.firstTold(), func(l *line) bool {
		now := r.entryOf(l).T
		return now-now%limit.Per >= over
	})
}

// entryOf returns the entry that a line of the log belongs to.
func (r *traceRun) entryOf(l *line) trace.Event {
	entries := r.logged(trace.KindEntry, func(e trace.Event) bool { return e.Index == l.place.index })
	return entries[0].event
}
