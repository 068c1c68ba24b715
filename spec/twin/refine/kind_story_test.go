package refine

import "github.com/leased-io/leased/trace"

// slidingOf is a limit of three slots of 200 ns, since 597 ns and half a percent are 600.
func slidingOf(n uint64, amount int64) trace.Event {
	e := limitOf(n, "k", "s", 597, amount)
	e.Shape, e.Slots, e.Span = sliding, 3, 200
	return e
}

// bucketOf is a bucket with windows of 150 ns that amount refill in 1000 ns, which is 995 and
// half a percent.
func bucketOf(n uint64, amount, burst int64) trace.Event {
	e := limitOf(n, "k", "b", 995, amount)
	e.Shape, e.Burst, e.Span = bucket, burst, 150
	return e
}

func denyOf(session, seq, limit uint64, left, ttl int64) trace.Event {
	return trace.Event{Kind: trace.KindDeny, Session: session, Seq: seq, Limit: limit, Amount: left,
		TTL: ttl}
}

// kinds: a sliding limit and a bucket take the places of all others.
func (s *story) kinds() {
	s.entry("clear", 3, 3020)
	for _, e := range []trace.Event{limitOf(1, "b", "m", 1000, 0), limitOf(2, "b", "t", 2000, 0),
		limitOf(4, "c", "x", 300, 0)} {
		s.add("clear", node, e)
	}
	s.entry("kinds", 3, 3600)
	s.add("limit 5", node, slidingOf(5, 10))
	s.add("limit 6", node, bucketOf(6, 10, 5))
	s.add("session 4", node, trace.Event{Kind: trace.KindSession, Session: 4, Budget: "k"})
	s.add("send 7", fleetA, sendOf(4, 1, 5, 3605))
	s.entry("both", 3, 3610)
	s.add("grant 6", node, grantOf(6, 4, 1, 5, 18, 4, 190))
	s.add("grant 7", node, grantOf(7, 4, 1, 6, 24, 3, 140)) // of 5
	s.add("accept 6", fleetA, acceptOf(6, 4, 1, 5, 18, 4, 190, 3615))
	s.add("accept 7", fleetA, acceptOf(7, 4, 1, 5, 24, 3, 140, 3615))
	s.bucket()
	s.sliding()
	s.entry("replace", 3, 3830)
	s.add("remove 5", node, limitOf(5, "k", "s", 597, 0))
	s.add("remove 6", node, limitOf(6, "k", "b", 995, 0))
	for i, until := range []int64{4600, 4200} { // 600 after the window's end; a fill of 300
		e := limitOf(uint64(7+i), "k", []string{"s", "b"}[i], 100, 1)
		e.OK, e.Until = false, until
		s.add([]string{"limit 7", "limit 8"}[i], node, e)
	}
}

// bucket: what is out holds a refill back; when its window is over it is gone, and refill goes on.
func (s *story) bucket() {
	s.add("send 8", fleetA, sendOf(4, 2, 6, 3640))
	s.entry("capped", 3, 3700)
	s.add("deny capped", node, denyOf(4, 2, 6, 2, 50)) // 2.9, but 3 of 5 are out
	s.add("send 9", fleetA, sendOf(4, 3, 7, 3745))
	s.entry("over", 3, 3760)
	s.add("roll 6", node, trace.Event{Kind: trace.KindRoll, Limit: 6, Window: 25})
	s.add("deny refills", node, denyOf(4, 3, 6, 2, 90)) // 2.1 of 5
	s.entry("change 6", 3, 3790)
	s.add("change 6", node, bucketOf(6, 20, 6)) // 2.4
}

