package kinds

import (
	"strings"
	"testing"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/spec/twin/refine"
	"github.com/leased-io/leased/test/jepsen-lite/sim"
)

// schedules are played, from seed 1 on; fewer with the race detector, which makes them slow.
const schedules = 160

// TestSchedules: what the product does in the schedules is valid to the checker, and it takes
// every step of the model that is about other kinds than windows.
func TestSchedules(t *testing.T) {
	seeds := uint64(schedules)
	if raceEnabled {
		seeds /= 8
	}
	var covered refine.Coverage
	var fullest [2]float64 // of a sliding limit, of a bucket
	for seed := uint64(1); seed <= seeds; seed++ {
		o := Draw(seed)
		_, r, panicked, err := sim.Judge(o, t.TempDir())
		if err != nil || panicked != "" {
			t.Fatalf("seed %d: %v %s; replay: sim.Judge(kinds.Draw(%d), dir)", seed, err, panicked, seed)
		}
		if r.Verdict == twin.Invalid {
			var text strings.Builder
			if err := r.WriteText(&text); err != nil {
				t.Fatal(err)
			}
			t.Fatalf("seed %d, %+v: %s; replay: sim.Judge(kinds.Draw(%d), dir)", seed, o, &text, seed)
		}
		if f := r.FullestInterval; f != nil {
			i := 0
			if f.Kind == string(budget.KindBucket) {
				i = 1
			}
			fullest[i] = max(fullest[i], float64(f.Admitted)/float64(f.Bound))
		}
		covered.Merge(r.Coverage)
	}
	t.Logf("%s; sliding limits were used up to %.2f, buckets up to %.2f",
		&covered, fullest[0], fullest[1])
	if raceEnabled {
		return // they are too few to come everywhere
	}
	if fullest[0] < 1 || fullest[1] < 1 {
		t.Errorf("no schedule comes to a bound: %v", fullest)
	}
	for _, step := range covered.Missing() {
		switch step {
		case "TakeOver", "FailOpen", "Crash": // as in the simulation
		case "Beat", "DenySlots", "Release": // of slots
		case "PutBudget": // of several levels
		case "SetCalendar", "Announce", "Leap", "Slow", "TellZone": // of PlayCalendar
		default:
			t.Errorf("no schedule took the step %s", step)
		}
	}
}
