package twin

import (
	"fmt"

	"github.com/leased-io/leased/spec/twin/calendar"
	"github.com/leased-io/leased/trace"
)

// The kinds of limits, as WindowTally and a limit's event have them; a window limit's event has
// none.
const (
	KindWindow  = "window"
	KindSliding = "sliding"
	KindBucket  = "bucket"
	KindSlots   = "slots"
)

// shape is what a limit bounds, but for the amount. Whatever its kind, its credits are leased in
// windows of span, and a lease is over with its window.
type shape struct {
	kind string
	per  int64
	// span is how long a window is: slots of them are a sliding limit's period.
	span, slots int64
	burst       int64 // of a bucket
	// pace is the period in cluster time, of sliding limits and buckets. It is half a percent
	// longer than per, so that the bound holds for per of real time (Theorems 2 and 3).
	pace int64
	// align and zoneName are of a window limit that follows the calendar.
	align, zoneName string
}

// Bounds of the numbers of sliding limits and buckets, which keep products within 127 bits.
const (
	mostCredits = 1 << 53
	mostPer     = 1 << 56
	mostSlots   = 1 << 10
	// never is longer than any trace.
	never = 1 << 60
)

// shapeOf reads a limit's event.
func shapeOf(e *trace.Event) shape {
	s := shape{kind: e.Shape, per: e.Per, span: e.Span, slots: e.Slots, burst: e.Burst,
		align: e.Align, zoneName: e.Zone}
	if s.kind == "" {
		s.kind, s.span = KindWindow, e.Per
	} else if e.Per <= mostPer {
		s.pace = e.Per + (e.Per+199)/200
	}
	return s
}

// sane returns what is wrong with the event of a limit that comes into force, or "".
func (s *shape) sane(e *trace.Event) string {
	switch {
	case e.Amount < 1 || e.Per < 1:
		return "an amount and a period are at least 1"
	case (s.align == "") != (s.zoneName == "") || s.align != "" && !s.follows():
		return "only windows follow a calendar: minute, hour, day, week or month of a zone"
	case s.kind == KindWindow:
		if e.Slots != 0 || e.Burst != 0 || e.Span != 0 {
			return "a window limit has no slots, no burst and no span"
		}
		return ""
	case s.kind == KindSlots:
		if e.Slots != 0 || e.Burst != 0 || e.Span != e.Per || e.Per > mostPer || e.Shares {
			return "slots have no slots, no burst, no shares, and windows of their leases' length"
		}
		return ""
	case s.kind != KindSliding && s.kind != KindBucket:
		return fmt.Sprintf("its shape must be %s, %s, %s or none", KindSliding, KindBucket, KindSlots)
	case e.Amount > mostCredits || e.Burst > mostCredits || e.Per > mostPer || e.Span > 2*mostPer:
		return "its numbers are too large"
	case s.kind == KindSliding && (e.Slots < 1 || e.Slots > mostSlots || e.Burst != 0):
		return fmt.Sprintf("a sliding limit has 1..%d slots and no burst", mostSlots)
	case s.kind == KindBucket && (e.Burst < 1 || e.Slots != 0):
		return "a bucket has a burst and no slots"
	case e.Span < 1:
		return "its windows have a span"
	}
	return ""
}

// follows reports whether the calendar has such windows.
func (s *shape) follows() bool { return s.kind == KindWindow && calendar.Known(s.align) }

// covers reports whether the slots of a sliding limit are its period, and no nanosecond more each
// than that takes (SlidingLease: (M-1)*LMax < N*S).
func (s *shape) covers() bool {
	return s.kind != KindSliding || s.span == (s.pace+s.slots-1)/s.slots
}

// fill is how long a bucket takes to fill, in cluster time.
func (s *shape) fill(amount int64) int64 {
	return min(never, product(s.burst, s.pace).ceil(amount))
}

// lease is the most that a lease may last. Of a bucket, whose windows may have had another span
// in another cluster, it is a 4th of the time in which it fills (docs/adr/0010).
func (s *shape) lease(amount int64) int64 {
	if s.kind == KindBucket {
		return max(s.span, s.fill(amount)/4)
	}
	if s.align != "" {
		return longestAligned
	}
	return s.span
}

// memory is for how long after its window a charge counts.
func (s *shape) memory(amount int64) int64 {
	switch s.kind {
	case KindSliding:
		return s.slots * s.span
	case KindBucket:
		return s.fill(amount)
	case KindSlots:
		return s.per // a lease that began at its end
	default:
		return 0
	}
}

// most is what a window alone may admit: what fills a bucket at its start and what is refilled in
// it. What it may admit together with its neighbours is less, and AnyInterval's.
func (s *shape) most(amount int64) int64 {
	if s.kind != KindBucket || s.pace == 0 { // no pace: it is not sane
		return amount
	}
	return s.burst + product(amount, s.span).ceil(s.pace)
}

// Windows returns how long the windows are of the limit that an event brings into force or
// changes, and WindowTally.Bound of one of them.
func Windows(e *trace.Event) (span, bound int64) {
	s := shapeOf(e)
	return max(1, s.span), s.most(e.Amount)
}

// rule is the invariant that bounds what is granted.
func (s *shape) rule() string {
	switch s.kind {
	case KindSliding:
		return InBudget
	case KindBucket:
		return Whole
	case KindSlots:
		return Granted
	default:
		return NoOverGrant
	}
}

// real returns how long, in real time, the intervals are that the bound is about: per, or less
// if the cluster's clock may run faster than pace allows for.
func (s *shape) real(driftPPM int64) int64 {
	return min(s.per, product(s.pace, million).floor(million+driftPPM))
}
