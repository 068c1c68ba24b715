package lease

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestSafetyUnderRapid drives the world step by step: whatever the clocks, the network and the
// coordinator do, no lease is spent past its window, no window past its limit, and every lease
// adds up. A failure is shrunk, and rapid prints how to replay it.
func TestSafetyUnderRapid(t *testing.T) {
	if err := flag.Set("rapid.steps", "300"); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		pick := func(n int) int { return rapid.IntRange(0, n-1).Draw(rt, "pick") }
		w := newWorld(intact, rapid.SampledFrom(drifts).Draw(rt, "rho"), pick)
		steps := map[string]func(*rapid.T){"": func(rt *rapid.T) { fatal(rt, w.broken) }}
		for name, step := range w.actions() {
			steps[name] = func(*rapid.T) { step() }
		}
		rt.Repeat(steps)
		w.finish()
		fatal(rt, w.broken)
	})
}

var drifts = []int64{0, 5000, 50_000, 200_000}

func fatal(rt *rapid.T, err error) {
	if err != nil {
		rt.Fatal(err)
	}
}

// seedEnv replays one run of TestSafety: LEASE_SEED=7 go test -run TestSafety$ ./lease
const seedEnv = "LEASE_SEED"

// TestSafety runs longer worlds than rapid does, and demands that they get somewhere: a world
// in which little happens would be safe too.
func TestSafety(t *testing.T) {
	first, last := uint64(1), uint64(150)
	if s := os.Getenv(seedEnv); s != "" {
		seed, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("%s=%q: %v", seedEnv, s, err)
		}
		first, last = seed, seed
	}
	var admitted, spent, taken, drops, renewals int
	for seed := first; seed <= last; seed++ {
		w := run(intact, seed, 24_000)
		w.finish()
		if w.broken != nil {
			t.Fatalf("%v\nreplay: %s=%d go test -run 'TestSafety$' ./lease", w.broken, seedEnv, seed)
		}
		admitted, taken = admitted+w.admitted, taken+w.grantsTaken
		spent, drops, renewals = spent+w.spent, drops+w.drops, renewals+w.renewals
	}
	t.Logf("%d runs: %d admissions, %d from purses, %d leases, %d late answers, %d renewals",
		last-first+1, admitted, spent, taken, drops, renewals)
	runs := int(last - first + 1)
	if admitted < 400*runs || spent < 40*runs || taken < 200*runs || drops < 400*runs ||
		renewals < runs/4 {
		t.Errorf("too little happened to vouch for anything")
	}
}

// run draws steps for a world of its own seed until it breaks.
func run(rule ablation, seed uint64, steps int) *world {
	return runSized(rule, seed, steps, nil)
}

func runSized(rule ablation, seed uint64, steps int, sizing Sizing) *world {
	rng := rand.New(rand.NewPCG(seed, 0))
	w := newSizedWorld(rule, drifts[1+rng.IntN(len(drifts)-1)], rng.IntN, sizing)
	actions := w.actions()
	names := slices.Sorted(maps.Keys(actions))
	for range steps {
		if w.broken != nil {
			return w
		}
		actions[names[rng.IntN(len(names))]]()
	}
	return w
}

// TestAblations switches the rules off one at a time: the same world must notice each, by the
// violation that the rule is there to prevent. This is what shows that TestSafety can fail.
func TestAblations(t *testing.T) {
	const late, over = "its window ended at", "admitted here"
	for _, c := range []struct {
		rule ablation
		want string
	}{
		{noMargin, late},
		{noWallClock, late},
		{fromReceipt, late},
		{fromLatest, late},
		{oldTTL, late},
		{cachedClock, late},
		{twiceTaken, over},
	} {
		t.Run(string(c.rule), func(t *testing.T) {
			const seeds = 300
			for seed := uint64(1); seed <= seeds; seed++ {
				err := run(c.rule, seed, 4000).broken
				if err == nil {
					continue
				}
				if !strings.Contains(err.Error(), c.want) {
					t.Fatalf("seed %d broke otherwise: %v, want: %s", seed, err, c.want)
				}
				t.Log(fmt.Sprintf("seed %d: ", seed), err)
				return
			}
			t.Errorf("not noticed in %d runs", seeds)
		})
	}
}
