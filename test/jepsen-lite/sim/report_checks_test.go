package sim

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/test/jepsen-lite/report"
)

// TestReport: a campaign's report has every schedule, what struck them, and what each judge said;
// and of the schedules that it shows whole, the trace tells what the oracle added up.
func TestReport(t *testing.T) {
	c := &campaign{first: 1, look: look, more: func(played int64) bool { return played < 256 }}
	if err := c.run(); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "new")
	if err := c.report(time.Second, dir); err != nil {
		t.Fatal(err)
	}
	got, err := report.ReadFile(filepath.Join(dir, reportFile))
	if err != nil {
		t.Fatal(err)
	}
	if page, err := os.ReadFile(filepath.Join(dir, pageFile)); err != nil || len(page) == 0 {
		t.Errorf("the page has %d bytes: %v", len(page), err)
	}
	if len(got.Runs) != 1+samples || got.Runs[0].Lives != 256 || got.Runs[0].Story.Admitted == 0 {
		t.Fatalf("got %d runs, the first of %d lives", len(got.Runs), got.Runs[0].Lives)
	}
	for _, run := range got.Runs {
		if run.Verdict() != report.Valid || run.Story.Overshoot != 0 || len(run.Counts) == 0 {
			t.Errorf("%s: %s, overshoot %d, faults %v",
				run.Name, run.Verdict(), run.Story.Overshoot, run.Counts)
		}
		if run.Lives == 0 && (len(run.Faults) == 0 || len(run.Story.Bands) == 0) {
			t.Errorf("%s: %d faults and %d windows to be seen",
				run.Name, len(run.Faults), len(run.Story.Bands))
		}
	}
}

// TestBooks: the oracle and the trace, which know nothing of each other, add up the same.
func TestBooks(t *testing.T) {
	for seed := uint64(1); seed <= 40; seed++ {
		o := Draw(seed)
		out := Run(o, nil)
		run, err := sample(o)
		if err != nil {
			t.Fatal(err)
		}
		s, b := run.Story, out.Books
		if s.Windows != b.Windows || s.Bound != b.Bound || s.Admitted != b.Admitted ||
			s.Admissions != b.Admissions || s.Overshoot != b.Overshoot ||
			s.Entries != int64(out.Entries) || s.Epochs != out.Epochs {
			t.Errorf("seed %d: the trace tells %+v, the oracle %+v", seed, s, b)
		}
	}
}

// TestReportOfFailure: a schedule that fails makes the judge's verdict invalid who found it, and is
// shown first.
func TestReportOfFailure(t *testing.T) {
	c := &campaign{
		first: 1, more: func(played int64) bool { return played < 500 },
		look: func(seed uint64) (Options, bool) {
			o := Draw(seed)
			o.Broken = ResumeAhead
			return o, false
		},
	}
	if err := c.run(); err != nil {
		t.Fatal(err)
	}
	f, ok := c.lowest()
	sum := c.sum()
	if !ok || sum.Verdict() != report.Invalid || sum.Story.Overshoot == 0 {
		t.Fatalf("verdict %s, overshoot %d of a broken rule", sum.Verdict(), sum.Story.Overshoot)
	}
	if v := sum.Verdicts[0]; v.Judge != judgeOracle || v.Result != report.Invalid ||
		!strings.Contains(v.Detail, "seed ") {
		t.Errorf("got %+v", v)
	}
	if picked := c.picks(); picked[0].Seed != f.options.Seed {
		t.Errorf("%v is shown first, want %v", picked[0], f.options)
	}
	run, err := sample(f.options)
	if err != nil {
		t.Fatal(err)
	}
	if run.Verdict() != report.Invalid {
		t.Errorf("the schedule that failed is %s", run.Verdict())
	}
}

// TestWhoFound: each finding is one judge's.
func TestWhoFound(t *testing.T) {
	for reason, want := range map[string]string{
		"oracle: lease": judgeOracle, "checker: Safe": judgeTrace, "starved": judgeLiveness,
		"invariant Books is broken": judgeInvariants, "crash: fsm": judgeInvariants,
	} {
		if got := (Finding{Reason: reason}).judge(); got != want {
			t.Errorf("%q is for %s, want %s", reason, got, want)
		}
	}
}

// TestWatch: who watches is told of what is counted, and changes nothing.
func TestWatch(t *testing.T) {
	for seed := uint64(1); seed <= 20; seed++ {
		o := Draw(seed)
		var told Counts
		out := Watch(o, nil, func(s Strike) {
			told[s.Fault]++
			if s.To < s.From || s.From > o.Length+o.Limits[0].Per {
				t.Errorf("seed %d: %+v", seed, s)
			}
		})
		if want := Run(o, nil); out.Hash != want.Hash || out.Struck != want.Struck {
			t.Errorf("seed %d: %+v, and watched %+v", seed, want, out)
		}
		for f := range faults {
			switch f {
			case Lost, Duplicated, Delayed, Reordered, Odd, Strange, Late, LostSuffix, LateSuffix, Sleeper:
			default:
				if told[f] != out.Struck[f] {
					t.Errorf("seed %d: told of %d, counted %d: %v", seed, told[f], out.Struck[f], f)
				}
			}
		}
	}
}
