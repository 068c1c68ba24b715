package main

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"
)

// head explains the table to who reads it without the documents beside it.
const head = `# Benchmarks

Written by ` + "`make bench`" + `; [performance.md](performance.md) says what dominates each figure.
A figure is the median of so many rounds. A floor is what the figure could not be better than, or a
peer, measured in the same rounds; the ratio is figure / floor, the median of the rounds' own, and
the range beside it the least and the greatest of them. A target is of the ratio, or of the figure
where there is no floor.

`

// machine says what the figures were taken on.
func machine(cpu string, date time.Time) string {
	return fmt.Sprintf("%s: %s, %d cores, %s/%s, %s.\n\n", date.Format("2006-01-02"), cpu,
		runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
}

// writeTable writes the table of all figures.
func writeTable(w io.Writer, figures []figure) {
	fmt.Fprintln(w, "| section | what | figure | floor | ratio | range | target | | rounds "+
		"| command | note |")
	fmt.Fprintln(w, "| --- | --- | ---: | ---: | ---: | ---: | --- | --- | ---: | --- | --- |")
	for _, f := range figures {
		value, floor, ratio, span, rounds := "", "", "", "", ""
		note := f.row.Note
		switch {
		case f.failed != nil:
			note = joined("the benchmark failed", note)
		case f.absent != "":
			note = joined(f.absent, note)
		default:
			value = human(f.value, f.row.Metric)
			span = human(f.low, f.row.Metric) + " to " + human(f.high, f.row.Metric)
			rounds = fmt.Sprint(f.rounds)
			if f.row.Floor != "" {
				floor, ratio = human(f.floor, f.row.FloorMetric), grouped(f.ratio)
				span = grouped(f.low) + " to " + grouped(f.high)
			}
		}
		cells := []string{f.row.Section, f.row.What, value, floor, ratio, span,
			f.row.Target.String(), f.verdict(), rounds, "`make bench ONLY='" + only(f.row) + "'`",
			note}
		for i, cell := range cells {
			cells[i] = strings.ReplaceAll(cell, "|", `\|`)
		}
		fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | "))
	}
}

// only is what selects the row: its package and benchmark. No "$" ends it, which make would take
// for a variable's.
func only(r *Row) string { return r.Package + " " + r.Benchmark }

func joined(a, b string) string {
	if b == "" {
		return a
	}
	return a + "; " + b
}
