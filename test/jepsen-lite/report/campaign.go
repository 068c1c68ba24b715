// Package report is what the rings tell of their campaigns: one form for all of them, its sums,
// and one HTML page that needs nothing but itself.
//
// A ring fills a Campaign as it goes: a Run for each life of a cluster that it broke, with the
// faults at the time they struck. What the trace tells (windows, waits for grants, gaps at
// failovers) is what ReadStory returns.
package report

import "time"

// Campaign is what one command broke and found.
type Campaign struct {
	Ring    int    `json:"ring"`
	Seed    uint64 `json:"seed"`
	Command string `json:"command"` // which plays it again
	// Took is how long it took in real time, checks included.
	Took time.Duration `json:"took_ns"`
	// Without is what this machine does not let the ring do.
	Without []string `json:"without,omitempty"`
	Runs    []Run    `json:"runs"`
}

// Run is one life of a cluster and its fleet. Where many runs are alike and short, as in ring 1,
// one Run stands for Lives of them: it has counts, and no timeline.
type Run struct {
	Name   string `json:"name"` // such as "seed 7"
	Replay string `json:"replay"`
	// Lives is 1, or how many runs it sums up. 0: a sample of what another Run sums up, to be
	// looked at; its figures are not counted again.
	Lives    int64         `json:"lives"`
	Workload string        `json:"workload"`
	Nodes    int           `json:"nodes"`
	Limiters int           `json:"limiters"`
	Virtual  bool          `json:"virtual"`   // its time is not real time
	Length   time.Duration `json:"length_ns"` // in its own time, of all lives together

	// Faults are those of the timeline, in order of From; Counts are of every fault by kind.
	Faults []Fault          `json:"faults,omitempty"`
	Counts map[string]int64 `json:"fault_counts"`
	Served Served           `json:"served"`

	Story    Story     `json:"story"`
	Verdicts []Verdict `json:"verdicts"`
}

// Fault is one thing that was broken, from From to To in the run's time.
type Fault struct {
	Kind    string        `json:"kind"`
	Target  string        `json:"target,omitempty"`
	From    time.Duration `json:"from_ns"`
	To      time.Duration `json:"to_ns"` // From, if it is over at once
	Outcome string        `json:"outcome,omitempty"`
}

// Served sums up the healed phases: everything was mended, and every limiter had to be served.
type Served struct {
	Healings int           `json:"healings"`
	Slowest  time.Duration `json:"slowest_ns"` // until the last limiter was served
	Within   time.Duration `json:"within_ns"`  // what the slowest was allowed
}

// Story is what the trace tells of a run: see ReadStory.
type Story struct {
	Events     int64 `json:"events"`
	Entries    int64 `json:"entries"`
	Epochs     int64 `json:"epochs"`
	Restores   int64 `json:"restores"` // of snapshots
	Windows    int64 `json:"windows"`
	Admissions int64 `json:"admissions"`
	Admitted   int64 `json:"admitted_credits"`
	// Bound is what there was to admit in all those windows: of a window limit the amount, of a
	// window of another kind the part of the amount that it is of the period, and once what a
	// bucket held at first.
	Bound int64 `json:"bound_credits"`
	// Overshoot is by how much any one window of an account was exceeded, at most: 0. What the
	// other kinds admit in an interval over several windows is for the judges.
	Overshoot int64 `json:"overshoot_credits"`
	// Operations are those whose history was judged for linearizability.
	Operations int64 `json:"operations"`
	// Slots are those that were taken. How many were held at a time is for the judges.
	Slots int64 `json:"slots_taken,omitempty"`
	// Strays are credits that were admitted on leases that no node's file has: of no window.
	Strays int64 `json:"stray_credits,omitempty"`
	// FailOpen is what was admitted without leases, by a policy that was asked for.
	FailOpen int64 `json:"fail_open_credits,omitempty"`

	Bands  []Band `json:"bands,omitempty"`
	Waits  []Wait `json:"waits,omitempty"`
	Gaps   []Gap  `json:"gaps,omitempty"`
	Leads  []Lead `json:"leads,omitempty"`
	Hidden int64  `json:"hidden,omitempty"` // windows that have no band: see maxAccounts
}

// Band is one window of one account, and what it admitted of its bound; or the sum of a few
// that are next to each other, none of which overshot.
type Band struct {
	Budget   string        `json:"budget"`
	Metric   string        `json:"metric"`
	Key      string        `json:"key,omitempty"`
	From     time.Duration `json:"from_ns"`
	To       time.Duration `json:"to_ns"`
	Bound    int64         `json:"bound"`
	Granted  int64         `json:"granted"` // less what was taken back
	Admitted int64         `json:"admitted"`
	// Windows is how many it sums up; 0 stands for 1.
	Windows int64 `json:"windows,omitempty"`
}

// Wait is how long limiters waited for the answers that they took in a part of a run: from the
// first sending of a request, on their own clocks. Where these are not the nodes', the grant
// tells which part it is.
type Wait struct {
	From   time.Duration `json:"from_ns"`
	To     time.Duration `json:"to_ns"`
	Count  int64         `json:"count"`
	Median time.Duration `json:"median_ns"`
	Max    time.Duration `json:"max_ns"`
}

// Gap is the time around the opening of an epoch in which nobody granted. Several epochs may have
// been opened in it; nothing was granted under those before the last.
type Gap struct {
	From time.Duration `json:"from_ns"` // the last grant before
	Open time.Duration `json:"open_ns"` // the epoch
	To   time.Duration `json:"to_ns"`   // the first grant after
	// Admitted credits in it, from leases that limiters held, as far as their clocks tell.
	Admitted int64 `json:"admitted_credits"`
}

// Lead is one node's open epoch.
type Lead struct {
	Node  string        `json:"node"`
	Epoch uint64        `json:"epoch"`
	From  time.Duration `json:"from_ns"`
	To    time.Duration `json:"to_ns"`
}

// The results of a judge. The worst wins, and Unknown is not success.
const (
	Valid   = "valid"
	Unknown = "unknown"
	Invalid = "invalid"
)

// Verdict is one judge's.
type Verdict struct {
	Judge  string `json:"judge"`  // such as "trace", "linearizable", "liveness"
	Result string `json:"result"` // Valid, Unknown or Invalid
	Detail string `json:"detail,omitempty"`
}
