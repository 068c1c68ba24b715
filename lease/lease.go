// Package lease holds a lease's life as its holder sees it, and Holder, the core of the
// limiter that lives in the fleet's processes.
//
// It is pure: no clock, no I/O, no goroutine. Every call that depends on time takes a Reading.
package lease

import (
	"math"
	"math/bits"
	"time"

	"github.com/leased-io/leased/budget"
)

// ID identifies one grant for ever: the state machine counts them up and never reuses one.
type ID uint64

// SessionID identifies one incarnation of a holder. The state machine hands it out, so that a
// forgotten session is never taken for a new one (Ongaro's thesis, section 6.3).
type SessionID uint64

// Reading is one look at a process's clocks, in nanoseconds. Only differences of readings of
// one process mean anything.
type Reading struct {
	// Mono is the monotonic clock. It runs within 1 +- rho of real time, but stops in suspend.
	Mono int64
	// Wall is the wall clock, read only to notice a suspend: it may jump either way (R6).
	Wall int64
}

// before reports whether both clocks show less than end: whatever ends there is over when either
// of them says so, since a suspend stops the monotonic clock, and the wall clock may be set back
// (R6).
func (r Reading) before(end Reading) bool { return r.Mono < end.Mono && r.Wall < end.Wall }

// until returns the time from r to end: the shorter of what the two clocks say, and so more than
// zero just when r is before end. It saturates where a jump of the wall clock would overflow.
func (r Reading) until(end Reading) time.Duration {
	return min(elapsed(r.Mono, end.Mono), elapsed(r.Wall, end.Wall))
}

// plus returns the reading d after r on each clock, saturated. d is not negative.
func (r Reading) plus(d time.Duration) Reading {
	return Reading{Mono: after(r.Mono, d), Wall: after(r.Wall, d)}
}

// elapsed returns to - from on one clock, saturated.
func elapsed(from, to int64) time.Duration {
	d := to - from
	if (from^to)&(d^to) < 0 { // the signs say that it overflows, in the direction of to
		return time.Duration(math.MaxInt64 ^ to>>63)
	}
	return time.Duration(d)
}

// DefaultMaxClockDriftPPM is rho, the default bound on how far the rate of any clock used for
// elapsed time strays from real time, in parts per million. NTP slewing counts as drift.
const DefaultMaxClockDriftPPM = 5000

// MaxMaxClockDriftPPM is the largest drift that may be configured: 20 %.
const MaxMaxClockDriftPPM = 200_000

// Life returns how much of a lease's ttl the holder may use on its own clock (R6):
// floor(ttl * (1-rho) / (1+rho)) for rho = driftPPM parts per million, so that a holder whose
// clock is slowest stops before a cluster clock that is fastest reaches the window's end.
// A ttl of zero or less gives zero, and so does a drift outside 0..1,000,000: of a clock that
// may stand still nothing is safe.
func Life(ttl time.Duration, driftPPM int64) time.Duration {
	if ttl <= 0 || driftPPM < 0 || driftPPM > 1_000_000 {
		return 0
	}
	hi, lo := bits.Mul64(uint64(ttl), uint64(1_000_000-driftPPM))
	q, _ := bits.Div64(hi, lo, uint64(1_000_000+driftPPM))
	return time.Duration(q)
}

// Ask is what a holder wants of one limit.
type Ask struct {
	// Limit is the index of the limit: in its budget's canonical order or, where budgets are above
	// that, after it in theirs.
	Limit int `cbor:"1,keyasint"`
	// Need is the least that is of use, Want what is hoped for: 0 <= Need <= Want <= MaxAmount,
	// and Want is at least 1. An ask without a need refuses none of the others.
	Need budget.Credits `cbor:"2,keyasint"`
	Want budget.Credits `cbor:"3,keyasint"`

	// Keep is a heartbeat, of slots: Lease, which the session has, is replaced by a new lease of so
	// many of its slots and of what is granted beside; its other slots are given back. With it,
	// Want may be 0. A lease that is over is kept only if there is room (SlotLease!Room). Both
	// are zero in other asks.
	Lease ID             `cbor:"4,keyasint,omitempty"`
	Keep  budget.Credits `cbor:"5,keyasint,omitempty"`
}

// Return gives back credits of one lease, for good: the holder has forgotten them before this
// is sent (R8).
type Return struct {
	Lease  ID             `cbor:"1,keyasint"`
	Window budget.Window  `cbor:"2,keyasint"`
	Amount budget.Credits `cbor:"3,keyasint"` // >= 1
}

// Request is one Acquire of a session. It is retried under the same Seq until it is answered,
// and charged once (R8).
type Request struct {
	Session SessionID `cbor:"1,keyasint"`
	// Seq counts a session's requests from 1. One request is outstanding at a time.
	Seq uint64 `cbor:"2,keyasint"`
	// Revision is the budget's revision that the asks were made under.
	Revision uint64 `cbor:"3,keyasint"`
	// Asks has at most one ask per limit. None at all only keeps the session alive.
	Asks []Ask `cbor:"4,keyasint,omitempty"`
	// Returns are taken before the asks are granted: a renewal is a return and an ask.
	Returns []Return `cbor:"5,keyasint,omitempty"`
}

// Grant is one lease: credits of one limit in one window.
type Grant struct {
	Lease  ID             `cbor:"1,keyasint"`
	Limit  int            `cbor:"2,keyasint"` // index as in Ask
	Window budget.Window  `cbor:"3,keyasint"`
	Amount budget.Credits `cbor:"4,keyasint"`
	// TTL is the cluster time from the effect of the command that is answered to the lease's end,
	// which is its window's but for slots (R5): a duration. Zero or less: it is over.
	TTL time.Duration `cbor:"5,keyasint"`
}

// Denial says which limit refused an Acquire, and for how long.
type Denial struct {
	Limit int            `cbor:"1,keyasint"` // index as in Ask
	Left  budget.Credits `cbor:"2,keyasint"` // credits left there: fewer than needed
	// RetryAfter is the cluster time from the command's effect until that limit rolls.
	RetryAfter time.Duration `cbor:"3,keyasint"`
}

// Outcome is how the coordinator decided a request.
type Outcome uint8

// The outcomes of an Acquire. An unknown outcome (timeout, lost leader) is not among them: the
// request is retried under its Seq.
const (
	// Granted: Grants holds one lease per ask; none for an ask without a need where nothing was
	// left, which Denial tells then.
	Granted Outcome = iota + 1
	// Denied: a limit had less than was needed, or no limit had anything; nothing was charged
	// anywhere. See Denial.
	Denied
	// TooLarge: a need exceeds the limit's amount: no window can ever satisfy it.
	TooLarge
	// Changed: the budget's revision is another; nothing was charged. Limits and Revision are
	// the new ones: ask again under a new Seq.
	Changed
	// UnknownBudget: the budget was deleted. Nothing was charged.
	UnknownBudget
	// UnknownSession: the session has expired or was closed. Open another.
	UnknownSession
	// Stale: a later request of the session was decided before. This one had no effect.
	Stale
)

// Answer is the decision on a request, as the holder takes it.
type Answer struct {
	Outcome  Outcome
	Grants   []Grant
	Denial   *Denial
	Revision uint64
	// Limits are those in force, and Levels whose they are, as in Config; set with Changed.
	Limits []budget.Limit
	Levels budget.Levels
	// Rules are those in force; set with Changed.
	Rules budget.Rules
	// Limit is the index of the offending limit; meaningful with TooLarge.
	Limit int
	// DriftPPM is the cluster's rho; the holder uses the larger of it and its own.
	DriftPPM int64
}
