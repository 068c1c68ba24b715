package client

import (
	"slices"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// What a limiter admits without credits, by an explicit policy and outside the budget's bound: of
// degraded budgets while the coordinator is unavailable, and in shadow mode.

// outside is what a limiter admitted without credits, by limit. Most never do.
type outside struct {
	opened []openTally // of what failed open, to be recorded
	shaded []openTally // likewise, of what the shadow mode let pass
	extras []extra
}

// outsideLocked returns it.
func (l *Limiter) outsideLocked() *outside {
	if l.outside == nil {
		n := len(l.lay.limits)
		l.outside = &outside{make([]openTally, n), make([]openTally, n), make([]extra, n)}
	}
	return l.outside
}

// relayed returns what is outside after a change of the limits, which all that is recorded was
// before.
func (o *outside) relayed(old, limits []budget.Limit) *outside {
	if o == nil {
		return nil
	}
	n := len(limits)
	return &outside{make([]openTally, n), make([]openTally, n), carryOver(o.extras, old, limits)}
}

// extra is what a limiter has admitted of one limit by itself in its own period, or, of slots,
// what is in use of that.
type extra struct {
	used  budget.Credits
	since int64 // Mono of the period's first
}

// has returns what of most is left at now.
func (e *extra) has(now lease.Reading, limit budget.Limit, most budget.Credits) budget.Credits {
	if limit.Kind != budget.KindSlots && now.Mono-e.since >= int64(limit.Per) {
		e.used = 0
	}
	return most - e.used
}

func (e *extra) spend(now lease.Reading, n budget.Credits) {
	if e.used == 0 {
		e.since = now.Mono
	}
	e.used += n
}

// admitsOutsideLocked reports whether the limiter may admit outside the budget's bound.
func (l *Limiter) admitsOutsideLocked() bool {
	rules := l.holder.Rules()
	return l.failOpen || rules.Degraded != budget.DegradedClosed || rules.Mode == budget.ModeShadow
}

// carryOver returns the extras of limits, of which some were there before.
func carryOver(extras []extra, old, limits []budget.Limit) []extra {
	now := make([]extra, len(limits))
	for i, l := range limits {
		if j := slices.IndexFunc(old, l.Same); j >= 0 {
			now[i] = extras[j]
		}
	}
	return now
}

// degradeLocked admits cost without credits, if the budget or the limiter says so of times when the
// coordinator is unavailable, and reports whether it did.
func (l *Limiter) degradeLocked(now lease.Reading, cost lease.Cost) bool {
	rules := l.holder.Rules()
	if !l.failOpen && rules.Degraded == budget.DegradedClosed {
		return false
	}
	out := l.outsideLocked()
	if !l.failOpen {
		for i, n := range cost {
			most, bounded := rules.Extra(l.lay.limits[i])
			if n > 0 && bounded && out.extras[i].has(now, l.lay.limits[i], most) < n {
				return false
			}
		}
	}
	for i, n := range cost {
		out.extras[i].spend(now, n)
		out.opened[i].add(now, n)
	}
	return true
}

// releaseExtraLocked gives back slots that were admitted without credits. They may be of a limit
// that is no more.
func (l *Limiter) releaseExtraLocked(uses []lease.Use) {
	for _, u := range uses {
		if i := slices.IndexFunc(l.lay.limits, u.Limit.Same); i >= 0 {
			e := &l.outsideLocked().extras[i]
			e.used = max(0, e.used-u.N)
		}
	}
}

// shadeLocked returns d, or in shadow mode what it becomes: admitted. What makes no sense is not.
func (l *Limiter) shadeLocked(now lease.Reading, d Decision, cost lease.Cost) Decision {
	if l.holder.Rules().Mode != budget.ModeShadow || d.Allowed() || d.Verdict == Invalid ||
		d.Verdict == Closed {
		return d
	}
	for i, n := range cost {
		l.outsideLocked().shaded[i].add(now, n)
	}
	l.decided[d.Verdict]++
	d.Verdict, d.Would = Shadowed, d.Verdict
	return d
}

func positive(n budget.Credits) bool { return n > 0 }
