package refine

import (
	"testing"

	"github.com/leased-io/leased/trace"
)

// heirs is a run of a cluster that took another one's place: its limits wait for the leases of
// that, also where one of them takes another one's place.
func heirs() *story {
	s := &story{}
	s.open("1", 1, 0)
	s.entry("first", 1, 5)
	s.add("take over", node, trace.Event{Kind: trace.KindTakeOver, T: 5, Hash: "the backup",
		Session: jump + 101, Limit: jump + 3, Lease: jump + 5000})
	s.entry("limits", 1, 10)
	s.add("limit 1", node, waiting(1, "m", 100, 105))
	s.add("limit 2", node, waiting(2, "x", 1000, 1005))
	s.add("session", node, trace.Event{Kind: trace.KindSession, Session: jump + 102, Budget: "b"})
	s.add("send", fleetA, sendOf(jump+102, 1, 1, 20))
	s.entry("replace", 1, 30)
	s.add("remove 2", node, limitOf(jump+3+2, "b", "x", 1000, 0))
	s.add("limit 3", node, waiting(3, "x", 100, 1005))
	s.entry("deny", 1, 110)
	s.add("roll 1", node, rollOf(1, 1))
	s.add("roll 3", node, rollOf(3, 1))
	s.add("deny", node, trace.Event{Kind: trace.KindDeny, Session: jump + 102, Seq: 1,
		Limit: jump + 3 + 1, TTL: 90})
	s.add("send 2", fleetA, sendOf(jump+102, 2, 2, 115))
	s.entry("grant", 1, 210)
	s.add("roll 1 on", node, rollOf(1, 2))
	s.add("roll 3 on", node, rollOf(3, 2))
	s.add("grant", node, grantOf(jump+5001, jump+102, 2, jump+3+1, 2, 4, 90))
	slides := slidingOf(jump+3+4, 10) // a window of 200, and three more in which it counts
	slides.OK, slides.Until = false, 5+200+600
	s.add("limit 4", node, slides)
	fills := bucketOf(jump+3+5, 10, 5) // a fill of 500, and a 4th of it, of an older lease
	fills.Span, fills.OK, fills.Until = 100, false, 5+125+500
	s.add("limit 5", node, fills)
	slower := fills // a fill of 1000
	slower.Amount, slower.Burst, slower.Until = 10, 10, 5+250+1000
	s.add("limit 5 slower", node, slower)
	s.entry("removed at last", 1, 250)
	s.add("remove 4", node, limitOf(jump+3+4, slides.Budget, slides.Metric, slides.Per, 0))
	s.entry("over", 1, 1000) // nothing of limit 4 counts; leases of 990 of the old cluster may
	late := waiting(6, slides.Metric, 990, 995)
	late.Budget = slides.Budget
	s.add("limit 6", node, late)
	return s
}

// waiting is a limit of the successor that comes into force and waits for the old leases.
func waiting(n uint64, metric string, per, until int64) trace.Event {
	e := limitOf(jump+3+n, "b", metric, per, 10)
	e.OK, e.Until = false, until
	return e
}

func rollOf(n uint64, window int64) trace.Event {
	return trace.Event{Kind: trace.KindRoll, Limit: jump + 3 + n, Window: window}
}

// plantsInHeirs are changes of heirs, and the guards that must refuse them.
var plantsInHeirs = []plant{
	{TakeOver, "New", func(s *story) { s.after("take over", *s.event("take over")) }},
	{TakeOver, "New", func(s *story) { s.after("entry first", limitOf(1, "b", "m", 100, 10)) }},
	{TakeOver, "Now", set("take over", func(e *trace.Event) { e.T-- })},
	{TakeOver, "Backup", set("take over", func(e *trace.Event) { e.Hash = "" })},
	{TakeOver, "Jump", set("take over", func(e *trace.Event) { e.Session = jump - 1 })},
	{TakeOver, "Jump", set("take over", func(e *trace.Event) { e.Limit = 3 })},
	{TakeOver, "Jump", set("take over", func(e *trace.Event) { e.Lease = 5000 })},
	{PutLimit, "Heir", set("limit 1", func(e *trace.Event) { e.Until-- })},
	{PutLimit, "Heir", set("limit 1", func(e *trace.Event) { e.OK, e.Until = true, 0 })},
	{PutLimit, "Heir", set("limit 4", func(e *trace.Event) { e.Until-- })},
	{PutLimit, "Heir", set("limit 5", func(e *trace.Event) { e.Until-- })},
	{ChangeLimit, "Empty", set("limit 5 slower", func(e *trace.Event) { e.Until-- })},
	{ChangeLimit, "Empty", set("limit 5 slower", func(e *trace.Event) { e.Until = 5 + 125 + 500 })},
	{PutLimit, "Heir", set("limit 6", func(e *trace.Event) { e.Until-- })},
	{PutLimit, "Grave", set("limit 3", func(e *trace.Event) { e.Until = 105 })},
	{Grant, "Next", set("grant", func(e *trace.Event) { e.Lease = jump + 5000 })},
	{OpenSession, "Next", set("session", func(e *trace.Event) { e.Session = 102 })},
	{Deny, "Ttl", set("deny", func(e *trace.Event) { e.TTL = 0 })},
	{Grant, "Empty", set("deny", func(e *trace.Event) {
		*e = grantOf(jump+5001, jump+102, 1, jump+3+1, 1, 4, 90)
	})},
}

// TestHeirsAreABehaviour: the run that the plants change is sound.
func TestHeirsAreABehaviour(t *testing.T) {
	m, r := heirs().play()
	if r != nil {
		t.Fatal(r)
	}
	if n := m.Coverage().Steps[takesOver]; n != (Count{string(TakeOver), 1}) {
		t.Errorf("got %+v, want one TakeOver", n)
	}
}
