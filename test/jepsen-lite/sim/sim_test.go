package sim

import (
	"flag"
	"fmt"
	"runtime/debug"
	"testing"
	"time"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/spec/twin/refine"
	"github.com/leased-io/leased/trace"
)

var (
	seed     = flag.Uint64("sim.seed", 1, "first seed of the simulation")
	duration = flag.Duration("sim.duration", 0, "how long to go on with further seeds; 0: a fixed few")
	out      = flag.String("sim.out", "", "directory for the campaign's report; none: no report")
	options  = flag.String("sim.options", "", "play just this schedule, as a failure printed it")
)

const (
	// schedules is how many seeds run when no duration is given.
	schedules = 4 * large
	// verified says that in every so many-th schedule every state is held against fsm's
	// invariants, and another replica replays the log: what a rule breaks shows to the oracle
	// at once; this is for what is wrong inside and has not shown yet.
	verified = 32
	// judged says that every so many-th schedule is also recorded and judged by the checker,
	// which takes many times as long as to play it.
	judged = 64
	// minimising is how many schedules may be played to make a failure smaller; a tenth if each
	// has to be judged by the checker.
	minimising = 8_000
	// garbage is GOGC: schedules are short, and most of what they leave is garbage at their end.
	garbage = 800
	// brokenSeeds is how many seeds may be tried until a broken rule shows.
	brokenSeeds = 4_000
)

// look is how closely the schedule of a seed is looked at. It goes by the seed alone, so that
// a seed fails again as it failed.
func look(seed uint64) (o Options, record bool) {
	o = Draw(seed)
	o.Verify = seed%verified == 0 && !o.crowd()
	return o, seed%judged == 0 && !o.crowd()
}

// TestSim plays one seed after another. Each must be sound, and serve everybody once it heals.
func TestSim(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(garbage))
	if *options != "" {
		one(t, *options)
		return
	}
	t.Logf("go test ./test/jepsen-lite/sim -run 'TestSim$' -v -sim.seed=%d -sim.duration=%v",
		*seed, *duration)
	begin, cpu := time.Now(), cpuTime()
	c := campaign{first: *seed, look: look, more: func(played int64) bool {
		if *duration > 0 {
			return time.Since(begin) < *duration
		}
		return played < schedules && (!raceEnabled || played < schedules/8)
	}}
	if err := c.run(); err != nil {
		t.Fatal(err)
	}
	t.Log(c.figures(time.Since(begin), cpuTime()-cpu))
	t.Log(c.covered.String())
	if *out != "" {
		if err := c.report(time.Since(begin), *out); err != nil {
			t.Error(err)
		}
	}
	if f, ok := c.lowest(); ok {
		f.report(t)
		return
	}
	if *duration == 0 && (c.grants == 0 || c.struck[Failover] == 0 || c.books.Admitted == 0) {
		t.Error("the schedules exercised too little to prove anything")
	}
	if c.played >= schedules {
		complete(t, &c.covered)
		for f, n := range c.struck {
			if n == 0 && Fault(f) != Override { // package kinds plays it
				t.Errorf("no schedule had a %v", Fault(f))
			}
		}
	}
}

// one plays the schedule that a failure printed: as it was, and recorded.
func one(t *testing.T, line string) {
	o, err := ParseOptions(line)
	if err != nil {
		t.Fatal(err)
	}
	o.Verify = true
	for _, record := range []bool{false, true} {
		out, _, finding, err := Examine(o, record)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("recorded %t: %+v", record, out)
		if finding.Reason != "" {
			t.Errorf("%s", finding.Text)
		}
	}
}

// complete fails if the schedules together left out a step of the model or a guard of it: what is
// never tried is not tested. No process of a simulation fails open, or dies without a last line.
func complete(t *testing.T, covered *refine.Coverage) {
	t.Helper()
	for _, step := range covered.Missing() {
		switch step {
		case "FailOpen", "Crash":
		case "Beat", "DenySlots", "Release": // of slots, which package kinds plays
		case "PutBudget": // of several levels, as package kinds plays them
		case "ChangeKey", "Lapse": // of limits that are set for a time, likewise
		case "SetCalendar", "Announce", "Leap", "Slow", "TellZone": // of calendars, likewise
		default:
			t.Errorf("no schedule took the step %s", step)
		}
	}
	for _, guard := range covered.NeverRefused() {
		if guard == "Grant.Share" { // which TestSharing of package cluster plays
			continue
		}
		t.Errorf("in no schedule was anything refused for %s", guard)
	}
}

// TestReplay shows that a seed is a schedule: the same state and the same figures each time,
// however closely it is looked at.
func TestReplay(t *testing.T) {
	none := func(string, trace.Event) {}
	all := []Options{DrawSmall(1), DrawSmall(2), DrawSmall(3), DrawSmall(4)}
	if !raceEnabled {
		all = append(all, Draw(large))
	}
	for s := uint64(1); s <= 5; s++ {
		all = append(all, Draw(s))
	}
	for _, o := range all {
		want := fmt.Sprintf("%+v", Run(o, nil))
		if got := fmt.Sprintf("%+v", Run(o, nil)); got != want {
			t.Errorf("%v: %s, then %s", o, want, got)
		}
		o.Verify = true
		for _, rec := range []Recorder{nil, none} {
			if got := fmt.Sprintf("%+v", Run(o, rec)); got != want {
				t.Errorf("%v: %s, and verified, recorded %t, %s", o, want, rec != nil, got)
			}
		}
	}
}

// TestForkShows: a replica that comes to another state than the others is a violation.
func TestForkShows(t *testing.T) {
	o := Draw(1)
	o.Verify = true
	w := newWorld(o, nil, nil)
	c := newCluster(w)
	put(c, o, 0)
	w.run(int64(o.Limits[0].Per))
	if same := c.hashes(); len(same) != 2 || same[0] != same[1] {
		t.Fatalf("got %q, want two that are the same", same)
	}
	c.log[len(c.log)-1].entry.Stamp++
	if fork := c.hashes(); fork[0] == fork[1] {
		t.Errorf("a log with another stamp leads to the same state: %q", fork)
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
				_, report, _, err := Examine(o, true)
				if err != nil {
					t.Fatal(err)
				}
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
