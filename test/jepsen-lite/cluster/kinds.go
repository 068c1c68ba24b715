package cluster

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/leased-io/leased/budget"
)

// kinds is one of how many budgets gets a limit that is no window limit.
const kinds = 3

// withKinds makes the first limit of some budgets a sliding one, or a bucket. It draws from a
// source of its own: all else is as it would be without it.
func withKinds(o Options) Options {
	r := rand.New(rand.NewPCG(o.Seed, 0x51de))
	for i := range o.Loads {
		l := &o.Loads[i].Budget.Limits[0]
		if r.IntN(kinds) > 0 || l.Per < 2*time.Second { // its leases would hardly outlive a call
			continue
		}
		if r.IntN(2) == 0 {
			l.Kind, l.Slots = budget.KindSliding, 2+r.IntN(8)
		} else {
			l.Kind, l.Burst = budget.KindBucket, l.Amount/budget.Credits(1+r.IntN(2))
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
	}
	return text + follows(l)
}
