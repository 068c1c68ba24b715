package twin

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/trace"
)

// small is a run of one window: one node unless more are asked for, one process, one lease.
func small(nodes int) (*world, *file) {
	w := newWorld(nodes)
	w.elect(0)
	p := w.put("team", "requests", 100, second, 0)
	app := w.process("app")
	h := w.open(app, "team", "")
	l := h.acquire(10, p)
	h.admit(l[0], 4)
	h.expire(l...)
	w.sleep(second)
	w.entry(nil)
	return w, app
}

func TestVerdicts(t *testing.T) {
	tests := []struct {
		name  string
		make  func() []*file
		want  Verdict
		texts []string // parts of reasons and notes
	}{
		{"a good run", func() []*file { w, _ := small(3); return w.files }, Valid, nil},
		{"a gap in the fleet", func() []*file {
			w, app := small(1)
			w.record(app, trace.Event{Kind: trace.KindGap, N: 3})
			return w.files
		}, Unknown, []string{"3 events were lost"}},
		{"a gap in one node of two", func() []*file {
			w, _ := small(2)
			f := w.nodes[1]
			f.events = slices.Replace(f.events, 3, 9, gapAt(f, 3, 6))
			return w.files
		}, Unknown, []string{"6 events were lost"}},
		{"a gap in the only node", func() []*file {
			w, _ := small(1)
			f := w.nodes[0]
			f.events = slices.Replace(f.events, 5, 9, gapAt(f, 5, 4))
			return w.files
		}, Unknown, []string{"4 events were lost", "leave out what happened"}},
		{"no node", func() []*file { w, _ := small(1); return w.files[1:] },
			Unknown, []string{"no log entry", "files end before what"}},
		{"no fleet", func() []*file { w, _ := small(1); return w.files[:1] },
			Unknown, []string{"no admission", "10 credits were granted to sessions that no fleet"}},
		{"a node that died", func() []*file {
			w, _ := small(2)
			w.kill(0)
			return w.files
		}, Valid, []string{"torn line"}},
		{"all nodes died with the last entries", func() []*file {
			w, _ := small(1)
			f := w.nodes[0]
			i := slices.IndexFunc(f.events, func(e recorded) bool {
				return e.event.Kind == trace.KindGrant
			})
			f.events, f.complete = f.events[:i], false
			return w.files
		}, Unknown, []string{"files end before what"}},
		{"only a node that was stopped early", func() []*file {
			w, _ := small(3)
			n := w.nodes[0]
			i := slices.IndexFunc(n.events, func(e recorded) bool {
				return e.event.Kind == trace.KindGrant
			})
			n.events = n.events[:i-1]
			return []*file{n, w.files[3]}
		}, Unknown, []string{"files end before what"}},
		{"the log starts in the middle", func() []*file {
			w, _ := small(1)
			w.snap()
			w.kill(0)
			w.restart(0)
			w.elect(0)
			return w.files[1:]
		}, Unknown, []string{"leave out what happened between entries 0 and 6"}},
		{"a process that died holding credits", func() []*file {
			w, app := small(1)
			app.complete = false
			app.events = app.events[:len(app.events)-1]
			return w.files
		}, Valid, []string{"has no end line", "died held 6 credits"}},
		{"a drop whose send was lost, and the nodes died before its session", func() []*file {
			w, app := small(1)
			app.events = append([]recorded{gapAt(app, 0, 1), {event: trace.Event{
				Kind: trace.KindDrop, At: app.events[0].event.At, Session: 9, Seq: 1, Attempt: 1,
			}}}, app.events...)
			w.nodes[0].complete = false
			return w.files
		}, Unknown, []string{"files end before what"}},
		{"a state too large to be hashed", func() []*file {
			w, _ := small(2)
			for _, f := range w.nodes {
				unhash(f)
			}
			return w.files
		}, Valid, []string{"too large to be hashed 1 times"}},
		{"clocks that cannot be compared", func() []*file {
			w, app := small(1)
			app.header.Clock = "another"
			return w.files
		}, Valid, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, err := checkFiles(t, test.make(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if r.Verdict != test.want {
				t.Errorf("verdict %s (%v, %v), want %s", r.Verdict, r.Violation, r.Reasons, test.want)
			}
			if (len(r.Reasons) > 0) != (test.want == Unknown) {
				t.Errorf("verdict %s with reasons %q", r.Verdict, r.Reasons)
			}
			all := strings.Join(append(r.Reasons, r.Notes...), "\n")
			for _, text := range test.texts {
				if !strings.Contains(all, text) {
					t.Errorf("reasons and notes do not say %q:\n%s", text, all)
				}
			}
			if len(test.texts) == 0 && all != "" {
				t.Errorf("unexpected: %s", all)
			}
		})
	}
}

// unhash has a node say how large the state was instead of its hash.
func unhash(f *file) {
	for i := range f.events {
		if e := &f.events[i].event; e.Kind == trace.KindState {
			e.Hash, e.N = "", 20_000
		}
	}
}

func TestIncomparableClocksAreTold(t *testing.T) {
	w, app := small(1)
	app.header.Clock = "another"
	for i := range app.events { // hours away: no comparison may be made
		e := &app.events[i].event
		for _, at := range []*int64{&e.At, &e.First, &e.Last} {
			if *at != 0 {
				*at += 7200 * second
			}
		}
	}
	r, err := checkFiles(t, w.files, Options{})
	if err != nil || r.Verdict != Valid || r.RealTimeChecked || r.Incomparable != 1 {
		t.Errorf("got %s, checked %v, %d incomparable (%v); want valid, false, 1",
			r.Verdict, r.RealTimeChecked, r.Incomparable, err)
	}
}

// TestSlackLoosensRealTimeOnly: an offset of 20 ms between a process's clock and the log's is a
// violation without slack and none with it; a life that is too long is one with any.
func TestSlackLoosensRealTimeOnly(t *testing.T) {
	late := func() []*file {
		w := newWorld(1)
		w.elect(0)
		p := w.put("team", "requests", 100, second, 0)
		app := w.process("app")
		h := w.open(app, "team", "")
		l := h.acquire(10, p)
		w.sleep(life(l[0].ttl) - (w.now - l[0].sent) - ms)
		h.admit(l[0], 1)
		w.sleep(l[0].end - w.clock())
		w.entry(nil)
		for i := range app.events {
			e := &app.events[i].event
			e.At, e.First, e.Last = e.At+20*ms, e.First+20*ms, e.Last+20*ms
		}
		return w.files
	}
	for _, test := range []struct {
		slack time.Duration
		want  Verdict
	}{{0, Invalid}, {4 * time.Millisecond, Invalid}, {20 * time.Millisecond, Valid}} {
		r, err := checkFiles(t, late(), Options{Slack: test.slack})
		if err != nil || r.Verdict != test.want {
			t.Errorf("slack %s: got %v (%v, %v), want %s",
				test.slack, r.Verdict, r.Violation, err, test.want)
		}
	}
	r := recordingOf(t, story().files)
	r.edit(r.find(trace.KindAccept, 1, nil), func(e *trace.Event) { e.Life++ })
	report, err := checkFiles(t, r.files, Options{Slack: time.Hour})
	if err != nil || report.Violation == nil || report.Violation.Invariant != LeaseCover {
		t.Errorf("a life one nanosecond too long: got %v, %v", report.Violation, err)
	}
}

// TestAPreemptedLeaderIsNotFast: a leader that loses the processor between its stamp and the
// append is late, and nothing else, even where no slack is given.
func TestAPreemptedLeaderIsNotFast(t *testing.T) {
	w := newWorld(3)
	w.elect(0)
	epoch, stamp := w.epoch, w.clock()
	first := w.now
	w.sleep(25 * ms)
	w.record(w.nodes[w.leader],
		trace.Event{Kind: trace.KindPropose, First: first, Epoch: epoch, Stamp: stamp})
	w.sleep(ms)
	w.land(epoch, stamp, nil)
	w.entry(nil)
	report, err := checkFiles(t, w.files, Options{})
	if err != nil || report.Violation != nil {
		t.Errorf("got %v, %v, want no violation", report.Violation, err)
	}
}

// TestTheClockMayDrift: a cluster clock that is fast within rho is no violation.
func TestTheClockMayDrift(t *testing.T) {
	for permille, want := range map[int64]Verdict{1004: Valid, 1006: Invalid, 900: Valid} {
		r := recordingOf(t, story().files)
		runAt(r, permille)
		report, err := checkFiles(t, r.files[:3], Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := report.Verdict; (got == Invalid) != (want == Invalid) {
			t.Errorf("at %d/1000: got %s (%v), want %s", permille, got, report.Violation, want)
		}
	}
}

func TestInputErrors(t *testing.T) {
	w, app := small(1)
	app.header.Run = "another"
	if _, err := checkFiles(t, w.files, Options{}); !isFormatError(err, app.name, "do not mix") {
		t.Errorf("two runs: got %v", err)
	}
	w, app = small(1)
	w.record(app, trace.Event{Kind: trace.KindEntry, Index: 1})
	_, err := checkFiles(t, w.files, Options{})
	if !isFormatError(err, app.name, `event "entry" does not`) {
		t.Errorf("an entry in a fleet file: got %v", err)
	}
	w, _ = small(1)
	w.record(w.nodes[0], trace.Event{Kind: trace.KindAdmit})
	_, err = checkFiles(t, w.files, Options{})
	if !isFormatError(err, "n1", `event "admit" does not`) {
		t.Errorf("an admission in a node's file: got %v", err)
	}
	w, _ = small(1)
	n := w.nodes[0]
	n.events = slices.Insert(n.events, 0, recorded{event: trace.Event{Kind: trace.KindRoll}})
	if _, err := checkFiles(t, w.files, Options{}); !isFormatError(err, "n1", "follow an entry") {
		t.Errorf("a roll before every entry: got %v", err)
	}
	if _, err := Check(nil, Options{}); err == nil {
		t.Error("no files: got no error")
	}
	if _, err := Check([]string{filepath.Join(t.TempDir(), "none.jsonl")}, Options{}); err == nil {
		t.Error("no such file: got no error")
	}
}

func isFormatError(err error, file, reason string) bool {
	bad, ok := errors.AsType[*trace.FormatError](err)
	return ok && strings.Contains(bad.File, file) && strings.Contains(bad.Reason, reason)
}

// write puts a recording on disk, as recorders do.
func write(t testing.TB, dir string, files []*file) []string {
	t.Helper()
	for _, f := range files {
		at := f.header.At
		clock := trace.Clock{Name: f.header.Clock, Now: func() int64 { return at }}
		tw, err := trace.Create(filepath.Join(dir, f.name), f.header, clock)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range f.events {
			tw.Record(e.event)
			if i%10_000 == 0 {
				if err := tw.Flush(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := tw.Close(); err != nil {
			t.Fatal(err)
		}
	}
	paths, err := trace.Files(dir)
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func TestReportOfFiles(t *testing.T) {
	paths := write(t, t.TempDir(), story().files)
	r, err := Check(paths, Options{})
	if err != nil || r.Verdict != Valid {
		t.Fatalf("got %v, %v", r, err)
	}
	var text, out bytes.Buffer
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	want := `VALID: run run, 3 nodes, 4 fleet recorders, 8 files, 525 events
  log         56 entries (1 stale), 4 epochs, 1 restore, cluster time 1m6.1825s
  leases      15 granted in 11 sessions, 376 credits, 45 returned; 3 replays, 4 denials
  admissions  248 of 248 credits in 9 account windows
  fullest     team requests per 1s, key "", window 0: 100 of 100 (100.0%)
  real time   every admission was over when its window was
  covered     38 of 57 steps, 98 pairs of them; not ChangeBucket, ChangeKey, Lapse, and 16 more
  fail open   2 credits admitted without leases, outside the bound
  shadow      3 credits admitted that would have been refused, outside the bound
`
	if text.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &text, want)
	}
	if err := r.WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	var again Report
	dec := json.NewDecoder(&out)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&again); err != nil || again.Credits != r.Credits {
		t.Errorf("JSON does not read back: %v", err)
	}
	// A torn line in the middle of a run is bad input, with file and line.
	data, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	broken := bytes.Replace(data, []byte(`"at"`), []byte(`"ta"`), 2)
	if err := os.WriteFile(paths[0], broken, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Check(paths, Options{}); !isFormatError(err, paths[0], `field "ta"`) {
		t.Errorf("a broken file: got %v", err)
	}
}

func TestViolationInText(t *testing.T) {
	r := recordingOf(t, story().files)
	r.edit(r.find(trace.KindGrant, 1, of(bRequests)), func(e *trace.Event) { e.Amount++ })
	report, _ := r.check()
	var text bytes.Buffer
	if err := report.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"INVALID: run run",
		"NoOverGrant is violated: 41 credits were granted; limit 1 of 100 has 40 left",
		"(WindowLease!Books (Limit - avail))",
		`n1-0.jsonl:`, `{"kind":"grant",`, `"amount":41`,
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the report does not say %q:\n%s", want, &text)
		}
	}
	if lines := strings.Count(text.String(), "\n"); lines > 24 {
		t.Errorf("the report has %d lines; it must fit a screen", lines)
	}
}
