package twin

import (
	"container/heap"
	"math"
	"slices"
)

// slidingJudge adds up what was surely admitted within per, for each such interval that ends with
// an admission (SlidingLease!AnyInterval). Both ends are in it.
type slidingJudge struct {
	per    int64
	within spends
	sum    int64
}

// spends is a heap, the one that began first at its root.
type spends []spend

var _ heap.Interface = (*spends)(nil)

func (h spends) Len() int           { return len(h) }
func (h spends) Less(i, j int) bool { return h[i].first < h[j].first }
func (h spends) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *spends) Push(x any)        { *h = append(*h, x.(spend)) }
func (h *spends) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// take returns the sum of the interval that ends with s, and the largest amount in force.
func (j *slidingJudge) take(s *spend) (admitted, bound int64) {
	mine := *s
	mine.at = nil
	heap.Push(&j.within, mine)
	j.sum += s.n
	for len(j.within) > 0 && j.within[0].first < s.last-j.per {
		j.sum -= heap.Pop(&j.within).(spend).n
	}
	bound = s.bound
	if j.sum > bound { // of a limit that was lowered, perhaps
		for i := range j.within {
			bound = max(bound, j.within[i].bound)
		}
	}
	return j.sum, bound
}

// bucketJudge is the monitor z of BucketLease!AnyInterval: the least bucket, of the limit's rate,
// that would have let through what was admitted. Where an admission is only known to lie between
// two instants it counts in intervals with both.
type bucketJudge struct {
	levels *levels
	per    int64
	slack  int64

	any         bool
	start, last int64 // the interval that is fullest
	// over is what was admitted in it, less what it may be, in credits times per.
	over wide
}

// take returns the burst that is needed, and the one that there is.
func (j *bucketJudge) take(s *spend) (admitted, bound int64) {
	n := product(s.n, j.per)
	last := s.last
	if j.any {
		last = max(j.last, s.last)
	}
	start, over := s.first, n.minus(j.levels.refilled(s.first, last)).minus(j.burst(s.first))
	if j.any {
		with := j.over.minus(j.levels.refilled(j.last, last)).plus(n)
		from := j.start
		if s.first < from {
			with = with.minus(j.levels.refilled(s.first, from)).
				plus(j.burst(from)).minus(j.burst(s.first))
			from = s.first
		}
		if over.less(with) {
			start, over = from, with
		}
	}
	j.any, j.start, j.last, j.over = true, start, last, over
	bound = j.levels.at(start).burst
	// Two recorders' readings may be slack apart, and the interval that much longer.
	need := over.plus(j.burst(start)).minus(j.levels.refilled(last, last+j.slack))
	if need.hi < 0 {
		return 0, bound
	}
	return need.ceil(j.per), bound
}

func (j *bucketJudge) burst(at int64) wide { return product(j.levels.at(at).burst, j.per) }

// levels are what a bucket's amount and burst were in real time, oldest first. Where it is not
// known which of two was in force, the larger counts.
type levels []level

type level struct{ from, amount, burst int64 }

// maxLevels bounds what is remembered; of more the oldest two become one.
const maxLevels = 64

// set gives the bucket another amount and burst. The change was made between two readings.
func (s *levels) set(amount, burst, from, to int64) {
	if len(*s) == 0 {
		*s = levels{{math.MinInt64, amount, burst}}
		return
	}
	i := len(*s) - 1
	for (*s)[i].from > from {
		i--
	}
	*s = slices.Insert(*s, i+1, level{from, (*s)[i].amount, (*s)[i].burst})
	for i++; i < len(*s); i++ {
		l := &(*s)[i]
		l.amount, l.burst = max(l.amount, amount), max(l.burst, burst)
	}
	*s = append(*s, level{max(to, (*s)[i-1].from), amount, burst})
	for len(*s) > maxLevels {
		first, next := (*s)[0], &(*s)[1]
		next.from = math.MinInt64
		next.amount, next.burst = max(first.amount, next.amount), max(first.burst, next.burst)
		*s = (*s)[1:]
	}
}

// last returns the one in force now.
func (s levels) last() level { return s[len(s)-1] }

// at returns the one in force at an instant.
func (s levels) at(t int64) level {
	i := len(s) - 1
	for s[i].from > t {
		i--
	}
	return s[i]
}

// refilled returns what may be refilled from a to b, in credits times the period.
func (s levels) refilled(a, b int64) (sum wide) {
	for i := len(s) - 1; i >= 0 && a < b; i-- {
		if from := max(a, s[i].from); from < b {
			sum = sum.plus(product(b-from, s[i].amount))
			b = from
		}
	}
	return sum
}
