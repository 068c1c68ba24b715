//go:build linux

package process

import (
	"testing"

	"github.com/leased-io/leased/test/jepsen-lite/linear"
	"github.com/leased-io/leased/trace"
)

// logOfTwo are the marks of a small log: a budget of 10 requests a second, and two sessions that
// ask for 6 each. Entry i was applied at the instant 100 i, and once more after a restart.
func logOfTwo() *marks {
	m := newMarks()
	for i, e := range []trace.Event{
		{Kind: trace.KindLimit, Limit: 1, Metric: Requests, Amount: 10},
		{Kind: trace.KindSession, Session: 1},
		{Kind: trace.KindSession, Session: 2},
		{Kind: trace.KindGrant, Session: 1, Seq: 1, Limit: 1, Lease: 1, Amount: 6, TTL: second},
		{Kind: trace.KindGrant, Session: 2, Seq: 1, Limit: 1, Lease: 2, Amount: 4, TTL: second},
		{Kind: trace.KindReturn, Session: 1, Limit: 1, Lease: 1, Amount: 6, OK: true},
		{Kind: trace.KindGrant, Session: 2, Seq: 2, Limit: 1, Lease: 3, Amount: 6, TTL: second},
	} {
		at := place{index: uint64(i + 1)}
		m.take(at, &trace.Event{Kind: trace.KindEntry, At: 100 * int64(i+1)})
		m.take(at, &trace.Event{Kind: trace.KindEntry, At: 9000}) // again, after a restart
		at.event++
		m.take(at, &e)
		m.take(at, &e)
	}
	return &m
}

const second = 1_000_000_000

// historyOfTwo is what the clients of that log saw: each call begins 50 before its entry and ends
// 40 after it.
func historyOfTwo() linear.History {
	limits := []linear.Limit{{Metric: Requests, Kind: "window", Amount: 10, Per: second}}
	ask := func(session, seq uint64) linear.Input {
		return linear.Input{Kind: linear.Acquire, Session: session, Seq: seq, Revision: 1,
			Asks: []linear.Ask{{Need: 1, Want: 6}}}
	}
	granted := func(lease uint64, amount int64) *linear.Output {
		return &linear.Output{Answer: linear.Granted, Revision: 1,
			Grants: []linear.Grant{{Lease: lease, Amount: amount, TTL: second}}}
	}
	open := linear.Input{Kind: linear.OpenSession, Budget: BudgetName}
	opened := func(session uint64) *linear.Output {
		return &linear.Output{Answer: linear.Done, Session: session, Revision: 1, Limits: limits}
	}
	h := linear.History{
		{Input: linear.Input{Kind: linear.PutBudget, Budget: BudgetName, Limits: limits},
			Output: &linear.Output{Answer: linear.Done, Revision: 1, Created: true, Changed: true}},
		{Input: open, Output: opened(1)},
		{Input: open, Output: opened(2)},
		{Input: ask(1, 1), Output: granted(1, 6)},
		{Input: ask(2, 1), Output: granted(2, 4)},
		{Input: linear.Input{Kind: linear.GiveBack, Session: 1,
			Returns: []linear.Return{{Lease: 1, Amount: 6}}},
			Output: &linear.Output{Answer: linear.Done, SessionKnown: true, Taken: []int64{6}}},
		{Input: ask(2, 2), Output: granted(3, 6)},
	}
	for i := range h {
		h[i].Client, h[i].Call, h[i].Return = i, 100*int64(i+1)-50, 100*int64(i+1)+40
	}
	return h
}

// lose has nobody be told what came of a call.
func lose(op *linear.Op) { op.Output, op.Return = nil, 0 }

