package kinds

import (
	"math/rand/v2"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/test/jepsen-lite/sim"
)

// Draw returns the schedule that belongs to seed: one of the simulation's, with other limits in
// the place of its own.
func Draw(seed uint64) sim.Options {
	r := rand.New(rand.NewPCG(seed, 0x51de))
	o := sim.Draw(seed)
	own := o.Limits[0]
	o.Limits = []budget.Limit{limit(r, own.Metric, own.Amount, own.Per)}
	for range r.IntN(3) {
		metric := []string{own.Metric, "bytes"}[r.IntN(2)]
		more := append(o.Limits[:len(o.Limits):len(o.Limits)],
			limit(r, metric, own.Amount*budget.Credits(1+r.IntN(4)), own.Per*time.Duration(1+r.IntN(3))))
		if (budget.Budget{Name: "b", Limits: more}).Validate() == nil { // not the same one twice
			o.Limits = more
		}
	}
	o.Local = false  // one clock, so that intervals of real time can be judged
	if seed%3 == 0 { // everybody has what it needs, so that buckets fill and windows go by
		o.Overload = 5 + r.IntN(20)
	}
	return o
}

// limit draws a limit; most are no window limits.
func limit(r *rand.Rand, metric string, amount budget.Credits, per time.Duration) budget.Limit {
	l := budget.Limit{Metric: metric, Kind: budget.KindWindow, Amount: amount, Per: per}
	switch n := r.IntN(10); {
	case n < 4:
		l.Kind, l.Slots = budget.KindSliding, 1+r.IntN(12)
	case n < 9:
		l.Kind, l.Burst = budget.KindBucket, amount*budget.Credits(1+r.IntN(3))
	}
	return l
}
