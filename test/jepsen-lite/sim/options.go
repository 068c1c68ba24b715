package sim

import (
	"slices"
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
	Above    []budget.Limit // of the budgets above, one each, from the parent up
	Weighs   bool           // with budgets above: what a request costs has a weight
	Length   time.Duration  // virtual time under faults
	Healed   time.Duration  // virtual time without faults after that
	DriftPPM int64          // every clock's rate stays within it; so does the holders' margin
	Overload int            // demand over the first limit, in percent
	Waves    bool           // demand comes in waves over the whole fleet

	Loss, Dup, Slow int           // of each message; a slow one may take a window
	Late            int           // of each offer: made with an earlier reading of the clock
	Exact           int           // of each timer: fires when it says
	Odd             int           // of each request: asks for more or less than anybody needs
	Patience        time.Duration // mean time after which a request is sent again
	Sleep           int           // of each proposal: sleeps before it is appended
	Failover        time.Duration // mean time between failovers; 0: none
	Crash           time.Duration // mean time between holder crashes; 0: none
	Suspend         time.Duration // mean time between holder suspends; 0: none
	Change          time.Duration // mean time between budget changes; 0: none
	Insist          time.Duration // time after which a budget that is not in force is put again
	Delete          time.Duration // mean time between deletions, each followed by a creation; 0: none
	Restore         time.Duration // mean time between snapshot restores; 0: none
	Close           time.Duration // mean time between holders that close in order; 0: none
	Override        time.Duration // mean time between limits that are set for a time; 0: none
	Reshape         time.Duration // mean time between changes of the set of limits; 0: none
	Strange         time.Duration // mean time between a stranger's commands; 0: no stranger

	// Heir: the cluster takes the place of another one, of which there is a backup.
	Heir bool
	// Local: a process has one oscillator, which its wall clock drifts with and its recorder
	// tells the time by. Otherwise wall clocks and recorders have the true rate, and the
	// recorders the true time, so that the checker can compare them; and no wall clock is set
	// back, or the monotonic clock alone would tell a life's end, too late by a true clock.
	Local bool
	// Verify holds every state against fsm.Invariants, which takes time.
	Verify bool
	Broken Broken
}

// heals reports whether the schedule has a healed phase, in which everybody must be served.
func (o Options) heals() bool { return o.Healed > 0 && o.ample() }

// ample reports whether the budget is large enough for everybody to be served in the healed
// phase, whoever is faster.
func (o Options) ample() bool {
	sharing := o.Holders
	if o.Keys >= o.Holders {
		sharing = 1
	}
	for _, l := range o.Limits {
		if int(min(l.Amount, l.Bound())) < 4*sharing {
			return false
		}
	}
	return true
}

// has reports whether one of the limits is of a kind.
func (o Options) has(kind budget.Kind) bool {
	return slices.ContainsFunc(o.Limits, func(l budget.Limit) bool { return l.Kind == kind })
}