// sliding: what the window before was charged counts in the next.
func (s *story) sliding() {
	s.add("send 10", fleetA, sendOf(4, 4, 8, 3800))
	s.entry("past", 3, 3810)
	s.add("roll 5", node, trace.Event{Kind: trace.KindRoll, Limit: 5, Window: 19})
	s.add("grant 8", node, grantOf(8, 4, 4, 5, 19, 6, 190))
	s.add("grant 9", node, grantOf(9, 4, 4, 6, 25, 2, 90)) // of 2.8
	s.add("accept 8", fleetA, acceptOf(8, 4, 4, 8, 19, 6, 190, 3815))
	s.add("send 11", fleetA, sendOf(4, 5, 9, 3816))
	s.entry("slides", 3, 3820)
	s.add("deny slides", node, denyOf(4, 5, 5, 0, 580)) // window 18 counts until 4400
}

// plantsInKinds are changes of that part of the story, and the guards that must refuse them.
var plantsInKinds = []plant{
	{PutLimit, "Sane", set("limit 5", func(e *trace.Event) { e.Slots = 0 })},
	{PutLimit, "Sane", set("limit 5", func(e *trace.Event) { e.Burst = 1 })},
	{PutLimit, "Sane", set("limit 6", func(e *trace.Event) { e.Burst = 0 })},
	{PutLimit, "Sane", set("limit 6", func(e *trace.Event) { e.Span = 0 })},
	{PutLimit, "Sane", set("limit 6", func(e *trace.Event) { e.Shape = "drum" })},
	{PutLimit, "Span", set("limit 5", func(e *trace.Event) { e.Span-- })},
	{PutLimit, "Span", set("limit 5", func(e *trace.Event) { e.Span++ })},
	{PutLimit, "Grave", set("limit 7", func(e *trace.Event) { e.Until-- })},
	{PutLimit, "Grave", set("limit 8", func(e *trace.Event) { e.Until-- })},
	{ChangeLimit, "Shape", set("change 6", func(e *trace.Event) { e.Span++ })},
	{ChangeLimit, "Shape", set("change 6", func(e *trace.Event) {
		e.Shape, e.Slots, e.Burst = sliding, 3, 0
	})},
	{ChangeLimit, "Amount", set("change 6", func(e *trace.Event) { e.Amount, e.Burst = 10, 5 })},
	{ChangeLimit, "Amount", set("change 6", func(e *trace.Event) { e.Burst = 0 })},
	{Grant, "Charged", set("grant 8", func(e *trace.Event) { e.Amount++ })},
	{Grant, "Refill", set("grant 7", func(e *trace.Event) { e.Amount = 6 })},
	{Grant, "Refill", set("deny capped", func(e *trace.Event) { // as if nothing were out
		*e = grantOf(8, 4, 2, 6, 24, 3, 50)
	})},
	{Grant, "Refill", set("grant 9", func(e *trace.Event) { // 2.1 and 50 ns at the new rate
		e.Amount = 3
	})},
	{Deny, "Left", set("deny capped", func(e *trace.Event) { e.Amount = 3 })},
	{Deny, "Slides", set("deny slides", func(e *trace.Event) { e.TTL++ })},
	{Deny, "Slides", set("deny slides", func(e *trace.Event) { e.TTL-- })},
	{Deny, "Slides", set("deny slides", func(e *trace.Event) { e.TTL = 380 })}, // N slots, not N+1
	{Deny, "Slides", set("deny slides", func(e *trace.Event) { e.TTL = 180 })}, // a window limit's
	{Deny, "Refills", set("deny refills", func(e *trace.Event) { e.TTL++ })},
	{Deny, "Refills", set("deny refills", func(e *trace.Event) { e.TTL-- })},
	{Deny, "Refills", set("deny refills", func(e *trace.Event) { e.TTL = 0 })},
	{Deny, "Refills", set("deny capped", func(e *trace.Event) { e.TTL = 10 })}, // no room for more
	{Return, "MayReturn", func(s *story) { // as if a bucket's lease lived longer than its window
		s.after("deny refills", returnOf(7, 4, 24, 1, true))
	}},
	{Roll, "Window", set("roll 6", func(e *trace.Event) { e.Window = 3 })}, // of its period
}
