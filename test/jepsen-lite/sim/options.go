package sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/leased-io/leased/budget"
)

// Broken names a rule that the harness breaks on purpose, to show that the judges notice.
type Broken string

// The rules that can be broken from outside the product's code.
const (
	Sound Broken = ""
	// StampEarly breaks R1: a batch carries the reading from when the last one was sent.
	StampEarly Broken = "R1"
	// ResumeAhead breaks R2: a new leader's clock starts ahead, as a wall clock's might.
	ResumeAhead Broken = "R2"
	// NoMargin breaks R6: holders use a lease's whole ttl although clocks drift.
	NoMargin Broken = "R6"
	// TimeFromReceipt breaks R7: a lease's life is counted from its answer's arrival.
	TimeFromReceipt Broken = "R7"
)

// Options is one schedule's shape. Probabilities are in permille.
type Options struct {
	Seed     uint64
	Replicas int
	Holders  int
	Keys     int // 0: the budget is not keyed
	Limits   []budget.Limit
	Length   time.Duration // virtual time under faults
	Healed   time.Duration // virtual time without faults after that
	DriftPPM int64         // every clock's rate stays within it; so does the holders' margin
	Overload int           // demand over the first limit, in percent

	Loss, Dup, Slow int           // of each message; a slow one may take a window
	Late            int           // of each offer: made with an earlier reading of the clock
	Exact           int           // of each timer: fires when it says
	Patience        time.Duration // mean time after which a request is sent again
	Sleep           int           // of each proposal: sleeps before it is appended
	Failover        time.Duration // mean time between failovers; 0: none
	Crash           time.Duration // mean time between holder crashes; 0: none
	Suspend         time.Duration // mean time between holder suspends; 0: none
	Change          time.Duration // mean time between budget changes; 0: none
	Delete          time.Duration // mean time between deletions, each followed by a creation; 0: none
	Restore         time.Duration // mean time between snapshot restores; 0: none
	Close           time.Duration // mean time between holders that close in order; 0: none
	Reshape         time.Duration // mean time between changes of the set of limits; 0: none
	Strange         time.Duration // mean time between a stranger's commands; 0: no stranger

	// Local: a process has one oscillator, which its wall clock drifts with and its recorder
	// tells the time by. Otherwise wall clocks and recorders have the true rate, and the
	// recorders the true time, so that the checker can compare them.
	Local bool
	// Verify holds every state against fsm.Invariants, which takes time.
	Verify bool
	Broken Broken
}

// large is one of how many seeds has a large schedule; the others find most faults sooner.
const large = 8

// Draw returns the options that belong to seed.
func Draw(seed uint64) Options {
	if seed%large == 0 {
		return drawLarge(seed)
	}
	return DrawSmall(seed)
}

// drawLarge draws a schedule of many holders, with all faults at once.
func drawLarge(seed uint64) Options {
	r := rand.New(rand.NewPCG(seed, 0xd1a3))
	per := []time.Duration{50, 200, 1000, 5000}[r.IntN(4)] * time.Millisecond
	o := Options{
		Seed: seed, Replicas: 3, Holders: 3 + r.IntN(20),
		Limits: []budget.Limit{{
			Metric: "requests", Kind: budget.KindWindow, Per: per,
			Amount: budget.Credits(1 + r.IntN(400)),
		}},
		Length:   30 * per,
		Healed:   10*per + 10*time.Second,
		DriftPPM: []int64{0, 500, 5_000, 100_000}[r.IntN(4)],
		Overload: 20 + r.IntN(500),
		Loss:     r.IntN(200), Dup: r.IntN(200), Slow: r.IntN(100), Sleep: r.IntN(100),
		Late: r.IntN(100), Exact: r.IntN(500), Patience: per / 4,
		Failover: per * time.Duration(1+r.IntN(6)),
		Crash:    per * time.Duration(1+r.IntN(10)),
		Suspend:  per * time.Duration(1+r.IntN(10)),
		Change:   per * time.Duration(2+r.IntN(20)),
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
		o.Limits = append(o.Limits, budget.Limit{
			Metric: "tokens", Kind: budget.KindWindow, Per: per * time.Duration(1+r.IntN(3)),
			Amount: budget.Credits(100 + r.IntN(40_000)),
		})
	}
	return o
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
		Limits: []budget.Limit{{
			Metric: "requests", Kind: budget.KindWindow, Per: per,
			Amount: budget.Credits(1 + r.IntN([]int{6, 40, 250}[r.IntN(3)])),
		}},
		Length:   per * time.Duration(4+r.IntN(8)),
		DriftPPM: []int64{0, 5_000, 100_000, 100_000}[r.IntN(4)],
		Overload: 50 + r.IntN(300),
		Loss:     few(300), Dup: few(500), Slow: few(200), Sleep: few(300),
		Late: few(700), Exact: few(1000), Patience: per / []time.Duration{4, 4, 60}[r.IntN(3)],
		Failover: some(1, 6), Crash: some(2, 10), Suspend: some(2, 10),
		Change: some(2, 8), Restore: some(2, 8), Delete: some(4, 16),
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
		o.Limits = append(o.Limits, budget.Limit{
			Metric: "tokens", Kind: budget.KindWindow, Per: per * time.Duration(1+r.IntN(3)),
			Amount: budget.Credits(10 + r.IntN(200)),
		})
	}
	if o.ample() {
		o.Healed = 6*per + 4*time.Second
	}
	return o
}

// ample reports whether the budget is large enough for everybody to be served in the healed
// phase, whoever is faster.
func (o Options) ample() bool {
	for _, l := range o.Limits {
		if int(l.Amount) < 4*o.Holders {
			return false
		}
	}
	return true
}

// String is the schedule's shape in one line.
func (o Options) String() string {
	return fmt.Sprintf("seed=%d holders=%d keys=%d limits=%v length=%v drift=%dppm overload=%d%% "+
		"loss=%d dup=%d slow=%d late=%d exact=%d patience=%v sleep=%d failover=%v crash=%v "+
		"suspend=%v change=%v delete=%v "+
		"restore=%v close=%v reshape=%v strange=%v local=%t broken=%q",
		o.Seed, o.Holders, o.Keys, o.Limits, o.Length, o.DriftPPM, o.Overload,
		o.Loss, o.Dup, o.Slow, o.Late, o.Exact, o.Patience, o.Sleep, o.Failover, o.Crash,
		o.Suspend, o.Change, o.Delete,
		o.Restore, o.Close, o.Reshape, o.Strange, o.Local, o.Broken)
}
