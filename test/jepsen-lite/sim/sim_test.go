package sim

import (
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/spec/twin/refine"
)

var (
	seed     = flag.Uint64("sim.seed", 1, "first seed of the simulation")
	duration = flag.Duration("sim.duration", 0, "how long to go on with further seeds; 0: a fixed few")
)

const (
	// schedules is how many seeds run when no duration is given.
	schedules = 100
	// judged says that every so many-th schedule is also recorded and judged by the checker.
	judged = 4
	// brokenSeeds is how many seeds may be tried until a broken rule shows.
	brokenSeeds = 500
)

// TestSim plays one seed after another. Each must be sound, and serve everybody once it heals.
func TestSim(t *testing.T) {
	t.Logf("go test ./test/jepsen-lite/sim -run TestSim -sim.seed=%d -sim.duration=%v",
		*seed, *duration)
	begin := time.Now()
	var played, grants, admitted, rolls, failovers, sleepers, entries int64
	more := func() bool {
		if *duration > 0 {
			return played == 0 || time.Since(begin) < *duration
		}
		return played < schedules && (!raceEnabled || played < schedules/8)
	}
	var covered refine.Coverage
	for s := *seed; more() && !t.Failed(); s++ {
		out, report := check(t, Draw(s), s%judged == 0)
		if report != nil {
			covered.Merge(report.Coverage)
		}
		played++
		grants += out.Grants
		admitted += out.Admitted
		rolls += out.Rolls
		entries += int64(out.Entries)
		failovers += int64(out.Failovers)
		sleepers += int64(out.Sleepers)
	}
	t.Logf("%d schedules in %v: %d entries, %d grants, %d credits admitted, %d rolls, %d failovers, "+
		"%d proposals appended under a later term than their stamp's",
		played, time.Since(begin).Round(time.Millisecond), entries, grants, admitted, rolls,
		failovers, sleepers)
	if *duration == 0 && (grants == 0 || sleepers == 0 || failovers == 0 || admitted == 0) {
		t.Error("the schedules exercised too little to prove anything")
	}
	t.Log(covered.String())
	if played >= schedules {
		complete(t, &covered)
	}
}

// complete fails if the schedules together left out a step of the model or a guard of it: what is
// never tried is not tested. No process of a simulation fails open, or dies without a last line.
func complete(t *testing.T, covered *refine.Coverage) {
	t.Helper()
	for _, step := range covered.Missing() {
		if step != "FailOpen" && step != "Crash" {
			t.Errorf("no schedule took the step %s", step)
		}
	}
	for _, guard := range covered.NeverRefused() {
		t.Errorf("in no schedule was anything refused for %s", guard)
	}
}

func check(t *testing.T, o Options, record bool) (Outcome, *twin.Report) {
	t.Helper()
	out, report := play(t, o, record)
	for _, v := range out.Violations {
		t.Errorf("%s", v)
	}
	if out.Broken != "" {
		t.Errorf("%s", out.Broken)
	}
	if len(out.Starved) > 0 {
		t.Errorf("not served in the healed phase: %s", strings.Join(out.Starved, " "))
	}
	if report != nil && report.Verdict != twin.Valid &&
		(report.Verdict == twin.Invalid || out.Admitted > 0) {
		var text strings.Builder
		if err := report.WriteText(&text); err != nil {
			t.Error(err)
		}
		t.Errorf("the checker disagrees:\n%s", text.String())
	}
	if t.Failed() {
		t.Logf("%v", o)
		t.Logf("replay: go test ./test/jepsen-lite/sim -run 'TestSim$' -v "+
			"-sim.seed=%d -sim.duration=1ns", o.Seed)
	}
	return out, report
}

// play runs one schedule and, if it is to be recorded, has the checker judge its trace.
func play(t *testing.T, o Options, record bool) (Outcome, *twin.Report) {
	t.Helper()
	o.Verify = true
	if !record {
		return Run(o, nil), nil
	}
	out, report, panicked, err := Judge(o, t.TempDir())
	if err != nil || panicked != "" {
		t.Fatalf("%v\n%v %s", o, err, panicked)
	}
	return out, report
}

// TestReplay shows that a seed is a schedule: the same state and the same figures each time.
func TestReplay(t *testing.T) {
	for s := uint64(1); s <= 5; s++ {
		a, b := Run(Draw(s), nil), Run(Draw(s), nil)
		if a.Hash != b.Hash || a.Admitted != b.Admitted || a.Entries != b.Entries {
			t.Errorf("seed %d: %+v, then %+v", s, a, b)
		}
	}
}

// TestBrokenRules breaks one rule at a time. The oracle must notice, and so must the checker,
// which sees only the trace. A judge that was never seen to fail proves nothing.
func TestBrokenRules(t *testing.T) {
	rules := []Broken{TimeFromReceipt, StampEarly, ResumeAhead, NoMargin}
	if raceEnabled { // the others take hundreds of schedules
		rules = rules[:1]
	}
	for _, rule := range rules {
		t.Run(string(rule), func(t *testing.T) {
			for s := uint64(1); s <= brokenSeeds; s++ {
				o := Draw(s)
				o.Broken = rule
				if o.DriftPPM < 5_000 || o.Local { // the checker cannot compare local clocks
					continue
				}
				out := Run(o, nil)
				if len(out.Violations) == 0 {
					continue
				}
				_, report := play(t, o, true)
				if report.Verdict != twin.Invalid {
					t.Errorf("seed %d: the oracle says %q, the checker %v", s, out.Violations[0], report.Verdict)
					return
				}
				t.Logf("seed %d: %s; the checker: %s", s, out.Violations[0], report.Violation.Invariant)
				return
			}
			t.Errorf("no schedule of %d broke the bound: the harness is too tame", brokenSeeds)
		})
	}
}
