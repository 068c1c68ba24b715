package lease

import (
	"cmp"
	"slices"
	"time"

	"github.com/leased-io/leased/budget"
)

// MaxLeasesPerLimit bounds the live leases of one limit, and so the work of one admission. A
// full line prefetches nothing; with an ask that need forces it returns its smallest lease.
const MaxLeasesPerLimit = 8

// held is one live lease.
type held struct {
	id     ID
	window budget.Window
	ttl    time.Duration // from the send of the attempt that was answered to the window's end
	life   time.Duration // the part of ttl that is used, on this process's clocks (R6)
	until  Reading       // where life ends: it counts from that send (R7)
	left   budget.Credits
	// returned says that some of it was given up: a lease is returned once (R8).
	returned bool
	used     budget.Credits // slots that are in use
	refused  bool           // slots that can be kept no longer
	// name is the lease that has them at the coordinator: another one after a heartbeat whose
	// answer came when its life was over.
	name   ID
	admits admits
}

// admits aggregates the admissions on a lease since they were last reported.
type admits struct {
	n           budget.Credits
	count       int64
	first, last int64 // monotonic readings
}

// remaining returns how long d may still be admitted on. Zero or less: it is over (R6).
func (d *held) remaining(now Reading) time.Duration { return now.until(d.until) }

// line is what the holder has of one limit.
//
// All its leases are of one window, so credits of two windows are never merged (R10), but for
// slots. Each has at least one credit left, or in use: a lease that has none is over.
type line struct {
	limit budget.Limit
	// above is the name of the budget that the limit is of, where that is not the holder's own.
	above string
	// ceiling is the largest cost that may be asked for: the limit's bound, or less if the
	// coordinator found less too large.
	ceiling budget.Credits
	leases  []held         // at most MaxLeasesPerLimit, the earliest to end first
	live    budget.Credits // what leases have left, in sum
	roll    Reading        // the window of the latest lease ends, as far as is known
	denial  denial
	demand  demand
	sizer   Sizer // nil: demand alone decides
	// bare: nothing is held ahead of those who come for it. So it is with slots, and in strict mode.
	bare bool
}

func newLine(l budget.Limit) line {
	return line{
		limit:   l,
		ceiling: max(0, min(l.Bound(), budget.MaxAmount)),
		demand:  demand{horizon: horizon(l.Per)},
		bare:    l.Kind == budget.KindSlots,
	}
}

// same reports whether l is of the same limit as m, perhaps with another amount.
func (l *line) same(m *line) bool { return l.above == m.above && l.limit.Same(m.limit) }

// shortfall returns how many live credits are missing for a cost of n.
func (l *line) shortfall(n budget.Credits) budget.Credits { return max(0, n-l.live) }

// windowLeft returns the time until the window of the latest lease ends. Zero: not known.
func (l *line) windowLeft(now Reading) time.Duration {
	return max(0, now.until(l.roll))
}

// expire ends the leases whose life is over (R6).
func (l *line) expire(now Reading, rec *recorder) {
	for i := range l.leases {
		if !now.before(l.leases[i].until) {
			l.endIf(rec, func(d *held) bool { return !now.before(d.until) })
			return
		}
	}
}

// endIf ends the leases that over holds for, and those with nothing left. Every lease that
// ends does so here.
func (l *line) endIf(rec *recorder, over func(*held) bool) {
	kept := l.leases[:0]
	for i := range l.leases {
		d := &l.leases[i]
		if (d.left > 0 || d.used > 0) && !over(d) {
			kept = append(kept, *d)
			continue
		}
		l.live -= d.left
		rec.expired(d)
	}
	l.leases = kept
}

// end ends every lease.
func (l *line) end(rec *recorder) { l.endIf(rec, func(*held) bool { return true }) }

// endSpent ends the leases that have nothing left.
func (l *line) endSpent(rec *recorder) { l.endIf(rec, func(*held) bool { return false }) }

// spend takes n credits, of the earliest lease to end first. The caller has made sure that the
// line has as many, and that none of its leases is over.
func (l *line) spend(n budget.Credits, rec *recorder) {
	l.live -= n
	for i := 0; n > 0; i++ {
		d := &l.leases[i]
		take := min(n, d.left)
		n -= take
		d.left -= take
		if take == 0 {
			continue
		}
		if l.slots() {
			d.used += take
		}
		if d.admits.count == 0 {
			d.admits.first = rec.at
		}
		d.admits.n += take
		d.admits.count++
		d.admits.last = rec.at
	}
	if l.leases[0].left == 0 {
		l.endSpent(rec)
	}
}

// giveUp forgets n credits of lease i (TLA+ Return), which must have as many and not be returned
// yet, and says how to return them (R8).
func (l *line) giveUp(i int, n budget.Credits, rec *recorder) Return {
	d := &l.leases[i]
	l.live -= n
	d.left -= n
	d.returned = true
	rec.gaveUp(d, int64(n))
	return Return{Lease: d.id, Window: d.window, Amount: n}
}

// add takes a lease in, if it is still good for something, and ends those of older windows: the
// cluster has left these (R10). A lease of an older window than the line's is over at once. The
// window ends at roll. It reports whether the lease is live.
func (l *line) add(now Reading, d held, roll Reading, rec *recorder) bool {
	l.endIf(rec, func(o *held) bool { return o.window < d.window })
	if len(l.leases) > 0 && l.leases[0].window > d.window {
		rec.expired(&d)
		return false
	}
	l.roll = roll
	if !now.before(d.until) {
		rec.expired(&d)
		return false
	}
	if len(l.leases) == MaxLeasesPerLimit {
		least := slices.MinFunc(l.leases, func(a, b held) int { return cmp.Compare(a.left, b.left) })
		l.endIf(rec, func(o *held) bool { return o.id == least.id })
	}
	i := len(l.leases)
	for i > 0 && l.leases[i-1].remaining(now) > d.remaining(now) {
		i--
	}
	l.leases = slices.Insert(l.leases, i, d)
	l.live += d.left
	return true
}

// inherit takes over the leases and the demand of the same limit with another amount, and
// leaves it none. A lowered amount binds new grants, not leases. A sizer knows the bound that it
// was made for, so it is kept if that stays.
func (l *line) inherit(old *line) {
	l.leases, old.leases = old.leases, nil
	l.live, old.live = old.live, 0
	l.roll, l.demand = old.roll, old.demand
	if l.limit.Bound() == old.limit.Bound() {
		l.sizer = old.sizer
	}
}
