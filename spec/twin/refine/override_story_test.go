package refine

import "github.com/leased-io/leased/trace"

// overridden is a limit of 10 in 1000 ns, and what it is set to until lapse, for key or for all.
func overridden(key string, amount, lapse, ttl int64) trace.Event {
	e := limitOf(10, "o", "m", 1000, amount)
	e.Key, e.Lapse, e.TTL = key, lapse, ttl
	return e
}

// ofKey is an event of a session on a key.
func ofKey(key string, e trace.Event) trace.Event {
	e.Key = key
	return e
}

// overrides: a limit is lowered for a time, and for one key not as much.
func (s *story) overrides() {
	s.entry("clear slots", 3, 4798)
	s.add("remove 9", node, removed(slotsOf(9, 0), 800))
	s.entry("overrides", 3, 5000)
	s.add("limit 10", node, limitOf(10, "o", "m", 1000, 10))
	drum := bucketOf(11, 10, 5)
	drum.Budget = "o"
	s.add("limit 11", node, drum)
	opened := trace.Event{Kind: trace.KindSession, Session: 6, Budget: "o"}
	s.add("session 6", node, ofKey("k", opened))
	opened.Session = 7
	s.add("session 7", node, ofKey("j", opened))
	s.entry("set", 3, 5010)
	s.add("set all", node, overridden("", 6, 5050, 990))
	s.add("set k", node, overridden("k", 8, 5060, 990))
	s.add("send 16", fleetA, sendOf(6, 1, 16, 5015))
	s.add("send 17", fleetA, sendOf(7, 1, 17, 5015))
	s.entry("own", 3, 5020)
	s.add("grant 12", node, ofKey("k", grantOf(12, 6, 1, 10, 5, 8, 980)))
	s.entry("not own", 3, 5022)
	s.add("grant 13", node, ofKey("j", grantOf(13, 7, 1, 10, 5, 2, 978)))
	s.add("accept 13", fleetA, acceptOf(13, 7, 1, 17, 5, 2, 978, 5024))
	s.add("send 18", fleetA, sendOf(7, 2, 18, 5025))
	s.entry("none", 3, 5030)
	s.add("deny j", node, ofKey("j", denyOf(7, 2, 10, 4, 970)))
	s.entry("lapse", 3, 5050)
	s.add("lapsed", node, overridden("", 10, 0, 950))
	s.entry("lapse k", 3, 5060)
	s.add("lapsed k", node, overridden("k", 0, 0, 940))
	s.add("send 19", fleetA, sendOf(7, 3, 19, 5065))
	s.entry("as before", 3, 5070)
	s.add("grant 14", node, ofKey("j", grantOf(14, 7, 3, 10, 5, 8, 930)))
}

// removed tells for how long leases of a removed limit may be out.
func removed(e trace.Event, ttl int64) trace.Event {
	e.TTL = ttl
	return e
}

// plantsInOverrides are changes of that part of the story, and the guards that must refuse them.
var plantsInOverrides = []plant{
	{PutLimit, "Sane", set("limit 10", func(e *trace.Event) { e.Key = "k" })},
	{PutLimit, "Sane", set("limit 10", func(e *trace.Event) { e.Lapse = 6000 })},
	{ChangeLimit, "Lapse", set("set all", func(e *trace.Event) { e.Lapse = 5010 })},
	{ChangeLimit, "Ttl", set("set all", func(e *trace.Event) { e.TTL-- })},
	{ChangeLimit, "Ttl", set("set all", func(e *trace.Event) { e.TTL++ })},
	{ChangeLimit, "Amount", set("lapsed", func(e *trace.Event) { e.Amount, e.Lapse = 6, 5050 })},
	{RemoveLimit, "Ttl", set("remove 9", func(e *trace.Event) { e.TTL = 1 })}, // its window's
	{ChangeKey, "Same", set("set k", func(e *trace.Event) { e.Per++ })},
	{ChangeKey, "Same", set("set k", func(e *trace.Event) { e.Shape = sliding })},
	{ChangeKey, "Alike", set("set k", func(e *trace.Event) {
		*e = ofKey("k", bucketOf(11, 20, 5))
		e.Budget = "o"
	})},
	{ChangeKey, "Amount", set("set k", func(e *trace.Event) { e.Amount = -1 })},
	{ChangeKey, "Amount", set("set k", func(e *trace.Event) { e.Amount, e.Lapse = 0, 0 })},
	{ChangeKey, "Amount", set("lapsed k", func(e *trace.Event) { e.Amount, e.Lapse = 8, 5060 })},
	{ChangeKey, "Empty", set("set k", func(e *trace.Event) { e.OK = false })},
	{ChangeKey, "Empty", set("set k", func(e *trace.Event) { e.Until = 7000 })},
	{ChangeKey, "Lapse", set("set k", func(e *trace.Event) { e.Lapse = 5009 })},
	{ChangeKey, "Lapse", set("lapsed k", func(e *trace.Event) { e.Lapse = 6000 })},
	{ChangeKey, "Ttl", set("set k", func(e *trace.Event) { e.TTL-- })},
	{Grant, "Avail", set("grant 12", func(e *trace.Event) { e.Amount = 9 })},
	{Grant, "Avail", set("deny j", func(e *trace.Event) { // the other key's amount
		*e = ofKey("j", grantOf(14, 7, 2, 10, 5, 6, 970))
	})},
	{Deny, "Left", set("deny j", func(e *trace.Event) { e.Amount = 6 })},
	{Grant, "Lapsed", func(s *story) { s.drop("lapsed") }},
	{Grant, "Lapsed", func(s *story) {
		s.drop("lapsed k")
		s.event("grant 14").Session, s.event("grant 14").Key = 6, "k"
	}},
	{Deny, "Lapsed", set("set all", func(e *trace.Event) { e.Lapse = 5025 })},
	{Grant, "Avail", set("grant 13", func(e *trace.Event) { e.Amount = 7 })},
}
