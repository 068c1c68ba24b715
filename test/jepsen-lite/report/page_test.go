package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
)

func render(t *testing.T, campaigns ...*Campaign) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteHTML(&b, campaigns); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// dataIn takes the data out of a page, as a browser would: up to the first end of a script.
func dataIn(t *testing.T, page string) (raw string, runs []runData) {
	t.Helper()
	_, after, found := strings.Cut(page, `<script type="application/json" id="data">`)
	raw, _, closed := strings.Cut(after, "</script")
	if !found || !closed {
		t.Fatal("the page has no data")
	}
	if err := json.Unmarshal([]byte(raw), &runs); err != nil {
		t.Fatal(err)
	}
	return raw, runs
}

func TestPageData(t *testing.T) {
	var campaigns []*Campaign
	for seed := range uint64(12) {
		campaigns = append(campaigns, drawn(seed))
	}
	page := render(t, campaigns...)
	_, got := dataIn(t, page)
	n := 0
	for _, c := range campaigns {
		for i := range c.Runs {
			run, d := &c.Runs[i], got[n]
			if row := fmt.Sprintf(`<tr data-run="%d">`, n); !strings.Contains(page, row) {
				t.Errorf("%s is not in the list", row)
			}
			n++
			s := &run.Story
			if d.Name != run.Name || d.Verdict != run.Verdict() || len(d.Faults) != len(run.Faults) ||
				len(d.Gaps) != len(s.Gaps) || len(d.Waits) != len(s.Waits) ||
				len(d.Leads) != len(s.Leads) || d.Replay != run.Replay {
				t.Errorf("got %+v of %+v", d, run)
			}
			counts := map[string]int64{}
			for k, kind := range d.Kinds {
				counts[kind] = d.Counts[k]
			}
			if !reflect.DeepEqual(counts, run.Counts) {
				t.Errorf("got %v of %v", counts, run.Counts)
			}
			for k, f := range d.Faults {
				if k > 0 && d.Faults[k-1][2] > f[2] || f[3] > d.End && run.Lives < 2 {
					t.Errorf("fault %d of %v", k, d)
				}
			}
			bands := 0
			for _, a := range d.Accounts {
				bands += len(a.Bands)
			}
			if bands != len(s.Bands) {
				t.Errorf("%d bands of %d", bands, len(s.Bands))
			}
		}
	}
	if n != len(got) {
		t.Errorf("%d runs are drawn, of %d", len(got), n)
	}
	for _, c := range campaigns {
		if !strings.Contains(page, c.Command) {
			t.Errorf("%q is not in the page", c.Command)
		}
	}
}

// TestFaultsAreBounded: what is left out of the chart is told, and stays in the counts.
func TestFaultsAreBounded(t *testing.T) {
	run := Run{Lives: 1, Length: time.Hour, Counts: map[string]int64{"nap": maxFaults + 10}}
	for i := range maxFaults + 3 {
		run.Faults = append(run.Faults, Fault{Kind: "nap", From: time.Duration(maxFaults - i),
			To: time.Hour})
	}
	d := run.data(2)
	if len(d.Faults) != maxFaults || d.Hidden[0] != 3 || d.Counts[0] != maxFaults+10 {
		t.Errorf("%d faults, %v hidden, %v counted", len(d.Faults), d.Hidden, d.Counts)
	}
}

func TestEmptyPages(t *testing.T) {
	for name, campaigns := range map[string][]*Campaign{
		"none": {}, "no run": {{Ring: 1}}, "bare run": {{Ring: 2, Runs: []Run{{Name: "x", Lives: 1}}}},
	} {
		page := render(t, campaigns...)
		raw, _ := dataIn(t, page)
		if strings.Contains(raw, "null") {
			t.Errorf("%s: a list is null: %s", name, raw)
		}
		if !strings.Contains(page, `<span class="verdict unknown">`) {
			t.Errorf("%s: it is not unknown", name)
		}
	}
}

