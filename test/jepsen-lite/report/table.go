package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// none stands where there is nothing to tell.
const none = "-"

// table is the campaigns' sums by ring, and of all of them.
type table struct {
	heads []string
	sums  []Sums
	rows  [][]string // what, and a figure for each head
}

// tableOf gathers campaigns by ring.
func tableOf(campaigns []*Campaign) *table {
	t := &table{}
	rings := map[int][]*Campaign{}
	for _, c := range campaigns {
		rings[c.Ring] = append(rings[c.Ring], c)
	}
	for ring := 1; ring <= 3; ring++ {
		if of := rings[ring]; len(of) > 0 {
			t.heads = append(t.heads, fmt.Sprintf("ring %d", ring))
			t.sums = append(t.sums, Sum(of))
		}
	}
	if len(t.sums) > 1 {
		t.heads = append(t.heads, "all")
		t.sums = append(t.sums, Sum(campaigns))
	}
	t.fill()
	return t
}

// row adds a row, unless no column has anything to tell.
func (t *table) row(what string, figure func(s *Sums) string) {
	row := []string{what}
	told := false
	for i := range t.sums {
		text := figure(&t.sums[i])
		told = told || text != none
		row = append(row, text)
	}
	if told {
		t.rows = append(t.rows, row)
	}
}

func (t *table) fill() {
	all := func(what string, of func(s *Sums) int64) {
		t.row(what, func(s *Sums) string { return count(of(s)) })
	}
	some := func(what string, of func(s *Sums) int64) {
		t.row(what, func(s *Sums) string {
			if of(s) == 0 {
				return none
			}
			return count(of(s))
		})
	}
	length := func(what string, of func(s *Sums) time.Duration) {
		t.row(what, func(s *Sums) string {
			if of(s) == 0 {
				return none
			}
			return span(of(s))
		})
	}
	t.row("verdict", func(s *Sums) string { return s.Verdict })
	all("runs", func(s *Sums) int64 { return int64(s.Runs) })
	all("lives checked", func(s *Sums) int64 { return s.Lives })
	length("virtual time", func(s *Sums) time.Duration { return s.Virtual })
	length("real time of lives", func(s *Sums) time.Duration { return s.Real })
	length("took, checks included", func(s *Sums) time.Duration { return s.Took })
	all("faults", func(s *Sums) int64 { return s.Faults })
	some("epochs opened", func(s *Sums) int64 { return s.Story.Epochs })
	some("snapshots restored", func(s *Sums) int64 { return s.Story.Restores })
	some("events checked", func(s *Sums) int64 { return s.Story.Events })
	some("operations judged for linearizability",
		func(s *Sums) int64 { return s.Story.Operations })
	all("windows of accounts", func(s *Sums) int64 { return s.Story.Windows })
	all("admissions", func(s *Sums) int64 { return s.Story.Admissions })
	t.row("credits admitted, of the limits", func(s *Sums) string { return used(&s.Story) })
	all("largest overshoot, credits", func(s *Sums) int64 { return s.Story.Overshoot })
	some("slots taken", func(s *Sums) int64 { return s.Story.Slots })
	some("credits without lease, by policy", func(s *Sums) int64 { return s.Story.FailOpen })
	some("credits on unknown leases", func(s *Sums) int64 { return s.Story.Strays })
	t.row("gaps in grants: median, p99, max", func(s *Sums) string { return s.Gaps.text() })
	t.row("- with admissions from held leases", func(s *Sums) string {
		if s.Gaps.Count == 0 {
			return none
		}
		return count64(s.Gaps.Admitting)
	})
	length("longest wait for a grant", func(s *Sums) time.Duration { return s.MaxWait })
	t.row("healings; slowest until all were served", func(s *Sums) string { return s.Served.text() })
	for _, name := range t.judges() {
		t.row("judge: "+name, func(s *Sums) string { return s.judge(name) })
	}
}

// judges are the names of all, in order of first appearance.
func (t *table) judges() (names []string) {
	for _, s := range t.sums {
		for _, j := range s.Judges {
			if !slices.Contains(names, j.Judge) {
				names = append(names, j.Judge)
			}
		}
	}
	return names
}

// judge tells the runs that a judge came to each result about.
func (s *Sums) judge(name string) string {
	i := slices.IndexFunc(s.Judges, func(j JudgeSum) bool { return j.Judge == name })
	if i < 0 {
		return none
	}
	var parts []string
	for _, part := range []struct {
		result string
		n      int
	}{{Invalid, s.Judges[i].Invalid}, {Unknown, s.Judges[i].Unknown}, {Valid, s.Judges[i].Valid}} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", count64(part.n), part.result))
		}
	}
	return strings.Join(parts, ", ")
}

func (g *GapSums) text() string {
	if g.Count == 0 {
		return none
	}
	return fmt.Sprintf("%s: %s, %s, %s", count64(g.Count), span(g.Median), span(g.P99), span(g.Max))
}

func (s *Served) text() string {
	if s.Healings == 0 {
		return none
	}
	return fmt.Sprintf("%s; %s of %s", count64(s.Healings), span(s.Slowest), span(s.Within))
}

// used is what was admitted, and which part of the limits that is.
func used(s *Story) string {
	if s.Bound == 0 {
		return none
	}
	return fmt.Sprintf("%s (%.1f %%)", count(s.Admitted),
		100*float64(s.Admitted)/float64(s.Bound))
}

// WriteMarkdown writes the campaigns' sums as a table, and their faults by kind as another.
func WriteMarkdown(w io.Writer, campaigns []*Campaign) error {
	t := tableOf(campaigns)
	var b strings.Builder
	line := func(cells ...string) {
		for i, cell := range cells { // a cell is one line, and has no border of its own
			cells[i] = strings.NewReplacer("|", `\|`, "\n", " ").Replace(cell)
		}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	head := func(what string) {
		line(slices.Concat([]string{what}, t.heads)...)
		line(slices.Concat([]string{"---"}, slices.Repeat([]string{"---:"}, len(t.heads)))...)
	}
	head("what")
	for _, row := range t.rows {
		line(row...)
	}
	all := Sum(campaigns)
	b.WriteString("\n")
	head("fault")
	for _, kind := range all.kinds() {
		row := []string{kind}
		for _, s := range t.sums {
			if s.ByKind[kind] == 0 {
				row = append(row, none)
			} else {
				row = append(row, count(s.ByKind[kind]))
			}
		}
		line(row...)
	}
	for _, what := range all.Without {
		fmt.Fprintf(&b, "\n**Without %s.**\n", what)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteMarkdownFile writes the campaigns' tables into a file of that name.
func WriteMarkdownFile(path string, campaigns []*Campaign) error {
	return writeFile(path, func(w io.Writer) error { return WriteMarkdown(w, campaigns) })
}
