package main

import (
	"slices"
	"strings"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

// replica is a place in one of the nodes' files.
type replica struct {
	file *traceFile
	line *line
}

// replicas returns the lines of a kind that this and another node wrote, in each node's file.
func (r *traceRun) replicas(kind trace.Kind) []replica {
	copies := map[place]int{}
	for _, f := range r.nodes() {
		for _, l := range f.lines {
			copies[l.place]++
		}
	}
	var list []replica
	for _, f := range r.nodes() {
		for _, l := range f.lines {
			if l.event.Kind == kind && copies[l.place] > 1 {
				list = append(list, replica{f, l})
			}
		}
	}
	return list
}

// next returns the entry after at in its file; 0 if it is the last.
func (at replica) next() (index uint64) {
	for _, l := range at.file.lines {
		if l.place.index > at.line.place.index {
			return l.place.index
		}
	}
	return 0
}

// inside returns the entries that another follows in their file.
func (r *traceRun) inside() []replica {
	return slices.DeleteFunc(r.replicas(trace.KindEntry), func(at replica) bool {
		return at.next() == 0
	})
}

// within returns those of inside that open no epoch: a leader whose file leaves its own epoch out
// is also one that stamps too early, and the file tells that first.
func (r *traceRun) within() []replica {
	opens := map[uint64]bool{}
	for _, l := range r.logged(trace.KindEpoch) {
		opens[l.place.index] = true
	}
	return slices.DeleteFunc(r.inside(), func(at replica) bool {
		return opens[at.line.place.index] || opens[at.next()]
	})
}

// replicaCorruptions are what one node tells otherwise than the others.
var replicaCorruptions = []corruption{
	{"two hashes are swapped in a replica", twin.ReplicasAgree, func(r *traceRun) []func() {
		return on(r.inside(), func(at replica) {
			next := at.next()
			i := slices.IndexFunc(at.file.lines, func(l *line) bool {
				return l.place == place{index: next}
			})
			a, b := &at.line.event, &at.file.lines[i].event
			a.Hash, b.Hash = b.Hash, a.Hash
		})
	}},
	{"two entries are swapped in a replica", twin.ReplicasAgree, func(r *traceRun) []func() {
		return on(r.within(), func(at replica) {
			next := at.next()
			at.file.put(at.file.take(at.line.place.index), next)
		})
	}},
	{"an entry is left out in a replica", twin.ReplicasAgree, func(r *traceRun) []func() {
		return on(r.within(), func(at replica) { at.file.take(at.line.place.index) })
	}},
	{"an entry is applied twice in a replica", twin.ReplicasAgree, func(r *traceRun) []func() {
		return on(r.inside(), func(at replica) {
			index := at.line.place.index
			lines := slices.DeleteFunc(slices.Clone(at.file.lines), func(l *line) bool {
				return l.place.index != index
			})
			at.file.put(lines, index)
		})
	}},
	{"a return is taken in some replicas only", twin.ReplicasAgree, func(r *traceRun) []func() {
		return on(r.replicas(trace.KindReturn), func(at replica) { at.file.remove(at.line) })
	}},
	{"a grant is of one credit more in a replica", twin.ReplicasAgree,
		func(r *traceRun) []func() {
			return on(r.replicas(trace.KindGrant), func(at replica) { at.line.event.Amount++ })
		}},
	{"a node starts from a snapshot of another time", twin.ReplicasAgree,
		func(r *traceRun) []func() {
			return on(r.follows(), func(at replica) {
				r.restart(at, func(snapshot *trace.Event) { snapshot.T++ })
			})
		}},
	{"a node starts from a snapshot of another epoch", twin.ReplicasAgree,
		func(r *traceRun) []func() {
			return on(r.follows(), func(at replica) {
				r.restart(at, func(snapshot *trace.Event) { snapshot.Epoch++ })
			})
		}},
}

// follows returns the entries that a node applied while it did not lead.
func (r *traceRun) follows() []replica {
	leading := map[*line]bool{}
	for _, f := range r.nodes() {
		leads := false
		for _, l := range f.lines {
			if l.event.Kind == trace.KindLeader {
				leads = l.event.OK
			}
			leading[l] = leads
		}
	}
	return slices.DeleteFunc(r.inside(), func(at replica) bool { return leading[at.line] })
}

// restart splits a node's file behind an entry, as if the node had started again from a
// snapshot there, which how may change.
func (r *traceRun) restart(at replica, how func(snapshot *trace.Event)) {
	f := at.file
	snapshot := trace.Event{Kind: trace.KindRestore, At: at.line.event.At,
		Index: at.line.place.index, T: at.line.event.T}
	split := slices.IndexFunc(f.lines, func(l *line) bool { return l.place.index > snapshot.Index })
	for _, l := range f.lines[:split] {
		if l.event.Kind == trace.KindEpoch {
			snapshot.Epoch = l.event.Epoch
		}
	}
	how(&snapshot)
	r.files = append(r.files, &traceFile{
		name:  strings.Replace(f.name, ".jsonl", "-again.jsonl", 1),
		lines: slices.Concat([]*line{f.lines[0], {event: snapshot}}, f.lines[split:]),
	})
	end := trace.Event{Kind: trace.KindEnd, At: snapshot.At}
	f.lines = append(f.lines[:split:split], &line{event: end})
}

// stamped says of an entry that it was stamped under an epoch: it opened none.
func stamped(e trace.Event) bool { return e.Stamp > 0 && e.OK }

// epochs returns the epochs that were opened, in order.
func (r *traceRun) epochs() []uint64 {
	var epochs []uint64
	for _, l := range r.logged(trace.KindEpoch) {
		epochs = append(epochs, l.event.Epoch)
	}
	return epochs
}

// usedEpochs returns those under which something was stamped: one may end before.
func (r *traceRun) usedEpochs() []uint64 {
	used := map[uint64]bool{}
	for _, l := range r.logged(trace.KindEntry, stamped) {
		used[l.event.Epoch] = true
	}
	return slices.DeleteFunc(r.epochs(), func(epoch uint64) bool { return !used[epoch] })
}

// timeCorruptions are what clocks and epochs must not do.
var timeCorruptions = []corruption{
	{"T is a nanosecond behind the stamp", twin.Monotone, func(r *traceRun) []func() {
		return on(r.logged(trace.KindEntry, stamped), func(l *line) {
			r.change(l, func(e *trace.Event) { e.T-- })
		})
	}},
	{"T goes back to the entry before the last", twin.Monotone, func(r *traceRun) []func() {
		entries := r.logged(trace.KindEntry, stamped)
		return on(entries[2:], func(l *line) {
			i := slices.Index(entries, l)
			r.change(l, func(e *trace.Event) { e.T = entries[i-2].event.T - 1 })
		})
	}},
	{"a stamp of another epoch counts", twin.EpochOnly, func(r *traceRun) []func() {
		epochs := r.epochs()
		return on(r.logged(trace.KindEntry, stamped), func(l *line) {
			r.change(l, func(e *trace.Event) {
				e.Epoch = epochs[(slices.Index(epochs, e.Epoch)+1)%len(epochs)]
			})
		})
	}},
	{"a stamp of the open epoch does not count", twin.EpochOnly, func(r *traceRun) []func() {
		return on(r.logged(trace.KindEntry, stamped), func(l *line) {
			r.change(l, func(e *trace.Event) { e.OK = false })
		})
	}},
	{"a leader stamps without opening its epoch", twin.EpochOnly, func(r *traceRun) []func() {
		return on(r.logged(trace.KindEpoch), r.drop)
	}},
	{"a term goes back", twin.EpochOnly, func(r *traceRun) []func() {
		epochs := r.epochs()
		last := epochs[len(epochs)-1]
		late := func(e trace.Event) bool { return stamped(e) && e.Epoch == last }
		return on(r.logged(trace.KindEntry, late), func(l *line) {
			r.change(l, func(e *trace.Event) { e.Term = epochs[0] })
		})
	}},
	{"the cluster clock jumps at an election", twin.NeverFast, func(r *traceRun) []func() {
		epochs := r.usedEpochs()
		return on(epochs[1:], func(epoch uint64) {
			// Or real time jumps back: what was proposed from then on was proposed earlier.
			for _, p := range r.proposals(epoch) {
				p.event.At -= jump.Nanoseconds()
				p.event.First -= jump.Nanoseconds()
			}
		})
	}},
	{"a leader stamps 10 percent fast", twin.NeverFast, func(r *traceRun) []func() {
		var from []*line
		for _, epoch := range r.epochs() {
			all := r.proposals(epoch)
			from = append(from, slices.DeleteFunc(slices.Clone(all), func(p *line) bool {
				return all[len(all)-1].event.At-p.event.At < longEnough.Nanoseconds()
			})...)
		}
		return on(from, func(p *line) {
			start := p.event.At
			for _, p := range r.proposals(p.event.Epoch) {
				if e := &p.event; e.At > start {
					e.At = start + (e.At-start)*10/11
					e.First = min(e.First, start+(e.First-start)*10/11)
				}
			}
		})
	}},
	{"a roll is left out", twin.Roll, func(r *traceRun) []func() {
		return on(r.logged(trace.KindRoll), r.drop)
	}},
	{"a roll comes twice", twin.Roll, func(r *traceRun) []func() {
		return on(r.logged(trace.KindRoll), r.twice)
	}},
	{"a roll is into the window after", twin.Roll, func(r *traceRun) []func() {
		return on(r.logged(trace.KindRoll), func(l *line) {
			r.change(l, func(e *trace.Event) { e.Window++ })
		})
	}},
	{"a limit rolls that is not in force", twin.Roll, func(r *traceRun) []func() {
		return on(r.logged(trace.KindRoll), func(l *line) {
			r.change(l, func(e *trace.Event) { e.Limit += beyond })
		})
	}},
}

// proposals returns what was proposed under an epoch, in order. One node did.
func (r *traceRun) proposals(epoch uint64) []*line {
	var list []*line
	for _, f := range r.nodes() {
		for _, l := range f.lines {
			if l.event.Kind == trace.KindPropose && l.event.Epoch == epoch {
				list = append(list, l)
			}
		}
	}
	return list
}
