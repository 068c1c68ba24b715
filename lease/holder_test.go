package lease

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/trace"
)

// R6: a lease ends when either clock says that its life is over.
func TestExpiry(t *testing.T) {
	life := int64(Life(time.Minute, DefaultMaxClockDriftPPM))
	for _, c := range []struct {
		name       string
		mono, wall int64
		want       Verdict
	}{
		{"at once", 0, 0, Admitted},
		{"last nanosecond", life - 1, life - 1, Admitted},
		{"both clocks at the end", life, life, Pending},
		{"monotonic clock at the end", life, 0, Pending},
		{"wall clock at the end: a suspend", 0, life, Pending},
		{"wall clock set back does not extend", life, -1 << 40, Pending},
		{"wall clock set back does not end it", life - 1, -1 << 40, Admitted},
		{"wall clock jumps out of all proportion", 0, math.MaxInt64 - 1<<60, Pending},
		{"and back", life - 1, math.MinInt64 - 1<<60 + 1<<61, Admitted},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, perMinute(100)...)
			r.holds(time.Minute, 10)
			r.now.Mono += c.mono
			r.now.Wall += c.wall
			r.admits(c.want, 1)
		})
	}
}

// An end is final: a wall clock that is set back afterwards brings nothing back.
func TestExpiryIsFinal(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	r.holds(time.Minute, 10)
	r.now.Wall += int64(time.Hour)
	r.live(0)
	r.now.Wall -= int64(time.Hour)
	r.live(0)
	r.admits(Pending, 1)
}

// R10: a caller's reading from before one that the holder has seen does not count.
func TestReadingDoesNotGoBack(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	r.holds(time.Minute, 10)
	early := r.now
	r.tick(59_402_985_073)
	r.h.Status(r.now)
	if got := r.h.Admit(early, Cost{1}); got != Admitted {
		t.Fatalf("got %v within the life", got)
	}
	r.h.Flush(r.now)
	if e := r.took(trace.KindAdmit)[0]; e.First != r.now.Mono || e.Last != r.now.Mono {
		t.Errorf("admitted from %d to %d, want %d", e.First, e.Last, r.now.Mono)
	}
	r.tick(1)
	r.h.Status(r.now)
	if got := r.h.Admit(early, Cost{1}); got != Pending {
		t.Errorf("got %v after the life by the latest reading", got)
	}
}

func TestAllOrNothing(t *testing.T) {
	r := newRig(t, perMinute(100, 100, 100)...)
	r.holds(time.Minute, 5, 3, 9)
	r.admits(Pending, 5, 4, 0)
	r.live(5, 3, 9)
	r.admits(Admitted, 5, 3, 0)
	r.live(0, 0, 9)
	r.admits(Admitted, 0, 0, 9)
	r.live(0, 0, 0)
}

// An admission may draw on several leases of a window, the earliest to end first.
func TestEarliestEndFirst(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	r.holds(50*time.Second, 4)
	r.holds(20*time.Second, 3)
	r.holds(40*time.Second, 2)
	r.admits(Admitted, 4)
	r.h.Flush(r.now)
	got := r.took(trace.KindAdmit)
	if len(got) != 2 || got[0].Lease != 2 || got[0].N != 3 || got[1].Lease != 3 || got[1].N != 1 {
		t.Errorf("drew on %+v, want 3 of lease 2 and 1 of lease 3", got)
	}
	r.live(5)
}

// R10: credits of two windows are never merged.
func TestNewerWindowEndsOlderLeases(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	r.holds(time.Minute, 4)
	r.window = 1
	r.holds(time.Minute, 5)
	r.live(5)
	if got := r.took(trace.KindExpire); len(got) != 1 || got[0].Lease != 1 || got[0].N != 4 {
		t.Errorf("expired %+v, want 4 of lease 1", got)
	}
	r.window = 0
	r.holds(time.Minute, 6)
	r.live(5)
	if got := r.took(trace.KindExpire); len(got) != 1 || got[0].Lease != 3 || got[0].N != 6 {
		t.Errorf("expired %+v, want the grant of the older window", got)
	}
}

