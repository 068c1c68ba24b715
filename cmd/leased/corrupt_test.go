package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

var (
	corruptSeed   = flag.Uint64("corrupt.seed", 1, "seed of the choice of what is corrupted")
	corruptPlaces = flag.Int("corrupt.places", 2, "how many places are tried of each corruption")
)

// corruption makes a trace tell of something that the specification forbids.
type corruption struct {
	name string
	want string // the invariant that must be named
	// choices returns an edit for each place of the run where the corruption is possible.
	choices func(*traceRun) []func()
}

// on returns a choice for each victim.
func on[V any](list []V, corrupt func(V)) []func() {
	choices := make([]func(), len(list))
	for i, victim := range list {
		choices[i] = func() { corrupt(victim) }
	}
	return choices
}

// corruptions are all of them.
func corruptions() []corruption {
	return slices.Concat(replicaCorruptions, timeCorruptions, grantCorruptions,
		answerCorruptions, returnCorruptions, holderCorruptions, coverCorruptions,
		spendingCorruptions, stepCorruptions, silenceCorruptions, calendarCorruptions)
}

func TestRecordedTracesAreValid(t *testing.T) {
	for _, run := range theRuns(t) {
		dir := t.TempDir()
		run.write(t, dir)
		r := leased(t, "", "trace", "check", dir)
		if r.code != exitOK || r.err != "" || !strings.HasPrefix(r.out, "VALID: run demo-") {
			t.Errorf("seed %d: %+v", run.seed, r)
		}
	}
}

// What an edit must not do on its own: a line that is written anew is the recorded one, and a
// node that starts again from a true snapshot breaks nothing.
func TestEditsAreFaithful(t *testing.T) {
	for _, run := range theRuns(t) {
		for _, f := range run.files {
			for i, l := range f.lines {
				if got := encode(t, l.event); !bytes.Equal(got, l.text) {
					t.Fatalf("%s:%d: got %s, want %s", f.name, i+1, got, l.text)
				}
			}
		}
		again := run.clone()
		entries := again.follows()
		again.restart(entries[len(entries)/2], func(*trace.Event) {})
		if got, text := verdictOn(t, again); got != string(twin.Valid) {
			t.Errorf("seed %d, a restart: %s %s", run.seed, got, text)
		}
	}
}

// TestCorruptedTraces corrupts the recorded traces in every way, each at places of a random
// choice among all where it is possible, and wants the invariant named that the corruption
// breaks. The runs are in real time and never the same twice: a trace that is judged wrongly is
// kept.
func TestCorruptedTraces(t *testing.T) {
	seen := map[string]bool{}
	stream := uint64(0)
	for _, set := range []struct {
		runs        []*traceRun
		corruptions []corruption
	}{
		{theRuns(t), corruptions()},
		{[]*traceRun{theRestored(t).fresh}, restoredCorruptions},
		{[]*traceRun{theKinds(t)}, kindCorruptions},
		{[]*traceRun{theSlots(t)}, slotCorruptions},
		{[]*traceRun{theFamily(t)}, familyCorruptions},
	} {
		for _, c := range set.corruptions {
			seen[c.want] = true
			stream++
			t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
				corruptAndCheck(t, set.runs, c, rand.New(rand.NewPCG(*corruptSeed, stream)))
			})
		}
	}
	for _, invariant := range twin.Invariants() {
		if !seen[invariant.Name] {
			t.Errorf("no corruption breaks %s", invariant.Name)
		}
	}
}

// corruptAndCheck corrupts runs in one way, and wants it named.
func corruptAndCheck(t *testing.T, runs []*traceRun, c corruption, rng *rand.Rand) {
	t.Helper()
	t.Logf("go test ./cmd/leased -run '%s' -artifacts -corrupt.seed=%d -corrupt.places=%d",
		t.Name(), *corruptSeed, *corruptPlaces)
	for range *corruptPlaces {
		run, victim, total := corrupted(t, runs, c, rng)
		if got, text := verdictOn(t, run); got != c.want {
			t.Errorf("seed %d, place %d of %d: got %q, want %s: %s",
				run.seed, victim, total, got, c.want, text)
			keep(t, run, victim)
		}
	}
}

// corrupted returns a copy of one of the runs, corrupted at one place of all that they have.
func corrupted(t *testing.T, runs []*traceRun, c corruption, rng *rand.Rand,
) (run *traceRun, victim, total int) {
	t.Helper()
	counts := make([]int, len(runs))
	for i, run := range runs {
		counts[i] = len(c.choices(run))
		total += counts[i]
	}
	if total == 0 {
		t.Fatalf("%s: the traces have no place for it", c.name)
	}
	victim = rng.IntN(total)
	i, left := 0, victim
	for left >= counts[i] {
		left -= counts[i]
		i++
	}
	run = runs[i].clone()
	c.choices(run)[left]()
	return run, victim, total
}

var violates = regexp.MustCompile(`^leased: the trace violates (\w+): .*\n$`)

// verdictOn checks a run through the command line. It returns the invariant that was violated,
// or the verdict if none was, and what was said.
func verdictOn(t *testing.T, run *traceRun) (invariant, text string) {
	t.Helper()
	dir := t.TempDir()
	run.write(t, dir)
	r := leased(t, "", "trace", "check", "--output", "json", dir)
	var report twin.Report
	if err := json.Unmarshal([]byte(r.out), &report); err != nil {
		t.Errorf("no report: %v: %+v", err, r)
		return "", r.err
	}
	if r.code != exitViolation {
		return string(report.Verdict), fmt.Sprintf("exit code %d: %s", r.code, r.err)
	}
	named := violates.FindStringSubmatch(r.err)
	if named == nil || report.Violation == nil || report.Violation.Invariant != named[1] ||
		len(report.Violation.Events) == 0 {
		t.Errorf("the report and the message differ: %+v", r)
		return "", r.err
	}
	return named[1], r.err
}

// keep leaves a trace behind that was judged wrongly.
func keep(t *testing.T, run *traceRun, victim int) {
	t.Helper()
	dir := filepath.Join(t.ArtifactDir(), fmt.Sprintf("seed-%d-place-%d", run.seed, victim))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	run.write(t, dir)
	t.Logf("it is in %s (and stays there, with -artifacts)", dir)
}
