package main

import (
	"slices"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

// stepCorruptions are traces in which something happened that nothing led to: each event may
// stand there, but not after those before it.
var stepCorruptions = []corruption{
	{"a proposal is left out", twin.Behaviour, func(r *traceRun) []func() {
		return on(r.proposed(), func(at replica) { at.file.remove(at.line) })
	}},
	{"a leader gains no leadership", twin.Behaviour, func(r *traceRun) []func() {
		var gains []replica
		for _, f := range r.nodes() {
			for _, l := range f.lines {
				if l.event.Kind == trace.KindLeader && l.event.OK {
					gains = append(gains, replica{f, l})
				}
			}
		}
		return on(gains, func(at replica) { at.file.remove(at.line) })
	}},
	{"an attempt is left out", twin.Behaviour, func(r *traceRun) []func() {
		var retries []replica
		for _, f := range r.fleet() {
			retries = append(retries, f.retries()...)
		}
		return on(retries, func(at replica) { at.file.remove(at.line) })
	}},
	{"a grant is left out", twin.Behaviour, func(r *traceRun) []func() {
		return on(r.followed(), r.drop)
	}},
	{"a retry is told one lease of two", twin.Behaviour, func(r *traceRun) []func() {
		charged := map[request]int{}
		for _, l := range r.logged(trace.KindGrant) {
			charged[requestOf(&l.event)]++
		}
		two := func(e trace.Event) bool { return charged[requestOf(&e)] == 2 }
		return on(r.logged(trace.KindReplay, two), r.drop)
	}},
}

// followed returns the grants that are missed when the next one comes, and not before, by what
// a denial says is left or a return gives back.
func (r *traceRun) followed() []*line {
	decisions := slices.DeleteFunc(r.log(), func(l *line) bool {
		switch l.event.Kind {
		case trace.KindGrant, trace.KindReplay, trace.KindDeny, trace.KindReturn:
			return false
		}
		return true
	})
	var list []*line
	for i, l := range decisions[:len(decisions)-1] {
		if l.event.Kind == trace.KindGrant && decisions[i+1].event.Kind == trace.KindGrant {
			list = append(list, l)
		}
	}
	return list
}

// retries returns the sends of requests that had been sent before, but for those that were
// answered and each session's last.
func (f *traceFile) retries() []replica {
	answered := map[attempt]bool{}
	last := map[uint64]*line{}
	for _, l := range f.lines {
		switch l.event.Kind {
		case trace.KindAccept:
			answered[attemptOf(&l.event)] = true
		case trace.KindSend:
			last[l.event.Session] = l
		}
	}
	sent := map[uint64]uint64{} // each session's last request
	var list []replica
	for _, l := range f.lines {
		if e := &l.event; e.Kind == trace.KindSend {
			if sent[e.Session] == e.Seq && !answered[attemptOf(e)] && last[e.Session] != l {
				list = append(list, replica{f, l})
			}
			sent[e.Session] = e.Seq
		}
	}
	return list
}

// proposed returns the proposals that became entries.
func (r *traceRun) proposed() []replica {
	type stamp struct {
		epoch uint64
		stamp int64
	}
	entries := map[stamp]bool{}
	for _, l := range r.logged(trace.KindEntry, stamped) {
		entries[stamp{l.event.Epoch, l.event.Stamp}] = true
	}
	var list []replica
	for _, f := range r.nodes() {
		for _, l := range f.lines {
			if e := &l.event; e.Kind == trace.KindPropose && entries[stamp{e.Epoch, e.Stamp}] {
				list = append(list, replica{f, l})
			}
		}
	}
	return list
}
