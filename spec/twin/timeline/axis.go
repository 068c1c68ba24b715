package timeline

import (
	"math"

	"github.com/leased-io/leased/trace"
)

// instant is a place on the page's axis, in microseconds since its origin.
type instant = int64

// perMicro is nanoseconds per instant.
const perMicro = 1000

// axis places events. If all recorders read one clock, it is real time on that clock. If they
// do not, it is cluster time, which is in the log and so comparable everywhere: nodes' events
// are then at the log's time, and a fleet's as far after the last lease that their process
// took as its own clock says.
type axis struct {
	real   bool
	clock  string // of real
	origin int64  // on clock, or of cluster time
	placed bool   // of cluster time: origin is known
	now    int64  // T, after the last entry
	log    instant
	end    instant // the last one that anything was placed at
	// proposals are when leaders proposed, by epoch and stamp: an entry's own reading may be
	// of a node that applied it again much later.
	proposals map[stamp]int64
	pending   newest[stamp]
	anchors   map[string]anchor // by file
}

type stamp struct {
	epoch uint64
	at    int64
}

// anchor ties a process's clock to cluster time: at its reading at it was t, or later.
type anchor struct{ at, t int64 }

func newAxis(files []File) axis {
	x := axis{real: true, proposals: map[stamp]int64{}, anchors: map[string]anchor{}}
	x.origin = math.MaxInt64
	for i := range files {
		f := &files[i]
		if i > 0 && f.Clock != x.clock {
			x.real = false
		}
		x.clock = f.Clock
		x.origin = min(x.origin, f.First)
	}
	if !x.real || len(files) == 0 {
		x.clock, x.origin = "", 0
	}
	return x
}

// reached notes that something was placed at i, and returns it.
func (x *axis) reached(i instant) instant {
	x.end = max(x.end, i)
	return i
}

// clusterTime places t, in nanoseconds of cluster time, on an axis of cluster time.
func (x *axis) clusterTime(t int64) instant {
	if !x.placed {
		x.placed, x.origin = true, t
	}
	return max(0, t-x.origin) / perMicro
}

// node places an event of a node that is not of the log.
func (x *axis) node(at int64) instant {
	if x.real {
		return x.reached(max(0, at-x.origin) / perMicro)
	}
	return x.reached(x.clusterTime(x.now))
}

// fleet places a reading of a process's clock.
func (x *axis) fleet(file string, at int64) instant {
	if x.real {
		return x.reached(max(0, at-x.origin) / perMicro)
	}
	a, ok := x.anchors[file]
	if !ok {
		return x.reached(x.clusterTime(x.now))
	}
	return x.reached(x.clusterTime(a.t + at - a.at))
}

// took anchors a process's clock: at its reading at it took a lease that was granted at t.
func (x *axis) took(file string, at, t int64) { x.anchors[file] = anchor{at, t} }

// propose remembers when an entry was proposed.
func (x *axis) propose(e *trace.Event) {
	key := stamp{e.Epoch, e.Stamp}
	x.proposals[key] = e.At
	if old, out := x.pending.push(key, maxProposals); out {
		delete(x.proposals, old)
	}
}

// entry moves the log to an entry.
func (x *axis) entry(e *trace.Event) {
	x.now = e.T
	x.log = x.reached(x.ofEntry(e))
}

func (x *axis) ofEntry(e *trace.Event) instant {
	if !x.real {
		return x.clusterTime(e.T)
	}
	at, ok := x.proposals[stamp{e.Epoch, e.Stamp}]
	if !ok {
		at = e.At
	}
	return max(0, at-x.origin) / perMicro
}
