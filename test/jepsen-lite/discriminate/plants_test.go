package discriminate

import (
	"strings"
	"testing"

	"github.com/leased-io/leased/test/jepsen-lite/mutants"
)

// fewest is how many plants there are to be at least.
const fewest = 20

// TestPlants: each is named, and breaks a rule that there is. Every rule is broken.
func TestPlants(t *testing.T) {
	rules := map[string]int{}
	seen := map[string]bool{unchanged.Name: true}
	for _, p := range All() {
		if seen[p.Name] || p.Name == "" || p.Means == "" || len(p.Edits) == 0 ||
			strings.ContainsAny(p.Name+p.Means+p.Harmless, "|\n") {
			t.Errorf("plant %q: its name is taken, or something is left out", p.Name)
		}
		seen[p.Name] = true
		for _, rule := range strings.Split(p.Rule, ", ") {
			rules[rule]++
		}
		if got, ok := Named(p.Name); !ok || got.Means != p.Means {
			t.Errorf("plant %s is not found by its name", p.Name)
		}
	}
	for _, rule := range strings.Fields("R1 R2 R3 R4 R5 R6 R7 R8 R9 R10 Books Calls Disk") {
		if rules[rule] == 0 {
			t.Errorf("no plant breaks %s", rule)
		}
		delete(rules, rule)
	}
	if len(rules) > 0 {
		t.Errorf("rules that there are not: %v", rules)
	}
	if n := len(All()); n < fewest {
		t.Errorf("%d plants, want at least %d", n, fewest)
	}
}

// TestPlantsFit: each plant fits the source as it is, in every ring, and compiles; and what does
// not is noticed.
func TestPlantsFit(t *testing.T) {
	packages := compile(t)
	for _, p := range All() {
		for _, edits := range [][]mutants.Edit{p.Edits, p.Model} {
			if len(edits) == 0 {
				continue
			}
			for _, err := range packages.with(mutants.Mutant{Name: p.Name, Edits: edits}) {
				t.Error(err)
			}
		}
	}
	const old = "		s.epoch = term\n"
	for name, edit := range map[string]mutants.Edit{
		"an unknown name": {File: fsmApply, Old: old, New: "		s.epoch = nothing\n"},
		"a wrong type":    {File: fsmApply, Old: old, New: "		s.epoch = e\n"},
		"no Go":           {File: fsmApply, Old: old, New: "		s.epoch := = term\n"},
		"no such text":    {File: fsmApply, Old: "		s.epoch = nothing\n", New: old},
	} {
		m := mutants.Mutant{Name: name, Edits: []mutants.Edit{edit}}
		if errs := packages.with(m); len(errs) == 0 {
			t.Errorf("%s: it compiles", name)
		}
	}
}
