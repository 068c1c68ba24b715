package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestSumsAgainstNaive adds up drawn campaigns one figure at a time.
func TestSumsAgainstNaive(t *testing.T) {
	for seed := range uint64(100) {
		campaigns := []*Campaign{drawn(3 * seed), drawn(3*seed + 1), drawn(3*seed + 2)}
		got := Sum(campaigns)
		var runs []*Run
		all := func(figure func(r *Run) int64) (sum int64) {
			for _, r := range runs {
				sum += figure(r)
			}
			return sum
		}
		overshoot, verdict, judged := int64(0), Valid, map[string]int{}
		for _, c := range campaigns {
			for i := range c.Runs {
				r := &c.Runs[i]
				overshoot = max(overshoot, r.Story.Overshoot)
				results := []string{}
				for _, v := range r.Verdicts {
					judged[v.Judge+v.Result]++
					results = append(results, v.Result)
				}
				switch {
				case r.Story.Overshoot > 0 || slices.Contains(results, Invalid):
					verdict = Invalid
				case slices.Contains(results, Unknown) && verdict == Valid:
					verdict = Unknown
				}
				if r.Lives > 0 {
					runs = append(runs, r)
				}
			}
		}
		var gaps []time.Duration
		for _, r := range runs {
			for _, g := range r.Story.Gaps {
				gaps = append(gaps, g.To-g.From)
			}
		}
		slices.Sort(gaps)
		for name, pair := range map[string][2]int64{
			"lives":   {got.Lives, all(func(r *Run) int64 { return r.Lives })},
			"faults":  {got.Faults, all(func(r *Run) int64 { return int64(len(r.Faults)) })},
			"cuts":    {got.ByKind["cut"], all(func(r *Run) int64 { return r.Counts["cut"] })},
			"windows": {got.Story.Windows, all(func(r *Run) int64 { return r.Story.Windows })},
			"admissions": {got.Story.Admissions,
				all(func(r *Run) int64 { return r.Story.Admissions })},
			"admitted":   {got.Story.Admitted, all(func(r *Run) int64 { return r.Story.Admitted })},
			"bound":      {got.Story.Bound, all(func(r *Run) int64 { return r.Story.Bound })},
			"operations": {got.Story.Operations, all(func(r *Run) int64 { return r.Story.Operations })},
			"events":     {got.Story.Events, all(func(r *Run) int64 { return r.Story.Events })},
			"epochs":     {got.Story.Epochs, all(func(r *Run) int64 { return r.Story.Epochs })},
			"fail open":  {got.Story.FailOpen, all(func(r *Run) int64 { return r.Story.FailOpen })},
			"healings": {int64(got.Served.Healings),
				all(func(r *Run) int64 { return int64(r.Served.Healings) })},
			"lengths": {int64(got.Virtual + got.Real),
				all(func(r *Run) int64 { return int64(r.Length) })},
			"virtual": {int64(got.Virtual), all(func(r *Run) int64 {
				if r.Virtual {
					return int64(r.Length)
				}
				return 0
			})},
			"took": {int64(got.Took),
				int64(campaigns[0].Took + campaigns[1].Took + campaigns[2].Took)},
			"slowest": {int64(got.Served.Slowest), longest(runs, func(r *Run) time.Duration {
				return r.Served.Slowest
			})},
			"longest wait": {int64(got.MaxWait), longest(runs, func(r *Run) (most time.Duration) {
				for _, w := range r.Story.Waits {
					most = max(most, w.Max)
				}
				return most
			})},
			"overshoot": {got.Story.Overshoot, overshoot},
			"gaps":      {int64(got.Gaps.Count), int64(len(gaps))},
		} {
			if pair[0] != pair[1] {
				t.Errorf("seed %d: %s: got %d, want %d", seed, name, pair[0], pair[1])
			}
		}
		if n := len(gaps); n > 0 && (got.Gaps.Max != gaps[n-1] || got.Gaps.Median != gaps[(n-1)/2] ||
			got.Gaps.P99 != gaps[n-1]) {
			t.Errorf("seed %d: got %+v of %v", seed, got.Gaps, gaps)
		}
		if len(campaigns[0].Runs)+len(campaigns[1].Runs)+len(campaigns[2].Runs) == 0 {
			verdict = Unknown
		}
		if got.Verdict != verdict {
			t.Errorf("seed %d: got %s, want %s", seed, got.Verdict, verdict)
		}
		for _, j := range got.Judges {
			if j.Valid != judged[j.Judge+Valid] || j.Unknown != judged[j.Judge+Unknown] ||
				j.Invalid != judged[j.Judge+Invalid] {
				t.Errorf("seed %d: got %+v of %v", seed, j, judged)
			}
		}
	}
}

func longest(runs []*Run, of func(r *Run) time.Duration) (most int64) {
	for _, r := range runs {
		most = max(most, int64(of(r)))
	}
	return most
}

