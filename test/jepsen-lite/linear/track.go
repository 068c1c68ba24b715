package linear

import "slices"

// track is one way in which a history can have happened: the state that it led to, and which of
// the calls that are under way have had their effect.
type track struct {
	s    *state
	done []int // of the follower's calls, ascending
}

// key is the same for tracks that are the same.
func (t track) key() string { return t.name(t.s.id) }

func (t track) name(state string) string {
	e := encoder{b: make([]byte, 0, len(state)+3*len(t.done)+1)}
	for _, i := range t.done {
		e.add(int64(i) + 1)
	}
	e.add(0)
	return string(append(e.b, state...))
}

func (t track) had(x int) bool {
	_, ok := slices.BinarySearch(t.done, x)
	return ok
}

func (t track) without(x int) track {
	done := slices.Clone(t.done)
	return track{t.s, slices.DeleteFunc(done, func(i int) bool { return i == x })}
}

func (t track) with(x int, s *state) track {
	at, _ := slices.BinarySearch(t.done, x)
	return track{s, slices.Insert(slices.Clone(t.done), at, x)}
}

// distinct leaves out the tracks of which nothing can come that cannot come of another.
func distinct(all []track) []track {
	if len(all) < 2 {
		return all
	}
	var kept []track
	alike := map[string][]int{} // in kept
	for _, t := range all {
		core := t.name(t.s.core)
		group := alike[core]
		if slices.ContainsFunc(group, func(i int) bool { return kept[i].s.covers(t.s) }) {
			continue
		}
		// What t covers makes room; the first of it is t's.
		at := slices.IndexFunc(group, func(i int) bool { return t.s.covers(kept[i].s) })
		if at >= 0 {
			kept[group[at]] = t
			continue
		}
		alike[core] = append(group, len(kept))
		kept = append(kept, t)
	}
	return kept
}

// answer goes on with the tracks on which call x has had its effect, after any of those that are
// under way besides. It reports false if there are too many.
func (f *follower) answer(x int) bool {
	var done []track
	seen := map[string]bool{}
	work := slices.Clone(f.tracks)
	for i, t := range work {
		work[i] = f.look(t)
	}
	for len(work) > 0 && len(seen) <= f.limit && !f.stopped() {
		t := work[len(work)-1]
		work = work[:len(work)-1]
		if t.had(x) {
			done = append(done, t.without(x))
			continue
		}
		candidates := f.relevant(t, x)
		next := candidates
		if y := f.forced(t, x, candidates); y >= 0 {
			next = []int{y}
		}
		for _, y := range next {
			for _, s := range f.step(t, y, candidates) {
				n := f.look(t.with(y, s))
				if k := n.key(); !seen[k] {
					seen[k] = true
					work = append(work, n)
				}
			}
		}
	}
	f.underWay = slices.DeleteFunc(f.underWay, func(i int) bool { return i == x })
	f.tracks = distinct(done)
	return len(work) == 0
}

// tooEarly reports whether, by what the answers tell, another call that is under way has its
// effect before y.
func (f *follower) tooEarly(t track, y *call, underWay []int) bool {
	return slices.ContainsFunc(underWay, func(z int) bool {
		return f.calls[z] != y && f.calls[z].before(y, t.s) && !t.had(z)
	})
}

// step returns the states that t's can have become by call i. Those that calls which are pending
// can bring about just as well after it are left out.
func (f *follower) step(t track, i int, underWay []int) []*state {
	var all []*state
	y := f.calls[i]
	begin := f.closure(t, y)
	results := make([][]*state, len(begin))
	for i, b := range begin {
		if before := (track{b.s, t.done}); f.tooEarly(before, y, underWay) ||
			y.again && !y.replayed(b.s) || y.changes() && f.held(before, y) {
			continue
		}
		for _, n := range b.s.called(y) {
			if n.seal(); (y.at == 0 || n.t == y.at) && !f.tooLate(track{n, t.done}, y) {
				results[i] = append(results[i], n)
			}
		}
		for _, n := range results[i] {
			if b.p == nil || !reach(results[b.from], b.p, n) {
				all = append(all, f.tidy(n))
			}
		}
	}
	return all
}

// tooLate reports whether, by what the answers tell, cluster time is beyond another call than y
// that is under way.
func (f *follower) tooLate(t track, y *call) bool {
	return slices.ContainsFunc(f.underWay, func(z int) bool {
		c := f.calls[z]
		return c != y && t.s.t > c.by && !t.had(z)
	})
}

// look has the calls under way that change nothing take effect as soon as they can: that rules
// out nothing.
func (f *follower) look(t track) track {
	for _, y := range f.underWay {
		c := f.calls[y]
		if t.had(y) || !c.looks() && !c.replayed(t.s) {
			continue
		}
		if after := t.s.called(c); len(after) > 0 && (c.looks() || after[0].t == t.s.t) {
			t = t.with(y, t.s)
		}
	}
	return t
}
