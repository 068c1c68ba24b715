package bench

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestPlot(t *testing.T) {
	parts := make([]Slice, columns)
	for i := range parts {
		parts[i] = Slice{PerSec: 1000, Latencies: Quantiles{P50: 20 * time.Microsecond,
			P99: 200 * time.Microsecond, P999: 900 * time.Microsecond}}
	}
	parts[30] = Slice{PerSec: 100, Latencies: Quantiles{P50: 300 * time.Millisecond,
		P99: time.Second, P999: time.Minute}}
	got := plot(parts, time.Minute, 30)
	side := strings.Repeat
	want := strings.Join([]string{
		"latency, from the instant that a request was to begin at:  █ p50  ▒ p99  · p99.9",
		"          " + side(" ", 30) + "▼ leader killed",
		"    10 s ┤" + side(" ", 30) + "·" + side(" ", 29),
		"         ┤" + side(" ", 30) + "·" + side(" ", 29),
		"     1 s ┤" + side(" ", 30) + "▒" + side(" ", 29),
		"         ┤" + side(" ", 30) + "█" + side(" ", 29),
		"  100 ms ┤" + side(" ", 30) + "█" + side(" ", 29),
		"         ┤" + side(" ", 30) + "█" + side(" ", 29),
		"   10 ms ┤" + side(" ", 30) + "█" + side(" ", 29),
		"         ┤" + side(" ", 30) + "█" + side(" ", 29),
		"    1 ms ┤" + side("·", 30) + "█" + side("·", 29),
		"         ┤" + side("▒", 30) + "█" + side("▒", 29),
		"  100 us ┤" + side("▒", 30) + "█" + side("▒", 29),
		"         ┤" + side("█", 60),
		"   10 us ┼" + side("─", 60),
		"    rate  " + side("█", 30) + "▁" + side("█", 29),
		"          0" + side(" ", 27) + "30 s" + side(" ", 24) + "60 s",
		"",
	}, "\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for line := range strings.Lines(got) {
		if n := utf8.RuneCountInString(line); n > 81 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

func TestPlain(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 ns", 999: "999 ns", 1500: "1.50 us", 31_900_000: "31.9 ms", 123_400_000: "123 ms",
		time.Second: "1 s", 90 * time.Second: "90 s",
	} {
		if got := plain(d); got != want {
			t.Errorf("%d ns: got %q, want %q", d, got, want)
		}
	}
}

// TestTimeline counts a request where it was to begin, and what lies outside at the bounds.
func TestTimeline(t *testing.T) {
	s := newTimeline(4, 4*time.Second)
	s.add(0, 0, true)
	s.add(1500*time.Millisecond, 3*time.Second, true)
	s.add(1600*time.Millisecond, time.Hour, false)
	s.add(5*time.Second, time.Millisecond, true) // rounding at the end
	parts, whole := s.summary(4 * time.Second)
	if len(parts) != 4 {
		t.Fatalf("%d parts, want 4", len(parts))
	}
	for i, want := range []float64{1, 1, 0, 1} {
		if parts[i].PerSec != want {
			t.Errorf("part %d: %g admissions a second, want %g", i, parts[i].PerSec, want)
		}
	}
	if got := parts[0].Latencies.Max; got > leastLatency*11/10 {
		t.Errorf("the shortest counts as %s, want %s", got, leastLatency)
	}
	if whole.Max < mostLatency {
		t.Errorf("the longest counts as %s, want %s", whole.Max, mostLatency)
	}
	if parts, _ := s.summary(1500 * time.Millisecond); len(parts) != 2 {
		t.Errorf("%d parts after 1.5 s, want 2", len(parts))
	}
}
