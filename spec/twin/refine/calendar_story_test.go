package refine

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/leased-io/leased/trace"
)

// toyZone is a zone whose clocks are so many hours ahead of UTC: TZif, version 1, in base64.
func toyZone(hours int) string {
	seconds := hours * 3600
	return base64.StdEncoding.EncodeToString([]byte("TZif\x00" + strings.Repeat("\x00", 15+19) +
		"\x01\x00\x00\x00\x04\x00" +
		string([]byte{byte(seconds >> 16), byte(seconds >> 8), byte(seconds)}) + "\x00\x00CET\x00"))
}

// The story's calendar: it is set at setAt to two hours before UTC's midnight, one before that of
// the zone; a leap by two hours is announced a second later.
const (
	setAt       = 5000
	announcedAt = setAt + 1_000_000_010
	leapAt      = announcedAt + maxLease
	leapBy      = 2 * 3600 * 1_000_000_000
)

var (
	evening  = time.Date(2026, 3, 1, 22, 0, 0, 0, time.UTC)
	today    = evening.Add(-23 * time.Hour).Unix()
	tomorrow = evening.Add(time.Hour).Unix()
	offset   = evening.UnixNano() - setAt
)

func leapOf(taken bool, until, by, off int64) trace.Event {
	return trace.Event{Kind: trace.KindLeap, OK: taken, Until: until, By: by, Off: off}
}

func zoneOf(hours int) trace.Event {
	return trace.Event{Kind: trace.KindZone, Zone: "Toy", Hash: "1", Data: toyZone(hours)}
}

// calendar: a limit follows the days of a zone, leases of it end at a leap, which enters the next
// day, and then time is slowed down.
func (s *story) calendar() {
	s.entry("clear slots", 3, 4797)
	s.add("remove 9", node, func() trace.Event {
		e := slotsOf(9, 0)
		e.Shape, e.Span = "", 0
		return e
	}())
	s.entry("calendar", 3, setAt)
	s.add("set calendar", node, leapOf(true, 0, offset, offset))
	s.add("zone", node, zoneOf(1))
	daily := limitOf(10, "v", "q", int64(24*time.Hour), 10)
	daily.Align, daily.Zone = "day", "Toy"
	s.add("limit 10", node, daily)
	s.add("session 6", node, trace.Event{Kind: trace.KindSession, Session: 6, Budget: "v"})
	s.add("send 16", fleetA, sendOf(6, 1, 16, setAt+5))
	s.entry("day", 3, setAt+10)
	s.add("grant 12", node, grantOf(12, 6, 1, 10, today, 4, maxLease))
	s.add("accept 12", fleetA, acceptOf(12, 6, 1, 16, today, 4, maxLease, setAt+15))
	s.entry("announce", 3, announcedAt)
	s.add("announce", node, leapOf(false, leapAt, leapBy, offset))
	s.add("send 17", fleetA, sendOf(6, 2, 17, announcedAt+5))
	s.entry("capped by a leap", 3, leapAt-1000)
	s.add("grant 13", node, grantOf(13, 6, 2, 10, today, 3, 1000))
	s.add("accept 13", fleetA, acceptOf(13, 6, 2, 17, today, 3, 1000, leapAt-995))
	s.add("send 18", fleetA, sendOf(6, 3, 18, leapAt-905))
	s.entry("until the leap", 3, leapAt-900)
	s.add("deny until the leap", node, denyOf(6, 3, 10, 3, 900))
	s.entry("leap", 3, leapAt+10)
	s.add("leap", node, leapOf(true, 0, leapBy, offset+leapBy))
	s.add("roll 10", node, trace.Event{Kind: trace.KindRoll, Limit: 10, Window: tomorrow})
	s.add("expire 12", fleetA, useOf(trace.KindExpire, 12, 6, today, 4, leapAt+15))
	s.add("expire 13", fleetA, useOf(trace.KindExpire, 13, 6, today, 3, leapAt+16))
	s.entry("slow", 3, leapAt+110)
	s.add("slow", node, trace.Event{Kind: trace.KindSlow, By: 100, Off: offset + leapBy - 100})
}

// plantsInCalendar are changes of that part of the story, and the guards that must refuse them.
var plantsInCalendar = []plant{
	{PutLimit, "Sane", set("limit 10", func(e *trace.Event) { e.Align = "year" })},
	{PutLimit, "Sane", set("limit 10", func(e *trace.Event) { e.Zone = "" })},
	{PutLimit, "Calendar", set("limit 10", func(e *trace.Event) { e.Zone = "Elsewhere" })},
	{PutLimit, "Calendar", func(s *story) { s.drop("set calendar") }},
	{TellZone, "Rules", set("zone", func(e *trace.Event) { e.Data = "*" })},
	{TellZone, "Begun", func(s *story) { s.after("limit 10", zoneOf(2)) }},
	{Announce, "Set", set("set calendar", func(e *trace.Event) { e.OK = false })},
	{Announce, "One", func(s *story) {
		s.after("announce", leapOf(false, leapAt+1, leapBy, offset))
	}},
	{Announce, "Notice", set("announce", func(e *trace.Event) { e.Until-- })},
	{Announce, "Offset", set("announce", func(e *trace.Event) { e.By = 0 })},
	{Announce, "Offset", set("announce", func(e *trace.Event) { e.Off++ })},
	{Leap, "Missed", func(s *story) { s.drop("leap") }},
	{Leap, "Missed", func(s *story) { s.drop("leap", "roll 10") }},
	{Leap, "Due", func(s *story) { s.after("grant 13", *s.event("leap")) }},
	{Leap, "Due", func(s *story) { s.after("set calendar", *s.event("set calendar")) }},
	{Leap, "By", set("leap", func(e *trace.Event) { e.By++ })},
	{Leap, "Offset", set("leap", func(e *trace.Event) { e.Off++ })},
	{Roll, "Window", set("roll 10", func(e *trace.Event) { e.Window = today + 86400 + 3600 })},
	{Roll, "Due", func(s *story) { move(s, "roll 10", "announce") }},
	{Grant, "Ttl", set("grant 12", func(e *trace.Event) { e.TTL = 3600_000_000_000 - 10 })},
	{Grant, "Ttl", set("grant 13", func(e *trace.Event) { e.TTL = maxLease })},
	{Grant, "Window", set("grant 12", func(e *trace.Event) { e.Window = tomorrow })},
	{Deny, "Ttl", set("deny until the leap", func(e *trace.Event) { e.TTL = 3600_000_000_000 })},
	{Slow, "Set", set("set calendar", func(e *trace.Event) { e.Kind = trace.KindSlow })},
	{Slow, "First", func(s *story) { s.after("grant 12", *s.event("slow")) }},
	{Slow, "Elapsed", set("slow", func(e *trace.Event) { e.By, e.Off = 101, e.Off-1 })},
	{Slow, "Offset", set("slow", func(e *trace.Event) { e.Off-- })},
	{Slow, "Elapsed", func(s *story) {
		s.after("slow", trace.Event{Kind: trace.KindSlow, By: 1, Off: offset + leapBy - 101})
	}},
	{ChangeLimit, "Same", func(s *story) {
		e := *s.event("limit 10")
		e.Amount, e.Zone = 11, "UTC"
		s.after("limit 10", e)
	}},
}
