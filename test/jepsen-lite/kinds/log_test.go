package kinds

import (
	"slices"
	"strings"
	"testing"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/spec/twin/refine"
)

// logs are played, of so many commands each.
const (
	logs     = 60
	commands = 300
)

// TestLogs: what a State does with random commands is valid to the checker, but for admissions,
// of which there are none.
func TestLogs(t *testing.T) {
	seeds := uint64(logs)
	if raceEnabled {
		seeds /= 4
	}
	var covered refine.Coverage
	for seed := uint64(1); seed <= seeds; seed++ {
		file, broken, err := Play(seed, commands, t.TempDir())
		if err != nil || broken != nil {
			t.Fatalf("seed %d: %v %v; replay: kinds.Play(%d, %d, dir)", seed, broken, err, seed, commands)
		}
		r, err := twin.Check([]string{file}, twin.Options{})
		if err != nil || r.Verdict != twin.Unknown || len(r.Reasons) != 1 {
			var text strings.Builder
			if r != nil {
				if err := r.WriteText(&text); err != nil {
					t.Fatal(err)
				}
			}
			t.Fatalf("seed %d: %v %s; replay: kinds.Play(%d, %d, dir)", seed, err, &text, seed, commands)
		}
		covered.Merge(r.Coverage)
	}
	t.Log(&covered)
	missing := covered.Missing()
	for _, step := range []string{"TakeOver", "ChangeBucket", "PutLimitEmpty", "RefillCapped",
		"RefillOver", "GrantPast", "DenySlides", "DenyRefills", "DenyEmpty", "Return", "ReturnRefused"} {
		if slices.Contains(missing, step) {
			t.Errorf("no log took the step %s", step)
		}
	}
}
