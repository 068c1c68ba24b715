package sim

import (
	"math/rand/v2"
	"time"

	"github.com/leased-io/leased/budget"
)

const (
	// large is one of how many seeds has a large schedule. The others are lean: they find most
	// faults in a fraction of the time.
	large = 1024
	// crowded is one of how many large schedules is a crowd.
	crowded = 16
)

// Draw returns the options that belong to seed. Every schedule is of 20 windows at least, and of
// 3 to 50 holders, but for the crowds.
func Draw(seed uint64) Options {
	switch {
	case seed%large != 0:
		return withKinds(drawLean(seed))
	case seed/large%crowded == crowded-1:
		return drawCrowd(seed, seed/large/crowded%2 == 0)
	}
	return withKinds(drawLarge(seed))
}

// drawLean draws a schedule of few holders that want little, over many windows, with some of the
// faults. Little happens in a window, and each of it counts: a few credits too many are seen
// where there are few.
func drawLean(seed uint64) Options {
	r := rand.New(rand.NewPCG(seed, 0x1ea4))
	per := []time.Duration{200, 1000, 5000, 60_000}[r.IntN(4)] * time.Millisecond
	if r.IntN(24) == 0 { // sessions expire; but holders have time for hundreds of requests
		per = 30 * time.Minute
	}
	some := func(least, most int) time.Duration {
		if r.IntN(3) == 0 {
			return 0
		}
		return per * time.Duration(least+r.IntN(most-least+1)) / 2
	}
	few := func(permille int) int { return r.IntN(2) * r.IntN(permille) }
	o := Options{
		Seed: seed, Replicas: 2 + r.IntN(2), Holders: 3 + r.IntN(1+r.IntN(4)),
		Limits:   []budget.Limit{requests(per, 1+r.IntN([]int{4, 8, 30}[r.IntN(3)]))},
		Length:   per * time.Duration(22+r.IntN(4)),
		DriftPPM: []int64{0, 5_000, 100_000, 100_000}[r.IntN(4)],
		Overload: 30 + r.IntN(90),
		Loss:     few(300), Dup: few(500), Slow: few(200), Sleep: few(300),
		Late: few(700), Exact: few(1000), Patience: per / []time.Duration{1, 2, 4}[r.IntN(3)],
		Failover: some(6, 30), Crash: some(4, 30), Suspend: some(4, 30),
		Change: some(6, 30), Insist: per / 4, Restore: some(8, 40), Delete: some(10, 40),
		Close: some(4, 30), Reshape: some(10, 40), Strange: some(1, 6),
	}
	o.Local = r.IntN(2) == 0
	if r.IntN(4) == 0 {
		o.Keys = 1 + r.IntN(2)
	}
	if r.IntN(6) == 0 {
		o.Limits = append(o.Limits, tokens(per*time.Duration(1+r.IntN(3)), 10+r.IntN(60)))
		if r.IntN(2) == 0 { // as of a language model's prompts: each costs thousands
			o.Limits[1].Amount *= 1000
		}
	}
	o.Odd, o.Waves, o.Heir = few(300), r.IntN(3) == 0, r.IntN(8) == 0
	if o.ample() && per >= time.Second && r.IntN(2) == 0 {
		o.Healed = 6*per + 4*time.Second
	}
	return o
}

// drawLarge draws a schedule of many holders, with all faults at once.
func drawLarge(seed uint64) Options {
	r := rand.New(rand.NewPCG(seed, 0xd1a3))
	return loaded(r, seed, []time.Duration{50, 200, 1000, 5000}[r.IntN(4)]*time.Millisecond)
}

// loaded draws a schedule of windows of that period, with all faults.
func loaded(r *rand.Rand, seed uint64, per time.Duration) Options {
	o := Options{
		Seed: seed, Replicas: 3, Holders: 3 + r.IntN(48),
		Limits:   []budget.Limit{requests(per, 1+r.IntN(200))},
		Length:   30 * per,
		Healed:   10*per + 10*time.Second,
		DriftPPM: []int64{0, 500, 5_000, 100_000}[r.IntN(4)],
		Overload: 20 + r.IntN(300),
		Loss:     r.IntN(200), Dup: r.IntN(200), Slow: r.IntN(100), Sleep: r.IntN(100),
		Late: r.IntN(100), Exact: r.IntN(500), Patience: per / 4,
		Failover: per * time.Duration(1+r.IntN(6)),
		Crash:    per * time.Duration(1+r.IntN(10)),
		Suspend:  per * time.Duration(1+r.IntN(10)),
		Change:   per * time.Duration(2+r.IntN(20)),
		Insist:   insist(per),
		Restore:  per * time.Duration(2+r.IntN(20)),
		Delete:   per * time.Duration(4+r.IntN(40)),
		Close:    per * time.Duration(1+r.IntN(10)),
		Reshape:  per * time.Duration(10+r.IntN(40)),
		Strange:  per / time.Duration(4+r.IntN(20)),
	}
	if r.IntN(2) == 0 {
		o.Keys = 1 + r.IntN(3)
	}
	if r.IntN(2) == 0 {
		o.Limits = append(o.Limits, tokens(per*time.Duration(1+r.IntN(3)), 100+r.IntN(40_000)))
	}
	o.Odd = r.IntN(100)
	return o
}

