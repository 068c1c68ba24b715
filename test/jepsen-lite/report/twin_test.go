package report_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/test/jepsen-lite/report"
	"github.com/leased-io/leased/test/jepsen-lite/sim"
	"github.com/leased-io/leased/trace"
)

// compare returns where a story and the checker's report of the same trace differ.
func compare(s report.Story, r *twin.Report) (found []string) {
	for _, pair := range []struct {
		name      string
		got, want int64
	}{
		{"events", s.Events, r.Events}, {"entries", s.Entries, r.Entries},
		{"epochs", s.Epochs, r.Epochs}, {"restores", s.Restores, r.Restores},
		{"windows", s.Windows, r.Windows}, {"admissions", s.Admissions, r.Admissions},
		{"admitted", s.Admitted, r.Credits}, {"overshoot", s.Overshoot, 0},
		{"fail open", s.FailOpen, r.FailOpen}, {"strays", s.Strays, 0},
	} {
		if pair.got != pair.want {
			found = append(found, fmt.Sprintf("%s: %d, the checker has %d", pair.name, pair.got,
				pair.want))
		}
	}
	return found
}

// TestReaderAgreesWithTheChecker reads what schedules of the simulation recorded. Neither knows
// of the other, and they count in different ways.
func TestReaderAgreesWithTheChecker(t *testing.T) {
	gaps, bands := 0, 0
	for seed := range uint64(6) {
		dir := t.TempDir()
		_, checked, panicked, err := sim.Judge(sim.Draw(seed), dir)
		if err != nil || panicked != "" || checked.Verdict != twin.Valid {
			t.Fatalf("seed %d: %v %s %v", seed, err, panicked, checked)
		}
		files, err := trace.Files(dir)
		if err != nil {
			t.Fatal(err)
		}
		var granted, returned, bound int64
		if _, err := twin.Check(files, twin.Options{OnWindow: func(w twin.WindowTally) {
			granted, returned, bound = granted+w.Granted, returned+w.Returned, bound+w.Bound
		}}); err != nil {
			t.Fatal(err)
		}
		s, err := report.ReadStory(files, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, difference := range compare(s, checked) {
			t.Errorf("seed %d: %s", seed, difference)
		}
		for _, b := range s.Bands {
			granted, bound = granted-b.Granted, bound-b.Bound
		}
		if granted != returned || s.Hidden > 0 || bound != 0 {
			t.Errorf("seed %d: the bands lack %d granted credits and bounds of %d, %d are hidden",
				seed, granted-returned, bound, s.Hidden)
		}
		gaps, bands = gaps+len(s.Gaps), bands+len(s.Bands)
		if seed == 0 {
			plant(t, files, checked)
		}
	}
	if gaps == 0 || bands == 0 {
		t.Errorf("%d gaps, %d bands: nothing was compared", gaps, bands)
	}
}

// plant has the first admission in any file be of more, which the comparison must find, and the
// overshoot be as large as that.
func plant(t *testing.T, files []string, checked *twin.Report) {
	t.Helper()
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		before, after, found := bytes.Cut(text, []byte(`{"kind":"admit"`))
		if !found {
			continue
		}
		line, rest, _ := strings.Cut(string(after), "\n")
		planted := fmt.Sprintf(`%s{"kind":"admit"%s`+"\n%s", before,
			strings.Replace(line, `"n":`, `"n":777777`, 1), rest)
		if err := os.WriteFile(path, []byte(planted), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := report.ReadStory(files, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(compare(s, checked)) != 2 || s.Overshoot < 777_000 { // admitted, and overshoot
			t.Errorf("planted %q: %v, overshoot %d", line, compare(s, checked), s.Overshoot)
		}
		return
	}
	t.Fatal("nothing was admitted")
}
