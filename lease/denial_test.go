package lease

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
)

// denied makes the holder ask for cost and be denied.
func (r *rig) denied(d Denial, cost ...int64) {
	r.Helper()
	c := make(Cost, len(cost))
	for i, n := range cost {
		c[i] = budget.Credits(n)
	}
	if v := r.h.AdmitWaiting(r.now, c); v != Pending {
		r.Fatalf("AdmitWaiting(%v) = %v, want pending", c, v)
	}
	r.asks()
	r.answers(0, Answer{Outcome: Denied, Denial: &d})
}

func TestDenialIsCached(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	r.denied(Denial{Left: 30, RetryAfter: 10 * time.Second}, 40)
	r.h.SetBacklog(nil)
	r.admits(Refused, 40)
	r.admits(Refused, 31)
	r.asksNothing()
	if limit, d := r.h.Denial(r.now); limit != 0 || d != 10*time.Second {
		t.Errorf("Denial() = %d, %v, want 0, 10s", limit, d)
	}
	if s := r.h.Status(r.now).Limits[0]; s.RetryAfter != 10*time.Second || s.DeniedLeft != 30 {
		t.Errorf("got %+v, want a denial with 30 left", s)
	}
	if d, ok := r.h.WakeAfter(r.now); !ok || d > 10*time.Second {
		t.Errorf("wakes after %v, %v, want by the end of the denial", d, ok)
	}
	r.tick(10*time.Second - 1)
	r.admits(Refused, 40)
	r.asksNothing()
	r.tick(1)
	r.admits(Pending, 40)
	if got := r.asks().Asks[0].Need; got != 40 {
		t.Errorf("asked for %d, want the head's 40", got)
	}
}

// What was left may still be asked for, and less each time.
// A queue loses its turn in the window if it sleeps until the roll while others give credits
// back: it asks again at half of the time, but not more often than every eighth of the period.
func TestADeniedQueueAsksAgain(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	left := 40 * time.Second
	var asked []time.Duration
	for left > 0 {
		r.h.AdmitWaiting(r.now, Cost{40})
		if _, ok := r.h.Poll(r.now); ok {
			asked = append(asked, left)
			r.answers(0, Answer{Outcome: Denied, Denial: &Denial{Left: 30, RetryAfter: left}})
		}
		d, _ := r.h.WakeAfter(r.now)
		r.tick(d)
		left -= d
	}
	want := []time.Duration{
		40 * time.Second, 20 * time.Second, 10 * time.Second, 2500 * time.Millisecond,
	}
	if !reflect.DeepEqual(asked, want) {
		t.Errorf("asked with %v left, want %v", asked, want)
	}
}

func TestDenialCoversOnlyWhatExceedsTheRest(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	r.denied(Denial{Left: 30, RetryAfter: 10 * time.Second}, 40)
	r.h.SetBacklog(nil)
	r.admits(Pending, 30)
	r.asks()
	r.answers(0, r.grants(time.Minute, 30))
	r.admits(Admitted, 30)
	r.admits(Refused, 1)
	r.asksNothing()
}

func TestDenialOfOneLimitLeavesTheOthers(t *testing.T) {
	r := newRig(t, perMinute(100, 100)...)
	r.denied(Denial{Limit: 1, RetryAfter: 10 * time.Second}, 5, 5)
	r.h.SetBacklog(nil)
	r.admits(Refused, 1, 1)
	r.admits(Pending, 1, 0)
	if got := r.asks().Asks; len(got) != 1 || got[0].Limit != 0 {
		t.Errorf("asked %+v, want limit 0 alone", got)
	}
}

// While one limit refuses, nothing is fetched of the others that callers would need with it.
func TestDenialHoldsThePrefetch(t *testing.T) {
	r := newRig(t, perMinute(100, 100)...)
	r.holds(time.Minute, 5, 5)
	r.admits(Admitted, 5, 1)
	r.admits(Pending, 1, 4)
	r.asks()
	r.answers(0, Answer{Outcome: Denied, Denial: &Denial{RetryAfter: 10 * time.Second}})
	r.admits(Refused, 1, 4)
	r.admits(Admitted, 0, 4)
	r.asksNothing()
	r.admits(Pending, 0, 4) // this one needs it alone
	if got := r.asks().Asks; len(got) != 1 || got[0].Limit != 1 {
		t.Errorf("asked %+v, want limit 1", got)
	}
}

