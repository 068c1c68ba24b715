package bench

import (
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// printEvery is how often a line is printed where there is no terminal.
const printEvery = 5 * time.Second

// view is one look at the run.
type view struct {
	elapsed, duration time.Duration
	admitted, waiting int64
	failed            int64
	perSec            float64   // in the last finished slice
	last              Quantiles // of it
	calls             uint64    // since the load began
	killed            string    // the leader that was killed; empty: none
	plot              string
}

func (s *stage) view() view {
	parts, _ := s.load.timeline.summary(s.elapsed)
	v := view{
		elapsed: s.elapsed, duration: s.cfg.Duration,
		admitted: s.load.admitted.Load(), waiting: s.load.waiting.Load(),
		failed: s.load.failed.Load(), calls: s.fleet.calls().Calls,
	}
	column := -1
	if s.kill != nil {
		v.killed, column = s.kill.node, int(s.kill.into/s.load.timeline.length)
	}
	if n := len(parts); n > 1 {
		v.perSec, v.last = parts[n-2].PerSec, parts[n-2].Latencies
	}
	if s.screen.terminal {
		v.plot = plot(parts, s.cfg.Duration, column)
	}
	return v
}

// screen shows views: redrawn in place on a terminal, and elsewhere as a line now and then.
type screen struct {
	out      io.Writer
	terminal bool
	lines    int           // that the last view took on the terminal
	printed  time.Duration // when the last line was, elsewhere
}

func (s *screen) show(v view) {
	if !s.terminal {
		if v.elapsed >= s.printed+printEvery {
			s.printed = v.elapsed
			fmt.Fprintln(s.out, v.line())
		}
		return
	}
	s.clear()
	text := v.line() + "\n\n" + v.plot
	s.lines = strings.Count(text, "\n")
	fmt.Fprint(s.out, text)
}

// finish removes the last view: the report draws the plot again.
func (s *screen) finish() {
	if s.terminal {
		s.clear()
	}
}

func (s *screen) clear() {
	if s.lines > 0 {
		// The carriage return: an interrupt may have left its ^C on the line.
		fmt.Fprintf(s.out, "\r\x1b[%dA\x1b[J", s.lines)
	}
	s.lines = 0
}

// line is the view in one line.
func (v view) line() string {
	text := fmt.Sprintf("%5.1f s of %.0f s: %s admitted, %s/s, p50 %s, p99 %s, waiting %s",
		v.elapsed.Seconds(), v.duration.Seconds(), grouped(v.admitted), grouped(int64(v.perSec)),
		plain(v.last.P50), plain(v.last.P99), grouped(v.waiting))
	if v.failed > 0 {
		text += ", failed " + grouped(v.failed)
	}
	if v.killed != "" {
		text += ", " + v.killed + " killed"
	}
	return text
}

// english writes numbers with a comma between thousands.
var english = message.NewPrinter(language.English)

func grouped(n int64) string { return english.Sprint(n) }
