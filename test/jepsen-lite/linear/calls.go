package linear

import (
	"cmp"
	"slices"
)

// call is an operation as a follower takes it.
type call struct {
	c      *command
	out    *Output // what it came to
	client int
	key    string // of its session, or its own
	// What its answer tells of its place in the order of effects; 0: nothing. The cluster time,
	// the first lease that was granted, the session that was opened.
	at             int64
	lease, session uint64
	// by is the latest cluster time at which it can have come to that.
	by int64
	// lost: nobody was told by this attempt what it came to, but by another. again: it told what an
	// attempt that was lost came to; that this one was decided itself comes to the same.
	lost, again bool
	// began and ended are the ticks of the call and of its answer, which is 0 if there is none.
	began, ended int64
	// last: no attempt of its request is answered later.
	last bool
}

// do returns what s becomes by c.
func (s *state) called(c *call) []*state {
	if c.lost {
		return s.do(c.c, nil)
	}
	return s.do(c.c, c.out)
}

// event is what a follower meets next.
type event struct {
	tick    int64
	kind    occurrence
	call    int      // of begins, answered and missed
	last    *command // of settled: what the calls were followed by
	session uint64   // of parted
}

// occurrence is the kind of an event.
type occurrence uint8

// In the order in which those of one tick happen.
const (
	answered occurrence = iota
	settled             // calls that were not answered have no effect any more
	begins
	missed // a call has begun that nobody is told of
	parted // a session was called for the last time
	rested // every window is over
)

// newFollower prepares the history of one budget, in the order of its calls, with the ticks at
// which there was a rest.
func newFollower(h History, rests []int64) *follower {
	h = slices.Clone(h)
	slices.SortFunc(h, func(a, b Op) int { return cmp.Compare(a.Call, b.Call) })
	f := &follower{
		parted: map[uint64]bool{}, closed: map[uint64]uint64{},
		tracks: []track{{s: (&state{}).seal()}},
	}
	known := learn(h)
	f.known = known
	for _, tick := range rests {
		f.events = append(f.events, event{tick: tick, kind: rested})
	}
	last := map[uint64]int64{} // by session, the tick at which it was called for the last time
	settles := map[int64]bool{}
	for i, op := range h {
		c := known.call(i, op)
		f.calls = append(f.calls, c)
		end := op.Return
		r := request{op.Input.Session, op.Input.Seq}
		if op.Output == nil {
			f.unanswered++
			end = op.Call
		}
		switch first := known.firsts[r]; {
		case op.Output != nil:
			f.events = append(f.events, event{tick: op.Call, kind: begins, call: i},
				event{tick: op.Return, kind: answered, call: i})
		case c.lost && first == i:
			end = known.told[r]
			f.events = append(f.events, event{tick: op.Call, kind: begins, call: i},
				event{tick: end, kind: answered, call: i})
		case c.lost: // the first one did it, if it was not another
		default:
			f.events = append(f.events, event{tick: op.Call, kind: missed, call: i})
			if at := op.Settled; at > 0 && !settles[at] {
				settles[at] = true
				f.events = append(f.events, event{tick: at, kind: settled,
					last: &command{until: known.until(at), horizon: known.horizon}})
			}
		}
		for _, id := range []uint64{op.Input.Session, c.session} {
			last[id] = max(last[id], end)
		}
	}
	delete(last, 0)
	for id, tick := range last {
		f.events = append(f.events, event{tick: tick, kind: parted, session: id})
	}
	slices.SortFunc(f.events, func(a, b event) int {
		return cmp.Or(cmp.Compare(a.tick, b.tick), cmp.Compare(a.kind, b.kind),
			cmp.Compare(a.session, b.session), cmp.Compare(a.call, b.call))
	})
	return f
}
