package refine

import "github.com/leased-io/leased/trace"

// slotsOf is a limit of slots whose leases last for 800 ns.
func slotsOf(n uint64, amount int64) trace.Event {
	e := limitOf(n, "w", "j", 800, amount)
	e.Shape, e.Span = slots, 800
	return e
}

// slots: three of them, of which two are taken, one is released, and a heartbeat keeps the other.
func (s *story) slots() {
	s.entry("clear kinds", 3, 3840)
	s.add("remove 7", node, limitOf(7, "k", "s", 100, 0))
	s.add("remove 8", node, limitOf(8, "k", "b", 100, 0))
	s.entry("slots", 3, 4000)
	s.add("limit 9", node, slotsOf(9, 3))
	s.add("session 5", node, trace.Event{Kind: trace.KindSession, Session: 5, Budget: "w"})
	s.add("send 12", fleetA, sendOf(5, 1, 12, 4005))
	s.entry("take", 3, 4010)
	s.add("grant 10", node, grantOf(10, 5, 1, 9, 5, 2, 800))
	s.add("accept 10", fleetA, acceptOf(10, 5, 1, 12, 5, 2, 800, 4015))
	s.add("admit 10", fleetA, useOf(trace.KindAdmit, 10, 5, 5, 2, 4020))
	s.add("send 13", fleetA, sendOf(5, 2, 13, 4025))
	s.entry("no slot", 3, 4030)
	s.add("deny slots", node, denyOf(5, 2, 9, 1, 100))
	s.add("release 10", fleetA, useOf(trace.KindRelease, 10, 5, 5, 1, 4040))
	s.add("give up 10", fleetA, useOf(trace.KindGiveUp, 10, 5, 5, 1, 4041))
	s.add("send 14", fleetA, sendOf(5, 3, 14, 4050))
	s.entry("beat", 3, 4060)
	s.add("grant 11", node, keptOf(grantOf(11, 5, 3, 9, 5, 2, 800), 10, 1))
	s.add("accept 11", fleetA, acceptOf(11, 5, 3, 14, 5, 2, 800, 4065))
	s.add("expire 10", fleetA, useOf(trace.KindExpire, 10, 5, 5, 1, 4065))
	s.add("admit 11", fleetA, useOf(trace.KindAdmit, 11, 5, 5, 1, 4070))
	s.add("send 15", fleetA, sendOf(5, 4, 15, 4780))
	s.entry("short wait", 3, 4790)
	s.add("deny soon", node, denyOf(5, 4, 9, 1, 70)) // lease 11 is over at 4860
	s.entry("take back", 3, 4795)
	s.add("refused 10", node, returnOf(10, 5, 5, 1, false)) // it was replaced
}

func keptOf(e trace.Event, from uint64, n int64) trace.Event {
	e.From, e.Kept = from, n
	return e
}

// plantsInSlots are changes of that part of the story, and the guards that must refuse them.
var plantsInSlots = []plant{
	{PutLimit, "Sane", set("limit 9", func(e *trace.Event) { e.Span++ })},
	{PutLimit, "Sane", set("limit 9", func(e *trace.Event) { e.Burst = 1 })},
	{PutLimit, "Sane", set("limit 9", func(e *trace.Event) { e.Slots = 3 })},
	{Grant, "Ttl", set("grant 10", func(e *trace.Event) { e.TTL = 790 })}, // a window's
	{Grant, "Room", set("grant 10", func(e *trace.Event) { e.Amount = 4 })},
	{Grant, "Room", set("grant 11", func(e *trace.Event) { e.Amount = 3 })},
	{Grant, "Avail", set("grant 10", func(e *trace.Event) { e.Amount = 0 })},
	{Grant, "Hold", set("grant 11", func(e *trace.Event) { e.From = 9 })},
	{Grant, "Hold", set("grant 11", func(e *trace.Event) { e.Kept = 3 })},
	{Grant, "Hold", set("grant 11", func(e *trace.Event) { e.Kept = 0 })},
	{Grant, "Hold", set("grant 10", func(e *trace.Event) { e.From, e.Kept = 7, 1 })},
	{Grant, "GivenUp", func(s *story) { s.drop("give up 10") }},
	{Deny, "Left", set("deny slots", func(e *trace.Event) { e.Amount = 0 })},
	{Deny, "Frees", set("deny slots", func(e *trace.Event) { e.TTL++ })},
	{Deny, "Frees", set("deny slots", func(e *trace.Event) { e.TTL = 780 })}, // lease 10's end
	{Deny, "Frees", set("deny soon", func(e *trace.Event) { e.TTL-- })},
	{ReturnRefused, "MayReturn", func(s *story) { // lease 11 is there to be given back
		s.after("entry short wait", returnOf(11, 5, 5, 1, false))
	}},
	{Return, "MayReturn", set("refused 10", func(e *trace.Event) { e.OK = true })},
	{Admit, "InUse", set("admit 11", func(e *trace.Event) { e.N, e.Count = 2, 2 })},
	{Admit, "Life", set("admit 10", func(e *trace.Event) { e.Last = 4805 })},
	{Release, "InUse", set("admit 10", func(e *trace.Event) {
		e.Kind, e.Count, e.First, e.Last = trace.KindRelease, 0, 0, 0
	})},
	{Release, "Some", set("release 10", func(e *trace.Event) { e.N = 0 })},
	{Release, "Held", set("release 10", func(e *trace.Event) { e.Lease = 77 })},
	{GiveUp, "InUse", set("give up 10", func(e *trace.Event) { e.N = 2 })},
	{Expire, "All", set("expire 10", func(e *trace.Event) { e.N = 0 })},
}
