package linear

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// The ways of a budget's history that a follower looks at for one answer, at most. Beyond that
// nobody knows. A history in the order of the log has few of them, but for rare moments.
const (
	maxTracks      = 2_000
	maxTracksAlong = 50_000
)

// confirmBound bounds the search for an order of a budget's operations that a follower has missed,
// in real time.
const confirmBound = 30 * time.Second

// Follow says whether h is linearizable, as Check does, of a history of any length. It goes along
// the answers in their order and keeps every state that the coordinator may be in, so that its
// time and memory are bounded by what is under way at once and not by all that ever was. A budget
// with too many ways to be followed is unknown from there on; Unjudged counts its operations.
//
// What it calls valid is. It may miss a way where a call that nobody was told of charges windows of
// two lengths, so what it finds invalid is left to Check, which misses none: invalid is what both
// call so, and what Check does not decide within confirmBound is unknown.
func Follow(h History) Verdict { return follow(h, maxTracks, nil, confirm) }

// confirm has Check look at what a follower found invalid in the operations of one budget.
func confirm(h History, why string) (Result, string) {
	switch found := check(h, confirmBound); found {
	case Valid:
		return Valid, ""
	case Unknown:
		return Unknown, why + "; no search has confirmed that within " + confirmBound.String()
	}
	return Invalid, why
}

// follow is Follow with a bound on what is looked at for one answer, until it is told to stop. What
// is found invalid in a budget is left to confirm, if that is not nil.
func follow(
	h History, most int, stop <-chan struct{}, confirm func(History, string) (Result, string),
) Verdict {
	verdict := Verdict{Result: Valid}
	parts, problem := split(h)
	if problem != "" {
		verdict.Result, verdict.Why, verdict.Unjudged = Unknown, problem, len(h)
		return verdict
	}
	var rests []int64
	for _, op := range h {
		if op.Input.Kind == Rest {
			rests = append(rests, op.Call)
		}
	}
	for _, budget := range slices.Sorted(maps.Keys(parts)) {
		f := newFollower(parts[budget], rests)
		f.limit, f.stop = most, stop
		result, why := f.run()
		if result == Invalid && confirm != nil {
			if result, why = confirm(parts[budget], why); result == Unknown {
				f.unjudged = len(f.calls)
			}
		}
		verdict.Budgets++
		verdict.Ops += len(f.calls)
		verdict.Unanswered += f.unanswered
		verdict.Unjudged += f.unjudged
		verdict.Most = max(verdict.Most, f.most)
		if result == Invalid && verdict.Result != Invalid ||
			result == Unknown && verdict.Result == Valid {
			verdict.Result, verdict.Budget, verdict.Why = result, budget, why
		}
	}
	return verdict
}

// follower goes along the history of one budget.
type follower struct {
	calls      []*call
	events     []event
	known      *knowledge
	unanswered int
	unjudged   int
	limit      int             // of what is looked at for one answer
	stop       <-chan struct{} // closed: give up
	most       int             // tracks at once

	tracks []track
	// astray: there are too many tracks, and none is followed.
	astray bool
	rest   rest
	// underWay are the calls that have begun and are not answered yet, of those that are told.
	underWay []int
	// parted are the sessions that nobody calls any more.
	parted map[uint64]bool
	// closed is, by session, the last request that nobody will be told of again.
	closed map[uint64]uint64
}

// run returns the result, and why it is not Valid.
func (f *follower) run() (Result, string) {
	for _, e := range f.events {
		if f.astray {
			f.wander(e)
			continue
		}
		before := f.tracks
		f.astray = !f.meet(e)
		f.most = max(f.most, len(f.tracks))
		switch {
		case f.astray && e.kind == answered:
			f.unjudged++
		case len(f.tracks) == 0 && !f.astray:
			return Invalid, f.blame(e.call, before)
		}
	}
	if f.unjudged > 0 {
		return Unknown, fmt.Sprintf("%d of %d operations are not judged: at times there are more "+
			"than %d ways to explain what the clients were told", f.unjudged, len(f.calls), f.limit)
	}
	return Valid, ""
}

