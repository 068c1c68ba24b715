package mutants

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/leased-io/leased/spec/twin/explore"
)

// fewest is how many mutants there are to be at least.
const fewest = 45

// TestMutantsFit: each mutant is named, fits the source as it is, is still Go, and names an
// ablation that is there and must fail. Every rule has one.
func TestMutantsFit(t *testing.T) {
	read := SourcesUnder(moduleRoot(t))
	ablations := map[string]string{}
	for _, c := range explore.Recorded() {
		ablations[c.Config] = c.Violates
	}
	rules := map[string]int{}
	seen := map[string]bool{}
	for _, m := range append(All(), Harmless()...) {
		if seen[m.Name] || m.Name == "" || m.Means == "" || m.By == "" ||
			strings.ContainsAny(m.Name+m.Means, "|\n") {
			t.Errorf("mutant %q: its name is taken, or something is left out", m.Name)
		}
		if tested := m.Test != (Test{}); tested != (m.By == Tested) || tested && !isThere(t, m.Test) {
			t.Errorf("mutant %s: there is no test %v, or it is for nothing", m.Name, m.Test)
		}
		seen[m.Name] = true
		rules[m.Rule]++
		files, err := m.Patch(read)
		if err != nil {
			t.Error(err)
		}
		for file, text := range files {
			_, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
			if err != nil {
				t.Errorf("mutant %s: %v", m.Name, err)
			}
		}
		if m.Ablation == "" {
			continue
		}
		if _, ok := explore.Find(m.Ablation); !ok || ablations[m.Ablation] == "" {
			t.Errorf("mutant %s: %s is no ablation that must fail", m.Name, m.Ablation)
		}
	}
	want := []string{"R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "Books"}
	for _, rule := range want {
		if rules[rule] == 0 {
			t.Errorf("no mutant breaks %s", rule)
		}
		delete(rules, rule)
	}
	if len(rules) > 0 {
		t.Errorf("rules that there are not: %v", rules)
	}
	if n := len(All()); n < fewest {
		t.Errorf("%d mutants, want at least %d", n, fewest)
	}
}

// isThere reports whether the module has a test.
func isThere(t *testing.T, test Test) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(moduleRoot(t), test.Package, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nfunc "+test.Name+"(t *testing.T) {\n") {
			return true
		}
	}
	return false
}

// TestTableIsOfTheCode: the page has the mutants that there are, as they are, and nobody
// survived when it was written.
func TestTableIsOfTheCode(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(moduleRoot(t), filepath.FromSlash(TableFile)))
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems(string(page)) {
		t.Errorf("%s: %s (make mutants WRITE=1 writes it anew)", TableFile, problem)
	}
}

// problems compares a page with the code.
func problems(page string) []string {
	listed, err := ParseTable(page)
	if err != nil {
		return []string{err.Error()}
	}
	var found []string
	for i, m := range All() {
		if i >= len(listed) {
			return append(found, "it leaves out "+m.Name)
		}
		l := listed[i]
		if l.Name != m.Name || l.Rule != m.Rule || l.Means != m.Means ||
			l.Ablation != m.Ablation && (l.Ablation != none || m.Ablation != "") {
			return append(found, "it has "+l.Name+" otherwise, or where the code has "+m.Name)
		}
		if !l.Caught {
			found = append(found, l.Name+" survived")
		}
	}
	if len(listed) > len(All()) {
		found = append(found, "it has mutants that there are not")
	}
	for _, m := range Harmless() {
		if !strings.Contains(page, "| "+m.Name+" | "+m.Means+" |\n") {
			found = append(found, "it has the harmless "+m.Name+" otherwise, or not at all")
		}
	}
	return found
}

// TestTableProblems plants what TestTableIsOfTheCode is there to notice.
func TestTableProblems(t *testing.T) {
	rows := make([]Row, 0, len(All()))
	for _, m := range All() {
		rows = append(rows, Row{Mutant: m,
			Findings: Findings{[]Catch{{Judge: Checker, Caught: true, What: "Safe"}}}})
	}
	if got := problems(Table(rows)); got != nil {
		t.Fatalf("a page of the code has problems: %v", got)
	}
	survivor := slices.Clone(rows)
	survivor[3].Findings = Findings{[]Catch{{Judge: Checker, What: "Safe"}}}
	renamed := slices.Clone(rows)
	renamed[4].Means = "something else"
	for name, page := range map[string]string{
		"survivor": Table(survivor),
		"renamed":  Table(renamed),
		"short":    Table(rows[1:]),
		"long":     Table(append(slices.Clone(rows), rows[0])),
		"garbled":  strings.Replace(Table(rows), " | R1 |", "", 1),
		"harmless": strings.Replace(Table(rows), "| "+Harmless()[0].Name+" |", "| other |", 1),
		"no table": "# Mutants\n",
	} {
		if problems(page) == nil {
			t.Errorf("%s: nothing was noticed", name)
		}
	}
}

// TestKeep: rows that were not hunted stay as a page has them, and one that it has not is missed.
func TestKeep(t *testing.T) {
	rows := make([]Row, 0, len(All()))
	for _, m := range All() {
		rows = append(rows, Row{Mutant: m,
			Findings: Findings{[]Catch{{Judge: Checker, Caught: true, What: "Safe"}}}})
	}
	page := Table(rows)
	again := make([]Row, len(rows))
	again[1] = Row{Mutant: rows[1].Mutant,
		Findings: Findings{[]Catch{{Judge: Oracle, Caught: true, What: "bound"}}}}
	if err := Keep(again, page); err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(page, rows[1].line(), again[1].line(), 1)
	if got := Table(again); got != want || got == page {
		t.Errorf("got another page than the old one with one row anew:\n%s", got)
	}
	without := strings.Replace(page, rows[0].line(), "", 1)
	if err := Keep(make([]Row, len(rows)), without); err == nil {
		t.Error("a row that is nowhere was not missed")
	}
}
