package sizing

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestOrder(t *testing.T) {
	const h = DefaultStranding / 1e6
	for _, c := range []struct{ d, part, want float64 }{
		{1e6, 1, 125_000},    // the whole limit, evenly: 8 orders a window
		{1e6 / 4, 1, 62_500}, // a quarter of it: half as many of half the size
		{1e6, 0.25, 250_000},
		{10_000, 1, 10_000},
		{0, 1, 0},
	} {
		if got := order(c.d, c.part, h); got != c.want {
			t.Errorf("order(%v, %v) = %v, want %v", c.d, c.part, got, c.want)
		}
	}
}

// No other number of equal orders costs less.
func TestOrderIsEconomic(t *testing.T) {
	rng := seeded(t)
	cost := func(n, d, part, h float64) float64 { return n + h*part*d/(2*n) }
	for range 2000 {
		d, part := math.Exp(20*rng.Float64()), 1-rng.Float64()
		h := math.Exp(10*rng.Float64()) / 1e6
		n := d / order(d, part, h)
		for _, m := range []float64{n - 1, n + 1, 1, n / 2, 2 * n} {
			if m = math.Round(m); m >= 1 && cost(m, d, part, h) < cost(n, d, part, h)*(1-1e-9) {
				t.Fatalf("d %v, part %v, h %v: %v orders cost more than %v", d, part, h, n, m)
			}
		}
	}
}

func TestPredictorLearnsLevelAndBurst(t *testing.T) {
	p := predictor{slot: maxSlot}
	rng := rand.New(rand.NewPCG(*seed, 2))
	for range 2000 {
		demand := 100.0
		if rng.Float64() < 0.03 {
			demand = 1000
		}
		p.learn(demand)
	}
	if got := p.expect(10*maxSlot, 0); got < 900 || got > 2200 {
		t.Errorf("expects %v in 10 slots, want about 1270", got)
	}
	if p.burst < 100 || p.burst > 600 {
		t.Errorf("burst %v: one slot in 33 exceeds 100, and that is less than one in 20", p.burst)
	}
	if few, many := p.reserve(maxSlot/100, 0), p.reserve(maxSlot, 0); few >= many || few < 1 {
		t.Errorf("reserve %v for a hundredth of a slot, %v for a slot", few, many)
	}
	if got := p.expect(10*maxSlot, 5000); got != 5000 {
		t.Errorf("expects %v after 5000 in this slot, want as much again", got)
	}
	level := p.level
	p.rest(64)
	if p.level > level/4 || p.expect(0, 1) != 0 {
		t.Errorf("expects %v of %v after 64 slots without demand", p.level, level)
	}
}

func TestPredictorFollowsATrend(t *testing.T) {
	p := predictor{slot: maxSlot}
	flat := predictor{slot: maxSlot}
	for i := range 200 {
		p.learn(float64(10 * i))
		flat.learn(float64(10 * i))
		flat.trend = 0
	}
	if p.level <= flat.level || p.level > 2000 {
		t.Errorf("level %v with the trend, %v without; demand was 1990", p.level, flat.level)
	}
}
