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
	// Rounds counts those that were learned from.
	Rounds uint64
	// Regret is by how many calls' worth the choices so far are expected to have cost more than
	// the best one size, or EOQ arm, had; less than zero: they cost less. Bound is what it cannot
	// exceed, whatever the demand was. Both are of the ledger, and zero with PolicyEOQ.
	Regret, Bound float64
}

// Status describes the sizer.
func (s *Sizer) Status(now int64) Status {
	s.advance(now)
	left := time.Duration(s.rolls - s.now)
	st := Status{
		Policy:   s.policy,
		Size:     max(1, credits(s.choose())),
		Expected: credits(s.predictor.expect(left, float64(s.fresh))),
	}
	if s.book.n > 0 {
		st.Rounds, st.Regret, st.Bound = s.learners.rounds, s.learners.excess, s.learners.regret()
	}
	return st
}

// choose returns the size of an order that is made now.
func (s *Sizer) choose() float64 {
	grid := s.book.n
	if s.policy == PolicyAided {
		grid -= EOQArms
	}
	if s.policy != PolicyEOQ && s.arm < grid {
		return s.size[s.arm]
	}
	return multiple(s.arm-grid) * s.eoq(s.now)
}

// multiple returns what EOQ arm i orders of the economic order quantity.
func multiple(i int) float64 {
	switch i {
	case 1:
		return 0.5
	case 2:
		return 2
	}
	return 1
}

// eoq returns the economic order quantity at a reading within the window, at least 1.
func (s *Sizer) eoq(now int64) float64 {
	left := time.Duration(max(1, s.rolls-now))
	d := min(s.predictor.expect(left, float64(s.fresh)), s.book.bound)
	return max(1, order(d, float64(left)/float64(s.span), s.book.hold))
}

// resize sets the sizes of the arms that follow the prediction.
func (s *Sizer) resize() {
	if s.policy != PolicyAided {
		return
	}
	eoq := s.eoq(s.opened)
	for i := range EOQArms {
		s.size[s.book.n-EOQArms+i] = max(1, multiple(i)*eoq)
	}
}
