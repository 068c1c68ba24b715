package twin

import (
	"cmp"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

// randomSpends are admissions in the order of their ends, as a file might tell them: at instants,
// or somewhere between two.
func randomSpends(r *rand.Rand) []spend {
	var list []spend
	at := int64(1000)
	for range 1 + r.IntN(40) {
		at += r.Int64N(60)
		s := spend{first: at, last: at, n: 1 + r.Int64N(9), bound: 20 + r.Int64N(3)}
		if r.IntN(3) == 0 {
			s.first -= r.Int64N(80)
		}
		list = append(list, s)
	}
	return list
}

// TestSlidingJudgeIsExact: the judge's sums are those of all intervals, tried one by one.
func TestSlidingJudgeIsExact(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		list := randomSpends(r)
		j := &slidingJudge{per: 1 + r.Int64N(300)}
		most, got := int64(0), int64(0)
		for i := range list {
			admitted, bound := j.take(&list[i])
			got = max(got, admitted)
			if bound < list[i].bound || bound > 22 {
				t.Fatalf("seed %d: bound %d of one of %d", seed, bound, list[i].bound)
			}
		}
		for _, from := range list {
			sum := int64(0)
			for _, s := range list {
				if s.first >= from.first && s.last <= from.first+j.per {
					sum += s.n
				}
			}
			most = max(most, sum)
		}
		if got != most {
			t.Fatalf("seed %d: got %d in %d ns, want %d; replay: randomSpends(PCG(%d, 3))",
				seed, got, j.per, most, seed)
		}
	}
}

// TestBucketJudge: for admissions at instants the judge needs the very bucket that all intervals
// need, tried one by one; for others no larger one. The amount and the burst change on the way.
func TestBucketJudge(t *testing.T) {
	needed := 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 4))
		list, per := randomSpends(r), int64(100)
		instants := r.IntN(2) == 0
		for i := range list {
			if instants {
				list[i].first = list[i].last
			}
		}
		var steps levels
		steps.set(1+r.Int64N(20), 20, 0, 0)
		for at := int64(1000); r.IntN(3) > 0; {
			at += r.Int64N(500)
			steps.set(1+r.Int64N(20), 10+r.Int64N(20), at, at+r.Int64N(40))
		}
		refilled := make([]int64, list[len(list)-1].last+1) // until an instant, in credits times per
		for at := 1; at < len(refilled); at++ {
			refilled[at] = refilled[at-1] + steps.at(int64(at-1)).amount
		}
		j := &bucketJudge{levels: &steps, per: per}
		for i := range list {
			need, bound := j.take(&list[i])
			over := int64(math.MinInt64)
			for _, from := range list[:i+1] {
				o := -(refilled[list[i].last] - refilled[from.first]) - steps.at(from.first).burst*per
				for _, s := range list[:i+1] {
					if s.first >= from.first {
						o += s.n * per
					}
				}
				over = max(over, o)
			}
			want := (over + per - 1) / per
			if got := need - bound; over > 0 && instants && got != want || got > max(0, want) {
				t.Fatalf("seed %d: admission %d: %d too many, want %d; levels %v", seed, i, got, want,
					steps)
			}
			if over > 0 {
				needed++
			}
		}
	}
	if needed < 100 {
		t.Errorf("only %d intervals were over", needed)
	}
}

// TestLevelsCountTheLarger: while it is not known which of two was in force, the larger counts;
// and of many changes none is less than it was.
func TestLevelsCountTheLarger(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 5))
		type change struct{ from, to, amount int64 }
		changes := []change{{math.MinInt64, 0, 1 + r.Int64N(50)}}
		var s levels
		s.set(changes[0].amount, 1, 0, 0)
		for at := int64(0); len(changes) < 1+r.IntN(100); {
			at += r.Int64N(30)
			c := change{at, at + r.Int64N(60), 1 + r.Int64N(50)}
			c.to = max(c.to, changes[len(changes)-1].to) // the log's order
			changes = append(changes, c)
			s.set(c.amount, 1, c.from, c.to)
		}
		for at := int64(-10); at < 3200; at += 1 + r.Int64N(5) {
			want := int64(0)
			for i, c := range changes {
				until := int64(math.MaxInt64)
				if i+1 < len(changes) {
					until = changes[i+1].to
				}
				if c.from <= at && at < until {
					want = max(want, c.amount)
				}
			}
			if got := s.at(at).amount; got < want || got > want && len(changes) <= maxLevels/2 {
				t.Fatalf("seed %d: at %d got %d, want %d of %v; %v", seed, at, got, want, changes, s)
			}
		}
		if len(s) > maxLevels ||
			!slices.IsSortedFunc(s, func(a, b level) int { return cmp.Compare(a.from, b.from) }) {
			t.Fatalf("seed %d: %d levels: %v", seed, len(s), s)
		}
	}
}

// TestWide: 128 bits are added, subtracted, compared and divided as big numbers are.
func TestWide(t *testing.T) {
	big128 := func(w wide) *big.Int {
		v := new(big.Int).Lsh(big.NewInt(w.hi), 64)
		return v.Add(v, new(big.Int).SetUint64(w.lo))
	}
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 6))
		number := func() int64 { return r.Int64() >> r.IntN(63) }
		v, w, d := product(number(), number()>>1), product(number(), number()>>1), 1+number()>>1
		bv, bw := big128(v), big128(w)
		if got, want := big128(v.plus(w)), new(big.Int).Add(bv, bw); got.Cmp(want) != 0 {
			t.Fatalf("seed %d: %v + %v = %v", seed, bv, bw, got)
		}
		if got, want := big128(v.minus(w)), new(big.Int).Sub(bv, bw); got.Cmp(want) != 0 {
			t.Fatalf("seed %d: %v - %v = %v", seed, bv, bw, got)
		}
		if v.less(w) != (bv.Cmp(bw) < 0) || v.less(v) {
			t.Fatalf("seed %d: %v < %v: %v", seed, bv, bw, v.less(w))
		}
		for up, got := range map[int64]int64{0: v.floor(d), d - 1: v.ceil(d)} {
			want := new(big.Int).Add(bv, big.NewInt(up))
			want.Quo(want, big.NewInt(d))
			if !want.IsInt64() {
				want.SetInt64(math.MaxInt64)
			}
			if got != want.Int64() {
				t.Fatalf("seed %d: (%v+%d) / %d = %d, want %v", seed, bv, up, d, got, want)
			}
		}
	}
}
