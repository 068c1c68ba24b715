package fsm

import (
	"container/heap"
	"maps"
	"slices"

	"github.com/leased-io/leased/budget"
)

// of returns the limit as it is for key: every grant goes by it.
func (l *limit) of(key string) budget.Limit {
	in := l.Limit
	if key != "" {
		if o := l.overrides[key]; o != nil {
			in.Amount = o.amount
		}
	}
	return in
}

// asPut returns the limit as the budget says, without the override of the whole limit.
func (l *limit) asPut() budget.Limit {
	return asPut(l.Limit, l.overrides)
}

func asPut(l budget.Limit, overrides map[string]*override) budget.Limit {
	if o := overrides[""]; o != nil {
		return o.put
	}
	return l
}

// asPut returns the budget as it was put.
func (p *policy) asPut() budget.Budget {
	b := p.Budget
	b.Limits = slices.Clone(p.Limits)
	for i, l := range p.lives {
		b.Limits[i] = l.asPut()
	}
	return b
}

// told returns the line's limits as they are for the session's keys. They are read-only.
func (r *reach) told() []budget.Limit {
	own := func(i int) bool {
		key := r.keys[r.up[i]]
		return key != "" && r.lives[i].overrides[key] != nil
	}
	limits := r.limits
	for i, l := range r.lives {
		if own(i) {
			if &limits[0] == &r.limits[0] {
				limits = slices.Clone(r.limits)
			}
			limits[i] = l.of(r.keys[r.up[i]])
		}
	}
	return limits
}

// overrides counts those of all limits.
func (p *policy) overrides() (n int) {
	for _, l := range p.lives {
		n += len(l.overrides)
	}
	return n
}

// tell has the budget say what limit i is now.
func (p *policy) tell(i int) {
	p.Limits = slices.Clone(p.Limits)
	p.Limits[i] = p.lives[i].Limit
}

// keepOverride files o, and when it lapses.
func (s *State) keepOverride(o *override) {
	o.limit.ownOverrides()
	if o.limit.overrides == nil {
		o.limit.overrides = map[string]*override{}
	}
	o.limit.overrides[o.key] = o
	if o.until != 0 {
		heap.Push(&s.lapses, o)
	}
}

// ownOverrides makes the table of overrides one that may be written to.
func (l *limit) ownOverrides() {
	if l.lent {
		l.overrides, l.lent = maps.Clone(l.overrides), false
	}
}

// forgetOverride is the reverse of keepOverride; of nil there is nothing to do.
func (s *State) forgetOverride(o *override) {
	if o == nil {
		return
	}
	o.limit.ownOverrides()
	delete(o.limit.overrides, o.key)
	if len(o.limit.overrides) == 0 {
		o.limit.overrides = nil
	}
	if o.until != 0 {
		heap.Remove(&s.lapses, o.place)
	}
}

// endOverride has the limit be again what it is without o, for those whom o was for.
func (s *State) endOverride(p *policy, i int, o *override) {
	s.forgetOverride(o)
	if o.key == "" {
		s.changeLimit(o.limit, o.put, o.lapse(), 0)
		p.tell(i)
	} else {
		s.emitChange(o.limit, o.key, 0, 0)
	}
	s.revise(p)
}
