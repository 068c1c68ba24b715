package fsm

import (
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/trace"
)

// slotLife is a cluster with a limit of slots of a minute, and two sessions on it.
type slotLife struct {
	*life
	t    *testing.T
	a, b lease.SessionID
	seq  map[lease.SessionID]uint64
	rev  uint64
}

func newSlotLife(t *testing.T, limits ...budget.Limit) *slotLife {
	l := &slotLife{life: begin(0, false), t: t, seq: map[lease.SessionID]uint64{}}
	l.rev = l.do(0, put("b", limits...)).Revision
	l.a = l.do(0, Command{OpenSession: &OpenSession{Budget: "b"}}).Session
	l.b = l.do(0, Command{OpenSession: &OpenSession{Budget: "b"}}).Session
	return l
}

// ask acquires at a second, under the session's next number.
func (l *slotLife) ask(second int, s lease.SessionID, asks ...lease.Ask) Result {
	l.seq[s]++
	return l.again(second, s, asks...)
}

// again acquires under the session's last number.
func (l *slotLife) again(second int, s lease.SessionID, asks ...lease.Ask) Result {
	l.t.Helper()
	res := l.do(at(second), Command{Acquire: &lease.Request{Session: s, Seq: l.seq[s],
		Revision: l.rev, Asks: asks}})
	if err := Check(l.State); err != nil {
		l.t.Fatal(err)
	}
	return res
}

func at(second int) budget.Instant { return budget.Instant(second) * 1e9 }

// grants requires a grant, and returns its lease.
func (l *slotLife) grants(res Result, amount budget.Credits, ttl time.Duration) lease.ID {
	l.t.Helper()
	if res.Code != CodeDone || len(res.Grants) != 1 || res.Grants[0].Amount != amount ||
		res.Grants[0].TTL != ttl {
		l.t.Fatalf("got %+v %+v, want %d slots for %v", res, res.Denial, amount, ttl)
	}
	return res.Grants[0].Lease
}

// denies requires a denial, with what is left and when to ask again.
func (l *slotLife) denies(res Result, left budget.Credits, retry time.Duration) {
	l.t.Helper()
	if res.Code != CodeDenied || res.Denial.Left != left || res.Denial.RetryAfter != retry {
		l.t.Fatalf("got %+v %+v, want %d left, and again in %v", res, res.Denial, left, retry)
	}
}

func (l *slotLife) returns(second int, s lease.SessionID, id lease.ID, n, want budget.Credits) {
	l.t.Helper()
	res := l.do(at(second), Command{Return: &Return{Session: s, Returns: []lease.Return{
		{Lease: id, Window: l.limits[1].WindowAt(at(second)), Amount: n}}}})
	if res.Code != CodeDone || res.Taken[0] != want {
		l.t.Fatalf("got %+v, want %d taken", res, want)
	}
}

func need(n budget.Credits) lease.Ask { return lease.Ask{Need: n, Want: n} }

func keep(id lease.ID, n budget.Credits) lease.Ask { return lease.Ask{Lease: id, Keep: n} }

// TestSlotsAreFreedAPeriodAfterTheLastHeartbeat: neither earlier nor later, wherever windows end.
func TestSlotsAreFreedAPeriodAfterTheLastHeartbeat(t *testing.T) {
	l := newSlotLife(t, slotsLimit(2))
	first := l.grants(l.ask(50, l.a, need(2)), 2, time.Minute)
	l.denies(l.ask(50, l.b, need(1)), 0, 7500*time.Millisecond)
	second := l.grants(l.ask(100, l.a, keep(first, 2)), 2, time.Minute)
	l.denies(l.ask(110, l.b, need(1)), 0, 7500*time.Millisecond)
	l.denies(l.ask(159, l.b, need(1)), 0, time.Second)
	if st, _ := l.BudgetAt("b", "", at(159)); st.Limits[0].Used != 2 || st.Limits[0].Opens != at(160) {
		t.Errorf("got %+v", st.Limits[0])
	}
	l.grants(l.ask(160, l.b, need(1)), 1, time.Minute)
	if first == second {
		t.Errorf("both leases are %d", first)
	}
}

// TestLateHeartbeat takes slots again if there are as many, and only then.
func TestLateHeartbeat(t *testing.T) {
	l := newSlotLife(t, slotsLimit(2))
	old := l.grants(l.ask(0, l.a, need(2)), 2, time.Minute)
	l.grants(l.ask(60, l.b, need(1)), 1, time.Minute)
	l.denies(l.ask(61, l.a, keep(old, 2)), 1, 7500*time.Millisecond)
	l.grants(l.ask(62, l.a, keep(old, 1)), 1, time.Minute)
	l.denies(l.ask(62, l.a, keep(99, 1)), 0, 7500*time.Millisecond)
}

// TestHeartbeatGivesBack: what is not kept is free at once, for others and for nobody twice.
func TestHeartbeatGivesBack(t *testing.T) {
	l := newSlotLife(t, slotsLimit(5))
	five := l.grants(l.ask(0, l.a, need(5)), 5, time.Minute)
	two := l.grants(l.ask(1, l.a, keep(five, 2)), 2, time.Minute)
	l.grants(l.ask(1, l.b, need(3)), 3, time.Minute)
	l.returns(1, l.a, five, 5, 0) // of a lease that has been replaced
	l.denies(l.ask(1, l.b, need(1)), 0, 7500*time.Millisecond)
	l.returns(1, l.a, two, 2, 2)
	l.returns(1, l.a, two, 2, 0)
	l.grants(l.ask(1, l.b, need(2)), 2, time.Minute)
}