// A denial need not make sense to be survived.
func TestDenialBounds(t *testing.T) {
	for _, c := range []struct {
		name string
		d    Denial
		left int64
		wait time.Duration
	}{
		{"more left than was needed", Denial{Left: 1000, RetryAfter: time.Second}, 39, time.Second},
		{"less than nothing left", Denial{Left: -1, RetryAfter: time.Second}, 0, time.Second},
		{"retry at once", Denial{}, 0, minWake},
		{"retry in the past", Denial{RetryAfter: math.MinInt64}, 0, minWake},
		{"retry never", Denial{RetryAfter: math.MaxInt64}, 0, 400 * 24 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, perMinute(100)...)
			r.denied(c.d, 40)
			s := r.h.Status(r.now).Limits[0]
			if int64(s.DeniedLeft) != c.left || s.RetryAfter != c.wait {
				t.Errorf("got %+v, want %d left, retry after %v", s, c.left, c.wait)
			}
			r.admits(Refused, 40)
			r.asksNothing()
		})
	}
	r := newRig(t, perMinute(100)...)
	r.now.Mono = math.MaxInt64 - 5
	r.denied(Denial{RetryAfter: math.MaxInt64}, 40)
	r.admits(Refused, 40)
	if _, d := r.h.Denial(r.now); d != 5 {
		t.Errorf("got %v, want the 5 ns that the clock can still count", d)
	}
}

// Under a long denial the holder asks again now and then, in case others gave credits back.
func TestLongDenialIsProbed(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	for range 3 {
		r.denied(Denial{RetryAfter: time.Hour}, 40)
		r.h.SetBacklog(Cost{40})
		r.tick(ProbeEvery - 1)
		r.asksNothing()
		if d, ok := r.h.WakeAfter(r.now); !ok || d != minWake {
			t.Errorf("wakes after %v, %v, want at the probe", d, ok)
		}
		r.tick(1)
		r.admits(Refused, 40)
		r.asks()
		r.answers(0, Answer{Outcome: Stale})
		r.h.lines[0].denial = denial{}
	}
	r.asks()
	r.answers(0, r.grants(time.Minute, 40))
	r.admits(Admitted, 40)
}

func TestResetForgetsTheDenial(t *testing.T) {
	r := newRig(t, perMinute(100, 100)...)
	r.denied(Denial{Limit: 1, RetryAfter: time.Hour}, 40, 40)
	r.admits(Refused, 40, 40)
	r.h.Reset(r.now, 8, 4, perMinute(100), 0)
	if limit, d := r.h.Denial(r.now); limit != 0 || d != 0 {
		t.Errorf("Denial() = %d, %v, want none", limit, d)
	}
	r.admits(Pending, 40)
	r.asks()
}

// Two exhausted limits are each asked once, not in turn; the last to roll is named.
func TestDenialsOfTwoLimits(t *testing.T) {
	r := newRig(t, perMinute(100, 100)...)
	r.holds(time.Minute, 5, 5)
	r.admits(Admitted, 5, 5)
	for i, wait := range []time.Duration{20 * time.Second, 10 * time.Second} {
		r.asks()
		r.answers(0, Answer{Outcome: Denied, Denial: &Denial{Limit: i, RetryAfter: wait}})
	}
	r.asksNothing()
	r.admits(Refused, 1, 1)
	r.asksNothing()
	if limit, d := r.h.Denial(r.now); limit != 0 || d != 20*time.Second {
		t.Errorf("Denial() = %d, %v, want 0, 20s", limit, d)
	}
	r.admits(Refused, 0, 1)
	if limit, d := r.h.Denial(r.now); limit != 1 || d != 10*time.Second {
		t.Errorf("Denial() = %d, %v, want 1, 10s", limit, d)
	}
}
