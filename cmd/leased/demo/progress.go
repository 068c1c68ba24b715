package demo

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// row is what the live view shows of one window.
type row struct {
	window     int64
	uses       []Use    // by metric
	denied     int64    // requests that ran out of patience
	calls      int64    // requests that the limiters sent to the coordinator
	leaders    []string // in order
	leaderless bool     // none leads now
}

// view is one look at the run.
type view struct {
	elapsed, duration time.Duration
	waiting           int64
	rows              []row // the last of them is the current window
	notes             []string
}

// screen shows views. On a terminal it redraws one table in place; elsewhere it prints a line
// per finished window and note.
type screen struct {
	out      io.Writer
	terminal bool
	lines    int // that the last view took on the terminal
	rows     int // windows printed elsewhere
	notes    int // notes printed elsewhere
}

const (
	// maxRows is how many windows the table shows: the latest.
	maxRows = 12
	// barCells is the width of a bar.
	barCells = 10
)

// show draws v. The table's lines stay below 80 columns, so that none of them wraps.
func (s *screen) show(v view) {
	if !s.terminal {
		s.print(v, len(v.rows)-1)
		return
	}
	var b strings.Builder
	if s.lines > 0 {
		// The carriage return: an interrupt may have left its ^C on the line.
		fmt.Fprintf(&b, "\r\x1b[%dA\x1b[J", s.lines)
	}
	table := v.table()
	s.lines = strings.Count(table, "\n")
	b.WriteString(table)
	fmt.Fprint(s.out, b.String())
}

// finish draws the last view, with its last window.
func (s *screen) finish(v view) {
	if s.terminal {
		s.show(v)
	} else {
		s.print(v, len(v.rows))
	}
}

// print writes what was not written yet of the notes and of the first n rows.
func (s *screen) print(v view, n int) {
	for ; s.rows < n; s.rows++ {
		fmt.Fprintln(s.out, v.rows[s.rows].line())
	}
	for ; s.notes < len(v.notes); s.notes++ {
		fmt.Fprintln(s.out, v.notes[s.notes])
	}
}

// table is the view on a terminal.
func (v view) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%5.1f s of %.0f s, %s waiting\n\n", v.elapsed.Seconds(),
		v.duration.Seconds(), grouped(v.waiting))
	rows := v.rows[max(0, len(v.rows)-maxRows):]
	if len(rows) > 0 {
		b.WriteString("window")
		for _, use := range rows[len(rows)-1].uses {
			fmt.Fprintf(&b, "  %-*s", barCells+6, use.Metric)
		}
		b.WriteString("  admitted  denied  calls  leader\n")
	}
	for _, r := range rows {
		fmt.Fprintf(&b, "%6d", r.window)
		for _, use := range r.uses {
			fmt.Fprintf(&b, "  %s %3d %%", bar(use.Admitted, use.Amount),
				percent(use.Admitted, use.Amount))
		}
		fmt.Fprintf(&b, "  %8s  %6s  %5s  %s\n", grouped(r.admitted()), grouped(r.denied),
			grouped(r.calls), r.led())
	}
	b.WriteByte('\n')
	for _, note := range v.notes {
		b.WriteString(note)
		b.WriteByte('\n')
	}
	return b.String()
}

// line is a window where there is no terminal.
func (r row) line() string {
	var b strings.Builder
	fmt.Fprintf(&b, "window %d:", r.window)
	for _, use := range r.uses {
		fmt.Fprintf(&b, " %s %d/%d (%d %%),", use.Metric, use.Admitted, use.Amount,
			percent(use.Admitted, use.Amount))
	}
	fmt.Fprintf(&b, " denied %d, calls %d, leader %s", r.denied, r.calls, r.led())
	return b.String()
}

// admitted is how many requests were admitted.
func (r row) admitted() int64 {
	for _, use := range r.uses {
		if use.Metric == metricRequests {
			return use.Admitted
		}
	}
	return 0
}

// led names the window's last two leaders in order, such as "n1 > none" after a kill.
func (r row) led() string {
	names := r.leaders
	if r.leaderless {
		names = append(slices.Clone(names), "none")
	}
	return strings.Join(names[max(0, len(names)-2):], " > ")
}

// eighths are the parts of a bar's last cell, from empty on.
var eighths = [8]string{"░", "▏", "▎", "▍", "▌", "▋", "▊", "▉"}

// bar draws part of whole, rounded down: it is full only when nothing is left.
func bar(part, whole int64) string {
	filled := int(min(part*barCells*8/max(1, whole), barCells*8))
	if filled == barCells*8 {
		return strings.Repeat("█", barCells)
	}
	return strings.Repeat("█", filled/8) + eighths[filled%8] +
		strings.Repeat(eighths[0], barCells-filled/8-1)
}

// percent is part of whole, rounded down: 100 means all of it.
func percent(part, whole int64) int64 { return part * 100 / max(1, whole) }

// ratio is part of whole in percent with one decimal, rounded down.
func ratio(part, whole int64) string {
	return fmt.Sprintf("%.1f %%", floor1(share(part, whole)))
}

// floor1 is x in percent, cut after the first decimal.
func floor1(x float64) float64 { return math.Floor(x*1000) / 10 }

// share is part of whole, 0 for nothing of nothing.
func share(part, whole int64) float64 { return float64(part) / float64(max(1, whole)) }

// english writes numbers with a comma between thousands.
var english = message.NewPrinter(language.English)

func grouped(n int64) string { return english.Sprint(n) }
