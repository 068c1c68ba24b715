package sizing

import (
	"math"
	"time"
)

// The weights of the latest slot in what is predicted.
const (
	levelWeight = 1.0 / 32
	trendWeight = 1.0 / 64
	// trendDamping is what is left of the trend a slot later: it is no line into the future.
	trendDamping = 0.9
	// burstQuantile is the part of all slots that a burst is not exceeded in, and burstStep by
	// how much of its own size one slot moves the estimate of it.
	burstQuantile = 0.95
	burstStep     = 1.0 / 8
)

// predictor estimates a limit's demand from that of slots of equal length: level and trend by
// Holt's method with a damped trend (Gardner and McKenzie, Forecasting Trends in Time Series,
// 1985), and the demand that a slot seldom exceeds by stochastic approximation (Robbins and
// Monro, 1951). All are credits a slot, at least 0; the trend may be negative.
type predictor struct {
	slot  time.Duration
	level float64
	trend float64
	burst float64
	seen  bool // whether there was any demand
}

// learn takes a slot's demand.
func (p *predictor) learn(demand float64) {
	if !p.seen {
		p.seen, p.level, p.burst = true, demand, demand
		return
	}
	before := p.level
	ahead := max(0, p.level+trendDamping*p.trend)
	p.level = ahead + levelWeight*(demand-ahead)
	p.trend = trendDamping*p.trend + trendWeight*(p.level-before-trendDamping*p.trend)
	step := burstStep * max(p.burst, p.level, 1)
	if demand > p.burst {
		p.burst = min(demand, p.burst+step*burstQuantile)
	} else {
		p.burst = max(demand, p.burst-step*(1-burstQuantile))
	}
}

// rest takes as many slots without demand.
func (p *predictor) rest(slots int64) {
	if !p.seen || slots <= 0 {
		return
	}
	n := float64(slots)
	p.level *= math.Pow(1-levelWeight, n)
	p.burst *= math.Pow(1-burstStep*(1-burstQuantile), n)
	p.trend = 0 // a silence is no decline
}

// expect returns the demand of the next t; fresh is that of the slot under way. As much again as
// there was in it is expected at least, so that the first leases double until they suffice; that
// it goes on for all of t is not, or every clump of offers would be taken for a new level.
func (p *predictor) expect(t time.Duration, fresh float64) float64 {
	if t <= 0 {
		return 0
	}
	slots := float64(t) / float64(p.slot)
	// The damped trend adds up over the slots to trend*damping/(1-damping) a slot at most.
	far := trendDamping * (1 - math.Pow(trendDamping, slots)) / (1 - trendDamping)
	level := max(0, p.level+p.trend*far*(1-far/(slots+far)))
	return max(level*slots, fresh*min(1, slots))
}

// reserve returns what should be left when more is asked for, if that takes lead: the demand
// meanwhile, and of what a burst is above it the part that the square root of the time makes.
func (p *predictor) reserve(lead time.Duration, fresh float64) float64 {
	slots := float64(max(0, lead)) / float64(p.slot)
	return p.expect(lead, fresh) + max(0, p.burst-p.level)*math.Sqrt(slots)
}