// TestWitness: the order of the log explains a history, also where calls were not answered; and
// what it does not explain is found out, by whichever judge.
func TestWitness(t *testing.T) {
	for _, test := range []struct {
		name    string
		spoil   func(linear.History) linear.History
		ordered bool // the log is in the order of real time
		want    linear.Result
	}{
		{"as it was", func(h linear.History) linear.History { return h }, true, linear.Valid},
		{"nobody was told of a grant", func(h linear.History) linear.History {
			lose(&h[3])
			h[5].Call = 350 // which the one who gives it back knows all the same
			return h
		}, true, linear.Valid},
		{"the first attempt had effect, and the second was told", func(h linear.History,
		) linear.History {
			first := h[4]
			lose(&first)
			h[4].Call, h[4].Return = 600, 720
			return append(h, first)
		}, true, linear.Valid},
		{"an attempt that came to nothing", func(h linear.History) linear.History {
			return append(h, linear.Op{Call: 900, Input: linear.Input{Kind: linear.Acquire,
				Session: 1, Seq: 2, Revision: 1, Asks: []linear.Ask{{Need: 1, Want: 6}}}})
		}, true, linear.Valid},
		{"the last words of a leader were lost", func(h linear.History) linear.History {
			h[6].Return = 690
			return h
		}, true, linear.Valid},
		{"more than there is", func(h linear.History) linear.History {
			h[4].Output.Grants[0].Amount = 6
			return h
		}, true, linear.Invalid},
		{"a lost grant that was not lost", func(h linear.History) linear.History {
			lose(&h[5]) // so that nothing is surely given back, which the last grant needs
			h[5].Input.Returns[0].Lease = 9
			return h
		}, true, linear.Invalid},
		{"the grant is before the session", func(h linear.History) linear.History {
			h[1].Call, h[1].Return = 450, 460
			return h
		}, true, linear.Invalid},
		{"the log is out of order, and another order explains", func(h linear.History,
		) linear.History {
			h[2].Call = 295 // opens a session in entry 3
			h[3].Call, h[3].Return = 250, 290
			return h
		}, false, linear.Valid},
	} {
		m := logOfTwo()
		h := test.spoil(historyOfTwo())
		if _, ok := m.witness(h); ok != test.ordered {
			t.Errorf("%s: the log is in the order of the calls: %t, want %t", test.name, ok,
				test.ordered)
		}
		if v := m.follow(h); v.Result != test.want {
			t.Errorf("%s: %s; want %s", test.name, v, test.want)
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

// TestByKey: accounts are judged by themselves, each with all changes of the budget.
func TestByKey(t *testing.T) {
	h := linear.History{
		{Input: linear.Input{Kind: linear.PutBudget}},
		{Input: linear.Input{Kind: linear.OpenSession, Key: "a"},
			Output: &linear.Output{Session: 7}},
		{Input: linear.Input{Kind: linear.GetBudget, Key: "b"}},
		{Input: linear.Input{Kind: linear.Acquire, Session: 7}},
	}
	parts := byKey(h)
	if len(parts) != 2 || len(parts["a"]) != 3 || len(parts["b"]) != 2 {
		t.Errorf("parts %+v; want three operations of a and two of b", parts)
	}
}

// TestOfRun: operations belong to the cluster of their session, or of their time.
func TestOfRun(t *testing.T) {
	s := &stage{runs: []*run{{begin: 10, end: 100}, {begin: 110, first: 1000}}}
	known := &linear.Output{Answer: linear.Granted}
	for _, test := range []struct {
		name string
		op   linear.Op
		want [2]bool
	}{
		{"old session", linear.Op{Call: 20, Return: 30, Output: known,
			Input: linear.Input{Kind: linear.Acquire, Session: 5}}, [2]bool{true, false}},
		{"its answer was late", linear.Op{Call: 20, Return: 130, Output: known,
			Input: linear.Input{Kind: linear.Acquire, Session: 5}}, [2]bool{true, false}},
		{"nobody knows it any more", linear.Op{Call: 120, Return: 130,
			Output: &linear.Output{Answer: linear.NoSession},
			Input:  linear.Input{Kind: linear.Acquire, Session: 5}}, [2]bool{false, false}},
		{"nor what it gives back", linear.Op{Call: 120, Return: 130,
			Output: &linear.Output{Answer: linear.Done},
			Input:  linear.Input{Kind: linear.GiveBack, Session: 5}}, [2]bool{false, false}},
		{"new session", linear.Op{Call: 120, Return: 130, Output: known,
			Input: linear.Input{Kind: linear.Acquire, Session: 1005}}, [2]bool{false, true}},
		{"old budget", linear.Op{Call: 20, Return: 30, Output: known,
			Input: linear.Input{Kind: linear.PutBudget}}, [2]bool{true, false}},
		{"new budget", linear.Op{Call: 120, Return: 130, Output: known,
			Input: linear.Input{Kind: linear.PutBudget}}, [2]bool{false, true}},
		{"a session of before that the new one opened", linear.Op{Call: 90, Return: 130,
			Output: &linear.Output{Answer: linear.Done, Session: 1001},
			Input:  linear.Input{Kind: linear.OpenSession}}, [2]bool{false, true}},
	} {
		for i, want := range test.want {
			if got := len(s.ofRun(linear.History{test.op}, i)) == 1; got != want {
				t.Errorf("%s: in run %d: %t, want %t", test.name, i+1, got, want)
			}
		}
	}
}

// TestAnswersWithoutMarks: where nobody was told of the first attempt of a request, a later one is
// told the same, at a time when it would be decided otherwise.
func TestAnswersWithoutMarks(t *testing.T) {
	ask := linear.Input{Kind: linear.Acquire, Session: 1, Seq: 2, Revision: 1,
		Asks: []linear.Ask{{Need: 5, Want: 6}}}
	put := func(amount int64) linear.Op {
		return linear.Op{Call: 760, Return: 840, Input: linear.Input{Kind: linear.PutBudget,
			Budget: BudgetName, Limits: []linear.Limit{
				{Metric: Requests, Kind: "window", Amount: amount, Per: second}}},
			Output: &linear.Output{Answer: linear.Done, Revision: 2, Changed: true}}
	}
	first := linear.Op{Call: 710, Input: ask}
	again := linear.Op{Call: 850, Return: 990, Input: ask}
	log := func(events ...trace.Event) *marks {
		m := logOfTwo()
		for i, e := range events {
			at := place{index: uint64(i + 8)}
			m.take(at, &trace.Event{Kind: trace.KindEntry, At: 100 * int64(i+8), T: int64(i + 8)})
			at.event++
			m.take(at, &e)
		}
		return m
	}
	changed := trace.Event{Kind: trace.KindLimit, Limit: 1, Metric: Requests, Amount: 20}
	denied := trace.Event{Kind: trace.KindDeny, Session: 1, Seq: 2, Limit: 1, TTL: second - 8}
	raised := trace.Event{Kind: trace.KindLimit, Limit: 1, Metric: Requests, Amount: 30}

	t.Run("denied", func(t *testing.T) {
		// Denied in entry 8; the limit is raised in 9, and the denial told again in 10.
		m := log(denied, changed, trace.Event{})
		first, again, put := first, again, put(20)
		put.Call, put.Return, again.Call, again.Return = 860, 940, 950, 1040
		again.Output = &linear.Output{Answer: linear.Denied, Revision: 1,
			Denial: &linear.Denial{RetryAfter: second - 10}}
		if v := m.follow(append(historyOfTwo(), first, put, again)); v.Result != linear.Valid {
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
			&linear.Output{Answer: linear.Done, Revision: 3, Changed: true}
		again.Call, again.Output = 950, &linear.Output{Answer: linear.Changed, Revision: 2,
			Limits: put.Input.Limits}
		h := append(historyOfTwo(), first, put, later, again)
		if v := m.follow(h); v.Result != linear.Valid {
			t.Error(v)
		}
		h[len(h)-4].Call = 960 // too late to have been told of that
		if v := m.follow(h); v.Result != linear.Invalid {
			t.Errorf("nobody can have been told so: %s", v)
		}
	})
}
