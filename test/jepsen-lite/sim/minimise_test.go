package sim

import (
	"fmt"
	"testing"
	"time"

	"github.com/leased-io/leased/spec/twin"
)

// TestMinimise breaks a rule, and has the first schedule that shows it made smaller: what is
// left fails for the same reason, also as a failure prints it, and is smaller in most ways.
func TestMinimise(t *testing.T) {
	rules := []Broken{TimeFromReceipt, ResumeAhead}
	if raceEnabled { // it takes thousands of schedules
		rules = rules[:1]
	}
	for _, rule := range rules {
		var o Options
		var why Finding
		for s := uint64(1); why.Reason == ""; s++ {
			if s > brokenSeeds {
				t.Fatalf("no schedule of %d broke the bound", brokenSeeds)
			}
			o = Draw(s)
			o.Broken = rule
			why = reason(t, o)
		}
		plays := 0
		small := Minimise(o, minimising, func(o Options) bool {
			plays++
			return reason(t, o).Reason == why.Reason
		})
		t.Logf("%s, %d plays: %s\n  %v\n  %v", rule, plays, why.Reason, o, small)
		again, err := ParseOptions(small.String())
		if err != nil {
			t.Fatal(err)
		}
		if got := reason(t, again); got.Reason != why.Reason {
			t.Errorf("%v: %q, want %q", again, got.Reason, why.Reason)
		}
		if faultsOf(small) > 2 || small.Holders > o.Holders || small.Length > o.Length/2 ||
			plays > minimising {
			t.Errorf("not small: %v", small)
		}
	}
}

func reason(t *testing.T, o Options) Finding {
	t.Helper()
	_, _, finding, err := Examine(o, false)
	if err != nil {
		t.Fatal(err)
	}
	return finding
}

// faultsOf counts the faults that are on.
func faultsOf(o Options) int {
	on := 0
	for _, d := range []time.Duration{
		o.Failover, o.Crash, o.Suspend, o.Change, o.Delete, o.Restore, o.Close, o.Reshape, o.Strange,
	} {
		on += int(min(1, d))
	}
	for _, n := range []int{o.Loss, o.Dup, o.Slow, o.Late, o.Exact, o.Sleep, o.Odd} {
		on += min(1, n)
	}
	return on
}

// TestMinimiseKeepsTheReason: of two things that are wrong the one that was found stays, and a
// schedule that cannot be played smaller stays as it is.
func TestMinimiseKeepsTheReason(t *testing.T) {
	o := drawLarge(1)
	wants := func(o Options) bool { return o.Holders >= 7 && o.Dup > 0 && len(o.Limits) > 0 }
	small := Minimise(o, 1000, wants)
	if small.Holders != 7 || small.Dup != o.Dup || faultsOf(small) != 1 {
		t.Errorf("got %v", small)
	}
	if len(o.Limits) == 0 || o.Limits[0].Amount != drawLarge(1).Limits[0].Amount {
		t.Errorf("the options of before were changed: %v", o)
	}
	if got := Minimise(o, 0, wants); got.String() != o.String() {
		t.Errorf("without a play: %v", got)
	}
}

// TestOptionsText: what a failure prints is what it was.
func TestOptionsText(t *testing.T) {
	for s := uint64(1); s <= 300; s++ {
		for _, o := range []Options{drawLean(s), DrawSmall(s), drawLarge(s)} {
			o.Verify, o.Broken = s%2 == 0, []Broken{Sound, NoMargin}[s%2]
			again, err := ParseOptions(o.String())
			if err != nil || fmt.Sprintf("%#v", again) != fmt.Sprintf("%#v", o) {
				t.Fatalf("%v\nwas read as\n%v, %v", o, again, err)
			}
		}
	}
	good := drawLean(1).String()
	for _, bad := range []string{
		"", "seed=1", good + " seed", good + " seed=x", good + " unknown=1", good + " limits=",
		good + " limits=requests:1", good + " limits=requests:x/1s", good + " limits=requests:0/1s",
		good + " holders=0", good + " length=0s",
		good + " limits=requests:1/1s/slots=0", good + " limits=requests:1/1s/burst=x",
		good + " limits=requests:1/1s/burst", good + " limits=requests:1/1s/drops=3",
		good + " overload=0", good + " insist=0s",
	} {
		if o, err := ParseOptions(bad); err == nil {
			t.Errorf("%q was read as %v", bad, o)
		}
	}
}

// TestFindings: what each judge says becomes a finding, under a reason without numbers in it.
func TestFindings(t *testing.T) {
	for _, c := range []struct {
		out      Outcome
		panicked string
		want     string
	}{
		{Outcome{}, "", ""},
		{Outcome{Violations: []string{"at 12: lease 3 is overspent by 4"}}, "", "oracle: lease"},
		{Outcome{Broken: "entry 3: invariant Books is broken: 4"}, "", "invariant Books is broken"},
		{Outcome{Starved: []string{"p1"}}, "", "starved"},
		{Outcome{Starved: []string{"p1"}}, "fsm: Books is broken at 3", "crash: fsm"},
	} {
		if got := c.out.finding(c.panicked); got.Reason != c.want || (got.Text == "") != (c.want == "") {
			t.Errorf("%+v %q: %+v, want %q", c.out, c.panicked, got, c.want)
		}
	}
}

// TestDisputed: the checker's word counts where the others found nothing. Of a trace without an
// admission it may be that it does not know.
func TestDisputed(t *testing.T) {
	some, none := Outcome{Books: Books{Admitted: 1}}, Outcome{}
	invalid := &twin.Report{Verdict: twin.Invalid, Violation: &twin.Violation{Invariant: "Safe"}}
	for _, c := range []struct {
		out    Outcome
		report *twin.Report
		want   string
	}{
		{some, &twin.Report{Verdict: twin.Valid}, ""},
		{none, &twin.Report{Verdict: twin.Unknown}, ""},
		{some, &twin.Report{Verdict: twin.Unknown}, "checker: unknown"},
		{none, invalid, "checker: Safe"},
	} {
		if got := disputed(c.out, c.report); got.Reason != c.want {
			t.Errorf("%+v %v: %+v, want %q", c.out, c.report.Verdict, got, c.want)
		}
	}
}
