package linear

import (
	"cmp"
	"slices"
)

// wander goes along with no track, until the thread can be picked up: at the first read after a
// rest, if nothing else was called in between.
func (f *follower) wander(e event) {
	switch e.kind {
	case begins:
		f.rest.others = f.rest.others || f.calls[e.call].c.Kind != GetBudget
	case missed:
		f.rest.others = true
	case answered:
		c := f.calls[e.call]
		if f.rest.begun && !f.rest.others && c.c.Kind == GetBudget && c.out.Answer == Done {
			f.tracks = []track{{s: f.afresh(c, e)}}
			f.astray, f.rest, f.underWay = false, rest{}, nil
			return
		}
		f.unjudged++
	case parted:
		f.parted[e.session] = true
	case rested:
		f.rest = rest{begun: true}
	}
}

// rest is what a follower that is astray knows of the last rest.
type rest struct {
	begun  bool
	others bool // other calls than reads came since
}

// afresh is the state at c, the read that ended at e: it tells the policy, and of what was before
// the rest nothing is left but the sessions, and the numbers that were handed out.
func (f *follower) afresh(c *call, e event) *state {
	s := &state{
		t: f.known.since(e.tick), exists: true, keyed: c.out.Keyed,
		revision: c.out.Revision, lastRevision: c.out.Revision,
	}
	for i, l := range c.out.Limits {
		s.lives = append(s.lives, life{Limit: l, serial: i + 1})
	}
	s.lastLife = len(s.lives)
	next := f.nextRequests(e.tick)
	for _, k := range f.calls {
		if k.out == nil || k.ended == 0 || k.ended > e.tick {
			continue
		}
		for _, g := range k.out.Grants {
			s.lastLease = max(s.lastLease, g.Lease)
		}
		if k.session == 0 {
			continue
		}
		s.lastSession = max(s.lastSession, k.session)
		if !f.parted[k.session] {
			s.sessions = append(s.sessions, session{
				id: k.session, key: k.key, seq: next[k.session], // touched who knows when
			})
		}
	}
	slices.SortFunc(s.sessions, func(a, b session) int { return cmp.Compare(a.id, b.id) })
	return s.seal()
}

// nextRequests are the numbers before those of the sessions' first requests after a tick.
func (f *follower) nextRequests(tick int64) map[uint64]uint64 {
	all := map[uint64]uint64{}
	for _, k := range slices.Backward(f.calls) {
		if k.began > tick && k.c.Kind == Acquire {
			all[k.c.Session] = k.c.Seq - 1
		}
	}
	return all
}