// stopped reports whether it is time to give up.
func (f *follower) stopped() bool {
	select {
	case <-f.stop:
		return true
	default:
		return false
	}
}

// meet goes on by an event. It reports false if there are too many tracks.
func (f *follower) meet(e event) bool {
	switch e.kind {
	case begins:
		f.underWay = append(f.underWay, e.call)
	case missed:
		f.miss(f.calls[e.call].c)
	case answered:
		if !f.answer(e.call) {
			return false
		}
		if c := f.calls[e.call]; c.last {
			f.closed[c.c.Session] = max(f.closed[c.c.Session], c.c.Seq)
			f.tidyAll()
		}
	case settled:
		return f.settle(e)
	case parted:
		f.parted[e.session] = true
		f.tidyAll()
	}
	return true
}

// blame says that the answer to call x fits to no track.
func (f *follower) blame(x int, before []track) string {
	c := f.calls[x]
	return fmt.Sprintf("no order of its operations explains what the clients were told: after %d "+
		"of %d, client %d's does not fit: %s; the books could be %s", x, len(f.calls), c.client,
		tell(c.c, c.out), before[0].s)
}

// miss has a call be pending that nobody was told of.
func (f *follower) miss(c *command) {
	for i, t := range f.tracks {
		f.tracks[i].s = step(context.Background(), t.s, c, nil)[0]
	}
}

// settle forgets the calls that can have no effect any more, after all that they can have had.
func (f *follower) settle(e event) bool {
	gone := func(c *command) bool { return c.settled > 0 && c.settled <= e.tick }
	var next []track
	for _, t := range f.tracks {
		all := []*state{t.s}
		if slices.ContainsFunc(t.s.pending, gone) {
			all = t.s.closure(context.Background(), e.last)
		}
		for _, s := range all {
			n := s.clone()
			n.pending = slices.DeleteFunc(n.pending, gone)
			next = append(next, track{n.seal(), t.done})
		}
		if len(next) > f.limit {
			return false
		}
	}
	f.tracks = distinct(next)
	return true
}

func (f *follower) tidyAll() {
	for i, t := range f.tracks {
		f.tracks[i].s = f.tidy(t.s)
	}
	f.tracks = distinct(f.tracks)
}

// tidy returns s without what does not matter any more: sessions that nobody calls again, with
// calls of them that can charge or give back nothing, and decisions that nobody is told again.
func (f *follower) tidy(s *state) *state {
	idle := func(c *command) bool { return f.parted[c.Session] && s.spent(c) }
	busy := func(id uint64) bool {
		return slices.ContainsFunc(s.pending, func(c *command) bool {
			return c.Session == id && !idle(c)
		})
	}
	parted := func(ss session) bool { return f.parted[ss.id] && !busy(ss.id) }
	closed := func(ss session) bool {
		return ss.decided != nil && ss.seq <= f.closed[ss.id]
	}
	either := func(ss session) bool { return parted(ss) || closed(ss) }
	if !slices.ContainsFunc(s.sessions, either) {
		return s
	}
	n := s.clone()
	n.sessions = slices.DeleteFunc(n.sessions, parted)
	for i := range n.sessions {
		if ss := &n.sessions[i]; closed(*ss) {
			ss.decided, ss.said, ss.opens = nil, "", 0
		}
	}
	return n.seal()
}

// spent reports whether a call that is pending can change nothing but its session any more.
func (s *state) spent(c *command) bool {
	ss := s.session(c.Session)
	if ss == nil {
		return true
	}
	if slices.ContainsFunc(c.Returns, func(r Return) bool {
		return slices.ContainsFunc(ss.held, func(h held) bool {
			return h.lease == r.Lease && s.returnable(h)
		})
	}) {
		return false
	}
	// A policy that was replaced does not come back.
	return c.Kind == GiveBack || c.Kind == Acquire && c.Revision != s.revision &&
		c.Revision <= s.lastRevision
}
