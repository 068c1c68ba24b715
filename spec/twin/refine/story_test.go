package refine

import (
	"fmt"
	"testing"
	"time"

	"github.com/leased-io/leased/trace"
)

// line is an event in one of the story's files.
type line struct {
	label string
	file  int
	event trace.Event
}

// The files of the story.
const (
	node = iota
	fleetA
	fleetB
	other // another node
	numFiles
)

// story is a run that takes every step of the model but TakeOver, in units of a nanosecond:
// the clocks do not drift, and a fleet's time is the cluster's.
type story struct {
	lines []line
	index uint64
	term  uint64
}

func (s *story) add(label string, file int, e trace.Event) {
	s.lines = append(s.lines, line{label, file, e})
}

// entry proposes and commits at t; the events of its commands follow.
func (s *story) entry(name string, epoch uint64, t int64) {
	s.add("propose "+name, node, trace.Event{Kind: trace.KindPropose, Epoch: epoch, Stamp: t})
	s.index++
	s.add("entry "+name, node, trace.Event{Kind: trace.KindEntry, Index: s.index, Term: s.term,
		Epoch: epoch, Stamp: t, T: t, OK: true})
}

func (s *story) open(name string, term uint64, t int64) {
	s.term = term
	s.add("elect "+name, node, trace.Event{Kind: trace.KindLeader, Term: term, OK: true})
	s.index++
	s.add("entry "+name, node, trace.Event{Kind: trace.KindEntry, Index: s.index, Term: term, T: t,
		OK: true})
	s.add("open "+name, node, trace.Event{Kind: trace.KindEpoch, Epoch: term, T: t})
}

func limitOf(n uint64, budget, metric string, per, amount int64) trace.Event {
	return trace.Event{Kind: trace.KindLimit, Limit: n, Budget: budget, Metric: metric, Per: per,
		Amount: amount, OK: true}
}

func grantOf(lease, session, seq, limit uint64, window, amount, ttl int64) trace.Event {
	return trace.Event{Kind: trace.KindGrant, Lease: lease, Session: session, Seq: seq, Limit: limit,
		Window: window, Amount: amount, TTL: ttl}
}

func sendOf(session, seq, attempt uint64, at int64) trace.Event {
	return trace.Event{Kind: trace.KindSend, Session: session, Seq: seq, Attempt: attempt, At: at}
}

func acceptOf(lease, session, seq, attempt uint64, window, amount, ttl, at int64) trace.Event {
	return trace.Event{Kind: trace.KindAccept, Lease: lease, Session: session, Seq: seq,
		Attempt: attempt, Window: window, Amount: amount, TTL: ttl, Life: max(0, ttl), At: at}
}

func useOf(kind trace.Kind, lease, session uint64, window, n, at int64) trace.Event {
	e := trace.Event{Kind: kind, Lease: lease, Session: session, Window: window, N: n, At: at}
	if kind == trace.KindAdmit {
		e.Count, e.First, e.Last = n, at, at
	}
	return e
}

func returnOf(lease, session uint64, window, n int64, ok bool) trace.Event {
	return trace.Event{Kind: trace.KindReturn, Lease: lease, Session: session, Window: window,
		Amount: n, OK: ok}
}

func begin() *story {
	s := &story{}
	s.open("1", 1, 0)
	s.entry("limits", 1, 10)
	s.add("limit 1", node, limitOf(1, "b", "m", 1000, 10))
	s.add("limit 2", node, limitOf(2, "b", "t", 2000, 100))
	s.add("limit 3", node, limitOf(3, "c", "x", 300, 5))
	s.entry("sessions", 1, 20)
	for i, budget := range []string{"b", "b", "c"} {
		s.add(fmt.Sprint("session ", i+1), node,
			trace.Event{Kind: trace.KindSession, Session: uint64(i + 1), Budget: budget})
	}
	s.retried()
	s.denied()
	s.window1()
	s.epoch3()
	s.kinds()
	s.slots()
	return s
}

// tell is the story, up to where limits are overridden.
func tell() *story {
	s := begin()
	s.overrides()
	return s
}

// tellOfCalendar is the story, up to where windows follow the calendar.
func tellOfCalendar() *story {
	s := begin()
	s.calendar()
	return s
}

// tellOfFamily is the story, up to where budgets have parents.
func tellOfFamily() *story {
	s := begin()
	s.family()
	return s
}

