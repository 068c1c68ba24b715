package mutants

import "slices"

// Mutant is one planted bug.
type Mutant struct {
	// Name is unique, and says in a few words what goes wrong.
	Name string
	// Rule is R1..R10, or Books for the lines that keep the accounts.
	Rule string
	// Means is the bug in a sentence, as one might find it in a review.
	Means string
	// Ablation is the configuration of spec/twin/explore that replaces the same rule in the
	// model; empty where the model has no such line.
	Ablation string
	// By is the detector that the mutant is built into.
	By Detector
	// Test is the one that must fail, with Tested.
	Test Test
	// Edits are the changes of the source, all at once.
	Edits []Edit
}

// Edit replaces one piece of one file.
type Edit struct {
	File string // below the module's root
	Old  string // occurs there exactly once
	New  string
}

// Test is a test of the module's own.
type Test struct {
	Package string // below the module's root
	Name    string
}

// Detector is a program that looks for bugs.
type Detector string

// The detectors.
const (
	// Pure runs the state machine and the holder alone: the simulation and the lockstep.
	Pure Detector = "pure"
	// Cluster runs whole nodes and limiters in virtual time.
	Cluster Detector = "cluster"
	// Tested is for what the others do without, such as files: a test, which passes on the unchanged
	// code in every run of all tests.
	Tested Detector = "tested"
)

// Judge is one who may catch a mutant.
type Judge string

// The judges, in the order of the table's columns. The explorer is another one, of which the
// table has the configuration: it judges the design, not this code.
const (
	Lockstep   Judge = "lockstep"   // the twin's models, side by side with the code
	Invariants Judge = "invariants" // fsm.Check after every entry of a simulation
	Oracle     Judge = "oracle"     // the simulation's, which sees true time; and its crashes
	Checker    Judge = "checker"    // the trace checker, on a simulation's or a cluster's trace
	ByTest     Judge = "test"       // a test by name
)

// Judges returns all of them.
func Judges() []Judge { return []Judge{Lockstep, Invariants, Oracle, Checker, ByTest} }

// All returns every mutant, in the order of the table.
func All() []Mutant {
	return slices.Concat(
		clockMutants, timeMutants, lifeMutants, onceMutants, admitMutants,
		accountMutants, leaseMutants, budgetMutants, snapshotMutants, heirMutants,
		slidingMutants, bucketMutants, slotMutants, familyMutants,
		overrideMutants, calendarMutants, sharedMutants,
		nodeMutants, streamMutants, logMutants,
	)
}
