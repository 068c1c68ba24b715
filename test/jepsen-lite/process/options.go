//go:build linux

package process

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/leased-io/leased/lease"
)

// DriftPPM is the campaign's max_clock_drift, the product's default.
const DriftPPM = lease.DefaultMaxClockDriftPPM

// Options say what a campaign does. Draw makes them from a seed.
type Options struct {
	Seed  uint64 `json:"seed"`
	Nodes int    `json:"nodes"` // 3 or 5 found the cluster
	// Fleets is the number of processes with limiters.
	Fleets   int           `json:"fleets"`
	Duration time.Duration `json:"duration"` // of all rounds together
	Round    time.Duration `json:"round"`    // of faults, between two healings
	Pause    time.Duration `json:"pause"`    // the mean time between two faults
	Workload string        `json:"workload"` // a key of Workloads
	// Snapshots makes actors that are nodes take snapshots often, and keep short logs, so that who
	// was away is sent one.
	Snapshots bool `json:"snapshots"`
	// Kills, if set, makes the campaign a series of that many kills of the leader and nothing
	// else: the measurement of the gaps.
	Kills int `json:"kills,omitempty"`
	// Elect is how long a healed cluster may take to have a leader that all follow, the start of
	// its processes included; zero: electBound.
	Elect time.Duration `json:"elect,omitempty"`
	// Only are the kinds of faults to choose from; empty: all.
	Only []string `json:"only,omitempty"`
	// MajorityLoss lets faults take a majority of the nodes at a time.
	MajorityLoss bool `json:"majority_loss,omitempty"`
	// Avoid names what to do without as if the system forbade it: Avoid...
	Avoid []string `json:"avoid,omitempty"`
	// Plant is a fault of the harness that its judges must find.
	Plant string `json:"plant,omitempty"`

	// Command plays the campaign again.
	Command string `json:"command"`

	Out string `json:"out"` // directory for traces, logs and the report
	// Scratch is the directory of the nodes' data; it is the caller's to remove.
	Scratch string `json:"scratch"`
	Leased  string `json:"leased"` // the product's binary
	Actor   string `json:"actor"`  // this ring's
	// Isolated: the stage has namespaces of its own. Set by Launch.
	Isolated bool `json:"isolated"`
}

// Draw returns the options of a campaign that belong to seed.
func Draw(seed uint64, duration time.Duration) Options {
	r := rand.New(rand.NewPCG(seed, 0x0907))
	names := WorkloadNames()
	o := Options{
		Seed:     seed,
		Nodes:    3,
		Fleets:   3 + r.IntN(2),
		Duration: duration,
		Round:    min(duration, 10*time.Second+time.Duration(r.Int64N(int64(10*time.Second)))),
		Pause:    300*time.Millisecond + time.Duration(r.Int64N(int64(time.Second))),
		Workload: names[r.IntN(len(names))],
	}
	if r.IntN(4) == 0 {
		o.Nodes = 5
	}
	o.Snapshots = r.IntN(2) == 0
	return o
}

// Validate returns why the options are not allowed, or nil.
func (o Options) Validate() error {
	switch {
	case o.Nodes != 3 && o.Nodes != 5:
		return fmt.Errorf("process: %d nodes: want 3 or 5", o.Nodes)
	case o.Fleets < 1 || o.Fleets > maxFleets:
		return fmt.Errorf("process: %d fleet processes: want 1..%d", o.Fleets, maxFleets)
	case o.Kills == 0 && (o.Duration <= 0 || o.Round <= 0 || o.Pause <= 0):
		return fmt.Errorf("process: %s in rounds of %s with pauses of %s: want more than nothing",
			o.Duration, o.Round, o.Pause)
	case !slices.Contains(WorkloadNames(), o.Workload):
		return fmt.Errorf("process: workload %q: want one of %q", o.Workload, WorkloadNames())
	case o.Plant != "" && !slices.Contains(plants, o.Plant):
		return fmt.Errorf("process: plant %q: want one of %q", o.Plant, plants)
	}
	for _, kind := range o.Only {
		if !slices.Contains(FaultKinds(), kind) {
			return fmt.Errorf("process: fault %q: want some of %q", kind, FaultKinds())
		}
	}
	return nil
}

// elect is how long an election may take.
func (o Options) elect() time.Duration { return cmp.Or(o.Elect, electBound) }

// maxFleets bounds the fleet: each process has a host on a network of 200.
const maxFleets = 16

// What a system may forbid.
const (
	AvoidNamespaces = "namespaces"
	AvoidTun        = "tun"
	AvoidSeccomp    = "seccomp"
)

// The plants: faults of the harness itself.
const (
	// PlantSlowFleet gives one fleet process a clock that is 20 % slow, far beyond the bound.
	PlantSlowFleet = "slow-fleet"
	// PlantNodeJumps makes the clock of every node that can be skewed jump ahead, again and again.
	PlantNodeJumps = "node-jumps"
	// PlantUnhealed leaves a majority cut off when it claims to have healed.
	PlantUnhealed = "unhealed"
	// PlantLedger makes fleet processes claim one admission that they did not make.
	PlantLedger = "ledger"
	// PlantHistory has a fleet process note an answer that nobody gave.
	PlantHistory = "history"
	// PlantDeath has a process of the fleet end by itself.
	PlantDeath = "death"
)

// How often the clocks of nodes jump with PlantNodeJumps, and how far.
const (
	jumpEvery = time.Second
	jump      = 300 * time.Millisecond
)

var plants = []string{
	PlantSlowFleet, PlantNodeJumps, PlantUnhealed, PlantLedger, PlantHistory, PlantDeath,
}
