package refine

import (
	"testing"

	"github.com/leased-io/leased/trace"
)

// sharing has the story's first limit be shared, and changes the denial by it, of which 7 credits
// are left and whose window ends in 880 ns.
func sharing(amount, ttl int64) func(s *story) {
	return func(s *story) {
		s.event("limit 1").Shares = true
		s.event("deny").Amount, s.event("deny").TTL = amount, ttl
	}
}

// plantsInShared are changes of a story with a limit that is shared.
var plantsInShared = []plant{
	{Deny, "Withheld", sharing(6, 881)},
	{Deny, "Withheld", sharing(6, 0)},
	{Deny, "Left", sharing(8, 880)},
	{Deny, "Left", sharing(-1, 880)},
	{Deny, "Ttl", sharing(7, 879)}, // all is there for it: it waits as ever
	{Deny, "Left", func(s *story) { // it is shared no more
		s.after("limit 1", limitOf(1, "b", "m", 1000, 10))
		sharing(6, 880)(s)
	}},
	{ChangeLimit, "Amount", func(s *story) {
		e := limitOf(1, "b", "m", 1000, 10)
		e.Shares = true
		s.after("limit 1", e)
		sharing(7, 880)(s)
	}},
	{PutLimit, "Sane", set("limit 9", func(e *trace.Event) { e.Shares = true })},
}

// TestAShareIsWithheld: of a limit that is shared a denial may say that less may be had than is
// left, even where all is, and is told a part of the window.
func TestAShareIsWithheld(t *testing.T) {
	for _, c := range [][2]int64{{7, 880}, {6, 880}, {6, 1}, {0, 440}} {
		s := tell()
		sharing(c[0], c[1])(s)
		m, r := s.play()
		if r != nil {
			t.Fatalf("%v: %v", c, r)
		}
		if got := m.counts.refusals[deniedByShare]; (got > 0) != (c[0] < 7) {
			t.Errorf("%v: %d denials are counted as withheld", c, got)
		}
	}
	s := tell() // sharing comes, and another amount, and it goes
	e := limitOf(1, "b", "m", 1000, 10)
	e.Shares = true
	s.after("limit 1", e)
	sharing(6, 5)(s)
	s.event("limit 1").Shares = false
	if _, r := s.play(); r != nil {
		t.Fatal(r)
	}
	all := tell()
	*all.event("deny") = trace.Event{Kind: trace.KindDeny, Session: 3, Seq: 1, Limit: 3, Amount: 2,
		TTL: 100}
	all.event("limit 3").Shares = true
	all.drop("send 4", "deny empty")
	all.after("session 3", sendOf(3, 1, 1, 21))
	if _, r := all.play(); r != nil {
		t.Errorf("all is left, and withheld: %v", r)
	}
}
