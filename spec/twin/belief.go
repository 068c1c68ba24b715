package twin

import (
	"cmp"
	"maps"
	"slices"
)

// AtMostL is about every instant of real time: no cluster clock and no log are in it. So it is
// held against what holders told alone, where one clock covers all recorders: each believes that
// it has the slots of a lease from its acceptance until it said that the lease is over, or its
// life was, less what it gave up before.

// belief is so many slots more, or fewer, from an instant on.
type belief struct {
	at, n int64
	g     *lease
}

// maxBeliefs is how many changes of an account are kept before those are judged and dropped that
// lie before all others. It grows with what lives at a time.
const maxBeliefs = 4096

// believes keeps what the holder of a lease that is settled believed.
func (c *checker) believes(g *lease) {
	if g.slots.believed || g.taken == nil || g.accepted == nil || len(c.clocks) != 1 {
		return
	}
	g.slots.believed = true
	until, known := g.believedUntil()
	from := g.accepted.Event.At
	until -= int64(c.opts.Slack)
	if !known || until <= from {
		return
	}
	l, key, n := g.account.window.limit, g.account.key, g.amount
	if l.beliefs == nil {
		l.beliefs = make(map[string][]belief)
	}
	list := append(l.beliefs[key], belief{from, n, g})
	for _, s := range g.slots.gaveUp {
		if s.at < until {
			list = append(list, belief{max(from, s.at-int64(c.opts.Slack)), -s.n, g})
			n -= s.n
		}
	}
	l.beliefs[key] = append(list, belief{until, -n, g})
	if len(l.beliefs[key]) >= max(maxBeliefs, 2*l.judged) {
		c.judgeBeliefs(l, key)
		l.judged = len(l.beliefs[key])
	}
}

// judgeBeliefs adds an account's beliefs up in the order of real time, and forgets leases that
// ended before all that are still alive were granted.
func (c *checker) judgeBeliefs(l *limit, key string) {
	list := l.beliefs[key]
	slices.SortStableFunc(list, func(a, b belief) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.n, b.n)) // what ends makes room
	})
	live, sum := map[*lease]bool{}, int64(0)
	for _, b := range list {
		if sum += b.n; b.n < 0 {
			if b.at == b.g.lastBelief(c) {
				delete(live, b.g)
			}
			continue
		}
		live[b.g] = true
		bound := int64(0)
		for g := range live {
			bound = max(bound, g.bound)
		}
		if sum > bound && c.overshot == nil {
			c.overshot = violated(AtMostL, []Located{*b.g.accepted, b.g.granted, l.at},
				"%d slots of %s %s, key %q, were believed to be held at %d; there were %d",
				sum, l.budget, l.metric, key, b.at, bound)
		}
		c.fullest(l, key, sum, bound)
	}
	first := c.oldestAlive(l, key)
	l.beliefs[key] = slices.DeleteFunc(list, func(b belief) bool { return b.g.lastBelief(c) < first })
}

// lastBelief is when the holder of g stopped to believe.
func (g *lease) lastBelief(c *checker) int64 {
	until, _ := g.believedUntil()
	return until - int64(c.opts.Slack)
}

// oldestAlive is before when no lease was accepted that is not judged yet.
func (c *checker) oldestAlive(l *limit, key string) int64 {
	first := c.step.at().after[0].at
	for _, g := range c.leases {
		if g.slots != nil && g.account.window.limit == l && g.account.key == key {
			first = min(first, g.born.after[0].at)
		}
	}
	return first
}

// fullest remembers the instant at which the largest part of an account was believed to be held.
func (c *checker) fullest(l *limit, key string, sum, bound int64) {
	f := c.report.FullestInterval
	if f != nil && !fuller(sum, bound, f.Admitted, f.Bound) {
		return
	}
	c.report.FullestInterval = &IntervalTally{Kind: KindSlots, Budget: l.budget, Metric: l.metric,
		Key: key, Limit: l.serial, Per: l.per, Bound: bound, Admitted: sum}
}

// judgeAllBeliefs judges what is left when all files are at their ends.
func (c *checker) judgeAllBeliefs() {
	for _, id := range slices.Sorted(maps.Keys(c.leases)) {
		if g := c.leases[id]; g.slots != nil {
			c.believes(g)
		}
	}
	for _, l := range c.believing {
		for _, key := range slices.Sorted(maps.Keys(l.beliefs)) {
			c.judgeBeliefs(l, key)
		}
	}
}
