package kinds

import (
	"slices"
	"strings"
	"testing"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/spec/twin/refine"
	"github.com/leased-io/leased/test/jepsen-lite/sim"
)

// familySchedules are played, from seed 1 on.
const familySchedules = 60

// TestFamilySchedules: under all faults each level stays within its bound, to the oracle and to the
// checker, which makes each level's keys itself; and a level above is used up at times.
func TestFamilySchedules(t *testing.T) {
	seeds := uint64(familySchedules)
	if raceEnabled {
		seeds /= 8
	}
	above := 0.0
	var covered refine.Coverage
	for seed := uint64(1); seed <= seeds; seed++ {
		o := DrawFamily(seed)
		o.Verify = true
		out, r, panicked, err := sim.Judge(o, t.TempDir())
		if err != nil || panicked != "" {
			t.Fatalf("seed %d: %v %s; replay: sim.Judge(kinds.DrawFamily(%d), dir)",
				seed, err, panicked, seed)
		}
		if len(out.Violations) > 0 || out.Broken != "" {
			t.Fatalf("seed %d, %v: %v %s; replay: sim.Judge(kinds.DrawFamily(%d), dir)",
				seed, o, out.Violations, out.Broken, seed)
		}
		if r.Verdict == twin.Invalid {
			var text strings.Builder
			if err := r.WriteText(&text); err != nil {
				t.Fatal(err)
			}
			t.Fatalf("seed %d, %v: %s; replay: sim.Judge(kinds.DrawFamily(%d), dir)", seed, o, &text, seed)
		}
		covered.Merge(r.Coverage)
		if f := r.Fullest; f != nil && strings.HasPrefix(f.Budget, "above") {
			above = max(above, float64(f.Admitted)/float64(f.Bound))
		}
	}
	t.Logf("%s; budgets above were used up to %.2f", &covered, above)
	for _, step := range []string{"PutBudget", "GrantCompanion", "AcceptCompanion", "Return"} {
		if slices.Contains(covered.Missing(), step) {
			t.Errorf("no schedule took the step %s", step)
		}
	}
	if !raceEnabled && above != 1 {
		t.Errorf("no budget above is used up: %.2f", above)
	}
}
