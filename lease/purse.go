package lease

import (
	"math"
	"runtime"
	"sync/atomic"

	"github.com/leased-io/leased/budget"
)

const (
	// MaxPurseLimits bounds the limits of a budget whose admissions can do without the holder.
	MaxPurseLimits = 8
	// MaxStripes bounds the stripes of a purse.
	MaxStripes = 64
)

// Purse is a part of a holder's leases that anybody may spend from without the holder's lock, for
// a moment: Holder.Lend hands it out, and the holder's next call that takes a Reading takes back
// what is left of it. From then on it is empty for good, so whoever still has it does no harm.
//
// It has stripes, each on cache lines of its own, so that processors do not wait for each other.
// A caller spends from the stripe that its hint chooses. One that finds too little there goes to
// the holder, which takes all stripes back: no credit is stranded.
//
// Its methods are safe for concurrent use, and none of them blocks or allocates.
type Purse struct {
	// It may be spent from while no clock shows less than from, or as much as until (R6).
	from    int64 // Mono
	until   Reading
	most    budget.Credits // the largest cost of its only limit; zero: it has several
	salt    uint64         // has hints fall on other stripes than before
	stripes []stripe
	shift   uint8 // 63 less the bits that number the stripes
	refuses bool
	limits  int
	// contended says that two callers have met at a stripe.
	contended atomic.Bool
}

// Spend takes n credits of a purse of one limit, and reports whether it did (TLA+ Admit); where n
// is not positive it never does. The caller has read the clocks after it has got hold of the purse
// (R10). hint is any number: callers that differ in its upper 53 bits meet seldom.
func (p *Purse) Spend(now Reading, hint uint64, n budget.Credits) bool {
	if !p.good(now) || uint64(n-1) >= uint64(p.most) {
		return false
	}
	for s := p.stripe(hint); ; p.meet() {
		w := s.word.Load()
		if !w.pays(n) {
			return false
		}
		if s.word.CompareAndSwap(w, w.less(n)) {
			return true
		}
	}
}

// SpendCost takes all of cost or nothing of it, as Spend does: one entry for each limit, none of
// them negative and some positive.
func (p *Purse) SpendCost(now Reading, hint uint64, cost Cost) bool {
	if len(cost) == 1 {
		return p.Spend(now, hint, cost[0])
	}
	if len(cost) != p.limits || !p.good(now) || cost[0] > maxPursed {
		return false
	}
	s := p.stripe(hint)
	w := s.word.Load()
	if !w.pays(cost[0]) {
		return false
	}
	if w&writing != 0 || !s.word.CompareAndSwap(w, w|writing) {
		p.meet()
		return false
	}
	paid := s.paysOthers(cost[1:])
	if paid {
		w = w.less(cost[0])
		if cost[0] == 0 {
			s.skipped++
		}
	}
	s.word.Store(w)
	return paid
}

// Refuses reports whether the purse is one of refusals: whoever has spent from it is refused, since
// the coordinator has said that nothing is left.
func (p *Purse) Refuses() bool { return p.refuses }

func (p *Purse) good(now Reading) bool {
	return now.Mono >= p.from && now.before(p.until)
}

func (p *Purse) stripe(hint uint64) *stripe {
	const golden = 0x9E3779B97F4A7C15 // Fibonacci hashing (Knuth 3, section 6.4)
	return &p.stripes[(hint>>11+p.salt)*golden>>1>>(p.shift&63)]
}

// meet notes that two callers have met.
func (p *Purse) meet() {
	if !p.contended.Load() {
		p.contended.Store(true)
	}
}

// stripe is a part of a purse, on cache lines of its own: two, since processors fetch pairs.
type stripe struct {
	word atomicWord // of the first limit; counts all admissions
	// Written by who has set writing: the words of the other limits, and how many admissions have
	// taken nothing of the first one.
	others  [MaxPurseLimits - 1]word
	skipped int64
	_       [56]byte
}

// paysOthers takes what a cost has beside its first limit, if all of it is there.
func (s *stripe) paysOthers(cost Cost) bool {
	for i, n := range cost {
		if n > maxPursed || !s.others[i].pays(n) {
			return false
		}
	}
	for i, n := range cost {
		if n > 0 {
			s.others[i] = s.others[i].less(n)
		}
	}
	return true
}

// fill puts what the stripe begins with into it.
func (s *stripe) fill(with *shares) {
	s.word.Store(pursed(with[0]))
	for i := range s.others {
		s.others[i] = pursed(with[i+1])
	}
}

// drain empties the stripe for good, and returns the last word of its first limit: that of the
// others nobody writes any more. It waits for who is writing, who has nothing to wait for.
func (s *stripe) drain() word {
	for {
		w := s.word.Load()
		if w&writing == 0 && s.word.CompareAndSwap(w, drained) {
			return w
		}
		runtime.Gosched()
	}
}

// word is what a stripe has of one limit, in a word: the credits that are left, a bit that says
// that somebody writes the stripe, and how many admissions have taken some.
type word int64

const (
	countBits      = 22
	maxCount  word = 1<<countBits - 1
	writing   word = 1 << countBits
	oneCredit word = 2 * writing
	// maxPursed bounds the credits of a word.
	maxPursed budget.Credits = 1 << (61 - countBits)
	// drained pays nothing.
	drained word = math.MinInt64
)

type atomicWord struct{ v atomic.Int64 }

func (a *atomicWord) Load() word   { return word(a.v.Load()) }
func (a *atomicWord) Store(w word) { a.v.Store(int64(w)) }
func (a *atomicWord) CompareAndSwap(old, new word) bool {
	return a.v.CompareAndSwap(int64(old), int64(new))
}

// pursed returns the word of n credits, at most maxPursed.
func pursed(n budget.Credits) word { return word(n) * oneCredit }

// pays reports whether there are n credits, at most maxPursed, and room to count who takes them.
func (w word) pays(n budget.Credits) bool { return w >= pursed(n) && w&maxCount != maxCount }

// less returns the word after an admission of n credits.
func (w word) less(n budget.Credits) word { return w - pursed(n) + 1 }

func (w word) credits() budget.Credits { return budget.Credits(w / oneCredit) }

func (w word) count() int64 { return int64(w & maxCount) }
