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
	o.Override = o.Limits[0].Per * time.Duration(1+r.IntN(8))
	o.Local = false  // one clock, so that intervals of real time can be judged
	if seed%3 == 0 { // everybody has what it needs, so that buckets fill and windows go by
		o.Overload = 5 + r.IntN(20)
	}
	return o
}

// DrawSlots returns the schedule of slots that belongs to seed: one of the simulation's, with slots
// in the place of its first limit, and at times of others.
func DrawSlots(seed uint64) sim.Options {
	r := rand.New(rand.NewPCG(seed, 0x5107))
	o := sim.Draw(seed)
	if seed%2 == 0 {
		o = sim.DrawSmall(seed)
	}
	for i := range o.Limits {
		l := &o.Limits[i]
		l.Kind, l.Slots, l.Burst, l.Lease = budget.KindWindow, 0, 0, 0
		if i == 0 || r.IntN(2) == 0 {
			l.Kind, l.Amount = budget.KindSlots, min(l.Amount, 60)
			l.Per = min(max(l.Per, budget.MinSlotPer), 2*time.Minute)
		}
	}
	o.Limits[0].Amount = min(o.Limits[0].Amount, 2+budget.Credits(r.IntN(20)))
	if (budget.Budget{Name: "b", Limits: o.Limits}).Validate() != nil { // the same one twice
		o.Limits = o.Limits[:1]
	}
	per := o.Limits[0].Per
	if r.IntN(2) == 0 {
		o.Override = per * time.Duration(1+r.IntN(8))
	}
	o.Length = min(o.Length, 25*per)
	o.Local = r.IntN(4) == 0
	if o.Healed = 0; ample(o) {
		o.Healed = 12*per + 4*time.Second
	}
	return o
}

// DrawFamily returns the schedule of several levels that belongs to seed: one of the simulation's,
// with one to three budgets above its own, which many keys share and which have less than all these
// may.
func DrawFamily(seed uint64) sim.Options {
	r := rand.New(rand.NewPCG(seed, 0xfa31))
	o := sim.Draw(seed)
	if seed%2 == 0 {
		o = sim.DrawSmall(seed)
	}
	o.Keys = max(2, o.Keys)
	o.Weighs = r.IntN(2) == 0
	own := o.Limits[0]
	for range 1 + r.IntN(3) {
		l := limit(r, own.Metric, own.Amount*budget.Credits(1+r.IntN(3)),
			own.Per*time.Duration(1+r.IntN(2)))
		if r.IntN(2) == 0 { // one that looks like the budget's own, or will when that is reshaped
			l = own
			l.Amount, l.Per = l.Amount*budget.Credits(1+r.IntN(3)), l.Per*time.Duration(1+r.IntN(2))
		}
		if l.Validate() != nil {
			l = own
		}
		o.Above = append(o.Above, l)
	}
	o.Local = r.IntN(4) == 0
	o.Healed = 0 // those of a team are not served in turn
	return o
}

// ample reports whether there is enough for everybody in the healed phase, and soon enough.
func ample(o sim.Options) bool {
	for _, l := range o.Limits {
		if int(l.Amount) < 4*o.Holders || l.Per > 3*o.Limits[0].Per {
			return false
		}
	}
	return true
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
