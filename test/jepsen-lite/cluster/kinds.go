package cluster

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/leased-io/leased/budget"
)

// kinds is one of how many budgets gets a limit that is no window limit.
const kinds = 3

// withKinds makes the first limit of some budgets a sliding one, a bucket, or, where it is the
// only one, one of slots. It draws from a source of its own: all else is as it would be without it.
func withKinds(o Options) Options {
	r := rand.New(rand.NewPCG(o.Seed, 0x51de))
	for i := range o.Loads {
		l := &o.Loads[i].Budget.Limits[0]
		if r.IntN(kinds) > 0 || l.Per < 2*time.Second { // its leases would hardly outlive a call
			continue
		}
		switch n := r.IntN(3); {
		case n == 0:
			l.Kind, l.Slots = budget.KindSliding, 2+r.IntN(8)
		case n == 1 || len(o.Loads[i].Budget.Limits) > 1:
			l.Kind, l.Burst = budget.KindBucket, l.Amount/budget.Credits(1+r.IntN(2))
		default:
			// As many as let everybody have some, and not all of them at once.
			l.Kind, l.Amount = budget.KindSlots, budget.Credits(5+r.IntN(10))
		}
	}
	return o
}

// described is a limit in a few words.
func described(l budget.Limit) string {
	text := fmt.Sprintf("%d %s per %s", l.Amount, l.Metric, budget.FormatPer(l.Per))
	switch l.Kind {
	case budget.KindSliding:
		text += fmt.Sprintf(", sliding in %d slots", l.Slots)
	case budget.KindBucket:
		text += fmt.Sprintf(", a bucket of %d", l.Burst)
	case budget.KindSlots:
		text = fmt.Sprintf("%d slots of %s for %s", l.Amount, l.Metric, budget.FormatPer(l.Per))
	}
	return text + follows(l)
}