func TestVerdicts(t *testing.T) {
	by := func(results ...string) (v []Verdict) {
		for _, result := range results {
			v = append(v, Verdict{Judge: "j", Result: result})
		}
		return v
	}
	for _, test := range []struct {
		run  Run
		want string
	}{
		{Run{}, Unknown},
		{Run{Verdicts: by(Valid, Valid)}, Valid},
		{Run{Verdicts: by(Valid, Unknown, Valid)}, Unknown},
		{Run{Verdicts: by(Unknown, Invalid, Valid)}, Invalid},
		{Run{Verdicts: by(Valid, "")}, Invalid},
		{Run{Verdicts: by(Valid), Story: Story{Overshoot: 1}}, Invalid},
	} {
		if got := test.run.Verdict(); got != test.want {
			t.Errorf("%+v: got %s, want %s", test.run, got, test.want)
		}
	}
	if got := Sum(nil).Verdict; got != Unknown {
		t.Errorf("nothing at all is %s", got)
	}
	// A sample is not counted again, but what is wrong with it is.
	c := &Campaign{Ring: 1, Runs: []Run{
		{Lives: 5, Verdicts: by(Valid), Story: Story{Windows: 7}},
		{Lives: 0, Verdicts: by(Valid), Story: Story{Windows: 3, Overshoot: 2}}}}
	if s := c.Sums(); s.Lives != 5 || s.Story.Windows != 7 || s.Story.Overshoot != 2 ||
		s.Verdict != Invalid {
		t.Errorf("got %+v", s)
	}
}

// bad is a campaign of rings 2 and 3 in which something is wrong.
func bad() []*Campaign {
	valid := []Verdict{{Judge: "trace", Result: Valid}}
	two := &Campaign{Ring: 2, Command: "make jepsen RING=2"}
	for i := range 3 {
		two.Runs = append(two.Runs, Run{Name: fmt.Sprintf("seed %d", i), Lives: 1, Virtual: true,
			Length: time.Hour, Verdicts: valid, Counts: map[string]int64{"cut": 700},
			Replay: fmt.Sprintf("play %d", i)})
	}
	two.Runs[1].Verdicts = []Verdict{{Judge: "linearizable", Result: Unknown, Detail: "too long"}}
	three := &Campaign{Ring: 3, Without: []string{"network faults"}, Runs: []Run{{Name: "it | all",
		Lives: 1, Length: 90 * time.Second, Verdicts: valid, Counts: map[string]int64{"kill": 4},
		Story: Story{Overshoot: 12, Admitted: 62, Bound: 50,
			Gaps: []Gap{{From: 0, Open: 1, To: 870 * time.Millisecond, Admitted: 1}}}}}}
	return []*Campaign{two, three}
}

func TestMarkdown(t *testing.T) {
	var b bytes.Buffer
	if err := WriteMarkdown(&b, bad()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| what | ring 2 | ring 3 | all |\n| --- | ---: | ---: | ---: |\n",
		"| verdict | unknown | invalid | invalid |\n",
		"| virtual time | 3.0 h | - | 3.0 h |\n", "| real time of lives | - | 90.0 s | 90.0 s |\n",
		"| largest overshoot, credits | 0 | 12 | 12 |\n",
		"| gaps in grants: median, p99, max | - | 1: 870 ms, 870 ms, 870 ms |",
		"| credits admitted, of the limits | - | 62 (124.0 %) | 62 (124.0 %) |\n",
		"| judge: linearizable | 1 unknown | - | 1 unknown |\n",
		"| judge: trace | 2 valid | 1 valid | 3 valid |\n",
		"| cut | 2,100 | - | 2,100 |\n| kill | - | 4 | 4 |\n", "**Without network faults.**",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
	for line := range strings.Lines(b.String()) {
		if strings.HasPrefix(line, "|") && strings.Count(line, "|") != 5 {
			t.Errorf("%q has not four cells", line)
		}
	}
}

func TestSummary(t *testing.T) {
	var b bytes.Buffer
	if err := WriteSummary(&b, bad()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"INVALID: 4 lives of clusters, 3.0 h of virtual time",
		"overshoot of up to 12 credits", "faults: cut 2,100, kill 4\n", "without network faults",
		"invalid: ring 3, it | all\n    a window was overshot by 12 credits\n",
		"unknown: ring 2, seed 1\n    linearizable: unknown: too long\n    again: play 1\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
	if strings.Index(b.String(), "invalid: ring 3") > strings.Index(b.String(), "unknown: ring 2") {
		t.Error("the worst is not told first")
	}
	// However many campaigns there are, it stays on a screen.
	var many []*Campaign
	for seed := range uint64(60) {
		many = append(many, drawn(seed))
	}
	b.Reset()
	if err := WriteSummary(&b, many); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "\n"); n > 70 {
		t.Errorf("%d lines", n)
	}
}

func TestWords(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567"} {
		if got := count(n); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for d, want := range map[time.Duration]string{0: "0 ms", 1500 * time.Microsecond: "1.5 ms",
		870 * time.Millisecond: "870 ms", 1350 * time.Millisecond: "1.35 s",
		42 * time.Second: "42.0 s", 10 * time.Minute: "10.0 min", 26 * time.Hour: "26.0 h",
		720 * time.Hour: "720 h (30.0 days)"} {
		if got := span(d); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
}
