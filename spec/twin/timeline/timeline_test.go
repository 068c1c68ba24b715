package timeline

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files")

// TestData compares what the page draws of the story with a golden file: every number in it was
// looked at once.
func TestData(t *testing.T) {
	line, report := check(t, story("llm", "").write(t, t.TempDir()))
	if report.Verdict != twin.Valid {
		t.Fatalf("%+v %v", report, report.Violation)
	}
	b := line.build(report)
	got, err := json.MarshalIndent(&b.data, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "story.json")
	if *rewrite {
		if err := os.WriteFile(path, append(got, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(append(got, '\n'), want) {
		t.Errorf("%s differs; run the test with -rewrite and read the diff. got\n%s", path, got)
	}
}

// TestSamePage: the same trace gives the same page, to the byte.
func TestSamePage(t *testing.T) {
	paths := story("llm", "k").write(t, t.TempDir())
	first := pageOf(t, paths)
	for range 5 {
		if pageOf(t, paths) != first {
			t.Fatal("another page")
		}
	}
}

func pageOf(t *testing.T, paths []string) string {
	line, report := check(t, paths)
	return render(t, line, report)
}

// TestBooksAgree: what the timeline adds up itself, for windows that the check did not close, is
// what the check makes of them.
func TestBooksAgree(t *testing.T) {
	paths := story("llm", "").write(t, t.TempDir())
	files, err := Scan(paths)
	if err != nil {
		t.Fatal(err)
	}
	line := New(files)
	var closed []twin.WindowTally
	if _, err := twin.Check(paths, twin.Options{Observe: line.Observe,
		OnWindow: func(w twin.WindowTally) { closed = append(closed, w) }}); err != nil {
		t.Fatal(err)
	}
	tallies := line.tallies.all()
	if len(closed) != 2 || len(tallies) != 2 {
		t.Fatalf("%d and %d windows", len(closed), len(tallies))
	}
	for i, w := range tallies {
		own := w.WindowTally
		own.Unrecorded = closed[i].Unrecorded // only the check knows
		if own != closed[i] {
			t.Errorf("got %+v, want %+v", own, closed[i])
		}
	}
}

// TestClocksThatDiffer: without a common clock the axis is cluster time.
func TestClocksThatDiffer(t *testing.T) {
	w := story("llm", "")
	for _, f := range w.files {
		if f.header.Recorder != "app-2" {
			continue
		}
		f.header.Clock = "boot:2"
		for i := range f.lines { // it booted long before
			for _, at := range []*int64{&f.lines[i].At, &f.lines[i].First, &f.lines[i].Last} {
				if *at > 0 {
					*at += 1e6 * sec
				}
			}
		}
	}
	line, report := check(t, w.write(t, t.TempDir()))
	d := dataOf(t, render(t, line, report))
	if report.Verdict != twin.Valid || d.Axis.Real || !strings.Contains(d.Axis.Text, "Cluster time") {
		t.Fatalf("%s, %+v", report.Verdict, d.Axis)
	}
	if d.Axis.End > 2_300_000 || d.Axis.End < 2_000_000 {
		t.Errorf("the axis ends at %d; cluster time at %d", d.Axis.End, report.ClusterTime)
	}
	for _, l := range d.Accounts[0].Leases {
		if window, from := l[2], l[4]; from/1_000_000 != window {
			t.Errorf("lease %d of window %d is at %d", l[0], window, from)
		}
		// A process is read ahead of the log: only its own clock tells these two apart.
		if l[0] == 1 && (len(l) != 14+6 || l[17]-l[14] != 100_000 || l[14]-l[4] != 100_000) {
			t.Errorf("the admissions of lease 1, 100 ms after it and after another: %d", l[14:])
		}
	}
}

// TestAccountsAreInOrder: by limit, then by names, whatever order they came in.
func TestAccountsAreInOrder(t *testing.T) {
	line := long(1, 0, 0, 0)
	for serial := uint64(3); serial > 1; serial-- {
		line.logged(&trace.Event{Kind: trace.KindLimit, Limit: serial, Budget: "b", Metric: "m",
			Per: sec, Amount: 1, OK: true})
		for _, key := range []string{"z", "a"} {
			line.logged(&trace.Event{Kind: trace.KindGrant, Limit: serial, Key: key, Amount: 1})
		}
	}
	fail := trace.Event{Kind: trace.KindFailOpen, Budget: "gone", Metric: "m", Per: sec, N: 1}
	line.fleet(&twin.Located{File: "app.jsonl", Event: fail})
	b := line.build(&twin.Report{})
	var got []string
	for _, a := range b.Accounts {
		got = append(got, a.Label)
	}
	want := []string{"gone m per 1s, no limit in force", `b m per 1s, key "a"`,
		`b m per 1s, key "z"`, `b m per 1s, key "a"`, `b m per 1s, key "z"`}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if first, last := b.Accounts[1].Limit, b.Accounts[4].Limit; b.Limits[first].Budget != "b" ||
		first >= last {
		t.Errorf("the limits are %d and %d", first, last)
	}
}
