package sizing

import (
	"time"

	"github.com/leased-io/leased/budget"
)

// Fixed orders as many credits every time, once none are left: a size that somebody has measured,
// or a yardstick for those that are learned. It predicts nothing.
type Fixed struct{ size budget.Credits }

// NewFixed returns a sizer that orders n credits, 1..budget.MaxAmount; what lies outside counts as
// the nearest bound.
func NewFixed(n int64) Fixed {
	return Fixed{size: min(max(1, budget.Credits(n)), budget.MaxAmount)}
}

// Offered tells of an offer, which changes nothing.
func (f Fixed) Offered(int64, budget.Credits) {}

// Size returns what is ordered, and no reserve.
func (f Fixed) Size(int64, time.Duration, time.Duration) (size, reserve budget.Credits) {
	return f.size, 0
}
