package sim

import (
	"math/bits"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/trace"
)

// terms are what a limit bounds, as its events tell it.
type terms struct {
	budget     string
	kind       budget.Kind // "" if no event told of it
	per, span  int64
	pace       int64 // the period in cluster time
	slots      int64
	level                       // in force
	own        map[string]int64 // keys that have another amount
	levels     []level          // that a bucket had, oldest first
	real       int64            // how long the intervals are, in true time, that the bound is about
	since, top int64            // the largest burst in window since, of which leases may be out
	// filled is what has run into a bucket that is never full, in true time, until at.
	filled float64
	at     int64
	// era counts the times at which a bucket became larger or faster. Its intervals begin anew
	// then: since when it was so, before that was committed, nobody here knows.
	era int
}

// level is a limit's amount, and a bucket's burst.
type level struct{ amount, burst int64 }

// learn takes a limit's event, at cluster time t.
func (l *terms) learn(e *trace.Event, t, driftPPM int64) {
	if l.kind == "" {
		l.budget = e.Budget
		l.kind, l.per, l.span, l.pace = budget.KindWindow, e.Per, e.Per, e.Per
		if e.Shape != "" {
			l.kind, l.span, l.slots = budget.Kind(e.Shape), e.Span, e.Slots
			l.pace = e.Per + (e.Per+199)/200
		}
		l.real = min(l.per, l.pace/(1_000_000+driftPPM)*1_000_000)
		l.at, l.since = e.At, -1
	}
	if l.kind == budget.KindBucket {
		l.fill(e.At)
	}
	if e.Key != "" {
		if l.own == nil {
			l.own = map[string]int64{}
		}
		if l.own[e.Key] = e.Amount; e.Amount == 0 {
			delete(l.own, e.Key)
		}
		return
	}
	if e.Amount == 0 { // it is removed, and its shape is not told again
		l.amount = 0
		return
	}
	if l.kind == budget.KindBucket {
		l.top = max(l.full(t), e.Burst)
		l.since = l.window(t)
		l.levels = append(l.levels, level{e.Amount, e.Burst})
	}
	if e.Amount > l.amount || e.Burst > l.burst {
		l.era++
	}
	l.level = level{e.Amount, e.Burst}
}

// of is the amount for a key.
func (l *terms) of(key string) int64 {
	if own, has := l.own[key]; has {
		return own
	}
	return l.amount
}

// window is the limit's at cluster time t; -1 of a limit that was never told of.
func (l *terms) window(t int64) int64 {
	if l.span == 0 {
		return -1
	}
	return t / l.span
}

// fill lets true time pass.
func (l *terms) fill(now int64) {
	l.filled += float64(now-l.at) * float64(l.amount) / float64(l.real)
	l.at = now
}

// full is the most that a bucket may hold, with what is out, at cluster time t.
func (l *terms) full(t int64) int64 {
	if l.window(t) == l.since {
		return l.top
	}
	return l.burst
}

// most is the most that one window may admit at a level.
func (l *terms) most(v level) int64 {
	if l.kind != budget.KindBucket {
		return v.amount
	}
	return v.burst + l.part(v.amount, l.pace-1)
}

// parts are what a credit is counted in where a window's share is no whole number.
const parts = 1_000

// share is the part of an amount that a window is of the period, in parts of credits.
func (l *terms) share(amount int64) int64 { return l.part(amount*parts, 0) }

// part is (n*span + more) / pace.
func (l *terms) part(n, more int64) int64 {
	hi, lo := bits.Mul64(uint64(n), uint64(l.span))
	lo, carry := bits.Add64(lo, uint64(more), 0)
	if hi += carry; hi >= uint64(l.pace) { // of a limit that no event told of
		return 0
	}
	q, _ := bits.Div64(hi, lo, uint64(l.pace))
	return int64(q)
}
