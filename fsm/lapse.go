package fsm

import (
	"cmp"
	"container/heap"
	"maps"
	"slices"

	"github.com/leased-io/leased/budget"
)

// lapse ends the overrides whose time is over. Until the first entry at or after that nobody is
// granted anything, so an entry before it pays nothing for those that there are.
func (s *State) lapse() {
	for len(s.lapses) > 0 && s.lapses[0].until <= s.t {
		o := s.lapses[0]
		p := s.budgets[o.limit.budget]
		s.endOverride(p, slices.Index(p.lives, o.limit), o)
	}
}

// lapses is a heap of the overrides that are for a time, the one that is over first at its root; of
// several, the one of the oldest limit and the first key.
type lapses []*override

var _ heap.Interface = (*lapses)(nil)

func (h lapses) Len() int { return len(h) }
func (h lapses) Less(i, j int) bool {
	a, b := h[i], h[j]
	return cmp.Or(cmp.Compare(a.until, b.until), cmp.Compare(a.limit.serial, b.limit.serial),
		cmp.Compare(a.key, b.key)) < 0
}
func (h lapses) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}
func (h *lapses) Push(x any) {
	o := x.(*override)
	o.place = len(*h)
	*h = append(*h, o)
}
func (h *lapses) Pop() any {
	last := len(*h) - 1
	o := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return o
}

// lapsed reports whether any override of the limit is over at t.
func (l *limit) lapsed(t budget.Instant) bool {
	for _, o := range l.overrides {
		if o.over(t) {
			return true
		}
	}
	return false
}

// lapse is when an override is over; 0: if it is for no time, or there is none.
func (o *override) lapse() budget.Instant {
	if o == nil {
		return 0
	}
	return o.until
}

func (o *override) over(t budget.Instant) bool { return o.until != 0 && o.until <= t }

// without returns the limit as the first entry at t will find it, once it has rolled: without the
// overrides that are over.
func (l *limit) without(t budget.Instant) *limit {
	rest := *l
	rest.overrides = maps.Clone(l.overrides)
	maps.DeleteFunc(rest.overrides, func(_ string, o *override) bool { return o.over(t) })
	if o := l.overrides[""]; o != nil && o.over(t) {
		rest.change(o.put, t)
	}
	return &rest
}
