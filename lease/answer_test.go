package lease

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/trace"
)

func TestMalformedGrantsAreNotUsed(t *testing.T) {
	good := Grant{Lease: 9, Limit: 1, Amount: 5, TTL: time.Minute}
	for _, c := range []struct {
		name   string
		grants []Grant
		want   []budget.Credits
	}{
		{"good", []Grant{good}, []budget.Credits{0, 5}},
		{"none", nil, []budget.Credits{0, 0}},
		{"limit that was not asked", []Grant{{Lease: 9, Limit: 0, Amount: 5, TTL: time.Minute}},
			[]budget.Credits{0, 0}},
		{"limit below range", []Grant{{Lease: 9, Limit: -1, Amount: 5, TTL: time.Minute}},
			[]budget.Credits{0, 0}},
		{"limit above range", []Grant{{Lease: 9, Limit: 2, Amount: 5, TTL: time.Minute}},
			[]budget.Credits{0, 0}},
		{"lease 0", []Grant{{Limit: 1, Amount: 5, TTL: time.Minute}}, []budget.Credits{0, 0}},
		{"no amount", []Grant{{Lease: 9, Limit: 1, TTL: time.Minute}}, []budget.Credits{0, 0}},
		{"negative amount", []Grant{{Lease: 9, Limit: 1, Amount: -5, TTL: time.Minute}},
			[]budget.Credits{0, 0}},
		{"amount that no limit has",
			[]Grant{{Lease: 9, Limit: 1, Amount: math.MaxInt64, TTL: time.Minute}},
			[]budget.Credits{0, 0}},
		{"twice the same", []Grant{good, good}, []budget.Credits{0, 0}},
		{"two for one ask", []Grant{good, {Lease: 10, Limit: 1, Amount: 6, TTL: time.Minute}},
			[]budget.Credits{0, 5}},
		{"same lease elsewhere", []Grant{good, {Lease: 9, Limit: 0, Amount: 6, TTL: time.Minute}},
			[]budget.Credits{0, 0}},
		{"dead on arrival", []Grant{{Lease: 9, Limit: 1, Amount: 5, TTL: -time.Minute}},
			[]budget.Credits{0, 0}},
		{"ttl that no clock can count", []Grant{{Lease: 9, Limit: 1, Amount: 5, TTL: math.MinInt64}},
			[]budget.Credits{0, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, perMinute(100, 100)...)
			r.admits(Pending, 0, 5)
			r.asks()
			r.answers(0, Answer{Outcome: Granted, Grants: c.grants})
			r.live(c.want...)
			r.asksNothing()
		})
	}
}

func TestLiveLeaseIsNotGrantedAgain(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	r.holds(time.Minute, 5)
	r.leases--
	r.admits(Pending, 6)
	r.asks()
	r.answers(0, r.grants(time.Minute, 50))
	r.live(5)
}

func TestTTLIsAtMostThePeriod(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	r.holds(math.MaxInt64, 5)
	if got := r.took(trace.KindAccept)[0].Life; got != 59_402_985_074 {
		t.Errorf("life %d, want that of a minute", got)
	}
}

func TestLargerDriftCounts(t *testing.T) {
	for _, c := range []struct{ told, want int64 }{
		{0, 59_402_985_074}, {-1, 59_402_985_074}, {10_000, 58_811_881_188}, {math.MaxInt64, 0},
	} {
		r := newRig(t, perMinute(100)...)
		r.admits(Pending, 1)
		r.asks()
		a := r.grants(time.Minute, 1)
		a.DriftPPM = c.told
		r.answers(0, a)
		if got := r.took(trace.KindAccept)[0].Life; got != c.want {
			t.Errorf("drift %d: life %d, want %d", c.told, got, c.want)
		}
	}
}

// A grant that arrives dead says that the window is ending: the holder waits for the next.
func TestDeadOnArrival(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	r.admits(Pending, 1)
	r.asks()
	r.answers(40*time.Millisecond, r.grants(40*time.Millisecond, 1))
	got := r.took(trace.KindExpire)
	if len(got) != 1 || got[0].N != 1 || got[0].Lease != 1 {
		t.Errorf("expired %+v, want the grant", got)
	}
	r.admits(Pending, 1)
	r.asksNothing()
	r.tick(minWake)
	r.asks()
}

func TestTooLarge(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	r.admits(Pending, 60)
	r.asks()
	r.answers(0, Answer{Outcome: TooLarge})
	r.admits(Oversized, 60)
	r.admits(Pending, 59)
	r.asks()
	r.answers(0, Answer{Outcome: Changed, Revision: 4, Limits: perMinute(80)})
	r.admits(Oversized, 81)
	r.admits(Pending, 80)
	if req := r.asks(); req.Revision != 4 || req.Asks[0].Need != 80 {
		t.Errorf("got %+v, want need 80 under revision 4", req)
	}
}

// A head that was found too large is not asked for again, even if it goes on waiting.
func TestTooLargeHeadIsNotAskedForAgain(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	r.h.AdmitWaiting(r.now, Cost{60})
	r.asks()
	r.answers(0, Answer{Outcome: TooLarge})
	r.asksNothing()
	if got := r.h.AdmitWaiting(r.now, Cost{60}); got != Oversized {
		t.Errorf("got %v, want oversized", got)
	}
}

