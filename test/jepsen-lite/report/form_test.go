package report

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// drawn is a campaign with a bit of everything.
func drawn(seed uint64) *Campaign {
	r := rand.New(rand.NewPCG(seed, 7))
	span := func(most time.Duration) time.Duration { return time.Duration(r.Int64N(int64(most))) }
	c := &Campaign{Ring: 1 + r.IntN(3), Seed: seed, Command: fmt.Sprintf("make jepsen SEED=%d", seed),
		Took: span(time.Hour)}
	if r.IntN(2) == 0 {
		c.Without = []string{"network faults"}
	}
	for i := range r.IntN(6) {
		run := Run{Name: fmt.Sprintf("seed %d", i), Replay: "again", Lives: r.Int64N(4),
			Workload: "hot", Nodes: 3, Limiters: 20, Virtual: r.IntN(2) == 0, Length: span(time.Hour),
			Counts: map[string]int64{}, Served: Served{r.IntN(4), span(time.Minute), time.Minute}}
		for range r.IntN(30) {
			f := Fault{Kind: []string{"cut", "pause", "kill"}[r.IntN(3)], Target: "n1",
				From: span(time.Hour)}
			f.To = f.From + span(time.Minute)
			run.Faults = append(run.Faults, f)
			run.Counts[f.Kind]++
		}
		s := &run.Story
		s.Events, s.Entries, s.Epochs, s.Restores = r.Int64N(99), r.Int64N(99), r.Int64N(9), r.Int64N(9)
		s.Windows, s.Admissions, s.Admitted = r.Int64N(99), r.Int64N(99), r.Int64N(99)
		s.Bound, s.Operations, s.FailOpen = 100+r.Int64N(99), r.Int64N(99), r.Int64N(9)
		s.Overshoot = max(0, r.Int64N(20)-15)
		for range r.IntN(5) {
			from := span(time.Hour)
			s.Gaps = append(s.Gaps, Gap{From: from, Open: from + 1, To: from + span(time.Minute) + 1,
				Admitted: r.Int64N(3)})
			s.Waits = append(s.Waits, Wait{From: from, To: from + time.Second, Count: 1, Median: 1,
				Max: 1 + span(time.Second)})
			s.Leads = append(s.Leads, Lead{Node: "n1", Epoch: r.Uint64N(9), From: from, To: from + 9})
			s.Bands = append(s.Bands, Band{Budget: "b", Metric: "requests", From: from,
				To: from + time.Second, Bound: 10, Granted: 9, Admitted: 8, Windows: 1})
		}
		for _, judge := range []string{"trace", "liveness"} {
			result := []string{Valid, Valid, Valid, Valid, Unknown, Invalid}[r.IntN(6)]
			run.Verdicts = append(run.Verdicts, Verdict{Judge: judge, Result: result})
		}
		c.Runs = append(c.Runs, run)
	}
	return c
}

func TestFormRoundTrip(t *testing.T) {
	for seed := range uint64(30) {
		want := drawn(seed)
		dir := filepath.Join(t.TempDir(), "new")
		if err := want.Save(dir); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, pageFile)); err != nil {
			t.Error(err)
		}
		got, err := ReadFile(filepath.Join(dir, formFile))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("seed %d: %v: got %+v, want %+v", seed, err, got, want)
		}
	}
}

func TestFormIsStrict(t *testing.T) {
	good := func() *Campaign {
		return &Campaign{Ring: 2, Runs: []Run{{Name: "seed 1", Lives: 1,
			Counts: map[string]int64{"cut": 1}, Faults: []Fault{{Kind: "cut"}},
			Story: Story{Bands: []Band{{Bound: 1}}, Waits: []Wait{{}}, Gaps: []Gap{{}},
				Leads: []Lead{{}}},
			Verdicts: []Verdict{{Judge: "trace", Result: Valid}}}}}
	}
	text := func(c *Campaign) string {
		var b bytes.Buffer
		if err := c.Write(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	if _, err := Read(strings.NewReader(text(good()))); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(c *Campaign, r *Run){
		"ring is 4":                          func(c *Campaign, _ *Run) { c.Ring = 4 },
		"took_ns is -1":                      func(c *Campaign, _ *Run) { c.Took = -1 },
		`runs[0] (): name is ""`:             func(_ *Campaign, r *Run) { r.Name = "" },
		"runs[0] (seed 1): lives is -1":      func(_ *Campaign, r *Run) { r.Lives = -1 },
		"length_ns is -5":                    func(_ *Campaign, r *Run) { r.Length = -5 },
		"story.overshoot_credits is -2":      func(_ *Campaign, r *Run) { r.Story.Overshoot = -2 },
		`fault_counts["cut"] is -1`:          func(_ *Campaign, r *Run) { r.Counts["cut"] = -1 },
		`faults[0].kind is ""`:               func(_ *Campaign, r *Run) { r.Faults[0].Kind = "" },
		"faults[0] (cut): it ends at 0s":     func(_ *Campaign, r *Run) { r.Faults[0].From = 1 },
		`verdicts[0] is "fine" by "trace"`:   func(_ *Campaign, r *Run) { r.Verdicts[0].Result = "fine" },
		`verdicts[0] is "valid" by ""`:       func(_ *Campaign, r *Run) { r.Verdicts[0].Judge = "" },
		"story.bands[0].bound is 0":          func(_ *Campaign, r *Run) { r.Story.Bands[0].Bound = 0 },
		"story.bands[0].granted is -1":       func(_ *Campaign, r *Run) { r.Story.Bands[0].Granted = -1 },
		"story.bands[0]: it ends":            func(_ *Campaign, r *Run) { r.Story.Bands[0].From = 1 },
		"story.waits[0] has a median of 2":   func(_ *Campaign, r *Run) { r.Story.Waits[0].Median = 2 },
		"story.gaps[0]: it ends at 0s":       func(_ *Campaign, r *Run) { r.Story.Gaps[0].Open = 1 },
		"story.leads[0]: it ends at 0s, and": func(_ *Campaign, r *Run) { r.Story.Leads[0].From = 1 },
	} {
		c := good()
		change(c, &c.Runs[0])
		if _, err := Read(strings.NewReader(text(c))); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	for raw, want := range map[string]string{
		"":                                "nothing was written",
		"[]":                              "no campaign",
		text(good())[:40]:                 "no campaign",
		text(good()) + "{}":               "behind the campaign",
		`{"ring":1,"runs":[],"colour":1}`: `unknown field "colour"`,
	} {
		if _, err := Read(strings.NewReader(raw)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: got %v, want %q", raw, err, want)
		}
	}
	if _, err := ReadFile("/no/such/campaign.json"); err == nil {
		t.Error("a file that is not there was read")
	}
}

// failing is a disk that is full.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestWritersTellOfErrors(t *testing.T) {
	c := []*Campaign{drawn(1)}
	for name, err := range map[string]error{"form": c[0].Write(failing{}),
		"page": c[0].WriteHTML(failing{}), "table": WriteMarkdown(failing{}, c),
		"summary": WriteSummary(failing{}, c), "file": c[0].WriteFile("/no/such/directory/c.json"),
		"save": c[0].Save(os.DevNull)} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
