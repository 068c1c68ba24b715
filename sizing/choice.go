package sizing

import (
	"time"

	"github.com/leased-io/leased/budget"
)

// Status is what a sizer knows and has chosen, for people to look at.
type Status struct {
	Policy Policy
	// Size is what an order is for now, and Expected the demand in the rest of the window.
	Size, Expected budget.Credits
	// Rounds counts those that something was learned from.
	Rounds uint64
	// Regret is by how many calls' worth the choices so far are expected to have cost more than
	// the best arm would have; less than zero: they cost less. Bound is what it cannot exceed,
	// whatever the demand was. Both are of the ledger, and zero with PolicyEOQ, which has one arm.
	Regret, Bound float64
}

// Status describes the sizer.
func (s *Sizer) Status(now int64) Status {
	s.advance(now)
	left := time.Duration(s.rolls - s.now)
	return Status{
		Policy:   s.policy,
		Size:     s.choose(),
		Expected: credits(s.predictor.expect(left, float64(s.fresh))),
		Rounds:   s.learners.rounds,
		Regret:   s.learners.excess,
		Bound:    s.learners.regret(),
	}
}

// choose returns what the arm that is played orders now.
func (s *Sizer) choose() budget.Credits {
	s.resize(s.now)
	return credits(s.size[s.arm])
}

// multiples are what the EOQ arms order of the economic order quantity. PolicyEOQ has the first
// alone.
var multiples = [EOQArms]float64{1, 0.5, 2}

// resize sets what each arm orders at a time within the window: at least 1.
func (s *Sizer) resize(at int64) {
	left, fresh := time.Duration(max(1, s.rolls-at)), float64(s.fresh)
	most := s.book.bound
	if s.policy == PolicyAided {
		// What goes beyond a burst of the rest of the window would be stranded.
		most = max(1, s.predictor.reserve(left, fresh))
	}
	for i, size := range s.grid[:s.fixed] {
		s.size[i] = min(size, most)
	}
	demand := min(s.predictor.expect(left, fresh), s.book.bound)
	eoq := order(demand, float64(left)/float64(s.span), s.book.hold)
	for i := s.fixed; i < s.book.n; i++ {
		s.size[i] = max(1, multiples[i-s.fixed]*eoq)
	}
}