// retried: the first request is granted of two limits, answered at the second attempt, spent, and
// a part of it is returned, twice.
func (s *story) retried() {
	s.add("send 1", fleetA, sendOf(1, 1, 1, 30))
	s.entry("grant", 1, 40)
	s.add("grant 1", node, grantOf(1, 1, 1, 1, 0, 4, 960))
	s.add("grant 2", node, grantOf(2, 1, 1, 2, 0, 50, 1960))
	s.add("retry 1", fleetA, sendOf(1, 1, 2, 45))
	s.entry("replay", 1, 60)
	for i, g := range []trace.Event{grantOf(1, 1, 1, 0, 0, 4, 940), grantOf(2, 1, 1, 0, 0, 50, 1940)} {
		g.Kind = trace.KindReplay
		s.add(fmt.Sprint("replay ", i+1), node, g)
	}
	s.add("accept 1", fleetA, acceptOf(1, 1, 1, 2, 0, 4, 940, 70))
	s.add("accept 2", fleetA, acceptOf(2, 1, 1, 2, 0, 50, 1940, 70))
	s.add("drop", fleetA, trace.Event{Kind: trace.KindDrop, Session: 1, Seq: 1, Attempt: 1, At: 71})
	s.add("admit 1", fleetA, useOf(trace.KindAdmit, 1, 1, 0, 2, 72))
	s.add("admit 2", fleetA, useOf(trace.KindAdmit, 2, 1, 0, 50, 73))
	s.add("give up", fleetA, useOf(trace.KindGiveUp, 1, 1, 0, 1, 90))
	s.entry("return", 1, 100)
	s.add("return", node, returnOf(1, 1, 0, 1, true))
	s.entry("return again", 1, 110)
	s.add("return again", node, returnOf(1, 1, 0, 1, false))
}

// denied: the second session needs more than is left, and then takes all that is left.
func (s *story) denied() {
	s.add("send 2", fleetB, sendOf(2, 1, 1, 115))
	s.entry("deny", 1, 120)
	s.add("deny", node, trace.Event{Kind: trace.KindDeny, Session: 2, Seq: 1, Limit: 1, Amount: 7,
		TTL: 880})
	s.add("send 3", fleetB, sendOf(2, 2, 2, 125))
	s.entry("last", 1, 130)
	s.add("grant 3", node, grantOf(3, 2, 2, 1, 0, 7, 870))
	s.add("accept 3", fleetB, acceptOf(3, 2, 2, 2, 0, 7, 870, 140))
	s.add("admit 3", fleetB, useOf(trace.KindAdmit, 3, 2, 0, 3, 141))
	s.add("fail open", fleetB, trace.Event{Kind: trace.KindFailOpen, N: 1, Count: 1})
}

// window1: time passes; an entry of the first epoch sleeps.
func (s *story) window1() {
	s.entry("roll", 1, 1005)
	s.add("roll 3", node, trace.Event{Kind: trace.KindRoll, Limit: 3, Window: 3})
	s.add("roll 1", node, trace.Event{Kind: trace.KindRoll, Limit: 1, Window: 1})
	s.add("expire 1", fleetA, useOf(trace.KindExpire, 1, 1, 0, 1, 1010))
	s.add("expire 3", fleetB, useOf(trace.KindExpire, 3, 2, 0, 4, 1010))
	s.add("propose asleep", node, trace.Event{Kind: trace.KindPropose, Epoch: 1, Stamp: 1006})
	s.add("lost 1", node, trace.Event{Kind: trace.KindLeader, Term: 1})
	s.add("snapshot", other, trace.Event{Kind: trace.KindRestore, Index: s.index, T: 1005, Epoch: 1})
}

