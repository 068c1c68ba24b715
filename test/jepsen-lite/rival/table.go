package rival

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Table is the matches of all rules, with or without faults.
type Table struct {
	Fleets []int           // numbers of limiters
	Errors []time.Duration // of wall clocks, at most
	Faults bool
	First  uint64 // seed
	Seeds  int    // matches for each cell
	rows   []row
}

// row is one rule's under one error of wall clocks; 0: whatever they say.
type row struct {
	rule   Rule
	off    time.Duration
	scores []Score // by fleet
}

// Play plays all matches of the table.
func (t *Table) Play() error {
	for rule := range rules {
		for _, off := range t.Errors {
			r := row{rule: rule, off: off}
			if rule == Ours || rule == CarryOver {
				r.off = 0 // the limiters go by no wall clock
			}
			for _, holders := range t.Fleets {
				setting := Setting{Holders: holders, Off: off, Faults: t.Faults}
				s, err := Match(rule, setting, t.First, t.Seeds)
				if err != nil {
					return err
				}
				r.scores = append(r.scores, s)
			}
			t.rows = append(t.rows, r)
			if r.off == 0 {
				break
			}
		}
	}
	return nil
}

// Write writes the table in Markdown: of each fleet how many windows overshot, by how much those
// did (median, 99th percentile, most, in percent of the limit), and what was served.
func (t *Table) Write(w io.Writer) error {
	var b strings.Builder
	b.WriteString("| rule | wall clocks off by |")
	for _, n := range t.Fleets {
		fmt.Fprintf(&b, " %d limiters: windows over | by median / p99 / most | served |", n)
	}
	b.WriteString("\n| --- | --- |" + strings.Repeat(" ---: | ---: | ---: |", len(t.Fleets)) + "\n")
	for _, r := range t.rows {
		off := "any"
		if r.off > 0 {
			off = "up to " + r.off.String()
		}
		fmt.Fprintf(&b, "| %v | %s |", r.rule, off)
		for _, s := range r.scores {
			by := "-"
			if len(s.Over) > 0 {
				by = fmt.Sprintf("%.1f / %.1f / %.1f %%", s.Rank(50), s.Rank(99), s.Rank(100))
			}
			fmt.Fprintf(&b, " %s | %s | %.0f %% |", share(s), by, s.Served)
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func share(s Score) string {
	if len(s.Over) == 0 {
		return fmt.Sprintf("**0** of %d", s.Windows)
	}
	return fmt.Sprintf("%.1f %%", s.Share())
}
