package refine

import (
	"math/big"

	"github.com/leased-io/leased/spec/twin/calendar"
	"github.com/leased-io/leased/trace"
)

// The shapes of limits that are no window limits, as their events have them. Each of a sliding
// limit's keys is an instance of SlidingLease with X = 0, each of a bucket's one of BucketLease.
const (
	sliding = "sliding"
	bucket  = "bucket"
)

const (
	// maxSlots bounds what is remembered of windows before.
	maxSlots = 1 << 10
	// longest is longer than any run.
	longest = 1 << 60
)

// sane reports whether a limit's event says what its kind needs, and nothing else.
func sane(e *trace.Event) bool {
	switch e.Shape {
	case "":
		return e.Slots == 0 && e.Burst == 0 && e.Span == 0 && (e.Align == "") == (e.Zone == "") &&
			(e.Align == "" || calendar.Known(e.Align))
	case sliding:
		return e.Slots >= 1 && e.Slots <= maxSlots && e.Burst == 0 && e.Span >= 1
	case slots:
		return e.Slots == 0 && e.Burst == 0 && e.Span == e.Per && !e.Shares
	default:
		return e.Shape == bucket && e.Slots == 0 && e.Burst >= 1 && e.Span >= 1
	}
}

// pace is a period in cluster time, of what is bounded in real time: half a percent more. A whole
// credit is pace parts of one (BucketLease: Q), of which amount are refilled in a nanosecond (R).
func pace(per int64) *big.Int {
	p := big.NewInt(per)
	return p.Add(p, big.NewInt(per/200+min(1, per%200)))
}

// slotsCover reports whether a sliding limit's slots are its period (SlidingLease: ASSUME).
func slotsCover(e *trace.Event) bool {
	period := new(big.Int).Mul(big.NewInt(e.Slots), big.NewInt(e.Span))
	short := period.Cmp(pace(e.Per))
	period.Sub(period, big.NewInt(e.Slots))
	return e.Shape != sliding || short >= 0 && period.Cmp(pace(e.Per)) < 0
}

// memory is for how long after a window its charges count, or a bucket may be less than full.
func (l *limit) memory() int64 {
	switch l.shape {
	case sliding:
		return l.slots * l.span
	case bucket:
		fill := new(big.Int).Mul(big.NewInt(l.burst), pace(l.per))
		fill.Add(fill, big.NewInt(l.amount-1)).Quo(fill, big.NewInt(l.amount))
		if !fill.IsInt64() {
			return longest
		}
		return min(longest, fill.Int64())
	case slots:
		return l.per // a lease that began at the window's end
	default:
		return 0
	}
}

// longest is the most that a lease of such a limit may last in any cluster: a bucket's windows are
// a 4th of its filling time at most.
func (l *limit) longest() int64 {
	if l.shape == bucket {
		return max(l.span, l.memory()/4)
	}
	if l.zone != nil {
		return maxLease
	}
	return l.span
}

// generation is what was charged in a window before the current one.
type generation struct {
	window int64
	used   map[string]*account
}

// before is what key was charged in windows before the current one that count.
func (l *limit) before(key string) int64 {
	sum := int64(0)
	for _, g := range l.past {
		if a := g.used[key]; a != nil {
			sum += a.used
		}
	}
	return sum
}

// counts reports whether the charges of a window count at t (SlidingLease!Counts).
func (l *limit) counts(window, t int64) bool { return window >= t/l.span-l.slots }

// leaves is when the charges of the current window count no more.
func (l *limit) leaves() int64 { return (l.window + l.slots + 1) * l.span }

// slides reports whether a denial may tell key to wait until t: a charge counts just before that
// and not then, and without it something is left.
func (l *limit) slides(key string, t int64) bool {
	left, freed := l.amountOf(key), false
	sum := func(window int64, a *account) {
		if a == nil || a.used == 0 {
			return
		}
		if l.counts(window, t) {
			left -= a.used
		} else if l.counts(window, t-1) {
			freed = true
		}
	}
	for _, g := range l.past {
		sum(g.window, g.used[key])
	}
	sum(l.window, l.avail[key])
	return freed && left > 0
}

// roll makes room for a new window: of a sliding limit the old one is among those before, and a
// bucket is as it was. It returns what buckets met on their way.
func (l *limit) roll(window, t int64) (met refilled) {
	switch l.shape {
	case sliding:
		if len(l.avail) > 0 {
			l.past = append(l.past, generation{l.window, l.avail})
		}
		for len(l.past) > 0 && !l.counts(l.past[0].window, t) {
			l.past[0] = generation{}
			l.past = l.past[1:]
		}
	case bucket:
		l.untouched.refill(l, t)
		for key, a := range l.avail {
			r := a.refill(l, t)
			met.capped, met.over = met.capped || r.capped, met.over || r.over
			if a.used == 0 && a.tok.Cmp(&l.untouched.tok) == 0 {
				delete(l.avail, key) // as if it had never been asked
			}
		}
	}
	if l.shape == slots {
		for key, a := range l.avail {
			if a.out(t) == 0 {
				delete(l.avail, key)
			}
		}
	}
	if l.shape != bucket && l.shape != slots && len(l.avail) > 0 {
		l.avail = make(map[string]*account)
	}
	l.window = window
	return met
}
