package sizing

import "time"

// A round is a quarter of a window, but no longer than a minute. The ledger plays every arm on
// from one round to the next, so an arm's costs are those of a holder that orders by it alone;
// one that changes the arm in the middle of a window may pay an order more for each change.
// Shorter rounds learn sooner: on an hour of LLM calls that is worth more than what changes cost.
const (
	roundsPerWindow = 4
	maxRound        = time.Minute
)

func (s *Sizer) roundLength() time.Duration { return min(s.span/roundsPerWindow, maxRound) }

// closeRound lets the learners know what each arm cost, and draws one for the next round.
func (s *Sizer) closeRound() {
	s.round = s.opened
	if cost := s.book.close(); cost != (arms{}) {
		s.learners.learn(&cost)
		s.aim()
	}
}

// aim draws the arm of the round to come. PolicyHedge hopes for nothing.
func (s *Sizer) aim() {
	var hint arms
	if s.policy == PolicyAided {
		s.resize(s.opened)
		t := s.roundLength()
		d := s.predictor.expect(t, 0)
		hint = s.book.foresee(d, float64(t)/float64(s.span), &s.size)
	}
	s.learners.aim(&hint)
	s.arm = s.learners.draw(point(s.seed, s.learners.rounds))
}
