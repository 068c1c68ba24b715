package linear

import (
	"testing"
	"time"
)

// In these histories the budget "b" has 10 credits a window of 1000 ns. Operations follow each
// other, unless they are put side by side.

// script builds a history.
type script struct {
	tick int64
	ops  History
}

// did adds an operation that was answered.
func (s *script) did(in Input, out Output) *script {
	s.tick += 2
	s.ops = append(s.ops, Op{Input: in, Call: s.tick, Return: s.tick + 1, Output: &out})
	return s
}

// lost adds one that was not.
func (s *script) lost(in Input) *script {
	s.tick += 2
	s.ops = append(s.ops, Op{Input: in, Call: s.tick})
	return s
}

// together has the last n operations happen at the same time.
func (s *script) together(n int) *script {
	for i := range s.ops[len(s.ops)-n:] {
		op := &s.ops[len(s.ops)-n+i]
		op.Call = s.ops[len(s.ops)-n].Call
		if op.Return > 0 {
			op.Return = s.tick + 1
		}
	}
	return s
}

func limited(amount int64) []Limit { return []Limit{{"requests", "window", amount, 1000}} }

func put(amount int64) Input {
	return Input{Kind: PutBudget, Budget: "b", Limits: limited(amount)}
}

func begun() *script {
	s := (&script{}).did(put(10), Output{Answer: Done, Revision: 1, Created: true, Changed: true})
	for id := range uint64(3) {
		s.did(Input{Kind: OpenSession, Budget: "b"},
			Output{Answer: Done, Session: id + 1, Revision: 1, Limits: limited(10)})
	}
	return s
}

// takenOver is begun in the place of another coordinator, at cluster time t.
func takenOver(t int64) *script {
	s := (&script{}).did(Input{Kind: TakeOver, At: t}, Output{Answer: Done})
	s.tick, s.ops = s.tick+2, append(s.ops, begun().ops...)
	for i := range s.ops[1:] {
		op := &s.ops[1+i]
		op.Call, op.Return = op.Call+s.tick, op.Return+s.tick
	}
	s.tick = s.ops[len(s.ops)-1].Return
	return s
}

func ask(session, seq uint64, need, want int64) Input {
	return Input{Kind: Acquire, Session: session, Seq: seq, Revision: 1,
		Asks: []Ask{{Limit: 0, Need: need, Want: want}}}
}

// granted is the answer at cluster time t.
func granted(lease uint64, amount, t int64) Output {
	window := t / 1000
	return Output{Answer: Granted, Revision: 1,
		Grants: []Grant{{lease, 0, window, amount, (window+1)*1000 - t}}}
}

// again is the answer to a retry at cluster time t, of what was granted in window 0.
func again(lease uint64, amount, t int64) Output {
	return Output{Answer: Granted, Revision: 1, Grants: []Grant{{lease, 0, 0, amount, 1000 - t}}}
}

func denied(left, t int64) Output {
	return Output{Answer: Denied, Revision: 1, Denial: &Denial{0, left, 1000 - t%1000}}
}

func give(session, lease uint64, window, amount int64) Input {
	return Input{Kind: GiveBack, Session: session, Returns: []Return{{lease, window, amount}}}
}

func taken(n int64) Output { return Output{Answer: Done, Taken: []int64{n}, SessionKnown: true} }

var get = Input{Kind: GetBudget, Budget: "b"}

// read is the answer at an instant of the cluster's clock.
func read(revision uint64, amount, used, now int64) Output {
	return Output{Answer: Done, Revision: revision, Limits: limited(amount),
		Usage: []Usage{{now / 1000, used, 1000 - now%1000}}}
}

var (
	gone    = Output{Answer: NoBudget}
	remove  = Input{Kind: DeleteBudget, Budget: "b"}
	removed = Output{Answer: Done}
	raised  = Output{Answer: Done, Revision: 2, Changed: true}
)

// renewed is an ask under the revision of a budget that was created again.
func renewed(seq uint64) Input {
	in := ask(1, seq, 5, 5)
	in.Revision = 2
	return in
}

func renewal(lease uint64, t int64) Output {
	out := granted(lease, 5, t)
	out.Revision = 2
	return out
}

