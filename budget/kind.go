package budget

import (
	"math"
	"math/bits"
	"time"
)

// Kind is the shape of a limit's bound.
//
// Of the first three, credits are leased in windows: a lease ends with the window of cluster time
// that it was granted in, so that one protocol, and one rule for its life (R6), serve them all.
// They differ in how long such a window is (Span), in how long its charges matter once it is
// over (Memory), and so in what is left to grant. A lease of slots lasts a period, wherever in a
// window it is granted, and is replaced by another one for as long as its holder wants it.
type Kind string

const (
	// KindWindow bounds the admissions of each window [kW, (k+1)W) (Theorem 1).
	KindWindow Kind = "window"
	// KindSliding bounds the admissions of ANY interval as long as the period (Theorem 2,
	// SlidingLease.tla): the charges of the current window and of the Slots before it stay
	// within the amount.
	KindSliding Kind = "sliding"
	// KindBucket bounds the admissions of ANY interval t by Burst + Amount*t/Per (Theorem 3,
	// BucketLease.tla): a bucket of Burst credits that Amount per Per refill.
	KindBucket Kind = "bucket"
	// KindSlots bounds what is in use at every INSTANT (SlotLease.tla): at most Amount holders
	// believe that they have a slot. A slot is free again when it is released, or Per after its
	// holder's last heartbeat took effect, in cluster time.
	KindSlots Kind = "slots"
)

// Bounds of a limit of slots.
const (
	// MaxSlotHolders bounds its amount, and so what is remembered of an account.
	MaxSlotHolders Credits = 1_000_000
	// MinSlotPer leaves room for a few heartbeats, MaxSlotPer for a session to be remembered for
	// longer than any of its slots.
	MinSlotPer = 100 * time.Millisecond
	MaxSlotPer = 5 * time.Minute
)

const (
	// DefaultSlots is into how many windows a sliding limit cuts its period if nobody says. More of
	// them give credits back more smoothly, and make leases shorter.
	DefaultSlots = 10
	// MaxSlots is into how many it may.
	MaxSlots = 60
	// paceMarginPPM is by how much longer the periods of sliding limits and buckets are in
	// cluster time, which may run that much fast, so that their bounds hold for intervals of real
	// time. It covers the default max_clock_drift; under a larger one the intervals are shorter by
	// the difference.
	paceMarginPPM = 5_000
)

// A bucket's leases last a small part of the time in which it fills: what is spent of them is
// back when they are over. A bucket that is changed keeps the span it has while that is a part
// within these bounds.
const (
	usualSpans = 16 // in a fill, of a new bucket
	leastSpans = 4
	mostSpans  = 64
	// minFill is the least time in which an empty bucket may fill.
	minFill = usualSpans * MinPer
)

// Span returns how long the windows are that the limit's credits are leased in, in cluster time. Of
// an aligned limit it is how long its leases are, which are renewed within its windows.
func (l Limit) Span() time.Duration {
	switch l.Kind {
	case KindSliding:
		return (l.pace() + time.Duration(l.Slots) - 1) / time.Duration(l.Slots)
	case KindBucket:
		return l.Lease
	default:
		if l.Align != "" {
			return min(l.Per, MaxAlignedLease)
		}
		return l.Per
	}
}

// Past returns for how many windows after its own a charge matters, or shows that it was there.
func (l Limit) Past() int {
	switch l.Kind {
	case KindSliding:
		return l.Slots
	case KindBucket:
		return int((l.fill()+l.Lease-1)/l.Lease) + 1 // a bucket that nobody touched is full then
	default:
		return 1 // the number of askers sizes grants; slots of the last window are still leased
	}
}

// LongestLease returns the most that a lease of such a limit may last, whatever span its windows
// got: a bucket that was changed may have longer ones than a new one has.
func (l Limit) LongestLease() time.Duration {
	if l.Kind == KindBucket {
		return l.fill() / leastSpans
	}
	return l.Span()
}

// Memory returns for how long after a window's end its charges count. A limit that takes the
// place of another grants nothing for so long after the other's last lease.
func (l Limit) Memory() time.Duration {
	switch l.Kind {
	case KindSliding:
		return time.Duration(l.Slots) * l.Span()
	case KindBucket:
		return l.fill()
	case KindSlots:
		return l.Per // granted at its last instant
	default:
		return 0
	}
}

// Until returns when a lease ends that is granted at t.
func (l Limit) Until(t Instant) Instant {
	if l.Kind == KindSlots {
		return t.Add(l.Per)
	}
	return l.End(l.WindowAt(t))
}

// Lasts reports whether an account of the limit outlives the window that it was last asked in.
func (l Limit) Lasts() bool { return l.Kind == KindBucket || l.Kind == KindSlots }

// Adopt returns l with the span that its windows have if it takes the place of old: old's, if
// that is of use for l, or a new one. Limits that are no buckets are returned as they are.
func (l Limit) Adopt(old Limit) Limit {
	if l.Kind != KindBucket {
		return l
	}
	fill := l.fill()
	l.Lease = fill / usualSpans
	if old.Kind == KindBucket && old.Lease <= fill/leastSpans && old.Lease >= fill/mostSpans {
		l.Lease = old.Lease
	}
	return l
}

// WindowAt returns the window that t lies in. Those of aligned limits are a Zone's to tell.
func (l Limit) WindowAt(t Instant) Window { return Window(int64(t) / int64(l.Span())) }

// End returns the first instant after window w.
func (l Limit) End(w Window) Instant { return Instant(int64(w+1) * int64(l.Span())) }

// pace returns the period of a sliding limit or of a bucket in cluster time.
func (l Limit) pace() time.Duration {
	const part = 1_000_000 / paceMarginPPM
	return l.Per + (l.Per+part-1)/part
}

// fill returns how long it takes the limit's bucket to fill, rounded up, saturated.
func (l Limit) fill() time.Duration {
	hi, lo := bits.Mul64(uint64(l.Burst), uint64(l.pace()))
	if hi >= uint64(l.Amount) {
		return math.MaxInt64
	}
	q, r := bits.Div64(hi, lo, uint64(l.Amount))
	if q >= math.MaxInt64 {
		return math.MaxInt64
	}
	if r > 0 {
		q++
	}
	return time.Duration(q)
}
