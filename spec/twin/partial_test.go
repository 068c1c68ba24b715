package twin

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/leased-io/leased/trace"
)

// TestPartialRecordingsAreNotInvalid: of a run that keeps the rules, any part may be recorded:
// files end early, lose events, or are not there. No such recording is invalid. A failure is
// replayed by its seed.
func TestPartialRecordingsAreNotInvalid(t *testing.T) {
	seen := map[Verdict]int{}
	for seed := range uint64(600) {
		rng := rand.New(rand.NewPCG(seed, 1))
		w := story()
		if seed%3 > 0 {
			w = randomRun(rng, 60)
		}
		r := recordingOf(t, w.files)
		how := ""
		for range 1 + rng.IntN(2) {
			how += lose(r, rng)
		}
		report, err := checkFiles(t, r.files, Options{})
		if err != nil || report.Verdict == Invalid {
			t.Fatalf("seed %d,%s: %v %v; "+
				"replay: go test ./spec/twin -run TestPartialRecordingsAreNotInvalid",
				seed, how, report.Violation, err)
		}
		seen[report.Verdict]++
	}
	if seen[Valid] < 50 || seen[Unknown] < 50 {
		t.Errorf("verdicts %v: the losses are no losses, or nothing is left", seen)
	}
}

// gapAt is a gap of n events from event i on.
func gapAt(f *file, i, n int) recorded {
	e := trace.Event{Kind: trace.KindGap, At: f.events[i].event.At, N: int64(n)}
	return recorded{event: e}
}

// lose takes something from a recording, and says what.
func lose(r *recording, rng *rand.Rand) string {
	i := rng.IntN(len(r.files))
	f := r.files[i]
	at := rng.IntN(len(f.events) + 1)
	switch rng.IntN(4) {
	case 0: // its process was killed
		f.events, f.complete = f.events[:at], false
		return " cut " + f.name
	case 1: // all processes were killed
		for _, f := range r.files {
			f.events, f.complete = f.events[:len(f.events)*(90+rng.IntN(11))/100], false
		}
		return " cut all"
	case 2:
		n := min(1+rng.IntN(8), len(f.events)-at)
		if n == 0 {
			return ""
		}
		f.events = slices.Replace(f.events, at, at+n, gapAt(f, at, n))
		return " gap in " + f.name
	default:
		if len(r.files) > 1 {
			r.files = slices.Delete(r.files, i, i+1)
		}
		return " without " + f.name
	}
}
