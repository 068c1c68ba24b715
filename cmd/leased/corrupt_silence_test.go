package main

import (
	"slices"
	"time"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

// silenceCorruptions are traces that leave out what must have happened, where what is left
// still makes sense for a while, or that tell it at another time.
var silenceCorruptions = []corruption{
	{"a granted request's attempt is left out", twin.Behaviour, func(r *traceRun) []func() {
		return on(r.onlyAttempts(trace.KindGrant), replica.leaveOut)
	}},
	{"a denied request's attempt is left out", twin.Behaviour, func(r *traceRun) []func() {
		return on(r.onlyAttempts(trace.KindDeny), replica.leaveOut)
	}},
	{"an entry of denials is left out by all nodes", string(twin.Unknown),
		func(r *traceRun) []func() {
			return on(r.denying(), func(index uint64) {
				for _, f := range r.nodes() {
					f.take(index)
				}
			})
		}},
	{"a TTL is accepted that no answer told", twin.LeaseCover, func(r *traceRun) []func() {
		return on(r.lives(), func(life *leaseLife) { life.accept.event.TTL++ })
	}},
	{"a lease's end is left out", twin.Books, func(r *traceRun) []func() {
		closed := map[uint64]bool{}
		for _, l := range r.logged(trace.KindSessionEnd, taken) {
			closed[l.event.Session] = true
		}
		told := func(life *leaseLife) bool {
			return closed[life.grant.event.Session] || life.asksAfter() > 1
		}
		return on(r.lives(told), func(life *leaseLife) { life.file.remove(life.expire) })
	}},
	{"a lease that is long over is accepted again", twin.FirstAnswer,
		func(r *traceRun) []func() {
			return on(r.lives(wasRolled), func(life *leaseLife) {
				f := life.file
				f.last(life.accept.event, func(e *trace.Event) {
					e.At = f.lines[len(f.lines)-1].event.At
				})
			})
		}},
	{"a node's clock leaps forward and back", twin.Behaviour, func(r *traceRun) []func() {
		return on(r.applied(), func(at replica) { at.line.event.At += int64(time.Hour) })
	}},
	{"a node's clock leaps back and forward", twin.Behaviour, func(r *traceRun) []func() {
		return on(r.applied(), func(at replica) { at.line.event.At -= int64(time.Hour) })
	}},
	{"a holder's clock leaps forward and back", twin.Behaviour, func(r *traceRun) []func() {
		later := func(life *leaseLife) bool { return life.asksAfter() > 0 }
		return on(r.lives(later), func(life *leaseLife) {
			life.expire.event.At += int64(time.Hour)
		})
	}},
}

// request is a session's request.
type request struct{ session, seq uint64 }

func requestOf(e *trace.Event) request { return request{e.Session, e.Seq} }

// leaveOut removes the line from its file.
func (at replica) leaveOut() { at.file.remove(at.line) }

// onlyAttempts returns the sends of requests that were sent once and decided in this way, but for
// their sessions' first ones.
func (r *traceRun) onlyAttempts(decision trace.Kind) []replica {
	decided := map[request]bool{}
	for _, l := range r.logged(decision) {
		decided[requestOf(&l.event)] = true
	}
	var list []replica
	for _, f := range r.fleet() {
		times := map[request]int{}
		for _, l := range f.lines {
			if l.event.Kind == trace.KindSend {
				times[requestOf(&l.event)]++
			}
		}
		for _, l := range f.lines {
			key := requestOf(&l.event)
			if l.event.Kind == trace.KindSend && times[key] == 1 && decided[key] && key.seq > 1 {
				list = append(list, replica{f, l})
			}
		}
	}
	return list
}

// denying returns the entries in which requests were denied and nothing else happened, and that
// the leader's next one follows: both were proposed, and nobody misses the first.
func (r *traceRun) denying() []uint64 {
	proposed := map[int64]bool{}
	for _, at := range r.proposed() {
		proposed[at.line.event.Stamp] = true
	}
	log := r.log()
	var list []uint64
	for i, l := range log {
		if !stamped(l.event) || !proposed[l.event.Stamp] {
			continue
		}
		next := slices.IndexFunc(log[i+1:], func(l *line) bool {
			return l.event.Kind != trace.KindDeny
		})
		if next > 0 && stamped(log[i+1+next].event) && proposed[log[i+1+next].event.Stamp] &&
			log[i+1+next].event.Term == l.event.Term {
			list = append(list, l.event.Index)
		}
	}
	return list
}

// asksAfter counts the requests that the lease's session sent for the first time after its end.
func (life *leaseLife) asksAfter() int {
	last, asks := uint64(0), 0
	for _, l := range life.file.lines[slices.Index(life.file.lines, life.expire):] {
		if e := &l.event; e.Kind == trace.KindSend && e.Session == life.grant.event.Session {
			if e.Seq != last {
				asks++
			}
			last = e.Seq
		}
	}
	return asks
}

// applied returns what nodes wrote beside the entry that they applied: no instant of it is compared
// with anything else.
func (r *traceRun) applied() []replica {
	var list []replica
	for _, at := range r.replicas(trace.KindGrant) {
		if at.file.lines[len(at.file.lines)-2] != at.line {
			list = append(list, at)
		}
	}
	return list
}
