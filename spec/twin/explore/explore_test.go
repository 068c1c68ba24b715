package explore

import (
	"flag"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

var proof = flag.Bool("explore.proof", false, "run every configuration, and print a table")

// skipped is why a configuration runs under -explore.proof only, or "".
func skipped(c Count) string {
	switch {
	case *proof:
		return "TestProof runs it"
	case c.Generated == 0:
		return "TLC did not exhaust it; run with -explore.proof"
	case c.Generated > quick:
		return "large; run with -explore.proof"
	}
	return ""
}

// judge fails the test if r is not what TLC found.
func judge(t *testing.T, c Count, r Result) {
	t.Helper()
	if r.Violated != c.Violates {
		t.Errorf("%s: got %s, want violated %q\n%s", c.Config, r.Verdict(), c.Violates, r.Trace)
	}
	if c.Violates != "" {
		if len(r.Trace) < 2 || len(r.Trace) != r.Depth+1 {
			t.Errorf("%s: trace has %d states at depth %d", c.Config, len(r.Trace), r.Depth)
		}
		return
	}
	if !r.Exhausted {
		t.Errorf("%s: not exhausted", c.Config)
	}
	if c.Comparable() && (r.Generated != c.Generated || r.Distinct != c.Distinct) {
		t.Errorf("%s: got %d generated, %d distinct; want %d, %d, as TLC",
			c.Config, r.Generated, r.Distinct, c.Generated, c.Distinct)
	}
}

// Every configuration has its row, and every row its configuration.
func TestRecorded(t *testing.T) {
	rows := make(map[string]bool)
	for _, c := range Recorded() {
		if _, ok := Find(c.Config); !ok || rows[c.Config] {
			t.Errorf("%s: no configuration, or two rows", c.Config)
		}
		rows[c.Config] = true
	}
	for _, c := range Configs() {
		if !rows[c.Name] {
			t.Errorf("%s: not in Recorded", c.Name)
		}
	}
	if _, ok := Find("W_none"); ok {
		t.Error("found a configuration that there is not")
	}
}

// The twin and TLC agree: on the counts where the protocol passes, and on what is violated
// where a rule was taken away or a witness is wanted.
func TestAgainstTLC(t *testing.T) {
	for _, c := range Recorded() {
		t.Run(c.Config, func(t *testing.T) {
			if why := skipped(c); why != "" {
				t.Skip(why)
			}
			t.Parallel()
			config, _ := Find(c.Config)
			judge(t, c, config.Run(Options{}))
		})
	}
}

// TestProof runs everything, which takes some minutes and gigabytes.
func TestProof(t *testing.T) {
	if !*proof {
		t.Skip("run with -explore.proof")
	}
	fmt.Fprintf(t.Output(), "%-22s %11s %10s %11s %10s %5s %6s %9s  %s\n", "configuration",
		"generated", "distinct", "TLC gen.", "TLC dist.", "depth", "equal", "states/s", "verdict")
	for _, c := range Recorded() {
		runtime.GC() // the last one's states
		config, _ := Find(c.Config)
		begin := time.Now()
		r := config.Run(Options{})
		rate := float64(r.Generated) / time.Since(begin).Seconds()
		equal := "-" // where TLC's counts are no figure to compare with
		if c.Comparable() {
			equal = "no"
			if r.Generated == c.Generated && r.Distinct == c.Distinct {
				equal = "yes"
			}
		}
		depth := max(r.Depth, len(r.Trace))
		fmt.Fprintf(t.Output(), "%-22s %11d %10d %11d %10d %5d %6s %9.0f  %s\n", c.Config,
			r.Generated, r.Distinct, c.Generated, c.Distinct, depth, equal, rate, r.Verdict())
		judge(t, c, r)
	}
}

// A trace reads as a story: each step is named, and says what it changed.
func TestTrace(t *testing.T) {
	config, _ := Find("W_abl_viii_nodedupe")
	r := config.Run(Options{})
	got := r.Trace.String()
	for _, want := range []string{
		"  1  Init ", "  2  Send(a1) ", "Propose(reserve)(a1)", "Commit", "avail=",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("trace does not say %q:\n%s", want, got)
		}
	}
	for i, step := range r.Trace[1:] {
		if len(step.Changes) == 0 {
			t.Errorf("step %d changes nothing:\n%s", i+2, got)
		}
	}
}

func BenchmarkWindow(b *testing.B) {
	config, _ := Find(compared)
	b.ReportAllocs()
	states := 0
	for b.Loop() {
		states += config.Run(Options{}).Generated
	}
	b.ReportMetric(float64(states)/b.Elapsed().Seconds(), "states/s")
}