// TestHeartbeatGrows keeps and asks in one command, and loses nothing if that is denied.
func TestHeartbeatGrows(t *testing.T) {
	l := newSlotLife(t, slotsLimit(5))
	two := l.grants(l.ask(0, l.a, need(2)), 2, time.Minute)
	more := keep(two, 2)
	more.Need, more.Want = 4, 4
	l.denies(l.ask(30, l.a, more), 3, 7500*time.Millisecond)
	more.Need, more.Want = 3, 3
	five := l.grants(l.ask(31, l.a, more), 5, time.Minute)
	l.grants(l.again(40, l.a, more), 5, 51*time.Second) // a retry (R5, R8)
	l.denies(l.ask(90, l.b, need(1)), 0, time.Second)
	l.grants(l.ask(90, l.a, keep(five, 5)), 5, time.Minute)
	over := keep(five+1, 6) // more than there are is a new acquisition
	l.denies(l.ask(91, l.a, over), 0, 7500*time.Millisecond)
}

// TestLowerSlots: a lowered limit takes no slot from those that have one, and lends none.
func TestLowerSlots(t *testing.T) {
	l := newSlotLife(t, slotsLimit(5))
	four := l.grants(l.ask(0, l.a, need(4)), 4, time.Minute)
	l.rev = l.do(at(1), put("b", slotsLimit(2))).Revision
	l.denies(l.ask(1, l.b, need(1)), 0, 7500*time.Millisecond)
	three := l.grants(l.ask(2, l.a, keep(four, 3)), 3, time.Minute)
	l.denies(l.ask(2, l.b, need(1)), 0, 7500*time.Millisecond)
	one := l.grants(l.ask(3, l.a, keep(three, 1)), 1, time.Minute)
	l.grants(l.ask(3, l.b, need(1)), 1, time.Minute)
	l.grants(l.ask(4, l.a, keep(one, 1)), 1, time.Minute)
}

// TestSlotsOutliveTheirSession: nobody knows whether the work of a session that is closed is over.
func TestSlotsOutliveTheirSession(t *testing.T) {
	l := newSlotLife(t, slotsLimit(2))
	l.grants(l.ask(0, l.a, need(2)), 2, time.Minute)
	l.do(at(1), Command{Return: &Return{Session: l.a, Close: true}})
	l.denies(l.ask(59, l.b, need(1)), 0, time.Second)
	l.grants(l.ask(60, l.b, need(2)), 2, time.Minute)
}

// TestSlotsInPlaceOfOthers: a limit with another period grants when the old one's leases are over.
func TestSlotsInPlaceOfOthers(t *testing.T) {
	l := newSlotLife(t, slotsLimit(2))
	old := l.grants(l.ask(59, l.a, need(2)), 2, time.Minute)
	other := slotsLimit(2)
	other.Per = 10 * time.Second
	l.rev = l.do(at(59), put("b", other)).Revision
	if res := l.ask(59, l.a, keep(old, 2)); res.Code != CodeDenied {
		t.Fatalf("got %+v for a lease of a limit that is gone", res)
	}
	res := l.ask(118, l.b, need(1))
	if res.Code != CodeDenied || res.Denial.RetryAfter != 2*time.Second {
		t.Fatalf("got %+v, want none before the old leases are over", res)
	}
	l.grants(l.ask(120, l.b, need(1)), 1, 10*time.Second)
}

// TestKeepIsRefused tells what is wrong with a heartbeat.
func TestKeepIsRefused(t *testing.T) {
	window := budget.Limit{Metric: "m", Kind: budget.KindWindow, Amount: 5, Per: time.Minute}
	l := newSlotLife(t, slotsLimit(5), window)
	for want, a := range map[string]lease.Ask{
		"asks[0].keep: is -1, must be in 0..1000000":             keep(1, -1),
		"asks[0].keep: is 1000001, must be in 0..1000000":        keep(1, 1_000_001),
		"asks[0].lease: is 0, must be set with keep alone":       keep(0, 1),
		"asks[0].lease: is 7, must be set with keep alone":       {Want: 1, Lease: 7},
		"asks[0].want: is 1, must be in 2..":                     {Need: 2, Want: 1, Lease: 7, Keep: 1},
		"asks[0].keep: is 1, and limit 1 has no slots":           {Limit: 1, Lease: 7, Keep: 1},
		"asks[0].limit: is 2, and the budget has 2 limits":       {Limit: 2, Lease: 7, Keep: 1},
		"asks[0].want: is 0, must be in 1..":                     {},
		"asks[0].need: is -1, must be at least 0":                {Need: -1, Lease: 7, Keep: 1},
		"asks[0].want: is 9007199254740993, must be in 0..90071": {Want: 1<<53 + 1, Lease: 7, Keep: 1},
	} {
		if res := l.ask(0, l.a, a); res.Code != CodeInvalid || !strings.HasPrefix(res.Detail, want) {
			t.Errorf("%+v: got %+v, want %q", a, res, want)
		}
	}
}

// TestSlotEvents tells which lease a heartbeat replaced.
func TestSlotEvents(t *testing.T) {
	l := newSlotLife(t, slotsLimit(5))
	old := l.grants(l.ask(0, l.a, need(4)), 4, time.Minute)
	var got []trace.Event
	l.sink = func(e trace.Event) { got = append(got, e) }
	more := keep(old, 3)
	more.Need, more.Want = 1, 1
	l.grants(l.ask(59, l.a, more), 4, time.Minute)
	want := trace.Event{Kind: trace.KindGrant, Session: 1, Seq: 2, Lease: 2, Limit: 1, Amount: 4,
		TTL: 60e9, From: 1, Kept: 3}
	if len(got) != 2 || got[1] != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
