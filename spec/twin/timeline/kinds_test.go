package timeline

import (
	"testing"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

// TestKindsHaveTheirWindows: a window is as long as its limit's kind has it, its bound is the one
// that the check will tell, and people are told the kind.
func TestKindsHaveTheirWindows(t *testing.T) {
	bucket := trace.Event{Kind: trace.KindLimit, Limit: 1, Budget: "llm", Metric: "tokens", Per: sec,
		Amount: 201, OK: true, Shape: twin.KindBucket, Burst: 500, Span: sec / 4}
	sliding := trace.Event{Kind: trace.KindLimit, Limit: 2, Budget: "llm", Metric: "calls", Per: sec,
		Amount: 30, OK: true, Shape: twin.KindSliding, Slots: 3, Span: 335 * ms}
	window := trace.Event{Kind: trace.KindLimit, Limit: 3, Budget: "llm", Metric: "bytes", Per: sec,
		Amount: 7, OK: true}
	line := New([]File{{Name: "n1.jsonl", Recorder: "n1", Role: trace.RoleNode, Clock: "boot:1"}})
	header := &trace.Event{Kind: trace.KindHeader, Role: trace.RoleNode, Recorder: "n1"}
	for _, e := range []trace.Event{
		{Kind: trace.KindEntry, Index: 1, Term: 1, OK: true, T: 1100 * ms},
		bucket, sliding, window,
	} {
		line.Observe(&twin.Located{File: "n1.jsonl", Event: e}, header)
	}
	for serial, want := range map[uint64]struct {
		window, span, bound int64
		label               string
	}{
		1: {4, sec / 4, 550, "llm tokens per 1s, bucket"}, // 50 are refilled in a window
		2: {3, 335 * ms, 30, "llm calls per 1s, sliding"},
		3: {1, sec, 7, "llm bytes per 1s"},
	} {
		line.Observe(&twin.Located{File: "n1.jsonl", Event: trace.Event{Kind: trace.KindGrant,
			Limit: serial, Lease: serial, Window: want.window, Amount: 1}}, header)
		l := line.limits[serial]
		a := line.account(l, "")
		w := line.tally(a, want.window).WindowTally
		if l.current() != want.window || w.Span != want.span || w.Bound != want.bound ||
			w.Kind != l.kind || label(a) != want.label {
			t.Errorf("limit %d in window %d: %+v, %q; want %+v", serial, l.current(), w, label(a), want)
		}
	}
}
