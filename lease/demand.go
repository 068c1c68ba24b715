package lease

import (
	"math"
	"math/bits"
	"time"

	"github.com/leased-io/leased/budget"
)

// Everything in this file is about being served well and stranding little. Safety does not
// know it: whatever these functions return, what is admitted was granted, and the tests feed
// the holder grants of any size.

// Bounds of the horizon that a holder looks ahead: an eighth of the limit's period, within
// these. The least covers a round trip or two; the most keeps a limit of days from hoarding
// hours of demand, at the price of a request every few seconds.
const (
	MinHorizon = 20 * time.Millisecond
	MaxHorizon = 10 * time.Second
)

// IdleAfter is how long without an offer a holder waits before it gives its credits back; a
// quarter of a window's span, if that is shorter. A caller that comes seldom but steadily is not
// idle: gapsToIdle times the usual gap between offers must have passed as well.
const IdleAfter = 2 * time.Second

const (
	gapsToIdle = 4
	// maxGap bounds what one long silence may teach about the usual gap.
	maxGap = 15 * time.Second
	// gapWeight is one over the weight of the latest gap in the usual one.
	gapWeight = 4
	// gapsLearned is after how many equal gaps the usual one is as good as that.
	gapsLearned = 16
	// minIdle keeps a limit with short windows from giving back within a round trip or two.
	minIdle = 20 * time.Millisecond
)

// levelScale is the number of parts that a credit has in demand.level.
const levelScale = 256

// foldsPerHorizon bounds how often the level decays, so that rounding down does not eat it.
const foldsPerHorizon = 64

// demand estimates what a limit will be asked for from what it was asked for, admitted or not.
type demand struct {
	horizon time.Duration
	// level is the demand of a horizon, in parts: a sum of offers that leaks away at a rate of
	// itself per horizon, which settles at the rate of the offers times the horizon. After a
	// start it is simply what was offered so far, so that leases double until they suffice.
	level  uint64
	fresh  budget.Credits // offered since the level was folded, at most MaxAmount
	folded int64          // monotonic reading of the last fold
	// unit is the size of the last offer: while callers come, one more is expected.
	unit budget.Credits
	last int64         // monotonic reading of the last offer
	gap  time.Duration // usual time between offers; zero after the first
	seen bool          // whether there was any offer
}

func horizon(per time.Duration) time.Duration {
	return min(max(per/8, MinHorizon), MaxHorizon)
}

// offer counts an offer of n credits at the reading now.
func (d *demand) offer(now int64, n budget.Credits) {
	if d.seen {
		d.learn(d.silence(now))
	} else {
		d.seen, d.folded = true, now
	}
	if d.stale(now) {
		d.fold(now)
	}
	d.unit, d.last = min(n, budget.MaxAmount), now
	d.fresh = min(d.fresh+d.unit, budget.MaxAmount)
}

// several counts so many offers, of n credits in sum, that came since the last one that was
// counted; the last of them at the reading now.
func (d *demand) several(now int64, n budget.Credits, count int64) {
	if d.seen {
		gap := d.silence(now) / time.Duration(count)
		for range min(count, gapsLearned) - 1 {
			d.learn(gap)
		}
		d.last = now - int64(gap) // what is left to be learned is one offer like the others
	}
	d.offer(now, n)
	d.unit = (d.unit + budget.Credits(count) - 1) / budget.Credits(count)
}

// silence returns the time since the last offer, as far as it teaches anything.
func (d *demand) silence(now int64) time.Duration { return min(elapsed(d.last, now), maxGap) }

// learn has the usual gap be more like gap.
func (d *demand) learn(gap time.Duration) {
	if d.gap == 0 {
		d.gap = gap
	}
	d.gap += (gap - d.gap) / gapWeight
}

// again counts a waiter's further try: a sign of life, but no demand that was not counted.
func (d *demand) again(now int64) { d.last = now }

// stale reports whether it is time to fold: seldom, so that most offers need no call for it.
func (d *demand) stale(now int64) bool {
	return elapsed(d.folded, now) >= d.horizon/foldsPerHorizon
}

// fold lets the level decay until now, if that is far enough.
func (d *demand) fold(now int64) {
	if !d.stale(now) {
		return
	}
	dt := elapsed(d.folded, now)
	d.level = mulDiv(d.parts(), uint64(d.horizon), uint64(d.horizon)+uint64(dt))
	d.fresh, d.folded = 0, now
}

// parts returns the level with what is not folded in yet.
func (d *demand) parts() uint64 {
	return min(d.level+uint64(d.fresh)*levelScale, uint64(budget.MaxAmount)*levelScale)
}

// expect returns the credits that will be offered within the next t, rounded up. At most
// MaxAmount.
func (d *demand) expect(t time.Duration) budget.Credits {
	parts := mulDiv(d.parts(), uint64(max(0, t)), uint64(d.horizon))
	parts = min(parts, uint64(budget.MaxAmount)*levelScale)
	return budget.Credits((parts + levelScale - 1) / levelScale)
}

// idleAfter returns the silence after which the line is idle. Slots that nobody uses are not kept
// for a caller that comes seldom, since nobody else can have them meanwhile; nor is anything else
// that is not held ahead.
func (l *line) idleAfter() time.Duration {
	span := l.limit.Span()
	if l.bare {
		return max(minIdle, min(IdleAfter, span/8))
	}
	return max(minIdle, min(IdleAfter, span/4), gapsToIdle*l.demand.gap)
}

// idle reports whether nothing is expected of the line's callers any more.
func (l *line) idle(now Reading) bool {
	return elapsed(l.demand.last, now.Mono) >= l.idleAfter()
}

// ahead returns how far ahead it is of use to look: the horizon, but not past the window's end.
func (l *line) ahead(now Reading) time.Duration {
	if left := l.windowLeft(now); left > 0 {
		return min(l.demand.horizon, left)
	}
	return l.demand.horizon
}

// mulDiv returns a*b/c, saturated. c is positive.
func mulDiv(a, b, c uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	if hi >= c {
		return math.MaxUint64
	}
	q, _ := bits.Div64(hi, lo, c)
	return q
}