// hostile is a name that would run if anything forgot to escape it.
const hostile = `</script><img src=x onerror=alert(1)>'"&<!-- ` + "\u2028"

func TestNamesAreEscaped(t *testing.T) {
	c := &Campaign{Ring: 3, Command: hostile, Without: []string{hostile}, Runs: []Run{{
		Name: hostile, Replay: hostile, Workload: hostile, Lives: 1,
		Counts:   map[string]int64{hostile: 1},
		Faults:   []Fault{{Kind: hostile, Target: hostile, Outcome: hostile}},
		Verdicts: []Verdict{{Judge: hostile, Result: Valid, Detail: hostile}},
		Story: Story{Bands: []Band{{Budget: hostile, Metric: hostile, Key: hostile, Bound: 1}},
			Leads: []Lead{{Node: hostile}}}}}}
	page := render(t, c)
	if strings.Contains(page, "<img") || strings.Contains(page, "<!-- ") {
		t.Error("the name is in the page as it is")
	}
	// A page's own scripts are two: data and code.
	if n := strings.Count(page, "</script"); n != 2 {
		t.Errorf("%d ends of scripts", n)
	}
	if !strings.Contains(page, html.EscapeString("<img src=x")) {
		t.Error("the name is not to be read")
	}
	if _, runs := dataIn(t, page); runs[0].Name != hostile || runs[0].Kinds[0] != hostile ||
		runs[0].Nodes[0] != hostile {
		t.Errorf("the script sees %+v", runs[0])
	}
}

var loads = regexp.MustCompile(`(?i)https?:|//[a-z]|\bsrc\s*=|\bhref\s*=|@import|url\(|\bfetch\(|` +
	`\bimport\b|XMLHttp|WebSocket|\beval\b|innerHTML`)

// TestPageLoadsNothing reads what is ours in the page, without the data, which is escaped.
func TestPageLoadsNothing(t *testing.T) {
	page := render(t, drawn(3))
	raw, _ := dataIn(t, page)
	page = strings.Replace(page, raw, "", 1)
	if found := loads.FindString(page); found != "" {
		t.Errorf("the page has %q", found)
	}
	for _, want := range []string{`default-src &#39;none&#39;`, "<style>" + pageStyle + "</style>",
		"<script>" + pageScript + "</script>"} {
		if !strings.Contains(page, want) {
			t.Errorf("%.60q is not in the page", want)
		}
	}
	files, err := pages.ReadDir("page")
	if err != nil || len(files) != len(scripts)+2 { // the template and the style
		t.Errorf("%v: %d files for %d scripts", err, len(files), len(scripts))
	}
	for _, planted := range []string{"https://example.org/x.js", `<img src = x>`, "@import 'x'"} {
		if !loads.MatchString(planted) {
			t.Errorf("%q would not be noticed", planted)
		}
	}
}

// TestScriptFindsItsElements: what the script asks for by name is in the page.
func TestScriptFindsItsElements(t *testing.T) {
	template := asset("page.html")
	asked := regexp.MustCompile(`\$\("(\w+)"\)`).FindAllStringSubmatch(pageScript, -1)
	if len(asked) < 20 {
		t.Fatalf("the script asks for %d elements", len(asked))
	}
	for _, name := range asked {
		if !strings.Contains(template, `id="`+name[1]+`"`) {
			t.Errorf("no element is called %s", name[1])
		}
	}
	// And the colours that it reads are those of both schemes.
	colours := regexp.MustCompile(`for \(const name of \[([^\]]*)\]`).FindStringSubmatch(pageScript)
	if colours == nil {
		t.Fatal("the script reads no colours")
	}
	for _, name := range regexp.MustCompile(`\w+`).FindAllString(colours[1], -1) {
		if n := strings.Count(pageStyle, "--"+name+":"); n != 2 {
			t.Errorf("colour %s has %d values", name, n)
		}
	}
}
