package budget

import "math/bits"

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

// Fill makes a the account of a key that was not seen before, or not for so long that its bucket
// is full.
func (a *Account) Fill(l Limit, t Instant) { a.Tokens, a.Parts, a.At = l.Burst, 0, t }
