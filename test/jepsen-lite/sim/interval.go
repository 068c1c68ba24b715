package sim

import (
	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/trace"
)

// intervals judge what was admitted of one account of a sliding limit or a bucket, in true time:
// any interval, wherever windows begin (Theorems 2 and 3).
type intervals struct {
	// Of a sliding limit: what was admitted within the last period, oldest first, and its sum.
	recent []spent
	sum    int64
	// Of a bucket: the fullest of the intervals that end with its last admission. Over is what was
	// admitted in it above what it may be: negative, or it is a violation. Filled is terms.filled
	// at that admission; era is the limit's.
	over, filled float64
	era          int
}

// spent is n credits of a lease that was granted when the limit was bound.
type spent struct{ at, n, bound int64 }

// tolerance is what float64 may be off by in what runs into a bucket, in credits: far less than
// one, of which an overshoot has at least one.
const tolerance = 1e-3

// take adds an admission at cluster time t, and returns by how much it is too much.
func (v *intervals) take(l *terms, e *trace.Event, bound, t int64) int64 {
	switch l.kind {
	case budget.KindSliding:
		return v.slide(l, spent{e.At, e.N, bound})
	case budget.KindBucket:
		return v.run(l, e, t)
	default:
		return 0
	}
}

// slide adds up a period that ends with s. A sliding limit's bound is the largest amount of which
// there were leases in it.
func (v *intervals) slide(l *terms, s spent) int64 {
	v.recent, v.sum = append(v.recent, s), v.sum+s.n
	for v.recent[0].at < s.at-l.real {
		v.sum -= v.recent[0].n
		v.recent = v.recent[1:]
	}
	for _, r := range v.recent {
		if v.sum <= s.bound {
			break
		}
		s.bound = max(s.bound, r.bound)
	}
	return max(0, v.sum-s.bound)
}

// run lengthens the interval that was fullest, or begins one, whichever is fuller.
func (v *intervals) run(l *terms, e *trace.Event, t int64) int64 {
	l.fill(e.At)
	begins := -float64(l.full(t))
	over := v.over - (l.filled - v.filled)
	if v.era != l.era || over < begins {
		over = begins
	}
	v.over, v.filled, v.era = over+float64(e.N), l.filled, l.era
	if v.over <= tolerance {
		return 0
	}
	return max(1, int64(v.over))
}
