package twin

import (
	"maps"
	"slices"

	"github.com/leased-io/leased/trace"
)

// Slots are in use, not spent. Their leases are over a TTL after each was granted, wherever the
// windows of their limit end, and a heartbeat replaces one by another (SlotLease!Hold).

// slots is what a lease of slots has beside what others have.
type slots struct {
	ends int64 // cluster time
	out  int64 // not given back
	// next is the lease in whose grant it was kept, and prev what was kept in its own.
	next  *lease
	prev  *lease
	over  *moment
	inUse int64
	// What its holder gave up, and when; when it said that the lease is over, if it did.
	gaveUp   []less
	endAt    int64
	believed bool // it is among the beliefs of its account
}

// less is n slots less from an instant of the recorder's clock on.
type less struct{ at, n int64 }

// ends returns when a lease of l ends that is granted now.
func (l *limit) ends(now int64) int64 {
	if l.kind == KindSlots {
		return now + l.per
	}
	if l.zone != nil {
		return l.endsAligned(now)
	}
	return l.end()
}

// ends returns when the lease does, in cluster time.
func (g *lease) ends() int64 {
	if g.slots != nil {
		return g.slots.ends
	}
	if g.account.window.limit.zone != nil {
		return g.ending
	}
	return g.account.window.end
}

// lapse lets the leases go whose TTL is over: their slots are free from this entry on, so their
// holders must be done with them.
func (c *checker) lapse(l *limit, key string) error {
	out := l.out[key]
	for len(out) > 0 && (out[0].slots.ends <= c.now || out[0].slots.out == 0) {
		g := out[0]
		out = out[1:]
		if g.slots.out > 0 {
			g.slots.over = c.step.at()
			if err := c.neverEarly(g); err != nil {
				return err
			}
		}
		c.unlend(g)
	}
	if len(out) == 0 {
		delete(l.out, key)
	} else {
		l.out[key] = out
	}
	return nil
}

// lapseAll is lapse of all of a limit's accounts.
func (c *checker) lapseAll(l *limit) error {
	for _, key := range slices.Sorted(maps.Keys(l.out)) {
		if err := c.lapse(l, key); err != nil {
			return err
		}
	}
	return nil
}

// unlend is a lease of which the log expects nothing more: it is settled, if its holder is done
// with it too.
func (c *checker) unlend(g *lease) {
	g.slots.out = 0
	if g.account.window.closed != nil && (g.over || g.taken != nil && g.taken.eof) {
		c.settle(g)
	}
}

// removeSlots is a limit that is no more: nobody can keep or return what it has leased.
func (c *checker) removeSlots(l *limit) {
	for _, key := range slices.Sorted(maps.Keys(l.out)) {
		for _, g := range l.out[key] {
			c.unlend(g)
		}
	}
	l.out = nil
}

// outOf is what key has leased of l.
func (l *limit) outOf(key string) (n int64) {
	for _, g := range l.out[key] {
		n += g.slots.out
	}
	return n
}

// lend makes a granted lease one of slots, in place of the one that it keeps some of.
func (c *checker) lend(l *limit, g, from *lease) {
	g.slots = &slots{ends: l.ends(c.now), out: g.amount}
	if from != nil {
		from.slots.next, g.slots.prev = g, from
		if old := from.slots.prev; old != nil && (old.over || old.slots.ends <= c.now) {
			from.slots.prev = nil // nobody has anything as that one
		}
		c.unlend(from)
		g.bound = max(g.bound, from.bound)
	}
	if l.out == nil {
		l.out = make(map[string][]*lease)
	}
	l.out[g.account.key] = append(l.out[g.account.key], g)
}

// keeps returns the lease that a grant keeps slots of, nil if it keeps none.
func (c *checker) keeps(l *limit, s *session, at *Located) (*lease, error) {
	e := &at.Event
	if e.From == 0 && e.Kept == 0 {
		return nil, nil
	}
	refuse := func(why string, more ...Located) error {
		return violated(Granted, append([]Located{*at}, more...),
			"%d slots of lease %d were kept, %s", e.Kept, e.From, why)
	}
	g := c.leases[e.From]
	switch {
	case l.kind != KindSlots:
		return nil, refuse("and the limit has none", l.at)
	case g == nil || g.slots == nil:
		return nil, refuse("which was never granted or is long over")
	case g.session != s:
		return nil, refuse("which is another session's", g.granted)
	case g.account.window.limit != l:
		return nil, refuse("which is of another limit", g.granted)
	case g.back != nil:
		return nil, refuse("which was given back", *g.back, g.granted)
	case g.slots.out == 0 || g.slots.ends <= c.now:
		return nil, refuse("which was over", g.granted)
	case e.Kept < 1 || e.Kept > g.amount || e.Kept > e.Amount:
		return nil, refuse("which never had as many", g.granted)
	}
	if has := g.has(); has != nil && has.taken.tellsAll() && has.amount-has.givenUp > e.Kept {
		err := violated(NeverEarly, []Located{*at, *has.accepted, has.granted},
			"%d slots of lease %d were kept, and the others are free; its holder had %d of them",
			e.Kept, g.id, has.amount-has.givenUp)
		if !has.taken.waiting {
			return nil, err
		}
		has.taken.doubts(err)
	}
	return g, nil
}

