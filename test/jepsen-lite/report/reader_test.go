package report

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/trace"
)

func read(t *testing.T, p *tape) Story {
	t.Helper()
	s, err := ReadStory(p.write(t), 10*sec)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const millis = time.Millisecond

func TestReadStory(t *testing.T) {
	got := read(t, story())
	band := func(from, to, bound, granted, admitted int64) Band {
		return Band{Budget: "b", Metric: "requests", Key: "k", From: time.Duration(from) * millis,
			To: time.Duration(to) * millis, Bound: bound, Granted: granted, Admitted: admitted,
			Windows: 1}
	}
	events := int64(0)
	for _, lines := range story().lines {
		events += int64(len(lines) - 1)
	}
	want := Story{
		Events: events, Entries: 7, Epochs: 2, Restores: 1, Windows: 3, Admissions: 105,
		Admitted: 105, Bound: 200, FailOpen: 7,
		Bands: []Band{band(200, 1200, 100, 50, 50), band(1200, 2250, 50, 50, 25),
			// The last one lasts until the last line of a node.
			band(2250, 4200, 50, 30, 30)},
		Waits: []Wait{
			{From: 300 * millis, To: 400 * millis, Count: 1, Median: 60 * millis, Max: 60 * millis},
			{From: 1200 * millis, To: 1300 * millis, Count: 1, Median: 110 * millis,
				Max: 110 * millis},
			// By its own clock it took 200 ms, at about the time of the grant.
			{From: 2200 * millis, To: 2300 * millis, Count: 1, Median: 200 * millis,
				Max: 200 * millis}},
		Gaps: []Gap{{From: 1200 * millis, Open: 2100 * millis, To: 2250 * millis, Admitted: 20}},
		Leads: []Lead{{Node: "n1", Epoch: 2, From: 100 * millis, To: 1200 * millis},
			{Node: "n2", Epoch: 3, From: 2100 * millis, To: 4000 * millis}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestOrderOfFilesDoesNotMatter: what several files tell has the earliest instant.
func TestOrderOfFilesDoesNotMatter(t *testing.T) {
	files := story().write(t)
	want, err := ReadStory(files, 10*sec)
	if err != nil {
		t.Fatal(err)
	}
	for range files {
		files = append(files[1:], files[0])
		got, err := ReadStory(files, 10*sec)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v: got %+v, want %+v", files, got, want)
		}
	}
}

// TestPlantedOvershoot: the reader sees it behind everything else that may be wrong.
func TestPlantedOvershoot(t *testing.T) {
	p := story()
	// 25 of 50 are admitted in window 1. What is admitted on a lease that is not of the window
	// counts for the lease's, and what is on none for none.
	p.add("f3", trace.RoleFleet, "boot",
		trace.Event{Kind: trace.KindAdmit, At: 13 * sec, Session: 9, Lease: 3, Window: 2, N: 28, Count: 1,
			First: 13 * sec, Last: 13 * sec},
		trace.Event{Kind: trace.KindAdmit, At: 13 * sec, Session: 9, Lease: 77, N: 1000, Count: 1,
			First: 13 * sec, Last: 13 * sec})
	s := read(t, p)
	if s.Overshoot != 3 || s.Strays != 1000 || s.Admitted != 105+1028 {
		t.Errorf("overshoot %d, strays %d, admitted %d; want 3, 1000 and 1133",
			s.Overshoot, s.Strays, s.Admitted)
	}
	if b := s.Bands[1]; b.Admitted != 53 || b.Bound != 50 {
		t.Errorf("got band %+v", b)
	}
	run := Run{Lives: 1, Story: s, Verdicts: []Verdict{{Judge: "trace", Result: Valid}}}
	if run.Verdict() != Invalid {
		t.Error("a run that overshot is valid, because its judges say so")
	}
}

// TestSplitLeaders: an epoch ends when the next one is opened, whatever its leader believes; and a
// limit's last window when it is removed.
func TestSplitLeaders(t *testing.T) {
	p := story()
	p.add("n1", trace.RoleNode, "boot",
		trace.Event{Kind: trace.KindLeader, At: 13 * sec, Term: 2},
		entry(13*sec+500*ms, 10, 3), trace.Event{Kind: trace.KindLimit, At: 13*sec + 500*ms, Limit: 1,
			Budget: "b", Metric: "requests", Per: sec})
	s := read(t, p)
	if l := s.Leads[0]; l.Node != "n1" || l.To != s.Leads[1].From {
		t.Errorf("got %+v", s.Leads)
	}
	if b := s.Bands[2]; b.To != 3500*millis {
		t.Errorf("got %+v", b)
	}
}

// TestOwnClocksAreNotCompared: what a clock of its own reads within a gap was not surely in it.
func TestOwnClocksAreNotCompared(t *testing.T) {
	p := story()
	p.add("f3", trace.RoleFleet, "another", trace.Event{Kind: trace.KindAdmit, At: 11*sec + 500*ms,
		Session: 1, Lease: 3, N: 2, Count: 2, First: 11*sec + 500*ms, Last: 11*sec + 500*ms})
	if s := read(t, p); s.Gaps[0].Admitted != 20 || s.Bands[1].Admitted != 27 {
		t.Errorf("got %+v, %+v", s.Gaps, s.Bands)
	}
}

// TestWaitsOfAPart: the median and the longest are exact.
func TestWaitsOfAPart(t *testing.T) {
	r := newReader(0, maxEntries, maxLeases)
	r.log.last = 50 * sec
	for _, wait := range []int64{9, 1, 5, 30, 7} {
		r.fleet.waited = append(r.fleet.waited, waited{at: sec + wait*ms, wait: wait * ms})
	}
	want := []Wait{{From: time.Second, To: 1100 * millis, Count: 5, Median: 7 * millis,
		Max: 30 * millis}}
	if got := r.waits(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestUnknownLimit: a grant of a limit that no file tells the amount of has no window.
func TestUnknownLimit(t *testing.T) {
	p := story()
	for name, lines := range p.lines {
		p.lines[name] = slices.DeleteFunc(lines,
			func(e trace.Event) bool { return e.Kind == trace.KindLimit })
	}
	if s := read(t, p); s.Windows != 0 || s.Strays != 105 || s.Admitted != 105 {
		t.Errorf("got %+v", s)
	}
}

// TestLateTellers: an entry that only a late node tells was before what followed on it.
func TestLateTellers(t *testing.T) {
	p := story()
	for _, name := range []string{"n1", "n2"} { // entry 7 is in the late file only
		p.lines[name] = slices.DeleteFunc(p.lines[name], func(e trace.Event) bool {
			return e.Index == 7 || e.Lease == 3 || e.Kind == trace.KindRoll && e.Window == 1
		})
	}
	g := read(t, p).Gaps
	if len(g) != 1 || g[0].From != 2250*millis || g[0].Open != g[0].From || g[0].To != g[0].From {
		t.Errorf("got %+v", g)
	}
}

func TestBadFiles(t *testing.T) {
	node := func(name, clock string) *tape {
		p := &tape{}
		p.add(name, trace.RoleNode, clock, entry(sec, 1, 1))
		return p
	}
	other := node("n2", "boot")
	other.lines["n2"][0].Run = "another"
	role := node("n2", "boot")
	role.lines["n2"][0].Role = "witness"
	fleet := &tape{}
	fleet.add("f1", trace.RoleFleet, "boot", trace.Event{Kind: trace.KindGap, At: sec, N: 1})
	for name, bad := range map[string]struct {
		files []string
		want  string
	}{
		"none":     {nil, "no trace files"},
		"missing":  {[]string{"/no/such/file.jsonl"}, "no such file"},
		"no nodes": {fleet.write(t), "no node's file"},
		"clocks": {append(node("n1", "boot").write(t), node("n2", "own").write(t)...),
			`n2.jsonl has clock "own"`},
		"runs": {append(node("n1", "boot").write(t), other.write(t)...),
			`n2.jsonl is of run "another"`},
		"role": {append(node("n1", "boot").write(t), role.write(t)...), `witness`},
	} {
		if _, err := ReadStory(bad.files, 0); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%s: got %v, want %q", name, err, bad.want)
		}
	}
}

func TestBounds(t *testing.T) {
	files := story().write(t)
	for name, bounds := range map[string][2]int{"entries": {6, 4}, "leases": {7, 3}} {
		_, err := newReader(0, bounds[0], bounds[1]).read(files)
		if err == nil || !strings.Contains(err.Error(), "more than") ||
			!strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), ".jsonl:") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := newReader(0, 7, 4).read(files); err != nil {
		t.Error(err)
	}
}

// TestBegin: without a begin, the run begins with the nodes' earliest header.
func TestBegin(t *testing.T) {
	s, err := ReadStory(story().write(t), 0)
	if err != nil || s.Leads[0].From != 50*millis {
		t.Errorf("%v: got %v", err, s.Leads)
	}
}

func TestJoin(t *testing.T) {
	one, two := read(t, story()), read(t, story())
	two.Overshoot = 5
	one.Join(two)
	if one.Windows != 6 || one.Overshoot != 5 || one.Admitted != 210 || len(one.Bands) != 6 ||
		len(one.Gaps) != 2 || len(one.Leads) != 4 || len(one.Waits) != 6 || one.FailOpen != 14 {
		t.Errorf("got %+v", one)
	}
}

func TestSlices(t *testing.T) {
	for length, want := range map[time.Duration]time.Duration{
		0: 100 * millis, time.Second: 100 * millis, time.Minute: 200 * millis,
		time.Hour: 10 * time.Second, 24 * time.Hour: 200 * time.Second,
	} {
		if got := sliceOf(length); got != want {
			t.Errorf("%v: got %v, want %v", length, got, want)
		}
	}
}

// TestSlotsHaveNoWindow: slots are taken again and again in a window; that is no overshoot, and no
// part of what windows admitted.
func TestSlotsHaveNoWindow(t *testing.T) {
	p := story()
	grant := grantOf(13*sec+100*ms, 9, 3, 2)
	grant.Limit = 2
	p.add("n1", trace.RoleNode, "boot", entry(13*sec, 10, 3),
		trace.Event{Kind: trace.KindLimit, At: 13 * sec, Limit: 2, Budget: "w", Metric: "jobs", Per: sec,
			Amount: 2, Shape: slots, Span: sec, OK: true}, entry(13*sec+100*ms, 11, 3), grant)
	for i := range int64(3) {
		p.add("f1", trace.RoleFleet, "boot",
			trace.Event{Kind: trace.KindAdmit, At: 13*sec + (200+i)*ms, Session: 1, Lease: 9, Window: 3,
				N: 2, Count: 1, First: 13*sec + (200+i)*ms, Last: 13*sec + (200+i)*ms})
	}
	before, s := read(t, story()), read(t, p)
	if s.Slots != 6 || s.Overshoot != 0 || s.Strays != 0 || s.Admitted != before.Admitted ||
		s.Windows != before.Windows || s.Admissions != before.Admissions+3 {
		t.Errorf("got %+v, and without slots %+v", s, before)
	}
}
