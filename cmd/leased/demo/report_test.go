package demo

import (
	"slices"
	"strings"
	"testing"

	"github.com/leased-io/leased/spec/twin"
)

// aReport is a valid run with a failover.
func aReport() *Report {
	return &Report{
		Check:    &twin.Report{Verdict: twin.Valid, Events: 67926},
		TraceDir: "/tmp/trace",
		Requests: Requests{Offered: 8432, Admitted: 3190, Denied: 4768, Cut: 474},
		Limits: []LimitReport{
			{Metric: metricRequests, Amount: 359, Fullest: 336, Window: 4},
			{Metric: metricTokens, Amount: 677_312, Fullest: 677_311, Window: 5},
		},
		Windows:  make([]Window, 10),
		Full:     &FullReport{Count: 9, Lowest: 0.9689, Worst: 3, Mean: 0.99},
		Failover: &FailoverReport{Killed: "n2", AtSec: 11.08, GapSec: 1.047, Admitted: 1141},
		Calls:    11899,
	}
}

func TestText(t *testing.T) {
	got := aReport().Text()
	want := strings.Join([]string{
		"",
		"VALID: 67,926 events checked, no window overspent by a single credit",
		"",
		"  requests     fullest window 336 of 359 (93.5 %), overshoot 0",
		"  tokens       fullest window 677,311 of 677,312 (99.9 %), overshoot 0",
		"  utilisation  lowest 96.8 % (window 3), mean 99.0 %, of 9 full windows",
		"  requests     8,432 offered: 3,190 admitted, 4,768 denied, 474 unfinished",
		"  calls        11,899 to the coordinator: 3.73 per admission",
		"  failover     n2 was stopped 11.1 s into the run",
		"               no grants for 1.05 s; limiters admitted 1,141 requests meanwhile",
		"  trace        /tmp/trace",
		"               leased trace check /tmp/trace",
		"",
	}, "\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for line := range strings.Lines(got) {
		if len(line) > 80 {
			t.Errorf("%d columns: %s", len(line)-1, line)
		}
	}
}

func TestTextOfOtherEnds(t *testing.T) {
	for want, change := range map[string]func(*Report){
		"VIOLATION: WindowBound: 2 of 1\n": func(r *Report) {
			r.Check.Verdict = twin.Invalid
			r.Check.Violation = &twin.Violation{Invariant: "WindowBound", Text: "2 of 1"}
		},
		"UNKNOWN: nothing is violated in what was recorded, but\n  7 events were lost\n": func(
			r *Report) {
			r.Check.Verdict, r.Check.Reasons = twin.Unknown, []string{"7 events were lost"}
		},
		"  utilisation  none of 10 windows was full\n": func(r *Report) { r.Full = nil },
		"               3 failed, the first one: no route\n": func(r *Report) {
			r.Requests.Failed, r.Requests.Failure = 3, "no route"
		},
		"               nobody granted after that\n": func(r *Report) { r.Failover.GapSec = 0 },
	} {
		r := aReport()
		change(r)
		if got := r.Text(); !strings.Contains(got, "\n"+want) {
			t.Errorf("want %q in\n%s", want, got)
		}
	}
}

func TestReportWindows(t *testing.T) {
	use := func(metric string, admitted, denials int64) Use {
		return Use{Metric: metric, Amount: 1000, Admitted: admitted, Denials: denials}
	}
	r := Report{}
	windows := [][]Use{
		{use("a", 990, 1), use("b", 980, 1)}, // both ran out: a was used more
		{use("a", 400, 0), use("b", 960, 9)}, // b ran out
		{use("a", 300, 0), use("b", 300, 0)}, // neither
		{use("a", 500, 1), use("b", 400, 0)}, // a ran out, but then nobody wanted more
		{use("a", 10, 7), use("b", 1001, 0)}, // the end
	}
	for i := range windows {
		for j := range windows[i] {
			windows[i][j].Window = int64(i)
		}
	}
	r.addWindows(windows, func(window int64) int64 {
		if window == 3 {
			return 0
		}
		return 10
	})
	for i, want := range []Window{
		{Binding: "a", Utilisation: 0.99}, {Binding: "b", Utilisation: 0.96}, {},
		{Binding: "a", Utilisation: 0.5},
		{Binding: "a", Utilisation: 0.01, Cut: true},
	} {
		got := r.Windows[i]
		if got.Binding != want.Binding || got.Utilisation != want.Utilisation ||
			got.Cut != want.Cut {
			t.Errorf("window %d: got %+v, want %+v", i, got, want)
		}
	}
	if got, want := *r.Full, (FullReport{Count: 2, Lowest: 0.96, Worst: 1, Mean: 0.975}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	want := []LimitReport{
		{Metric: "a", Amount: 1000, Fullest: 990},
		{Metric: "b", Amount: 1000, Fullest: 1001, Window: 4, Overshoot: 1},
	}
	if !slices.Equal(r.Limits, want) {
		t.Errorf("got %+v, want %+v", r.Limits, want)
	}
}