func TestChangedKeepsLeasesOfLimitsThatStay(t *testing.T) {
	r := newRig(t, perMinute(100, 100)...)
	r.holds(time.Minute, 10, 20)
	r.h.SetBacklog(Cost{30, 0})
	r.h.AdmitWaiting(r.now, Cost{30, 0})
	r.asks()
	b := perMinute(100, 50)[1]
	c := perMinute(1, 1, 70)[2]
	r.took("")
	r.answers(0, Answer{Outcome: Changed, Revision: 4, Limits: []budget.Limit{b, c}})
	r.live(20, 0)
	if got := r.took(trace.KindExpire); len(got) != 1 || got[0].N != 10 {
		t.Errorf("expired %+v, want the 10 credits of the removed limit", got)
	}
	if got := r.h.Limits(); !reflect.DeepEqual(got, []budget.Limit{b, c}) {
		t.Errorf("got limits %+v", got)
	}
	r.asksNothing() // what was waited for had another shape
	r.admits(Pending, 20, 70)
	if got := r.asks().Asks; len(got) != 1 || got[0].Limit != 1 || got[0].Need != 70 {
		t.Errorf("got %+v, want 70 of the new limit", got)
	}
}

func TestChangedAmountsKeepTheHead(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	r.h.SetBacklog(Cost{30})
	r.h.AdmitWaiting(r.now, Cost{30})
	r.asks()
	r.answers(0, Answer{Outcome: Changed, Revision: 4, Limits: perMinute(40)})
	if got := r.asks().Asks; !reflect.DeepEqual(got, []Ask{{Limit: 0, Need: 30, Want: 30}}) {
		t.Errorf("got %+v, want the head's 30", got)
	}
	r.answers(0, Answer{Outcome: Changed, Revision: 5, Limits: perMinute(20)})
	if got := r.h.AdmitWaiting(r.now, Cost{30}); got != Oversized {
		t.Errorf("got %v, want oversized", got)
	}
}

func TestUnknownBudgetHeals(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	r.holds(time.Minute, 10)
	r.admits(Pending, 11)
	r.asks()
	r.answers(0, Answer{Outcome: UnknownBudget})
	r.admits(NoBudget, 1)
	r.admits(NoBudget, 1000)
	r.asksNothing()
	if d, ok := r.h.WakeAfter(r.now); !ok || d != UnknownBudgetRetry {
		t.Errorf("wakes after %v, %v, want %v", d, ok, UnknownBudgetRetry)
	}
	r.tick(UnknownBudgetRetry)
	if got := r.asks().Asks; len(got) != 1 || got[0].Need != 100 {
		t.Errorf("got %+v, want no more than the last known amount", got)
	}
	r.answers(0, Answer{Outcome: Changed, Revision: 9, Limits: perMinute(200)})
	r.admits(Pending, 150)
	r.asks()
	r.answers(0, r.grants(time.Minute, 150))
	r.admits(Admitted, 150)
}

func TestUnknownSessionNeedsReset(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	r.holds(time.Minute, 10)
	r.admits(Pending, 11)
	r.asks()
	r.answers(0, Answer{Outcome: UnknownSession})
	r.admits(Lost, 1)
	r.admits(Invalid, -1)
	r.tick(time.Hour)
	r.asksNothing()
	if _, ok := r.h.WakeAfter(r.now); ok {
		t.Error("a lost holder wants to be woken")
	}
	r.h.Reset(r.now, 8, 3, perMinute(100), DefaultMaxClockDriftPPM)
	r.admits(Pending, 1)
	r.asks()
}

func TestStaleIsAskedAgain(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	r.admits(Pending, 5)
	one := r.asks()
	r.answers(0, Answer{Outcome: Stale})
	two := r.asks()
	if two.Seq != one.Seq+1 || !reflect.DeepEqual(two.Asks, one.Asks) {
		t.Errorf("got %+v after %+v, want the same asks under the next seq", two, one)
	}
}

func TestNonsenseCostsAPause(t *testing.T) {
	for name, a := range map[string]Answer{
		"no outcome":             {},
		"outcome out of range":   {Outcome: Stale + 1},
		"granted nothing":        {Outcome: Granted},
		"denied without denial":  {Outcome: Denied},
		"denied what is not ask": {Outcome: Denied, Denial: &Denial{Limit: 1}},
		"denied out of range":    {Outcome: Denied, Denial: &Denial{Limit: -1}},
		"too large out of range": {Outcome: TooLarge, Limit: 77},
		"changed to nothing":     {Outcome: Changed},
		"changed to no amount":   {Outcome: Changed, Limits: perMinute(0)},
		"changed to too many":    {Outcome: Changed, Limits: make([]budget.Limit, 17)},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, perMinute(100, 100)...)
			r.h.SetBacklog(Cost{5, 0})
			r.h.AdmitWaiting(r.now, Cost{5, 0})
			r.asks()
			r.answers(0, a)
			if got := r.h.AdmitWaiting(r.now, Cost{5, 0}); got != Pending {
				t.Errorf("got %v, want pending", got)
			}
			r.asksNothing()
			r.tick(UnknownBudgetRetry - 1)
			r.asksNothing()
			r.tick(1)
			r.asks()
		})
	}
}