// has returns the lease as which the holder of g has its slots: g, or one before, if it was never
// told of g or was told too late. Nil: it has none.
func (g *lease) has() *lease {
	for g != nil && (g.over || g.taken == nil) {
		g = g.slots.prev
	}
	return g
}

// slotUse is what a holder does with a lease of slots.
func (c *checker) slotUse(p *process, g *lease, at *Located) error {
	e := &at.Event
	s := g.slots
	broken := func(what string) error {
		return violated(Books, []Located{*at, *g.accepted, g.granted},
			"%d slots of lease %d are %s; it has %d of %d, of which %d are in use (over: %t)",
			e.N, g.id, what, g.amount-g.givenUp, g.amount, s.inUse, g.over)
	}
	switch {
	case g.over || e.N < 0:
		return broken("told of")
	case e.Kind == trace.KindAdmit:
		if s.inUse += e.N; s.inUse > g.amount-g.givenUp {
			return broken("taken into use")
		}
		if e.N < 1 || e.Count < 1 || e.First > e.Last {
			return broken("taken in no time")
		}
		c.report.Credits += e.N
		c.report.Admissions += e.Count
		return c.inLife(p, g, at)
	case e.Kind == trace.KindRelease:
		if s.inUse -= e.N; s.inUse < 0 {
			return broken("released")
		}
	case e.Kind == trace.KindGiveUp:
		if g.givenUp += e.N; s.inUse > g.amount-g.givenUp {
			return broken("given up")
		}
		s.gaveUp = append(s.gaveUp, less{e.At, e.N})
	default:
		if e.N != g.amount-g.givenUp && !p.gap {
			return broken("over")
		}
		n := s.next
		for n != nil && n.over { // told too late
			n = n.slots.next
		}
		if n != nil && n.taken != nil {
			n.slots.inUse += s.inUse // what is in use stays in use
			if n.slots.inUse > n.amount-n.givenUp {
				return broken("kept by its heartbeat, which has fewer")
			}
		}
		g.over, s.endAt = true, e.At
		if g.account.window.closed != nil && s.out == 0 {
			c.settle(g)
		}
	}
	return nil
}

// inLife checks that slots were taken after their grant was proposed, and in the lease's life.
func (c *checker) inLife(p *process, g *lease, at *Located) error {
	e := &at.Event
	if g.send != nil && (e.First < g.send.Event.At || e.Last-g.send.Event.At >= g.life) {
		return violated(LeaseCover, []Located{*at, *g.accepted, *g.send, g.granted},
			"slots of lease %d were taken from %d to %d ns after its attempt was sent; its life was %d",
			g.id, e.First-g.send.Event.At, e.Last-g.send.Event.At, g.life)
	}
	if born, comparable := on(g.born.before, p.clock); comparable &&
		e.First < born-int64(c.opts.Slack) {
		return violated(NeverEarly, []Located{*at, g.granted, g.born.entry},
			"slots were taken %d ns before their grant was proposed", born-e.First)
	}
	return nil
}

// believed returns until when the holder of g believes to hold it.
func (g *lease) believedUntil() (until int64, known bool) {
	if g.send == nil {
		return g.slots.endAt, g.over
	}
	until = g.send.Event.At + g.life
	if g.over {
		until = min(until, g.slots.endAt)
	}
	return until, true
}

// neverEarly checks that the holder of a lease that is over in the log was done with it before, as
// far as it is known whose it is (SlotLease!Covered).
func (c *checker) neverEarly(g *lease) error {
	if g.slots == nil || g.slots.over == nil || g.taken == nil {
		return nil
	}
	until, known := g.believedUntil()
	freed, comparable := on(g.slots.over.after, g.taken.clock)
	switch {
	case !known || until <= g.accepted.Event.At: // it never had them
		return nil
	case !comparable:
		c.report.Incomparable++
		return nil
	case until-int64(c.opts.Slack) > freed:
		return violated(NeverEarly, []Located{*g.accepted, g.granted, g.slots.over.entry},
			"the slots of lease %d were free %d ns before its holder was done with them",
			g.id, until-freed)
	}
	return nil
}

// asksAgain is after which part of a period (one over it) a denied request is told to ask again.
const asksAgain = 8

// frees reports whether a denied request for slots may be told to wait for d: until some are over,
// or for a part of the period, since a slot may be given back at any time.
func (l *limit) frees(key string, now, d int64) bool {
	for _, g := range l.out[key] {
		if g.slots.ends-now == d {
			return d <= l.per/asksAgain
		}
	}
	return d == l.per/asksAgain
}
