package kinds

import (
	"slices"
	"strings"
	"testing"

	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/spec/twin/refine"
)

// logs are played, of so many commands each.
const (
	logs     = 200
	commands = 300
)

// TestLogs: what a State does with random commands is valid to the checker, but for admissions,
// of which there are none.
func TestLogs(t *testing.T) {
	playLogs(t, "Play", Play, "ChangeBucket", "RefillCapped", "RefillOver", "DenyRefills")
	playLogs(t, "PlaySlots", PlaySlots, "Beat", "DenySlots")
	playLogs(t, "PlayCalendar", PlayCalendar, "SetCalendar", "Announce", "Leap", "Slow", "TellZone")
}

// playLogs wants the steps taken that logs of all kinds take, and some more.
func playLogs(t *testing.T, name string, play func(uint64, int, string) (string, error, error),
	more ...string,
) {
	t.Helper()
	seeds := uint64(logs)
	if raceEnabled {
		seeds /= 4
	}
	var covered refine.Coverage
	for seed := uint64(1); seed <= seeds; seed++ {
		file, broken, err := play(seed, commands, t.TempDir())
		if err != nil || broken != nil {
			t.Fatalf("seed %d: %v %v; replay: kinds.%s(%d, %d, dir)",
				seed, broken, err, name, seed, commands)
		}
		r, err := twin.Check([]string{file}, twin.Options{})
		if err != nil || r.Verdict != twin.Unknown || len(r.Reasons) != 1 {
			var text strings.Builder
			if r != nil {
				if err := r.WriteText(&text); err != nil {
					t.Fatal(err)
				}
			}
			t.Fatalf("seed %d: %v %s; replay: kinds.%s(%d, %d, dir)", seed, err, &text, name, seed, commands)
		}
		covered.Merge(r.Coverage)
	}
	t.Log(&covered)
	if raceEnabled {
		return // they are too few to come everywhere
	}
	missing := covered.Missing()
	for _, step := range append(more, "TakeOver", "PutLimitEmpty", "GrantPast", "DenySlides",
		"DenyEmpty", "Return", "ReturnRefused", "ChangeKey", "Lapse") {
		if slices.Contains(missing, step) {
			t.Errorf("no log took the step %s", step)
		}
	}
}

// TestAReplayIsCompared: a replica that comes to something else is noticed.
func TestAReplayIsCompared(t *testing.T) {
	l := &log{s: fsm.New(nil), again: fsm.New(nil), index: 1}
	l.s.Apply(1, 1, fsm.Entry{Open: true}) // and the other one opens no epoch
	l.do(0, fsm.Command{DeleteBudget: &fsm.DeleteBudget{Name: "b"}})
	if l.broken == nil || !strings.Contains(l.broken.Error(), "a replay answers otherwise") {
		t.Errorf("got %v", l.broken)
	}
}
