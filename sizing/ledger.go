package sizing

import "math"

// ledger keeps books on what each arm would have cost: it plays every arm against the demand
// that was seen, one slot at a time. What it leaves out is the time that a call takes, the
// taper of the coordinator's grants, and the other holders.
type ledger struct {
	n     int
	bound float64 // the limit's: no arm is granted more in a window
	hold  float64 // h: calls for a credit that is held for a whole window
	// Of each arm: credits held, credits granted in the window, and the round's cost so far.
	held, granted, cost arms
}

// slot plays a slot with offers of demand credits in sum, a part of a window long, on orders of
// size credits.
func (b *ledger) slot(demand, offers, part float64, size *arms) {
	for i := range b.n {
		if short := demand - b.held[i]; short > 0 {
			// An order is for what is missing if that is more: offers never wait for a second.
			calls := min(offers, math.Ceil(short/size[i]))
			got := min(max(short, calls*size[i]), b.bound-b.granted[i])
			if got > 0 {
				b.cost[i] += calls
				b.granted[i] += got
			}
			b.held[i] = max(0, got-short)
		} else {
			b.held[i] = -short
		}
		b.cost[i] += b.hold * b.held[i] * part
	}
}

// rest plays a part of a window without offers.
func (b *ledger) rest(part float64) {
	for i := range b.n {
		b.cost[i] += b.hold * b.held[i] * part
	}
}

// roll ends the window: what is held is stranded.
func (b *ledger) roll() {
	for i := range b.n {
		b.cost[i] += b.hold * b.held[i]
	}
	b.held, b.granted = arms{}, arms{}
}

// close ends the round and returns what it cost.
func (b *ledger) close() arms {
	cost := b.cost
	b.cost = arms{}
	return cost
}

// foresee returns what orders of size would cost in a part of a window with an evenly spread
// demand: what order reckons with, and what is left over if the window ends then.
func (b *ledger) foresee(demand, part float64, size *arms) arms {
	var cost arms
	demand = min(demand, b.bound)
	for i := range b.n {
		n := max(1, math.Ceil(demand/size[i])) // if next to nothing is expected, small is best
		over := max(0, n*size[i]-demand)
		cost[i] = n + b.hold*part*(demand/(2*n)+over/2+over)
	}
	return cost
}