var histories = []struct {
	name string
	h    *script
	want Result
}{
	{"nothing", &script{}, Valid},
	{"all is granted", begun().did(ask(1, 1, 1, 6), granted(1, 6, 100)).
		did(ask(2, 1, 1, 9), granted(2, 4, 200)).did(get, read(1, 10, 10, 300)), Valid},

	{"a retry is told the same", begun().did(ask(1, 1, 1, 6), granted(1, 6, 100)).
		did(ask(1, 1, 1, 6), again(1, 6, 200)), Valid},
	{"a retry is told the same after the window", begun().did(ask(1, 1, 1, 6), granted(1, 6, 100)).
		did(ask(1, 1, 1, 6), again(1, 6, 2200)), Valid},
	{"a grant is told twice under different sizes", begun().
		did(ask(1, 1, 1, 6), granted(1, 6, 100)).did(ask(1, 1, 1, 6), again(1, 5, 200)), Invalid},
	{"a retry is granted again", begun().did(ask(1, 1, 1, 6), granted(1, 3, 100)).
		did(ask(1, 1, 1, 6), granted(2, 3, 200)), Invalid},
	{"a retry is denied", begun().did(ask(1, 1, 1, 6), granted(1, 6, 100)).
		did(ask(1, 1, 1, 6), denied(0, 200)), Invalid},
	{"a retry has longer to live", begun().did(ask(1, 1, 1, 6), granted(1, 6, 100)).
		did(ask(1, 1, 1, 6), again(1, 6, 50)), Invalid},
	{"the first attempt was lost", begun().lost(ask(1, 1, 1, 6)).
		did(ask(1, 1, 1, 6), again(1, 6, 1500)).did(ask(2, 1, 1, 9), granted(2, 9, 1600)), Valid},
	{"a request goes back", begun().did(ask(1, 2, 1, 6), granted(1, 3, 100)).
		did(ask(1, 1, 1, 6), granted(2, 3, 200)), Invalid},

	{"two share the window", begun().did(ask(1, 1, 4, 6), granted(1, 6, 100)).
		did(ask(2, 1, 4, 6), granted(2, 4, 100)).together(2), Valid},
	{"two take more than there is", begun().did(ask(1, 1, 4, 6), granted(1, 6, 100)).
		did(ask(2, 1, 4, 6), granted(2, 6, 100)).together(2), Invalid},
	{"two take as much in two windows", begun().did(ask(1, 1, 4, 6), granted(1, 6, 100)).
		did(ask(2, 1, 4, 6), granted(2, 6, 1100)).together(2), Valid},
	{"more than is wanted", begun().did(ask(1, 1, 4, 6), granted(1, 7, 100)), Invalid},
	{"less than is needed", begun().did(ask(1, 1, 4, 6), granted(1, 3, 100)), Invalid},
	{"a lease's number twice", begun().did(ask(1, 1, 1, 6), granted(1, 2, 100)).
		did(ask(2, 1, 1, 9), granted(1, 2, 200)), Invalid},
	{"windows go back", begun().did(ask(1, 1, 4, 6), granted(1, 6, 1100)).
		did(ask(2, 1, 4, 6), granted(2, 6, 900)), Invalid},
	{"windows go back, side by side", begun().did(ask(1, 1, 4, 6), granted(2, 6, 1100)).
		did(ask(2, 1, 4, 6), granted(1, 6, 900)).together(2), Valid},

	{"a grant that the next read does not know", begun().did(ask(1, 1, 1, 6), granted(1, 6, 100)).
		did(get, read(1, 10, 0, 300)), Invalid},
	{"a grant that a read beside it does not know", begun().
		did(ask(1, 1, 1, 6), granted(1, 6, 100)).did(get, read(1, 10, 0, 300)).together(2), Valid},
	{"a grant that is over in the read's window", begun().
		did(ask(1, 1, 1, 6), granted(1, 6, 100)).did(get, read(1, 10, 0, 1300)), Valid},
	{"a read is ahead of the log", begun().did(get, read(1, 10, 0, 1300)).
		did(ask(1, 1, 1, 6), granted(1, 6, 900)), Valid},

	{"a stale read", begun().did(put(20), raised).did(get, read(1, 10, 0, 10)), Invalid},
	{"a read beside the change", begun().did(put(20), raised).did(get, read(1, 10, 0, 10)).
		together(2), Valid},
	{"a read after a change that was lost", begun().lost(put(20)).did(get, read(1, 10, 0, 10)),
		Valid},
	{"a lost change is read, and then not", begun().lost(put(20)).did(get, read(2, 20, 0, 10)).
		did(get, read(1, 10, 0, 20)), Invalid},
	{"a lost change comes late", begun().lost(put(20)).did(get, read(1, 10, 0, 10)).
		did(get, read(2, 20, 0, 20)), Valid},

	{"a return", begun().did(ask(1, 1, 1, 6), granted(1, 6, 100)).did(give(1, 1, 0, 5), taken(5)).
		did(get, read(1, 10, 1, 300)), Valid},
	{"a return is acknowledged twice", begun().did(ask(1, 1, 1, 6), granted(1, 6, 100)).
		did(give(1, 1, 0, 3), taken(3)).did(give(1, 1, 0, 3), taken(3)), Invalid},
	{"a return is refused the second time", begun().did(ask(1, 1, 1, 6), granted(1, 6, 100)).
		did(give(1, 1, 0, 3), taken(3)).did(give(1, 1, 0, 3), taken(0)), Valid},
	{"a return is refused for nothing", begun().did(ask(1, 1, 1, 6), granted(1, 6, 100)).
		did(give(1, 1, 0, 3), taken(0)).did(ask(2, 1, 1, 4), granted(2, 4, 200)), Invalid},
	{"a return comes too late", begun().did(ask(1, 1, 1, 6), granted(1, 6, 100)).
		did(give(1, 1, 0, 3), taken(0)).did(ask(2, 1, 1, 4), granted(2, 4, 1200)), Valid},
	{"a return is taken after its window", begun().did(ask(1, 1, 1, 6), granted(1, 6, 100)).
		did(ask(2, 1, 1, 4), granted(2, 4, 1200)).did(give(1, 1, 0, 3), taken(3)), Invalid},
	{"a return of another's lease", begun().did(ask(1, 1, 1, 6), granted(1, 6, 100)).
		did(give(2, 1, 0, 3), taken(3)), Invalid},
	{"a return is lost on its way", begun().did(ask(1, 1, 1, 9), granted(1, 9, 100)).
		lost(give(1, 1, 0, 9)).did(ask(2, 1, 9, 9), granted(2, 9, 200)), Valid},
	{"a return was not sent", begun().did(ask(1, 1, 1, 9), granted(1, 9, 100)).
		did(ask(2, 1, 9, 9), granted(2, 9, 200)), Invalid},

	{"a lost grant is read", begun().did(ask(1, 1, 1, 6), granted(1, 6, 100)).
		lost(ask(2, 1, 1, 4)).did(get, read(1, 10, 9, 300)), Valid},
	{"a lost grant is of another window", begun().lost(ask(2, 1, 1, 4)).
		did(ask(1, 1, 1, 6), granted(1, 6, 1100)).did(get, read(1, 10, 9, 1300)), Valid},
	{"nobody asked for so much", begun().did(ask(1, 1, 1, 6), granted(1, 6, 100)).
		lost(ask(2, 1, 1, 2)).did(get, read(1, 10, 9, 300)), Invalid},
	{"a lost grant comes late", begun().lost(ask(2, 1, 1, 4)).did(get, read(1, 10, 0, 300)).
		did(get, read(1, 10, 3, 400)), Valid},
	{"a lost grant goes away again", begun().lost(ask(2, 1, 1, 4)).did(get, read(1, 10, 3, 300)).
		did(get, read(1, 10, 0, 400)), Invalid},
	{"a lost grant grows", begun().lost(ask(2, 1, 1, 4)).did(get, read(1, 10, 3, 300)).
		did(get, read(1, 10, 4, 400)), Invalid},
	{"a lost request has effect after a later one", begun().lost(ask(1, 1, 4, 4)).
		did(ask(1, 2, 1, 4), granted(1, 4, 100)).did(get, read(1, 10, 4, 200)).
		did(get, read(1, 10, 8, 300)), Invalid},

	{"denied, for others have it", begun().did(ask(1, 1, 1, 8), granted(1, 8, 100)).
		did(ask(2, 1, 4, 6), denied(2, 200)), Valid},
	{"denied for nothing", begun().did(ask(1, 1, 1, 6), granted(1, 6, 100)).
		did(ask(2, 1, 4, 6), denied(4, 200)), Invalid},
	{"denied with less than is left", begun().did(ask(1, 1, 1, 6), granted(1, 6, 100)).
		did(ask(2, 1, 4, 6), denied(3, 200)), Invalid},
	{"denied for a lost grant", begun().did(ask(1, 1, 1, 6), granted(1, 6, 100)).
		lost(ask(3, 1, 1, 6)).did(ask(2, 1, 4, 6), denied(3, 200)), Valid},
	{"a denial's instant goes back", begun().did(ask(1, 1, 1, 8), granted(1, 8, 500)).
		did(ask(2, 1, 4, 6), denied(2, 200)), Invalid},

	{"created again, in the window", begun().did(remove, removed).
		did(put(10), Output{Answer: Done, Revision: 2, Created: true, Changed: true}).
		did(renewed(1), renewal(1, 500)), Invalid},
	{"created again, in the next window", begun().did(remove, removed).
		did(put(10), Output{Answer: Done, Revision: 2, Created: true, Changed: true}).
		did(renewed(1), renewal(1, 1500)), Valid},
	{"removed, but read", begun().did(remove, removed).did(get, read(1, 10, 0, 300)), Invalid},
	{"there, but not read", begun().did(get, gone), Invalid},
	{"lost removal", begun().lost(remove).did(get, gone), Valid},

	{"another's leases live on", takenOver(300).did(ask(1, 1, 1, 6), denied(0, 1400)).
		did(ask(1, 2, 1, 6), granted(1, 6, 2100)), Valid},
	{"another's leases are forgotten", takenOver(300).did(ask(1, 1, 1, 6), granted(1, 6, 1400)),
		Invalid},
	{"the same at the first instant", takenOver(0).did(ask(1, 1, 1, 6), denied(0, 400)).
		did(ask(1, 2, 1, 6), granted(1, 6, 1100)), Valid},
	{"the same at the first instant", takenOver(0).did(ask(1, 1, 1, 6), granted(1, 6, 400)), Invalid},

	{"a session is closed, and asks", begun().did(Input{Kind: GiveBack, Session: 1, Close: true},
		Output{Answer: Done, SessionKnown: true}).did(ask(1, 1, 1, 6), granted(1, 6, 100)), Invalid},
	{"a session was idle for long", begun().
		did(ask(1, 1, 1, 6), Output{Answer: NoSession}), Valid},
	{"a session is forgotten at once", begun().did(ask(1, 1, 1, 6), Output{Answer: NoSession}).
		did(ask(2, 1, 1, 6), granted(1, 6, 100)), Invalid},
	{"a session's number twice", begun().did(Input{Kind: OpenSession, Budget: "b"},
		Output{Answer: Done, Session: 3, Revision: 1, Limits: limited(10)}), Invalid},
	{"a session that nobody opened", begun().did(ask(9, 1, 1, 6), granted(1, 6, 100)), Unknown},
	{"an answer that makes no sense", begun().did(ask(1, 1, 1, 6), Output{}), Invalid},
}

// TestHistories has small histories judged.
func TestHistories(t *testing.T) {
	for _, c := range histories {
		if v := Check(c.h.ops, patience); v.Result != c.want {
			t.Errorf("%s: got %s, want %s", c.name, v, c.want)
		}
	}
}

// TestUndecided has a history judged that takes longer than there is time: so many changes that
// were lost can be put in too many orders.
func TestUndecided(t *testing.T) {
	s := begun()
	for i := range int64(40) {
		s.lost(put(100 + i))
	}
	s.did(get, gone)
	if v := Check(s.ops, 10*time.Millisecond); v.Result != Unknown || v.Why == "" {
		t.Errorf("got %s, want unknown", v)
	}
}
