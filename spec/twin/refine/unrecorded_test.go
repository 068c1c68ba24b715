package refine

import (
	"slices"
	"testing"

	"github.com/leased-io/leased/trace"
)

// TestWhatWasNotRecordedMayHaveBeen: what a complete file's silence refuses, a file that lost
// events does not.
func TestWhatWasNotRecordedMayHaveBeen(t *testing.T) {
	gap := trace.Event{Kind: trace.KindGap, N: 1}
	for _, test := range []struct {
		name   string
		change func(s *story)
	}{
		{"a send lost in a gap", func(s *story) { s.after("send 1", gap); s.drop("send 1", "retry 1") }},
		{"an acceptance lost in a gap", func(s *story) {
			s.after("accept 1", gap)
			s.drop("accept 1", "accept 2")
		}},
		{"a proposal lost in a gap", func(s *story) {
			s.after("propose deny", gap)
			s.drop("propose deny")
		}},
		{"an election lost in a gap", func(s *story) {
			s.after("elect 3", gap)
			s.drop("elect 3")
		}},
		{"a give-up lost in a gap", func(s *story) {
			s.after("give up", gap)
			s.drop("give up")
		}},
		{"a lease of an answer that its holder leaves out", func(s *story) {
			s.drop("accept 2", "admit 2", "expire 2")
		}},
		{"a holder of which nothing is recorded", func(s *story) {
			s.drop("send 2", "send 3", "accept 3", "admit 3", "expire 3", "fail open")
		}},
		{"a leader of which nothing is recorded", func(s *story) {
			for i := 0; i < len(s.lines); i++ {
				k := s.lines[i].event.Kind
				if k == trace.KindPropose || k == trace.KindLeader {
					s.lines = append(s.lines[:i], s.lines[i+1:]...)
					i--
				}
			}
		}},
		{"a request that the network copied", func(s *story) {
			s.drop("retry 1", "accept 1", "accept 2",
				"drop", "admit 1", "admit 2", "give up", "return", "return again", "expire 1", "expire 2",
				"send 5", "accept 4", "send 6", "accept 5", "expire 5", "deny", "grant 3", "accept 3",
				"admit 3", "expire 3", "grant 4", "replay 4", "grant 5", "replay 5")
			s.lines = s.lines[:s.at("propose clear")] // what follows has other leases
		}},
	} {
		s := tell()
		test.change(s)
		if _, r := s.play(); r != nil {
			t.Errorf("%s: %v", test.name, r)
		}
	}
}

// TestTheOldestReturnIsForgotten: the log knows so many leases of a session, and takes back no
// older one, though nothing else speaks against it.
func TestTheOldestReturnIsForgotten(t *testing.T) {
	for more, want := range map[int]bool{maxReturnable - 1: true, maxReturnable: false} {
		s := &story{}
		s.open("1", 1, 0)
		s.entry("limit", 1, 10)
		s.add("limit", node, limitOf(1, "b", "m", 1000, 1000))
		s.add("session", node, trace.Event{Kind: trace.KindSession, Session: 1, Budget: "b"})
		for i := range uint64(more + 1) {
			s.add("grant", node, grantOf(i+1, 1, i+1, 1, 0, 1, 990))
		}
		s.add("return", node, returnOf(1, 1, 0, 1, want))
		if _, r := s.play(); r != nil {
			t.Errorf("after %d more leases, taken %v: %v", more, want, r)
		}
		s.event("return").OK = !want
		if _, r := s.play(); r == nil || r.Guard != "MayReturn" {
			t.Errorf("after %d more leases, taken %v: got %v, want MayReturn", more, !want, r)
		}
	}
}

// TestALateAnswerOfTwoPeriods: of an answer that comes late, the lease of the shorter period was
// forgotten, and says nothing of when the others count from.
func TestALateAnswerOfTwoPeriods(t *testing.T) {
	const short, long, t0, t1 = 1000, 10_000_000_000, 20, 2_000_000_000
	for _, shortFirst := range []bool{true, false} {
		s := &story{}
		s.open("1", 1, 0)
		s.entry("limits", 1, 10)
		s.add("short", node, limitOf(1, "b", "m", short, 10))
		s.add("long", node, limitOf(2, "b", "t", long, 10))
		s.add("session", node, trace.Event{Kind: trace.KindSession, Session: 1, Budget: "b"})
		s.add("send", fleetA, sendOf(1, 1, 1, 15))
		s.entry("grant", 1, t0)
		s.add("grant 1", node, grantOf(1, 1, 1, 1, 0, 1, short-t0))
		s.add("grant 2", node, grantOf(2, 1, 1, 2, 0, 1, long-t0))
		s.entry("later", 1, t1)
		s.add("roll", node, trace.Event{Kind: trace.KindRoll, Limit: 1, Window: t1 / short})
		s.entry("much later", 1, 2*t1)
		s.add("roll again", node, trace.Event{Kind: trace.KindRoll, Limit: 1, Window: 2 * t1 / short})
		accepts := []trace.Event{acceptOf(1, 1, 1, 1, 0, 1, short-t0, 2*t1+5),
			acceptOf(2, 1, 1, 1, 0, 1, long-t0, 2*t1+5)}
		if !shortFirst {
			accepts[0], accepts[1] = accepts[1], accepts[0]
		}
		for i, e := range accepts {
			s.add([]string{"first", "second"}[i], fleetA, e)
		}
		if _, r := s.play(); r != nil {
			t.Errorf("the shorter first %v: %v", shortFirst, r)
		}
	}
}

// TestCoverageMerges: two runs cover what either does, and a coverage says what none does.
func TestCoverageMerges(t *testing.T) {
	m, _ := tell().play()
	full := m.Coverage()
	half := tell()
	half.lines = half.lines[:half.at("deny")]
	h, r := half.play()
	if r != nil {
		t.Fatal(r)
	}
	var sum Coverage
	sum.Merge(h.Coverage())
	if not := sum.Missing(); len(not) < 10 {
		t.Errorf("half a story misses only %v", not)
	}
	sum.Merge(full)
	if not := sum.Missing(); !slices.Equal(not, full.Missing()) {
		t.Errorf("together they miss %v; want what the whole one does, %v", not, full.Missing())
	}
	for i, step := range sum.Steps {
		if want := h.Coverage().Steps[i].Count + full.Steps[i].Count; step.Count != want {
			t.Errorf("%s: %d, want %d", step.Name, step.Count, want)
		}
	}
	pairs := int64(0)
	for _, p := range full.Pairs {
		pairs += p.Count
	}
	steps := int64(0)
	for _, s := range full.Steps {
		steps += s.Count
	}
	if pairs != steps-1 {
		t.Errorf("%d steps have %d pairs", steps, pairs)
	}
	if text := sum.String(); text == "" || len(text) > 85 {
		t.Errorf("a line of %d characters: %s", len(text), text)
	}
	t.Log(h.Coverage(), full.NeverRefused())
}
