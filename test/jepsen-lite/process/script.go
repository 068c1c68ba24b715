//go:build linux

package process

import "time"

// NodeScript is what an actor that is a node is told: leased serve's flags, and its clock.
type NodeScript struct {
	ID, DataDir, Host, TraceDir, Run string
	APIPort, RaftPort, GossipPort    int
	Expect                           int
	Join                             []string
	ClockPPM                         int64 // how much faster than real time its clock runs
	// Snapshots makes it take snapshots every few hundred entries; otherwise as leased serve does.
	Snapshots bool
	// JumpEvery makes the clock jump ahead by Jump that often; zero: never.
	JumpEvery, Jump time.Duration
}

// FleetScript is what an actor that is a process of the fleet is told.
type FleetScript struct {
	Name, TraceFile, Run string
	HistoryFile          string // what it was told, of every call
	Endpoints            []string
	Workload             Workload
	First, Limiters      int // which of the workload's limiters are this process's
	PerSec               int // operations
	Seed                 uint64
	ClockPPM             int64         // how much faster than real time its clock runs
	WallOffset           time.Duration // of its wall clock
	WallStep             time.Duration // mean time between two steps of the wall clock; 0: none
	ExtraAdmission       bool          // a plant: claim one more
	DiesAfter            time.Duration // a plant: end by itself; 0: never
	Lies                 bool          // a plant: claim that a slow clock is right
	Mishears             bool          // a plant: note an answer that nobody gave
}

// Commands to a fleet process, a line each on its standard input.
const (
	// SayProbe ends the traffic: each limiter waits for the cheapest request instead, and says so
	// once it was admitted.
	SayProbe = "probe"
	// SayTraffic ends the probe.
	SayTraffic = "traffic"
	// SayEnd closes everything, and ends the process.
	SayEnd = "end"
)

// FleetLine is what a fleet process says, as a line of JSON on its standard output.
type FleetLine struct {
	Op string `json:"op"` // a Told...
	// At is the instant on the system's clock, which is the nodes' traces' too.
	At int64 `json:"at"`
	// Own: the process's trace is written by its own clock, which is faster than the system's by
	// the script's ClockPPM, and showed the same at Base.
	Own  bool  `json:"own,omitempty"`
	Base int64 `json:"base"`
	// Limiter is the one that was served, from 0.
	Limiter int `json:"limiter,omitempty"`
	// Admitted are credits of all metrics so far, by the process's own count.
	Admitted int64 `json:"admitted,omitempty"`
	// Offered counts operations so far.
	Offered int64  `json:"offered,omitempty"`
	Error   string `json:"error,omitempty"`
}

// What fleet processes tell.
const (
	ToldTick   = "tick"   // now and then: Admitted and Offered
	ToldServed = "served" // Limiter was served in this probe
	ToldEnd    = "end"    // everything is closed: Admitted is final
)
