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
	Sleep           int           // of each proposal: sleeps before it is appended
	Failover        time.Duration // mean time between failovers; 0: none
	Crash           time.Duration // mean time between holder crashes; 0: none
	Suspend         time.Duration // mean time between holder suspends; 0: none
	Change          time.Duration // mean time between budget changes; 0: none
	Delete          time.Duration // mean time between deletions, each followed by a creation; 0: none
	Restore         time.Duration // mean time between snapshot restores; 0: none

	Broken Broken
}

// Draw returns the options that belong to seed.
func Draw(seed uint64) Options {
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
		Failover: per * time.Duration(1+r.IntN(6)),
		Crash:    per * time.Duration(1+r.IntN(10)),
		Suspend:  per * time.Duration(1+r.IntN(10)),
		Change:   per * time.Duration(2+r.IntN(20)),
		Restore:  per * time.Duration(2+r.IntN(20)),
		Delete:   per * time.Duration(4+r.IntN(40)),
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
		"loss=%d dup=%d slow=%d sleep=%d failover=%v crash=%v suspend=%v change=%v delete=%v "+
		"restore=%v broken=%q",
		o.Seed, o.Holders, o.Keys, o.Limits, o.Length, o.DriftPPM, o.Overload,
		o.Loss, o.Dup, o.Slow, o.Sleep, o.Failover, o.Crash, o.Suspend, o.Change, o.Delete,
		o.Restore, o.Broken)
}
