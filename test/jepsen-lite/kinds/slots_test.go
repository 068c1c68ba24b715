package kinds

import (
	"slices"
	"strings"
	"testing"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/spec/twin/refine"
	"github.com/leased-io/leased/test/jepsen-lite/sim"
)

// slotSchedules are played, from seed 1 on.
const slotSchedules = 120

// TestSlotSchedules: under all faults no more slots are held than there are, to the oracle, which
// knows the true time, and to the checker, which sees the traces; and all of them at times.
func TestSlotSchedules(t *testing.T) {
	seeds := uint64(slotSchedules)
	if raceEnabled {
		seeds /= 8
	}
	fullest, seen := 0.0, 0.0
	var covered refine.Coverage
	for seed := uint64(1); seed <= seeds; seed++ {
		o := DrawSlots(seed)
		o.Verify = true
		out, r, panicked, err := sim.Judge(o, t.TempDir())
		if err != nil || panicked != "" {
			t.Fatalf("seed %d: %v %s; replay: sim.Judge(kinds.DrawSlots(%d), dir)",
				seed, err, panicked, seed)
		}
		if len(out.Violations)+len(out.Starved) > 0 || out.Broken != "" {
			t.Fatalf("seed %d, %+v: %v %v %s; replay: sim.Judge(kinds.DrawSlots(%d), dir)",
				seed, o, out.Violations, out.Starved, out.Broken, seed)
		}
		if r.Verdict == twin.Invalid {
			var text strings.Builder
			if err := r.WriteText(&text); err != nil {
				t.Fatal(err)
			}
			t.Fatalf("seed %d, %+v: %s; replay: sim.Judge(kinds.DrawSlots(%d), dir)", seed, o, &text, seed)
		}
		covered.Merge(r.Coverage)
		fullest = max(fullest, out.Fullest)
		if f := r.FullestInterval; f != nil && f.Kind == twin.KindSlots {
			seen = max(seen, float64(f.Admitted)/float64(f.Bound))
		}
	}
	t.Logf("slots were held up to %.2f by the oracle, %.2f by the checker", fullest, seen)
	if fullest != 1 || seen != 1 {
		t.Errorf("all slots are held at no instant: %.2f, %.2f", fullest, seen)
	}
	for _, step := range []string{
		"Beat", "DenySlots", "Release", "GiveUp", "Return", "ReturnRefused",
	} {
		if slices.Contains(covered.Missing(), step) {
			t.Errorf("no schedule took the step %s", step)
		}
	}
}

// brokenSchedules is within how many schedules each rule that is broken must show.
const brokenSchedules = 150

// TestBrokenSlots: without one of the rules more slots are held than there are, and both judges say
// so.
func TestBrokenSlots(t *testing.T) {
	for _, rule := range []sim.Broken{sim.ResumeAhead, sim.NoMargin, sim.TimeFromReceipt} {
		oracle, checker := uint64(0), uint64(0)
		for seed := uint64(1); seed <= brokenSchedules && (oracle == 0 || checker == 0); seed++ {
			o := DrawSlots(seed)
			o.Broken = rule
			out, r, panicked, err := sim.Judge(o, t.TempDir())
			if err != nil || panicked != "" {
				t.Fatalf("%s, seed %d: %v %s", rule, seed, err, panicked)
			}
			if len(out.Violations) > 0 && oracle == 0 {
				oracle = seed
			}
			if r.Verdict == twin.Invalid && checker == 0 {
				checker = seed
			}
		}
		t.Logf("%s: seen by the oracle in seed %d, by the checker in seed %d", rule, oracle, checker)
		if oracle == 0 || checker == 0 {
			t.Errorf("%s is broken, and nobody notices (oracle: seed %d, checker: seed %d; 0: none)",
				rule, oracle, checker)
		}
	}
}

// TestAnswersThatAreVeryLate: a holder takes an answer that is told of a lease long after that was
// over, and before the log has told of it to the checker.
func TestAnswersThatAreVeryLate(t *testing.T) {
	const seed = 503
	_, r, panicked, err := sim.Judge(DrawSlots(seed), t.TempDir())
	if err != nil || panicked != "" || r.Verdict == twin.Invalid {
		t.Fatalf("%v %s %v; replay: sim.Judge(kinds.DrawSlots(%d), dir)",
			err, panicked, r.Violation, seed)
	}
}
