package bench

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/leased-io/leased/trace"
)

// recordFile writes one file of a trace, whose events have the instants of their own.
func recordFile(t *testing.T, dir, name, role string, events ...trace.Event) string {
	t.Helper()
	path := filepath.Join(dir, name+".jsonl")
	w, err := trace.Create(path, trace.Event{Run: "r", Recorder: name, Role: role},
		trace.SystemClock())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		w.Record(e)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEdges(t *testing.T) {
	ms := int64(time.Millisecond)
	send := func(at int64, session, seq, try uint64) trace.Event {
		return trace.Event{Kind: trace.KindSend, At: at, Session: session, Seq: seq, Attempt: try}
	}
	accept := func(at, window int64, session, seq, try uint64) trace.Event {
		return trace.Event{Kind: trace.KindAccept, At: at, Session: session, Seq: seq, Attempt: try,
			Window: window, Lease: seq}
	}
	dir := t.TempDir()
	files := []string{
		recordFile(t, dir, "n1", trace.RoleNode,
			trace.Event{Kind: trace.KindRoll, At: 1000 * ms, Window: 1},
			trace.Event{Kind: trace.KindRoll, At: 2000 * ms, Window: 2},
			trace.Event{Kind: trace.KindRoll, At: 9500 * ms, Window: 9}), // too near to the end
		recordFile(t, dir, "n2", trace.RoleNode,
			trace.Event{Kind: trace.KindRoll, At: 1999 * ms, Window: 2}),
		recordFile(t, dir, "fleet", trace.RoleFleet,
			send(1000*ms, 7, 1, 1), accept(1004*ms, 1, 7, 1, 1),
			send(1990*ms, 7, 2, 2), send(2000*ms, 8, 1, 1),
			accept(2003*ms, 2, 8, 1, 1), accept(2009*ms, 2, 7, 2, 2),
			send(2010*ms, 8, 2, 2), accept(2011*ms, 2, 8, 2, 2),
			send(3000*ms, 8, 3, 3), send(3500*ms, 8, 3, 4), send(4000*ms, 8, 3, 5)),
	}
	got, err := readEdges(files, 4, 500*ms, 10_000*ms, 3000*ms)
	if err != nil {
		t.Fatal(err)
	}
	if want := 4 * time.Millisecond; got.Grant != want {
		t.Errorf("a grant's median is %s, want %s", got.Grant, want)
	}
	want := []Roll{
		{Window: 1, Limiters: 1, P50: 4e6, P99: 4e6, Max: 4e6},
		{Window: 2, Limiters: 2, P50: 10e6, P99: 10e6, Max: 10e6},
	}
	if len(got.Rolls) != len(want) || got.Rolls[0] != want[0] || got.Rolls[1] != want[1] {
		t.Errorf("rolls %+v, want %+v", got.Rolls, want)
	}
	if worst, ok := got.worst(); !ok || worst.Window != 2 {
		t.Errorf("the worst is %+v", worst)
	}
	if s := got.Storm; s == nil || s.Mean != 0.5 || s.Most != 2 {
		t.Errorf("storm %+v, want 2 of one limiter of 4", s)
	}
}
