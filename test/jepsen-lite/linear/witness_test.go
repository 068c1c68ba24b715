package linear

import (
	"testing"

	"github.com/leased-io/leased/trace"
)

// logOfTwo are the marks of a small log: a budget of 10 requests a second, and two sessions that
// ask for 6 each. Entry i was applied at the instant 100 i, and once more after a restart.
func logOfTwo() *Marks {
	m := NewMarks()
	for i, e := range []trace.Event{
		{Kind: trace.KindLimit, Budget: "b", Per: second, Limit: 1, Metric: "requests", Amount: 10},
		{Kind: trace.KindSession, Session: 1},
		{Kind: trace.KindSession, Session: 2},
		{Kind: trace.KindGrant, Session: 1, Seq: 1, Limit: 1, Lease: 1, Amount: 6, TTL: second},
		{Kind: trace.KindGrant, Session: 2, Seq: 1, Limit: 1, Lease: 2, Amount: 4, TTL: second},
		{Kind: trace.KindReturn, Session: 1, Limit: 1, Lease: 1, Amount: 6, OK: true},
		{Kind: trace.KindGrant, Session: 2, Seq: 2, Limit: 1, Lease: 3, Amount: 6, TTL: second},
	} {
		at := place{index: uint64(i + 1)}
		m.Take(at.index, at.event, &trace.Event{Kind: trace.KindEntry, At: 100 * int64(i+1)})
		again := trace.Event{Kind: trace.KindEntry, At: 9000} // after a restart
		m.Take(at.index, at.event, &again)
		at.event++
		m.Take(at.index, at.event, &e)
		m.Take(at.index, at.event, &e)
	}
	return m
}

const second = 1_000_000_000

// historyOfTwo is what the clients of that log saw: each call begins 50 before its entry and ends
// 40 after it.
func historyOfTwo() History {
	limits := []Limit{{Metric: "requests", Kind: "window", Amount: 10, Per: second}}
	ask := func(session, seq uint64) Input {
		return Input{Kind: Acquire, Session: session, Seq: seq, Revision: 1,
			Asks: []Ask{{Need: 1, Want: 6}}}
	}
	granted := func(lease uint64, amount int64) *Output {
		return &Output{Answer: Granted, Revision: 1,
			Grants: []Grant{{Lease: lease, Amount: amount, TTL: second}}}
	}
	open := Input{Kind: OpenSession, Budget: "b"}
	opened := func(session uint64) *Output {
		return &Output{Answer: Done, Session: session, Revision: 1, Limits: limits}
	}
	h := History{
		{Input: Input{Kind: PutBudget, Budget: "b", Limits: limits},
			Output: &Output{Answer: Done, Revision: 1, Created: true, Changed: true}},
		{Input: open, Output: opened(1)},
		{Input: open, Output: opened(2)},
		{Input: ask(1, 1), Output: granted(1, 6)},
		{Input: ask(2, 1), Output: granted(2, 4)},
		{Input: Input{Kind: GiveBack, Session: 1,
			Returns: []Return{{Lease: 1, Amount: 6}}},
			Output: &Output{Answer: Done, SessionKnown: true, Taken: []int64{6}}},
		{Input: ask(2, 2), Output: granted(3, 6)},
	}
	for i := range h {
		h[i].Client, h[i].Call, h[i].Return = i, 100*int64(i+1)-50, 100*int64(i+1)+40
	}
	return h
}

// lose has nobody be told what came of a call.
func lose(op *Op) { op.Output, op.Return = nil, 0 }

// TestWitness: the order of the log explains a history, also where calls were not answered; and
// what it does not explain is found out, by whichever judge.
func TestWitness(t *testing.T) {
	for _, test := range []struct {
		name    string
		spoil   func(History) History
		ordered bool // the log is in the order of real time
		want    Result
	}{
		{"as it was", func(h History) History { return h }, true, Valid},
		{"nobody was told of a grant", func(h History) History {
			lose(&h[3])
			h[5].Call = 350 // which the one who gives it back knows all the same
			return h
		}, true, Valid},
		{"the first attempt had effect, and the second was told", func(h History,
		) History {
			first := h[4]
			lose(&first)
			h[4].Call, h[4].Return = 600, 720
			return append(h, first)
		}, true, Valid},
		{"an attempt that came to nothing", func(h History) History {
			return append(h, Op{Call: 900, Input: Input{Kind: Acquire,
				Session: 1, Seq: 2, Revision: 1, Asks: []Ask{{Need: 1, Want: 6}}}})
		}, true, Valid},
		{"the last words of a leader were lost", func(h History) History {
			h[6].Return = 690
			return h
		}, true, Valid},
		{"more than there is", func(h History) History {
			h[4].Output.Grants[0].Amount = 6
			return h
		}, true, Invalid},
		{"a lost grant that was not lost", func(h History) History {
			lose(&h[5]) // so that nothing is surely given back, which the last grant needs
			h[5].Input.Returns[0].Lease = 9
			return h
		}, true, Invalid},
		{"the grant is before the session", func(h History) History {
			h[1].Call, h[1].Return = 450, 460
			return h
		}, true, Invalid},
		{"the log is out of order, and another order explains", func(h History,
		) History {
			h[2].Call = 295 // opens a session in entry 3
			h[3].Call, h[3].Return = 250, 290
			return h
		}, true, Valid},
		{"an answer too early for its order", func(h History) History {
			h[4].Call, h[4].Return = 150, 160 // what the first session left it, before that asked
			return h
		}, true, Invalid},
	} {
		m := logOfTwo()
		h := test.spoil(historyOfTwo())
		if _, ok := m.witness(h); ok != test.ordered {
			t.Errorf("%s: the log is in the order of the calls: %t, want %t", test.name, ok,
				test.ordered)
		}
		if v := m.Follow(h, patience); v.Result != test.want {
			t.Errorf("%s: %s; want %s", test.name, v, test.want)
		}
	}
}