func TestCosts(t *testing.T) {
	r := newRig(t, perMinute(100, 50)...)
	for _, c := range []struct {
		cost Cost
		want Verdict
	}{
		{nil, Invalid},
		{Cost{1}, Invalid},
		{Cost{1, 1, 1}, Invalid},
		{Cost{0, 0}, Invalid},
		{Cost{1, -1}, Invalid},
		{Cost{math.MinInt64, 1}, Invalid},
		{Cost{101, -1}, Invalid},
		{Cost{101, 1}, Oversized},
		{Cost{0, 51}, Oversized},
		{Cost{math.MaxInt64, 0}, Oversized},
		{Cost{100, 50}, Pending},
	} {
		if got := r.h.Admit(r.now, c.cost); got != c.want {
			t.Errorf("Admit(%v) = %v, want %v", c.cost, got, c.want)
		}
	}
}

// Oversized costs are known without the coordinator.
func TestOversizedIsNotAskedFor(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	r.admits(Oversized, 101)
	r.asksNothing()
}

func TestNoLimits(t *testing.T) {
	r := newRig(t)
	r.admits(Invalid)
	r.asksNothing()
	r.h.SetBacklog(Cost{})
	r.h.SetBacklog(nil)
	if back := r.h.Close(r.now); back != nil {
		t.Errorf("Close returned %v", back)
	}
}

func TestLimitsAreCopied(t *testing.T) {
	limits := perMinute(100)
	r := newRig(t, limits...)
	limits[0].Amount = 1
	if got := r.h.Limits()[0].Amount; got != 100 {
		t.Errorf("got amount %d, want 100", got)
	}
}

