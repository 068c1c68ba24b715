package twin

import (
	"math"
	"math/bits"
)

// wide is an integer of 128 bits, for credits times nanoseconds: with both within the bounds of
// shape.sane no sum or difference of a few of them leaves it.
type wide struct {
	hi int64
	lo uint64
}

// product returns a*b of two that are not negative.
func product(a, b int64) wide {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	return wide{int64(hi), lo}
}

func (w wide) plus(v wide) wide {
	lo, carry := bits.Add64(w.lo, v.lo, 0)
	return wide{w.hi + v.hi + int64(carry), lo}
}

func (w wide) minus(v wide) wide {
	lo, borrow := bits.Sub64(w.lo, v.lo, 0)
	return wide{w.hi - v.hi - int64(borrow), lo}
}

func (w wide) less(v wide) bool { return w.hi < v.hi || w.hi == v.hi && w.lo < v.lo }

// floor returns w/d rounded down, for w >= 0 and d >= 1, and at most what an int64 holds.
func (w wide) floor(d int64) int64 {
	if uint64(w.hi) >= uint64(d) {
		return math.MaxInt64
	}
	q, _ := bits.Div64(uint64(w.hi), w.lo, uint64(d))
	return int64(min(q, math.MaxInt64))
}

// ceil is floor, rounded up.
func (w wide) ceil(d int64) int64 { return w.plus(wide{lo: uint64(d - 1)}).floor(d) }