// TestRefusedCallsLeaveNoMark: a request that was refused for want of a budget gave nothing back:
// what the log has of its lease is of another call.
func TestRefusedCallsLeaveNoMark(t *testing.T) {
	m := logOfTwo()
	for answer, placed := range map[Answer]int{NoBudget: 0, NoSession: 0, Stale: 0, Granted: 1} {
		op := &Op{Call: 550, Return: 620, Output: &Output{Answer: answer},
			Input: Input{Kind: Acquire, Session: 1, Seq: 2, Returns: []Return{{Lease: 1, Amount: 6}}}}
		known, unplaced := m.place([]*Op{op}, nil)
		if len(known) != placed || len(unplaced) != 1-placed {
			t.Errorf("%s: %d known places, want %d", answer, len(known), placed)
		}
	}
}

// TestWitnessIsShort: every call that is in the log has an instant of its own.
func TestWitnessIsShort(t *testing.T) {
	h, ok := logOfTwo().witness(historyOfTwo())
	if !ok || len(h) != len(historyOfTwo()) {
		t.Fatalf("%t, %d calls", ok, len(h))
	}
	for i, op := range h {
		if op.Call != int64(2*i+1) || op.Return != op.Call+1 {
			t.Errorf("call %d is from %d to %d, want %d to %d", i, op.Call, op.Return, 2*i+1, 2*i+2)
		}
	}
}

// TestAnswersWithoutMarks: where nobody was told of the first attempt of a request, a later one is
// told the same, at a time when it would be decided otherwise.
func TestAnswersWithoutMarks(t *testing.T) {
	ask := Input{Kind: Acquire, Session: 1, Seq: 2, Revision: 1,
		Asks: []Ask{{Need: 5, Want: 6}}}
	put := func(amount int64) Op {
		return Op{Call: 760, Return: 840, Input: Input{Kind: PutBudget,
			Budget: "b", Limits: []Limit{
				{Metric: "requests", Kind: "window", Amount: amount, Per: second}}},
			Output: &Output{Answer: Done, Revision: 2, Changed: true}}
	}
	first := Op{Call: 710, Input: ask}
	again := Op{Call: 850, Return: 990, Input: ask}
	log := func(events ...trace.Event) *Marks {
		m := logOfTwo()
		for i, e := range events {
			at := place{index: uint64(i + 8)}
			m.Take(at.index, at.event,
				&trace.Event{Kind: trace.KindEntry, At: 100 * int64(i+8), T: int64(i + 8)})
			at.event++
			m.Take(at.index, at.event, &e)
		}
		return m
	}
	changed := trace.Event{Kind: trace.KindLimit, Budget: "b", Per: second, Limit: 1,
		Metric: "requests", Amount: 20}
	denied := trace.Event{Kind: trace.KindDeny, Session: 1, Seq: 2, Limit: 1, TTL: second - 8}
	raised := trace.Event{Kind: trace.KindLimit, Budget: "b", Per: second, Limit: 1,
		Metric: "requests", Amount: 30}

	t.Run("denied", func(t *testing.T) {
		// Denied in entry 8; the limit is raised in 9, and the denial told again in 10.
		m := log(denied, changed, trace.Event{})
		first, again, put := first, again, put(20)
		put.Call, put.Return, again.Call, again.Return = 860, 940, 950, 1040
		again.Output = &Output{Answer: Denied, Revision: 1,
			Denial: &Denial{RetryAfter: second - 10}}
		if v := m.Follow(append(historyOfTwo(), first, put, again), patience); v.Result != Valid {
			t.Error(v)
		}
		if p, ok := m.deniedAgain(&again); !ok || p.index != 10 {
			t.Errorf("told again in %+v, %t; want entry 10", p, ok)
		}
	})
	t.Run("changed", func(t *testing.T) {
		// The budget is changed in entry 8 and in 9. Revision 2 is told after that.
		m := log(changed, raised)
		first, again, put, later := first, again, put(20), put(30)
		later.Call, later.Return, later.Output = 845, 930,
			&Output{Answer: Done, Revision: 3, Changed: true}
		again.Call, again.Output = 950, &Output{Answer: Changed, Revision: 2,
			Limits: put.Input.Limits}
		h := append(historyOfTwo(), first, put, later, again)
		if v := m.Follow(h, patience); v.Result != Valid {
			t.Error(v)
		}
		h[len(h)-4].Call = 960 // too late to have been told of that
		if v := m.Follow(h, patience); v.Result != Invalid {
			t.Errorf("nobody can have been told so: %s", v)
		}
	})
}
