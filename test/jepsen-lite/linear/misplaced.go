package linear

import (
	"math"
	"slices"
)

// mostMisplaced bounds the calls whose places are taken back. With more of them the log is not
// known well enough to follow it.
const mostMisplaced = 1_000

// misplaced takes the places back that contradict real time: of two calls that follow each other,
// the later one has its place first. Not both need to be wrong, so the one that contradicts most
// others goes first. What remains of known is in the order of real time; free has no place any
// more, and may have had its effect at any instant of its own. It returns false if there are more
// than mostMisplaced to choose from.
func misplaced(known []placed) (kept, free []placed, ok bool) {
	early, late := contradictions(known)
	if len(early)+len(late) > mostMisplaced {
		return nil, nil, false
	}
	taken := map[int]bool{}
	for {
		worst, most := 0, 0
		for _, side := range [][]int{late, early} {
			for _, i := range side {
				if n := contradicted(known, i, early, late, taken); n > most {
					worst, most = i, n
				}
			}
		}
		if most == 0 {
			break
		}
		taken[worst] = true
	}
	for i, p := range known {
		if taken[i] {
			free = append(free, p)
		} else {
			kept = append(kept, p)
		}
	}
	return kept, free, true
}

// contradictions returns the calls that began after one was over whose place is behind theirs, and
// those that were over before one began whose place is ahead of theirs.
func contradictions(known []placed) (early, late []int) {
	over := int64(math.MaxInt64)
	for i, p := range slices.Backward(known) {
		if p.op.Call > over {
			early = append(early, i)
		}
		if p.op.Return > 0 {
			over = min(over, p.op.Return)
		}
	}
	begun := int64(0)
	for i, p := range known {
		if p.op.Return > 0 && p.op.Return < begun {
			late = append(late, i)
		}
		begun = max(begun, p.op.Call)
	}
	return early, late
}

// contradicted counts the calls, not taken, that call i cannot be in the log's order with.
func contradicted(known []placed, i int, early, late []int, taken map[int]bool) (n int) {
	if taken[i] {
		return 0
	}
	follows := func(a, b int) bool { // b is over when a begins, and has its place behind a's
		over := known[b].op.Return
		return a < b && over > 0 && over < known[a].op.Call
	}
	for _, j := range late {
		if !taken[j] && follows(i, j) {
			n++
		}
	}
	for _, j := range early {
		if !taken[j] && follows(j, i) {
			n++
		}
	}
	return n
}

// unplace returns calls as their clients saw them. Those that were not answered can have no effect
// any more from just after their last mark.
func (m *Marks) unplace(free []placed) (h History) {
	for _, p := range free {
		h = append(h, *p.seen)
	}
	m.settle(h)
	return h
}
