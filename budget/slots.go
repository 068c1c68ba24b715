package budget

import (
	"cmp"
	"math"
	"slices"
)

// Out is how many slots are leased until an instant.
type Out struct {
	Until Instant `cbor:"1,keyasint"`
	N     Credits `cbor:"2,keyasint"`
}

// Lapse lets time pass to t in an account of slots: what was leased until then is free again, and
// never earlier (SlotLease!Hold: tab[h] > C). An earlier t changes nothing.
//
// It costs what has ended since it was last called, and each lease ends once.
func (a *Account) Lapse(t Instant) {
	a.At = max(a.At, t)
	for len(a.Out) > 0 && a.Out[0].Until <= a.At {
		a.Used -= a.Out[0].N
		a.Out = a.Out[1:]
	}
	if len(a.Out) == 0 {
		a.Out, a.Peak = nil, 0
	}
}

// lend notes n slots that are leased until an instant: the latest of all, since every lease lasts
// as long as every other.
func (a *Account) lend(until Instant, n Credits) {
	if last := len(a.Out) - 1; last >= 0 && a.Out[last].Until == until {
		a.Out[last].N += n
		return
	}
	a.Out = append(a.Out, Out{until, n})
}

// Free puts n slots back that are leased until an instant, and reports whether it did
// (SlotLease!TakeRelease; the caller has checked that it is the lease's only return). It does
// nothing when fewer are.
func (a *Account) Free(until Instant, n Credits) bool {
	i, found := slices.BinarySearchFunc(a.Out, until,
		func(o Out, t Instant) int { return cmp.Compare(o.Until, t) })
	if !found || n < 1 || n > a.Out[i].N {
		return false
	}
	a.Out[i].N -= n
	if a.Out[i].N == 0 {
		a.Out = slices.Delete(a.Out, i, i+1)
	}
	if len(a.Out) == 0 {
		a.Out = nil
	}
	a.Used -= n
	return true
}

// Extend has n slots that are leased until an instant be leased until another one, the latest of
// all, and reports whether it did: a heartbeat. That the limit was lowered takes no slot from
// those that have one, so it asks for no room.
func (a *Account) Extend(until, to Instant, n Credits) bool {
	if !a.Free(until, n) {
		return false
	}
	a.lend(to, n)
	a.Used += n
	return true
}

// FreeAt returns when a has n slots to grant if no heartbeat comes and none is released until
// then: a's own instant if it has, and never if l has not as many.
func (a *Account) FreeAt(l Limit, n Credits) Instant {
	left := l.Amount - a.Used
	if left >= n {
		return a.At
	}
	for _, o := range a.Out {
		if left += o.N; left >= n {
			return o.Until
		}
	}
	return math.MaxInt64
}
