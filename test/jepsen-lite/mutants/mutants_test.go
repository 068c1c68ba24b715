package mutants

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	run = flag.Bool("mutants.run", false,
		"build and judge every mutant, the unchanged code and the harmless edits: minutes")
	write = flag.Bool("mutants.write", false, "with -mutants.run, write the table to "+TableFile)
	first = flag.Bool("mutants.first", false,
		"with -mutants.run, hunt each mutant until its first catch, and make no table")
	only = flag.String("mutants.only", "", "with -mutants.run, a regular expression: only these; the "+
		"table keeps its other rows")
)

// atATime is how many mutants are built and judged at once.
const atATime = 2

func moduleRoot(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(strings.TrimSpace(string(out)))
}

// unchanged is the code as it is, built into a detector.
func unchanged(by Detector) Mutant { return Mutant{Name: "unchanged-" + string(by), By: by} }

// TestMutants judges everything: no mutant survives, and nobody finds anything elsewhere.
func TestMutants(t *testing.T) {
	if !*run {
		t.Skip("run with -mutants.run, or make mutants")
	}
	runner := Runner{Root: moduleRoot(t), Schedules: Schedules, First: *first}
	sound := append([]Mutant{unchanged(Pure), unchanged(Cluster)}, Harmless()...)
	all := All()
	rows := make([]Row, len(all))
	chosen := regexp.MustCompile(*only)
	t.Run("judged", func(t *testing.T) {
		gate := make(chan struct{}, atATime)
		for i, m := range append(sound, all...) {
			if !chosen.MatchString(m.Name) {
				continue
			}
			t.Run(m.Name, func(t *testing.T) {
				t.Parallel()
				gate <- struct{}{}
				defer func() { <-gate }()
				found := judge(t, runner, m, i >= len(sound))
				if i >= len(sound) {
					rows[i-len(sound)] = Row{Mutant: m, Findings: found}
				}
			})
		}
	})
	if *only != "" && !*write || *first || t.Failed() {
		return
	}
	file := filepath.Join(runner.Root, filepath.FromSlash(TableFile))
	if *only != "" {
		page, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := Keep(rows, string(page)); err != nil {
			t.Fatal(err)
		}
	}
	page := Table(rows)
	fmt.Fprintln(t.Output(), page)
	if *write {
		if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// judge runs one mutant, and fails the test unless it is caught just if it should be.
func judge(t *testing.T, runner Runner, m Mutant, wanted bool) Findings {
	t.Helper()
	found, err := runner.Run(t.Context(), t.TempDir(), m)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range found.Catches {
		if c.Caught {
			t.Logf("%s: seed %d, schedule %d, %v: %.300s\n  replay, with the mutant in place: %s",
				c.Judge, c.Seed, c.Schedules, c.After.Round(1e6), c.Text, c.Replay)
		} else {
			t.Logf("%s: nothing in %d schedules", c.Judge, c.Schedules)
		}
	}
	switch {
	case wanted && !found.Caught():
		t.Errorf("%s survives: %s", m.Name, m.Means)
	case !wanted && found.Caught():
		t.Errorf("%s is no bug, and was caught", m.Name)
	}
	return found
}

// TestSomeMutants judges the unchanged code and one mutant each of state machine and node, so
// that every test run has seen the judges fail. The rest is behind -mutants.run.
func TestSomeMutants(t *testing.T) {
	if *run || testing.Short() {
		t.Skip("TestMutants runs them")
	}
	byName := map[string]Mutant{}
	for _, m := range All() {
		byName[m.Name] = m
	}
	runner := Runner{Root: moduleRoot(t), Schedules: 40}
	for _, m := range []Mutant{
		unchanged(Pure), byName["returned-twice"], byName["node-clock-ahead"],
	} {
		t.Run(m.Name, func(t *testing.T) { judge(t, runner, m, len(m.Edits) > 0) })
	}
}

// TestUnfitMutants: what cannot be built, and what the source has grown away from, is an error
// and no catch.
func TestUnfitMutants(t *testing.T) {
	root := moduleRoot(t)
	broken := Mutant{Name: "unbuildable", By: Pure, Edits: []Edit{
		{account, "	a.Used += n\n", "	a.Used += nothing\n"},
	}}
	runner := Runner{Root: root, Schedules: 1}
	if _, err := runner.Run(t.Context(), t.TempDir(), broken); err == nil ||
		!strings.Contains(err.Error(), "does not build") {
		t.Errorf("got %v, want that it does not build", err)
	}
	idle := Mutant{Name: "tested-elsewhere", By: Tested, Test: Test{"budget", "TestOfNothing"},
		Edits: []Edit{{account, "	a.Used += n\n", "	a.Used += n + 1\n"}}}
	found, err := runner.Run(t.Context(), t.TempDir(), idle)
	if err != nil || found.Caught() {
		t.Errorf("got %v, %v of a test that is not there, want that nothing is caught", found, err)
	}
	for name, edits := range map[string][]Edit{
		"of text that is not there": {{account, "a.Used += m", "a.Used += n"}},
		"of text that is twice":     {{account, "a.Used", "a.Peak"}},
		"that changes nothing":      {{account, "	a.Used += n\n", "	a.Used += n\n"}},
		"of no such file":           {{"budget/none.go", "a", "b"}},
		"without edits":             nil,
	} {
		m := Mutant{Name: name, Edits: edits}
		if files, err := m.Patch(SourcesUnder(root)); err == nil {
			t.Errorf("a mutant %s was patched: %v", name, files)
		}
	}
}
