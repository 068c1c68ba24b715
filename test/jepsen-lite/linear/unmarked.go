package linear

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// unmarked finds places for answers that leave no mark in the log, but that tell which policy was
// in force, or that none was.
type unmarked struct {
	begins   map[uint64]place    // of the budget's revisions
	changes  []uint64            // the entries that change it, in their order
	gone     map[uint64]bool     // those after which there is none
	entries  []seen              // in the order of instants
	ends     []seen              // of calls with a place that were answered
	sessions map[uint64][]placed // their requests that were not stale
}

// seen is the last place that was seen by an instant.
type seen struct {
	at    int64
	place place
}

// unmarked prepares the search for places in h, which is of one budget, among those that are known.
func (m *Marks) unmarked(h History, known []placed, begins map[uint64]place) *unmarked {
	u := &unmarked{begins: begins, gone: map[uint64]bool{}, entries: m.entries(),
		sessions: map[uint64][]placed{}}
	budget := budgetOf(h)
	for _, index := range slices.Sorted(maps.Keys(m.changes)) {
		if c := m.changes[index]; c.budget == budget {
			u.changes = append(u.changes, index)
			u.gone[index] = !c.puts()
		}
	}
	for _, p := range known {
		op := p.op
		if op.Return > 0 {
			u.ends = append(u.ends, seen{op.Return, p.place})
		}
		stale := op.Output != nil && op.Output.Answer == Stale
		if op.Input.Kind == Acquire && !stale {
			u.sessions[op.Input.Session] = append(u.sessions[op.Input.Session], p)
		}
	}
	u.ends = inOrder(u.ends)
	return u
}

// place returns the first place that an answer allows, behind all that is known to be earlier; and
// false if the answer does not tell enough.
func (u *unmarked) place(op *Op) (place, bool) {
	p := u.before(op)
	var ok bool
	switch answer := op.Output.Answer; {
	case answer == NoBudget:
		p, ok = u.absent(p)
	case answer == Changed, answer == TooLarge, op.Input.Kind == PutBudget && !op.Output.Changed:
		var begin place
		begin, ok = u.begins[op.Output.Revision]
		p = latest(p, begin)
	}
	p.event = math.MaxInt // behind all that the entry does
	return p, ok
}

// before returns the last place that must be before a call: of entries that were seen and of calls
// that were answered when it began, and of its session's earlier requests, since a request is stale
// behind a later one.
func (u *unmarked) before(op *Op) place {
	last := latest(lastBefore(u.entries, op.Call), lastBefore(u.ends, op.Call))
	for _, p := range u.sessions[op.Input.Session] {
		if p.op.Input.Seq < op.Input.Seq {
			last = latest(last, p.place)
		}
	}
	return last
}

// absent returns the first place from p on at which there is no budget, if there is one.
func (u *unmarked) absent(p place) (place, bool) {
	exists := false
	for _, index := range u.changes {
		if index > p.index {
			if !exists {
				return p, true
			}
			p = place{index: index}
		}
		exists = !u.gone[index]
	}
	return p, !exists
}

func latest(p, q place) place {
	if p.compare(q) < 0 {
		return q
	}
	return p
}

// inOrder puts into the order of instants what was seen at each, or before it.
func inOrder(all []seen) []seen {
	slices.SortFunc(all, func(a, b seen) int { return cmp.Compare(a.at, b.at) })
	for i := 1; i < len(all); i++ {
		all[i].place = latest(all[i].place, all[i-1].place)
	}
	return all
}

// lastBefore returns the last place that was seen before an instant.
func lastBefore(all []seen, instant int64) place {
	i, _ := slices.BinarySearchFunc(all, instant, func(s seen, instant int64) int {
		return cmp.Compare(s.at, instant)
	})
	if i == 0 {
		return place{}
	}
	return all[i-1].place
}
