package sim

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/leased-io/leased/budget"
)

// kinds is one of how many schedules has limits that are no window limits.
const kinds = 3

// withKinds makes some of the limits of some schedules sliding ones or buckets. Their draws are of
// a source of their own: the others are as they would be without them.
func withKinds(o Options) Options {
	r := rand.New(rand.NewPCG(o.Seed, 0x51de))
	if r.IntN(kinds) > 0 {
		return o
	}
	o.Limits = slices.Clone(o.Limits)
	for i := range o.Limits {
		if i == 0 || r.IntN(2) == 0 {
			o.Limits[i] = ofAKind(r, o.Limits[i])
		}
	}
	if r.IntN(4) == 0 { // two bounds on one metric: so many an hour, and not all at once
		more := ofAKind(r, requests(o.Limits[0].Per*2, 2*int(o.Limits[0].Amount)))
		o.Limits = append(o.Limits, more)
	}
	quiet := r.IntN(3) == 0 // everybody has what it needs, so that buckets fill and windows go by
	if quiet {
		o.Overload = 10 + r.IntN(20)
	}
	if quiet || !o.ample() { // some may ask for nothing in the healed phase
		o.Healed = 0
	}
	for _, l := range o.Limits { // twice as long a period, perhaps, has to be waited for first
		if o.Healed > 0 {
			o.Healed = max(o.Healed, 4*l.Memory()+4*l.Per)
		}
	}
	return o
}

// ofAKind returns l as a sliding limit or as a bucket, of as many slots or as small a burst as its
// period bears.
func ofAKind(r *rand.Rand, l budget.Limit) budget.Limit {
	const fill = 160 * time.Millisecond // of the least burst that is allowed
	if r.IntN(2) == 0 {
		l.Kind, l.Slots = budget.KindSliding, 1+r.IntN(min(12, int(l.Per/budget.MinPer)))
		return l
	}
	l.Kind, l.Burst = budget.KindBucket, l.Amount*budget.Credits(1+r.IntN(6))/2
	least := (l.Amount*budget.Credits(fill) + budget.Credits(l.Per) - 1) / budget.Credits(l.Per)
	l.Burst = max(1, l.Burst, least)
	return l
}
