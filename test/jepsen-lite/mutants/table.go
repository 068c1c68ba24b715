package mutants

import (
	"cmp"
	_ "embed" // for the page
	"fmt"
	"strings"
)

// TableFile is where the table of the last run is kept, below the module's root.
const TableFile = "docs/mutants.md"

// Row is a mutant and who caught it.
type Row struct {
	Mutant
	Findings
	// was is the row as a page has it, of a mutant that was not hunted anew.
	was string
}

// none stands in the table where a judge noticed nothing.
const none = "-"

// cell is what the table says of a judge.
func (r Row) cell(j Judge) string {
	for _, c := range r.Catches {
		if c.Judge == j && c.Caught {
			return c.What
		}
	}
	return none
}

// line is the row in the table.
func (r Row) line() string {
	if r.was != "" {
		return r.was
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | %s | %s | %s |", r.Name, r.Rule, r.Means, cmp.Or(r.Ablation, none))
	for _, j := range Judges() {
		fmt.Fprintf(&b, " %s |", r.cell(j))
	}
	return b.String() + "\n"
}

// Keep fills in the rows that are empty, of all mutants in order, as a page has them. One that the
// page does not have either is an error: somebody has to hunt it.
func Keep(rows []Row, page string) error {
	lines := make(map[string]string)
	for line := range strings.Lines(page) {
		if name, _, ok := strings.Cut(strings.TrimPrefix(line, "| "), " |"); ok {
			lines[name] = line
		}
	}
	for i, m := range All() {
		if rows[i].Name != "" {
			continue
		}
		rows[i] = Row{Mutant: m, was: lines[m.Name]}
		if rows[i].was == "" {
			return fmt.Errorf("mutants: %s was not hunted, and the page does not have it", m.Name)
		}
	}
	return nil
}

// page is the table's page, with a word in place of each table.
//
//go:embed testdata/page.md
var page string

// Table returns the page of all rows.
func Table(rows []Row) string {
	var caught, harmless strings.Builder
	caught.WriteString("| mutant | rule | what is wrong | explorer |")
	for _, j := range Judges() {
		fmt.Fprintf(&caught, " %s |", j)
	}
	caught.WriteString("\n|---|---|---|---|" + strings.Repeat("---|", len(Judges())) + "\n")
	for _, r := range rows {
		caught.WriteString(r.line())
	}
	harmless.WriteString("| edit | what makes up for it |\n|---|---|\n")
	for _, m := range Harmless() {
		fmt.Fprintf(&harmless, "| %s | %s |\n", m.Name, m.Means)
	}
	return strings.NewReplacer("MUTANTS\n", caught.String()+"\n", "HARMLESS\n", harmless.String()).
		Replace(page)
}

// Listed is what the page says of one mutant.
type Listed struct {
	Name, Rule, Means, Ablation string
	Caught                      bool
}

// ParseTable reads the mutants of a page that Table returned, in order. It returns an error for
// a row that is none.
func ParseTable(page string) ([]Listed, error) {
	page, _, _ = strings.Cut(page, "\n\n## Harmless")
	_, table, ok := strings.Cut(page, "| mutant |")
	if !ok {
		return nil, fmt.Errorf("mutants: the page has no table")
	}
	var listed []Listed
	for i, line := range strings.Split(strings.TrimSpace(table), "\n") {
		if i < 2 { // the rest of the heading, and the rule below it
			continue
		}
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if len(cells) != 4+len(Judges()) {
			return nil, fmt.Errorf("mutants: row %q has %d cells", line, len(cells))
		}
		l := Listed{Name: cells[0], Rule: cells[1], Means: cells[2], Ablation: cells[3]}
		for _, judge := range cells[4:] {
			l.Caught = l.Caught || judge != none
		}
		listed = append(listed, l)
	}
	return listed, nil
}
