package timeline

import (
	"encoding/json"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

// dataOf takes the data out of a page, as a browser would: up to the first end of a script.
func dataOf(t *testing.T, page string) data {
	t.Helper()
	_, after, found := strings.Cut(page, `<script type="application/json" id="data">`)
	raw, _, closed := strings.Cut(after, "</script")
	if !found || !closed {
		t.Fatal("the page has no data")
	}
	var d data
	if err := json.Unmarshal([]byte(raw), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// hostile is a name that would run if anything forgot to escape it.
const hostile = `</script><img src=x onerror=alert(1)>'"&<!-- ` + "\u2028"

func TestNamesAreEscaped(t *testing.T) {
	for name, w := range map[string]*world{
		"budget": story(hostile, ""),
		"key":    story("llm", hostile),
	} {
		t.Run(name, func(t *testing.T) {
			line, report := check(t, w.write(t, t.TempDir()))
			if report.Verdict != twin.Valid {
				t.Fatalf("%+v", report)
			}
			report.Run = hostile
			report.Notes = append(report.Notes, hostile)
			page := render(t, line, report)
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
			d := dataOf(t, page)
			if a := d.Accounts[0]; a.Key != hostile && d.Limits[a.Limit].Budget != hostile {
				t.Errorf("the script sees %q, %q", a.Key, d.Limits[a.Limit].Budget)
			}
		})
	}
}

var loads = regexp.MustCompile(`(?i)https?:|//[a-z]|\bsrc\s*=|\bhref\s*=|@import|url\(|\bfetch\(|` +
	`\bimport\b|XMLHttp|WebSocket|\beval\b|innerHTML`)

// TestPageLoadsNothing reads what is ours in the page, without the data, which is escaped.
func TestPageLoadsNothing(t *testing.T) {
	line, report := check(t, story("llm", "").write(t, t.TempDir()))
	page := render(t, line, report)
	raw, err := json.Marshal(dataOf(t, page))
	if err != nil {
		t.Fatal(err)
	}
	page = strings.Replace(page, string(raw), "", 1)
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
	if err != nil || len(files) != len(scripts)+3 { // two templates and the style
		t.Errorf("%v: %d files for %d scripts", err, len(files), len(scripts))
	}
	for _, planted := range []string{"https://example.org/x.js", `<img src = x>`, "@import 'x'"} {
		if !loads.MatchString(planted) {
			t.Errorf("%q would not be noticed", planted)
		}
	}
}

// broke is the story with one lie in it.
func broke(t *testing.T, lie func(w *world)) (*Timeline, *twin.Report) {
	t.Helper()
	w := story("llm", "")
	lie(w)
	line, report := check(t, w.write(t, t.TempDir()))
	if report.Verdict != twin.Invalid {
		t.Fatalf("the lie was not noticed: %+v", report)
	}
	return line, report
}

// change makes the first such event of every file another one.
func change(w *world, is func(*trace.Event) bool, to func(*trace.Event)) {
	for _, f := range w.files {
		for i := range f.lines {
			if is(&f.lines[i]) {
				to(&f.lines[i])
				break
			}
		}
	}
}

func TestViolationIsShown(t *testing.T) {
	line, report := broke(t, func(w *world) { // 90 of 100 were free
		change(w, func(e *trace.Event) bool { return e.Kind == trace.KindGrant && e.Lease == 4 },
			func(e *trace.Event) { e.Amount = 70 })
	})
	page := render(t, line, report)
	v := dataOf(t, page).Violation
	if v == nil || v.Invariant != twin.NoOverGrant || v.Account != 0 || v.Window != 1 {
		t.Fatalf("got %+v", v)
	}
	if v.Excess != 70 || v.ExcessOf != "granted" || v.From > v.To || len(v.Events) != 2 {
		t.Errorf("got %+v", v)
	}
	e := v.Events[0]
	if e.Kind != "grant" || e.Node != 1 || e.Proc != -1 || e.At < v.From || e.At > v.To ||
		dataOf(t, page).Sessions[e.Session][0] != 2 {
		t.Errorf("got %+v", e)
	}
	for _, want := range []string{"NoOverGrant is violated", "<b>n2.jsonl:", report.Violation.Text,
		"NoOverGrant is violated by 70 more granted", `<span class="verdict invalid">`} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not in the page", want)
		}
	}
	if strings.Contains(page, "app-2.jsonl ends without an end line") {
		t.Error("a death after the end of the check is shown")
	}
}

// TestLateAdmissionIsShownWhereItWas: the axis reaches beyond what was checked.
func TestLateAdmissionIsShownWhereItWas(t *testing.T) {
	line, report := broke(t, func(w *world) {
		change(w, func(e *trace.Event) bool { return e.Kind == trace.KindAdmit && e.Lease == 4 },
			func(e *trace.Event) { e.First, e.Last = e.First+9*sec, e.Last+9*sec })
	})
	d := dataOf(t, render(t, line, report))
	v := d.Violation
	if v.Invariant != twin.LeaseCover || v.Account != 0 || v.Window != 1 || v.Excess != 7 {
		t.Fatalf("got %+v", v)
	}
	if admit := v.Events[0]; admit.Kind != "admit" || admit.Proc != 1 ||
		admit.At < d.Axis.Checked+7_000_000 || d.Axis.End != admit.At {
		t.Errorf("got %+v, axis %+v", admit, d.Axis)
	}
	for _, l := range d.Accounts[0].Leases {
		if from, to := l[4], l[5]; l[0] == 4 && to-from < 500_000 {
			t.Errorf("lease 4 is drawn from %d to %d: its life is not to be seen", from, to)
		}
	}
}
