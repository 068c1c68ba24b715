package sizing

import (
	"math"
	"time"

	"github.com/leased-io/leased/budget"
)

const (
	// GridArms is how many fixed sizes are weighed: a limit's bound, a half of it, a quarter, as
	// far as they are whole credits.
	GridArms = 12
	// EOQArms is how many multiples of the economic order quantity are: half, once, twice.
	EOQArms = 3
)

// Slots are what demand is summed up over: a 64th of a window, within these.
const (
	slotsPerWindow = 64
	minSlot        = time.Millisecond
	maxSlot        = time.Second
)

// Sizer chooses the sizes for one holder's leases of one limit. Time comes in as readings of the
// holder's monotonic clock, in nanoseconds. It is not safe for concurrent use.
type Sizer struct {
	policy Policy
	seed   uint64
	bound  budget.Credits
	span   time.Duration

	// Times are nanoseconds after the first reading, and never negative.
	begun  bool
	first  int64
	now    int64 // the furthest
	opened int64 // when the slot did
	round  int64 // when the round began
	rolls  int64 // when the window ends: after the slot opened

	fresh  budget.Credits // offered in the slot
	offers int64          // in how many offers

	predictor predictor
	book      ledger
	learners  learners
	grid      [GridArms]float64 // the fixed sizes, of which there are
	fixed     int
	size      arms // what each arm orders: see resize
	arm       int  // that is played
}

// New returns a sizer for limit, which is valid, as c is. For PolicyFixed there is NewFixed.
func New(limit budget.Limit, c Config) *Sizer {
	bound := max(1, min(limit.Bound(), budget.MaxAmount))
	s := &Sizer{policy: c.Policy, seed: c.Seed, bound: bound, span: max(limit.Span(), 1)}
	s.predictor.slot = min(max(s.span/slotsPerWindow, minSlot), maxSlot)
	s.book = ledger{bound: float64(bound), hold: float64(c.Stranding) / float64(bound)}
	if c.Policy != PolicyEOQ {
		for size := bound; s.fixed < GridArms && size > 0; size /= 2 {
			s.grid[s.fixed] = float64(size)
			s.fixed++
		}
	}
	s.book.n = s.fixed
	switch c.Policy {
	case PolicyEOQ:
		s.book.n++
	case PolicyAided:
		s.book.n += EOQArms
	}
	s.learners = newLearners(s.book.n)
	return s
}

// Offered tells of an offer of n credits, admitted or not. It allocates nothing.
func (s *Sizer) Offered(now int64, n budget.Credits) {
	s.advance(now)
	s.fresh = min(s.fresh+min(max(0, n), budget.MaxAmount), budget.MaxAmount)
	s.offers++
}

// Size returns how many credits to order, at least 1, and the reserve: how few may be left when
// more are ordered, if that takes lead. Neither exceeds budget.MaxAmount. Left is how long the
// limit's window still lasts; zero: it is not known. It allocates nothing.
func (s *Sizer) Size(now int64, left, lead time.Duration) (size, reserve budget.Credits) {
	s.advance(now)
	if left > 0 {
		s.rolls = after(s.now, min(left, s.span))
	}
	until := time.Duration(s.rolls - s.now)
	reserve = credits(s.predictor.reserve(min(max(0, lead), until), float64(s.fresh)))
	return s.choose(), reserve
}

// advance closes what is over at a reading: the slot, the window, the round. Its work does not
// depend on how long ago the last call was.
func (s *Sizer) advance(reading int64) {
	now := s.since(reading)
	if now <= s.now {
		return // a late reading
	}
	s.now = now
	if s.offers > 0 && now >= s.slotEnd() {
		s.closeSlot(s.slotEnd())
	}
	if s.offers == 0 {
		s.rest(min(now, s.rolls))
	}
	if now < s.rolls {
		return
	}
	s.book.roll()
	// Windows tile time: whole ones in which nothing was offered cost nothing.
	missed := (now - s.rolls) / int64(s.span) * int64(s.span)
	s.opened = s.rolls + missed
	s.rolls = after(s.opened, s.span)
	s.predictor.rest(missed / int64(s.predictor.slot))
	s.closeRound()
	s.rest(now)
}

// since returns the time from the first reading, at which the first window is taken to begin.
func (s *Sizer) since(reading int64) int64 {
	if !s.begun {
		s.begun, s.first, s.rolls = true, reading, int64(s.span)
		s.aim()
	}
	t := reading - s.first
	switch {
	case reading <= s.first:
		return 0
	case t < 0:
		return math.MaxInt64
	}
	return t
}

// slotEnd returns when the open slot ends: not after its window does.
func (s *Sizer) slotEnd() int64 { return min(after(s.opened, s.predictor.slot), s.rolls) }

// closeSlot ends a slot that had offers.
func (s *Sizer) closeSlot(at int64) {
	demand := float64(s.fresh)
	s.resize(s.opened)
	s.book.slot(demand, float64(s.offers), s.part(at), &s.size)
	s.predictor.learn(demand)
	s.fresh, s.offers, s.opened = 0, 0, at
	if at-s.round >= int64(s.roundLength()) {
		s.closeRound()
	}
}

// rest passes the whole slots without offers until a reading, or all until the window's end.
func (s *Sizer) rest(until int64) {
	slots := (until - s.opened) / int64(s.predictor.slot)
	if until >= s.rolls {
		s.book.rest(s.part(until))
		s.opened = until
	} else if slots > 0 {
		at := s.opened + slots*int64(s.predictor.slot)
		s.book.rest(s.part(at))
		s.opened = at
	}
	s.predictor.rest(slots)
}

// part returns the time from the slot's opening until at, as a part of a window.
func (s *Sizer) part(at int64) float64 { return float64(at-s.opened) / float64(s.span) }

// credits rounds up, within 0..budget.MaxAmount. What is no number counts as 0.
func credits(x float64) budget.Credits {
	switch {
	case !(x > 0):
		return 0
	case x >= float64(budget.MaxAmount):
		return budget.MaxAmount
	}
	return budget.Credits(math.Ceil(x))
}

// after returns the reading d after t, saturated. d is not negative.
func after(t int64, d time.Duration) int64 {
	if t > math.MaxInt64-int64(d) {
		return math.MaxInt64
	}
	return t + int64(d)
}