func TestCloseGivesEverythingBack(t *testing.T) {
	r := newRig(t, perMinute(100, 100)...)
	r.holds(time.Minute, 5, 7)
	r.admits(Admitted, 2, 0)
	got := r.h.Close(r.now)
	want := []Return{{Lease: 1, Amount: 3}, {Lease: 2, Amount: 7}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	kinds := []trace.Kind{}
	for _, e := range r.events[3:] {
		kinds = append(kinds, e.Kind)
	}
	wantKinds := []trace.Kind{
		trace.KindAdmit, trace.KindGiveUp, trace.KindGiveUp, trace.KindExpire, trace.KindExpire,
	}
	if !reflect.DeepEqual(kinds, wantKinds) {
		t.Errorf("got events %v, want %v", kinds, wantKinds)
	}
	r.admits(Closed, 1, 0)
	r.admits(Closed)
	r.asksNothing()
	if _, ok := r.h.WakeAfter(r.now); ok {
		t.Error("a closed holder wants to be woken")
	}
	if again := r.h.Close(r.now); again != nil {
		t.Errorf("a second Close returned %v", again)
	}
	r.h.Reset(r.now, 8, 4, perMinute(100), 0)
	r.admits(Closed, 1)
}

func TestCloseReturnsNoLeaseTwiceAndNoneThatIsOver(t *testing.T) {
	r := newRig(t, perMinute(100, 100)...)
	r.holds(time.Minute, 10, 10)
	r.h.lines[0].giveUp(0, 4, &r.h.rec)
	r.holds(2*time.Minute, 0, 5) // no longer than the period
	r.tick(30 * time.Second)
	r.holds(time.Second, 6, 0)
	r.tick(2 * time.Second)
	got := r.h.Close(r.now)
	want := []Return{{Lease: 2, Amount: 10}, {Lease: 3, Amount: 5}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	sum := map[uint64]int64{}
	for _, e := range r.events {
		switch e.Kind {
		case trace.KindAccept:
			sum[e.Lease] += e.Amount
		case trace.KindGiveUp, trace.KindExpire:
			sum[e.Lease] -= e.N
		}
	}
	for id, n := range sum {
		if n != 0 {
			t.Errorf("lease %d is %d credits off", id, n)
		}
	}
}

func TestCloseDropsTheOutstandingRequest(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	r.admits(Pending, 1)
	r.asks()
	id := r.h.Sent(r.now)
	r.h.Close(r.now)
	r.h.Take(r.now, id, r.grants(time.Minute, 5))
	if got := r.took(trace.KindDrop); len(got) != 1 || got[0].Seq != 1 {
		t.Errorf("dropped %+v, want the answer to seq 1", got)
	}
}

func TestResetStartsAnIncarnation(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	r.holds(time.Minute, 10)
	r.admits(Pending, 11)
	r.asks()
	late := r.h.Sent(r.now)
	r.took(trace.KindSend)
	r.h.Reset(r.now, 8, 4, perMinute(100, 50), 0)
	if got := r.took(trace.KindExpire); len(got) != 1 || got[0].N != 10 || got[0].Session != 7 {
		t.Errorf("expired %+v, want 10 credits of session 7", got)
	}
	r.admits(Pending, 1, 1)
	req := r.asks()
	if req.Session != 8 || req.Seq != 1 || req.Revision != 4 {
		t.Errorf("got %+v, want session 8, seq 1, revision 4", req)
	}
	// An answer to the old incarnation's attempt is none to the new one's seq 1.
	r.h.Take(r.now, late, r.grants(time.Minute, 5, 5))
	if got := r.took(trace.KindDrop); len(got) != 1 || got[0].Session != 7 || got[0].Seq != 2 {
		t.Errorf("dropped %+v, want session 7, seq 2", got)
	}
	r.live(0, 0)
	r.answers(0, r.grants(time.Minute, 5, 5))
	if got := r.took(trace.KindAccept); got[0].Life != int64(time.Minute) {
		t.Errorf("life %d by the new drift of 0, want the whole ttl", got[0].Life)
	}
	r.live(5, 5)
}

func TestAdmissionsAreReportedInTime(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	r.holds(time.Minute, 50)
	r.took("")
	first := r.now.Mono
	r.admits(Admitted, 2)
	r.tick(FlushEvery - 1)
	r.admits(Admitted, 3)
	if got := r.took(trace.KindAdmit); len(got) != 0 {
		t.Errorf("reported early: %+v", got)
	}
	last := r.now.Mono
	if d, _ := r.h.WakeAfter(r.now); d > minWake {
		t.Errorf("wakes after %v, want in time to report", d)
	}
	r.tick(1)
	r.h.Poll(r.now)
	want := trace.Event{
		Kind: trace.KindAdmit, At: r.now.Mono, Session: 7, Lease: 1,
		N: 5, Count: 2, First: first, Last: last,
	}
	if got := r.took(trace.KindAdmit); len(got) != 1 || got[0] != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	r.h.Flush(r.now)
	if got := r.took(trace.KindAdmit); len(got) != 0 {
		t.Errorf("reported twice: %+v", got)
	}
}

// A full line makes room for a grant that need forces in: its smallest lease is returned with
// the ask, which needs as much more.
func TestLeasesAreBounded(t *testing.T) {
	r := newRig(t, perMinute(1000)...)
	for i := range MaxLeasesPerLimit {
		r.holds(time.Minute, budget.Credits(20-i))
	}
	r.took("")
	r.holds(time.Minute, 5)
	if got := r.took(trace.KindGiveUp); len(got) != 1 || got[0].Lease != 8 || got[0].N != 13 {
		t.Errorf("given up %+v, want the 13 credits of lease 8", got)
	}
	if got := len(r.h.lines[0].leases); got != MaxLeasesPerLimit {
		t.Errorf("%d leases, want %d", got, MaxLeasesPerLimit)
	}
}

func TestStatus(t *testing.T) {
	r := newRig(t, perMinute(100, 50)...)
	r.window = 6
	r.holds(time.Minute, 10, 20)
	r.admits(Admitted, 1, 0)
	r.h.SetBacklog(Cost{3, 0})
	got := r.h.Status(r.now)
	want := Status{
		Session: 7, Revision: 3, Seq: 1,
		Limits: []LimitStatus{
			{
				Limit: r.h.Limits()[0], Live: 9, Leases: 1, Window: 6, Left: 59_402_985_074,
				Demand: 1, Horizon: 7500 * time.Millisecond, Backlog: 3, Low: 1, Target: 4,
			},
			{
				Limit: r.h.Limits()[1], Live: 20, Leases: 1, Window: 6, Left: 59_402_985_074,
				Horizon: 7500 * time.Millisecond,
			},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestBacklogOfAnotherShapeIsNone(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	r.h.SetBacklog(Cost{1, 2})
	r.asksNothing()
	r.h.SetBacklog(Cost{-5})
	r.asksNothing()
	r.h.SetBacklog(Cost{math.MaxInt64})
	if got := r.asks().Asks; !reflect.DeepEqual(got, []Ask{{Limit: 0, Need: 0, Want: 100}}) {
		t.Errorf("got %+v, want no more than the limit's amount", got)
	}
}