// epoch3: limits change, a lease is taken that is over, and sessions end.
func (s *story) epoch3() {
	s.open("3", 3, 1005)
	s.index++
	s.add("entry asleep", node, trace.Event{Kind: trace.KindEntry, Index: s.index, Term: 3, Epoch: 1,
		Stamp: 1006, T: 1005})
	s.entry("change", 3, 1100)
	s.add("change", node, limitOf(1, "b", "m", 1000, 20))
	s.add("remove", node, limitOf(3, "c", "x", 300, 0))
	empty := limitOf(4, "c", "x", 300, 9)
	empty.OK, empty.Until = false, 1200
	s.add("limit 4", node, empty)
	s.add("send 4", fleetB, sendOf(3, 1, 1, 1101))
	s.entry("empty", 3, 1110)
	s.add("deny empty", node, trace.Event{Kind: trace.KindDeny, Session: 3, Seq: 1, Limit: 4, TTL: 90})
	s.add("end 3", node, trace.Event{Kind: trace.KindSessionEnd, Session: 3, OK: true})
	s.add("send 5", fleetA, sendOf(1, 2, 3, 1115))
	s.entry("grant 4", 3, 1120)
	s.add("grant 4", node, grantOf(4, 1, 2, 1, 1, 5, 880))
	s.add("accept 4", fleetA, acceptOf(4, 1, 2, 3, 1, 5, 880, 1130))
	s.add("expire 2", fleetA, useOf(trace.KindExpire, 2, 1, 0, 0, 1131))
	s.entry("roll far", 3, 2005)
	s.add("roll 4", node, trace.Event{Kind: trace.KindRoll, Limit: 4, Window: 6})
	s.add("roll 1 again", node, trace.Event{Kind: trace.KindRoll, Limit: 1, Window: 2})
	s.add("roll 2", node, trace.Event{Kind: trace.KindRoll, Limit: 2, Window: 1})
	s.add("replay 4", node, trace.Event{Kind: trace.KindReplay, Session: 1, Seq: 2, Lease: 4,
		Window: 1, Amount: 5, TTL: -5})
	s.add("send 6", fleetA, sendOf(1, 3, 4, 2010))
	s.entry("grant 5", 3, 2020)
	s.add("grant 5", node, grantOf(5, 1, 3, 1, 2, 6, 980))
	s.entry("late", 3, 3005)
	s.add("roll 4 on", node, trace.Event{Kind: trace.KindRoll, Limit: 4, Window: 10})
	s.add("roll 1 on", node, trace.Event{Kind: trace.KindRoll, Limit: 1, Window: 3})
	again := grantOf(5, 1, 3, 0, 2, 6, -5)
	again.Kind = trace.KindReplay
	s.add("replay 5", node, again)
	s.add("accept 5", fleetA, acceptOf(5, 1, 3, 4, 2, 6, -5, 3010))
	s.add("expire 5", fleetA, useOf(trace.KindExpire, 5, 1, 2, 6, 3010))
	s.add("forget 2", node, trace.Event{Kind: trace.KindSessionEnd, Session: 2})
}

// play runs the story through a machine, and returns what it refused.
func (s *story) play() (*Machine, *Refusal) {
	m := New(time.Second)
	var files [numFiles]*File
	for i := range files {
		role := trace.RoleNode
		if i == fleetA || i == fleetB {
			role = trace.RoleFleet
		}
		files[i] = m.File(&trace.Event{Role: role, Recorder: fmt.Sprint("file ", i)})
	}
	for i := range s.lines {
		l := &s.lines[i]
		files[l.file].Reads(&l.event)
		if r := m.Step(files[l.file], &l.event); r != nil {
			return m, r
		}
	}
	for _, f := range files {
		m.End(f, f != files[fleetB])
	}
	return m, nil
}

// at returns the place of a line.
func (s *story) at(label string) int {
	for i := range s.lines {
		if s.lines[i].label == label {
			return i
		}
	}
	panic("the story has no line " + label)
}

func (s *story) event(label string) *trace.Event { return &s.lines[s.at(label)].event }

func (s *story) drop(labels ...string) {
	for _, label := range labels {
		i := s.at(label)
		s.lines = append(s.lines[:i], s.lines[i+1:]...)
	}
}

// after inserts an event after a line, in its file.
func (s *story) after(label string, e trace.Event) {
	i := s.at(label)
	l := line{"planted", s.lines[i].file, e}
	s.lines = append(s.lines[:i+1], append([]line{l}, s.lines[i+1:]...)...)
}

// TestTheStoryIsABehaviour: the story that the other tests change is sound, and leaves no step of
// the model out.
func TestTheStoryIsABehaviour(t *testing.T) {
	var c Coverage
	for _, s := range []*story{tell(), tellOfFamily(), tellOfCalendar()} {
		m, r := s.play()
		if r != nil {
			t.Fatal(r)
		}
		c.Merge(m.Coverage())
	}
	if not := c.Missing(); len(not) != 1 || not[0] != string(TakeOver) {
		t.Errorf("the stories do not take the steps %v; want all but TakeOver", not)
	}
}
