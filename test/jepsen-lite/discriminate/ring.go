package discriminate

import (
	"fmt"
	"time"
)

// Ring is one of the rings, as it is hunted with.
type Ring struct {
	Number int
	// Package has the campaign, and Campaign is the test's name.
	Package, Campaign string
	// Bound is how long a campaign may look for one plant. It starts at seed 1 and takes one seed
	// after another, but where it is of one seed alone: then so many seeds are tried.
	Bound time.Duration
	Tries int
	// Tail is what a campaign has beyond that to end by itself; 0: it does not.
	Tail time.Duration
	// Flags are the campaign's, for its first seed and a bound.
	Flags func(seed int, bound time.Duration) []string
	// Listen makes what reads the campaign's words.
	Listen func() listener
}

// ringHours are the virtual hours of one of ring 2's runs: what a ring is judged by, it is told
// at a run's end.
const ringHours = 2. / 60

// Rings returns the rings, from the inside to the outside.
func Rings() []Ring {
	return []Ring{
		{
			Number: 1, Package: "./test/jepsen-lite/sim", Campaign: "TestSim",
			Bound: time.Minute, Tries: 1, Tail: time.Minute,
			Flags: func(seed int, bound time.Duration) []string {
				return []string{fmt.Sprintf("-sim.seed=%d", seed), fmt.Sprintf("-sim.duration=%s", bound)}
			},
			Listen: func() listener { return &simulated{} },
		},
		{
			Number: 2, Package: "./test/jepsen-lite/cluster", Campaign: "TestLong",
			Bound: 90 * time.Second, Tries: 1,
			Flags: func(seed int, _ time.Duration) []string {
				// More runs than any bound has room for.
				return []string{fmt.Sprintf("-cluster.seed=%d", seed), "-cluster.runs=100000",
					fmt.Sprintf("-cluster.hours=%.4f", ringHours)}
			},
			Listen: func() listener { return &virtual{} },
		},
		{
			Number: 3, Package: "./test/jepsen-lite/process", Campaign: "TestCampaign",
			Bound: 30 * time.Second, Tries: 3, Tail: 4 * time.Minute,
			Flags: func(seed int, bound time.Duration) []string {
				return []string{fmt.Sprintf("-process.seed=%d", seed),
					fmt.Sprintf("-process.duration=%s", bound)}
			},
			Listen: func() listener { return &processes{} },
		},
	}
}