// drawCrowd draws a schedule of more limiters than usual: up to 200 on one budget of tiny windows,
// or a thousand, each with a key of its own.
func drawCrowd(seed uint64, keyed bool) Options {
	r := rand.New(rand.NewPCG(seed, 0xc309d))
	if keyed {
		const each = 1000
		o := loaded(r, seed, 10*time.Second)
		o.Holders, o.Keys = each, each
		o.Limits = []budget.Limit{requests(10*time.Second, 4+r.IntN(8))}
		o.Overload = each * (25 + r.IntN(25)) // the limit is each key's
		o.Length, o.Healed = 20*o.Limits[0].Per, 4*o.Limits[0].Per
		return o
	}
	o := loaded(r, seed, 50*time.Millisecond)
	o.Holders, o.Keys, o.Healed = 51+r.IntN(150), 0, 0
	o.Limits = []budget.Limit{requests(50*time.Millisecond, 50+r.IntN(400))}
	return o
}

// crowd reports whether there are more limiters than usual.
func (o Options) crowd() bool { return o.Holders > 50 }

// Workload names what the fleet does, by what stands out most.
func (o Options) Workload() string {
	switch {
	case o.crowd() && o.Keys > 0:
		return "1,000 keys"
	case o.crowd():
		return "tiny windows, up to 200 limiters"
	case o.has(budget.KindBucket):
		return "buckets"
	case o.has(budget.KindSliding):
		return "sliding limits"
	case len(o.Limits) > 1 && o.Limits[1].Amount >= 1000:
		return "two metrics, large costs"
	case len(o.Limits) > 1:
		return "two metrics"
	case o.Keys > 0:
		return "keyed budget"
	case o.Change > 0:
		return "hot budget, amounts change"
	}
	return "hot budget"
}

// DrawSmall draws a schedule of a few holders, a few windows and some of the faults: one that
// has few faults shows what many would drown. Periods of half an hour let sessions expire.
func DrawSmall(seed uint64) Options {
	r := rand.New(rand.NewPCG(seed, 0x53a1))
	per := []time.Duration{
		200 * time.Millisecond, time.Second, time.Minute, 30 * time.Minute,
	}[r.IntN(4)]
	// some is a mean time of least to most windows, or never.
	some := func(least, most int) time.Duration {
		if r.IntN(3) == 0 {
			return 0
		}
		return per * time.Duration(least+r.IntN(most-least+1)) / 2
	}
	few := func(permille int) int { return r.IntN(2) * r.IntN(permille) }
	o := Options{
		Seed: seed, Replicas: 2 + r.IntN(2), Holders: 1 + r.IntN(4),
		Limits:   []budget.Limit{requests(per, 1+r.IntN([]int{6, 40, 250}[r.IntN(3)]))},
		Length:   per * time.Duration(4+r.IntN(8)),
		DriftPPM: []int64{0, 5_000, 100_000, 100_000}[r.IntN(4)],
		Overload: 50 + r.IntN(300),
		Loss:     few(300), Dup: few(500), Slow: few(200), Sleep: few(300),
		Late: few(700), Exact: few(1000), Patience: per / []time.Duration{4, 4, 60}[r.IntN(3)],
		Failover: some(1, 6), Crash: some(2, 10), Suspend: some(2, 10),
		Change: some(2, 8), Insist: insist(per), Restore: some(2, 8), Delete: some(4, 16),
		Close: some(1, 8), Reshape: some(4, 16),
		Strange: some(1, 4) / time.Duration(2+r.IntN(100)),
	}
	if o.Limits[0].Amount > 50 {
		o.Overload = 20 + r.IntN(50) // mostly for what sums up with time, such as a session's leases
	}
	o.Local = r.IntN(2) == 0
	if r.IntN(3) == 0 {
		o.Keys = 1 + r.IntN(2)
	}
	if r.IntN(3) == 0 {
		o.Limits = append(o.Limits, tokens(per*time.Duration(1+r.IntN(3)), 10+r.IntN(200)))
	}
	if o.ample() {
		o.Healed = 6*per + 4*time.Second
	}
	return withKinds(o)
}

// insist is the usual time after which a budget is put again.
func insist(per time.Duration) time.Duration { return max(10*time.Millisecond, per/100) }

func requests(per time.Duration, amount int) budget.Limit {
	return budget.Limit{
		Metric: "requests", Kind: budget.KindWindow, Per: per, Amount: budget.Credits(amount),
	}
}

func tokens(per time.Duration, amount int) budget.Limit {
	return budget.Limit{
		Metric: "tokens", Kind: budget.KindWindow, Per: per, Amount: budget.Credits(amount),
	}
}
