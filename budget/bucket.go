package budget

import (
	"math"
	"math/bits"
)

// Pace is how a bucket was refilled until an instant, before its limit was changed.
type Pace struct {
	Until  Instant `cbor:"1,keyasint"`
	Amount Credits `cbor:"2,keyasint"`
	Burst  Credits `cbor:"3,keyasint"`
}

// Advance refills a bucket's account up to t (BucketLease!Refill): never beyond what, together
// with the credits out on leases, fills the bucket; and it stops at each instant on the way at
// which that changes. These are the end of the account's window, at which what was out on leases
// is gone for good, and the changes of the limit: was has its earlier paces, oldest first.
//
// It costs a few divisions, whatever the time that has passed. An earlier t changes nothing.
func (a *Account) Advance(l Limit, was []Pace, end, t Instant) {
	for a.At < t {
		to, pace := t, l
		for _, p := range was {
			if p.Until > a.At {
				to, pace.Amount, pace.Burst = min(to, p.Until), p.Amount, p.Burst
				break
			}
		}
		if a.At < end {
			to = min(to, end)
		}
		a.refill(pace, to)
		if to >= end {
			a.Used = 0
		}
	}
}

// refill lets the account's bucket run from a.At to t, while nothing but time changes it.
func (a *Account) refill(l Limit, t Instant) {
	passed := uint64(t.Sub(a.At))
	a.At = t
	room := max(0, l.Burst-a.Used)
	if a.Tokens < room {
		// Tokens are counted in whole credits and parts, of which a period has as many as it has
		// nanoseconds: the amount is refilled in each.
		parts := uint64(l.pace())
		hi, lo := bits.Mul64(passed, uint64(l.Amount))
		lo, carry := bits.Add64(lo, a.Parts, 0)
		if hi += carry; hi < parts {
			credits, rest := bits.Div64(hi, lo, parts)
			if credits < uint64(room-a.Tokens) {
				a.Tokens, a.Parts = a.Tokens+Credits(credits), rest
				return
			}
		}
	}
	a.Tokens, a.Parts = room, 0
}

// Fill makes a the account of a key whose bucket is full at t.
func (a *Account) Fill(burst Credits, t Instant) { a.Tokens, a.Parts, a.At = burst, 0, t }

// Has returns when a will have n credits that can be granted, if nothing is granted or returned
// until then: a's own instant if it has, and never if its bucket has no room for as many.
func (a *Account) Has(l Limit, n Credits) Instant {
	switch {
	case n > l.Burst-a.Used:
		return math.MaxInt64
	case n <= a.Tokens:
		return a.At
	}
	// The least time t with (Tokens*parts + Parts + t*Amount) / parts >= n.
	hi, lo := bits.Mul64(uint64(n-a.Tokens), uint64(l.pace()))
	lo, borrow := bits.Sub64(lo, a.Parts, 0)
	hi -= borrow
	lo, carry := bits.Add64(lo, uint64(l.Amount)-1, 0)
	if hi += carry; hi >= uint64(l.Amount) {
		return math.MaxInt64
	}
	wait, _ := bits.Div64(hi, lo, uint64(l.Amount))
	if wait > uint64(math.MaxInt64-a.At) {
		return math.MaxInt64
	}
	return a.At + Instant(wait)
}
