package lease

import (
	"reflect"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
)

func (r *rig) wantAsks(want ...Ask) {
	r.Helper()
	got := r.asks()
	if !reflect.DeepEqual(got.Asks, want) || len(got.Returns) > 0 {
		r.Fatalf("got %+v, want asks %+v", got, want)
	}
}

func TestFirstAskIsSmall(t *testing.T) {
	r := newRig(t, perMinute(1000)...)
	r.asksNothing()
	r.admits(Pending, 3)
	r.wantAsks(Ask{Limit: 0, Need: 3, Want: 3})
}

// Only limits that fall short are asked: another that has none left would refuse all.
func TestAsksOnlyWhereCreditsFallShort(t *testing.T) {
	r := newRig(t, perMinute(1000, 1000)...)
	r.holds(time.Minute, 10, 10)
	r.admits(Pending, 15, 10)
	r.wantAsks(Ask{Limit: 0, Need: 5, Want: 5})
}

func TestNeedIsTheLastMissesAndThenTheHeads(t *testing.T) {
	r := newRig(t, perMinute(1000)...)
	r.admits(Pending, 9)
	r.admits(Pending, 2)
	if got := r.asks().Asks[0]; got.Need != 2 || got.Want != 11 {
		t.Errorf("got %+v, want the last miss and the demand so far", got)
	}
	r.answers(0, r.grants(time.Minute, 2))
	r.h.SetBacklog(Cost{40})
	if got := r.h.AdmitWaiting(r.now, Cost{7}); got != Pending {
		t.Fatalf("got %v, want pending", got)
	}
	r.admits(Pending, 3) // does not push the head aside
	if got := r.asks().Asks[0]; got.Need != 5 || got.Want != 52 {
		t.Errorf("got %+v, want the head's need, and the backlog with the demand so far", got)
	}
	// An answer does not admit the head: it is asked for until it is, or has left.
	r.answers(0, r.grants(time.Minute, 1))
	if got := r.asks().Asks[0].Need; got != 4 {
		t.Errorf("got need %d, want 4", got)
	}
	r.answers(0, r.grants(time.Minute, 37))
	if got := r.h.AdmitWaiting(r.now, Cost{7}); got != Admitted {
		t.Fatalf("got %v, want admitted", got)
	}
	r.h.SetBacklog(nil)
}

func TestBacklogWithoutHead(t *testing.T) {
	r := newRig(t, perMinute(1000, 1000)...)
	r.h.SetBacklog(Cost{40, 0})
	r.wantAsks(Ask{Limit: 0, Need: 0, Want: 40})
	r.answers(0, r.grants(time.Minute, 40))
	r.asksNothing()
}

func TestEmptiedQueueNeedsNothing(t *testing.T) {
	r := newRig(t, perMinute(1000)...)
	r.h.AdmitWaiting(r.now, Cost{7})
	r.h.SetBacklog(nil)
	r.asksNothing()
}

// A miss that nobody repeats is no need for ever.
func TestMissGoesStale(t *testing.T) {
	r := newRig(t, perMinute(1000)...)
	r.admits(Pending, 7)
	r.tick(IdleAfter - 1)
	if !r.h.decide(r.now) {
		t.Error("asks nothing while the miss is fresh")
	}
	r.tick(1)
	r.asksNothing()
}

// steady has a caller offer one credit every gap, and grants all that is asked for at once.
func (r *rig) steady(n int, gap, ttl time.Duration) (requests, missed int) {
	r.Helper()
	for range n {
		r.tick(gap)
		if r.h.Admit(r.now, Cost{1}) != Admitted {
			missed++
		}
		for {
			req, ok := r.h.Poll(r.now)
			if !ok {
				break
			}
			requests++
			amounts := make([]budget.Credits, len(r.h.lines))
			for _, a := range req.Asks {
				amounts[a.Limit] = a.Want
			}
			r.answers(0, r.grants(ttl, amounts...))
		}
	}
	return requests, missed
}

// The doubling of a start and then a refresh per horizon serve a steady caller, who misses
// once: credits are there before he is.
func TestPrefetchServesASteadyCaller(t *testing.T) {
	r := newRig(t, perMinute(1_000_000)...)
	requests, missed := r.steady(30_000, time.Millisecond, time.Minute)
	if missed != 1 || requests > 25 {
		t.Errorf("30 s of 1,000/s: %d misses, %d requests, want 1 and at most 25", missed, requests)
	}
	if live := r.h.lines[0].live; live > 10_000 {
		t.Errorf("%d credits in hand, want no more than some seconds' worth", live)
	}
}

// One who comes seldom is served as well: one more offer is expected while he comes.
func TestPrefetchServesASeldomCaller(t *testing.T) {
	r := newRig(t, perMinute(1000)...)
	if _, missed := r.steady(20, 5*time.Second, time.Minute); missed > 2 {
		t.Errorf("a call every 5 s: %d of 20 missed, want 2 at most", missed)
	}
}

func TestPrefetchHoldsBack(t *testing.T) {
	prepared := func(t *testing.T) *rig {
		r := newRig(t, perMinute(1000)...)
		r.holds(time.Minute, 2)
		r.admits(Admitted, 2)
		return r
	}
	t.Run("not", func(t *testing.T) { prepared(t).wantAsks(Ask{Limit: 0, Need: 0, Want: 2}) })
	t.Run("when it would arrive after the window", func(t *testing.T) {
		r := prepared(t)
		r.h.lines[0].roll = r.now.plus(15 * time.Millisecond)
		r.h.request.rtt = 8 * time.Millisecond
		r.asksNothing()
		if d, _ := r.h.WakeAfter(r.now); d != 15*time.Millisecond {
			t.Errorf("wakes after %v, want when the window is over", d)
		}
		r.tick(15 * time.Millisecond)
		r.wantAsks(Ask{Limit: 0, Need: 0, Want: 2})
	})
	t.Run("when denied", func(t *testing.T) {
		r := prepared(t)
		r.asks()
		r.answers(0, Answer{Outcome: Denied, Denial: &Denial{RetryAfter: time.Second}})
		r.admits(Refused, 1)
		r.h.wanted = false
		r.asksNothing()
		r.tick(time.Second)
		r.asks()
	})
	t.Run("when nobody comes", func(t *testing.T) {
		r := prepared(t)
		r.tick(IdleAfter)
		r.asksNothing()
	})
	t.Run("when the line is full", func(t *testing.T) {
		r := newRig(t, perMinute(1000)...)
		for range MaxLeasesPerLimit {
			r.holds(time.Minute, 1)
		}
		r.admits(Pending, 50) // asks for as much as it returns to make room, and the 42 it misses
		got := r.asks()
		if !reflect.DeepEqual(got.Asks, []Ask{{Limit: 0, Need: 43, Want: 43}}) || len(got.Returns) != 1 {
			t.Errorf("got %+v, want an ask of 43 and a return", got)
		}
		r.answers(0, r.grants(time.Minute, 43))
		r.admits(Admitted, 50)
	})
}

func TestIdleCreditsAreReturned(t *testing.T) {
	r := newRig(t, perMinute(100, 100)...)
	r.holds(time.Minute, 10, 20)
	r.admits(Admitted, 1, 1)
	r.tick(IdleAfter - 1)
	r.asksNothing()
	if d, _ := r.h.WakeAfter(r.now); d != minWake {
		t.Errorf("wakes after %v, want when it is idle", d)
	}
	r.tick(1)
	got := r.asks()
	want := []Return{{1, 0, 9}, {2, 0, 19}}
	if !reflect.DeepEqual(got.Returns, want) || len(got.Asks) > 0 {
		t.Errorf("got %+v, want returns %+v", got, want)
	}
	r.live(0, 0)
	r.answers(0, Answer{Outcome: Granted})
	r.tick(time.Minute)
	r.asksNothing()
}

func TestIdleHoldsBack(t *testing.T) {
	t.Run("while callers wait", func(t *testing.T) {
		r := newRig(t, perMinute(100)...)
		r.holds(time.Minute, 10)
		r.admits(Admitted, 1)
		r.h.SetBacklog(Cost{9})
		r.tick(IdleAfter)
		r.asksNothing()
	})
	t.Run("when it would arrive too late", func(t *testing.T) {
		r := newRig(t, perMinute(100)...)
		r.holds(2*time.Second+30*time.Millisecond, 10)
		r.admits(Admitted, 1)
		r.h.request.rtt = 20 * time.Millisecond
		r.tick(IdleAfter)
		r.asksNothing()
	})
	t.Run("for one who comes seldom", func(t *testing.T) {
		r := newRig(t, perMinute(100)...)
		r.holds(time.Minute, 10)
		r.admits(Admitted, 1)
		r.tick(1900 * time.Millisecond)
		r.admits(Admitted, 1)
		r.tick(gapsToIdle*1900*time.Millisecond - 1)
		r.asksNothing()
		r.tick(1)
		r.asks()
	})
}

func TestKeepAlive(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	r.asksNothing()
	if d, ok := r.h.WakeAfter(r.now); !ok || d != KeepAlive {
		t.Errorf("wakes after %v, %v, want %v", d, ok, KeepAlive)
	}
	for seq := uint64(1); seq < 4; seq++ {
		r.tick(KeepAlive - 1)
		r.asksNothing()
		r.tick(1)
		if got := r.asks(); got.Seq != seq || len(got.Asks)+len(got.Returns) > 0 {
			t.Errorf("got %+v, want nothing asked in seq %d", got, seq)
		}
		r.answers(0, Answer{Outcome: Granted})
	}
}

// Renewal, need, prefetch, idle return, keep-alive: the first that is due is sent.
func TestOrderOfDecisions(t *testing.T) {
	r := newRig(t, perMinute(100, 100, 1000)...)
	r.holds(time.Minute, 10, 0, 5)
	r.tick(54 * time.Second)
	r.admits(Admitted, 2, 0, 0) // due for renewal
	r.admits(Pending, 0, 30, 0) // need
	r.h.request.decided -= int64(KeepAlive)
	if got := r.asks(); len(got.Returns) != 1 || got.Returns[0].Lease != 1 {
		t.Errorf("got %+v, want the renewal", got)
	}
	r.answers(0, Answer{Outcome: Stale})
	r.wantAsks(Ask{Limit: 1, Need: 30, Want: 30})
	r.answers(0, r.grants(time.Minute, 0, 30))
	r.admits(Admitted, 0, 30, 0) // low
	r.admits(Admitted, 2, 0, 0)
	r.wantAsks(Ask{Limit: 0, Need: 0, Want: 4}, Ask{Limit: 1, Need: 0, Want: 60})
	r.answers(0, r.grants(time.Minute, 4, 60))
	if got := r.asks(); len(got.Asks) > 0 || len(got.Returns) != 1 || got.Returns[0].Lease != 2 {
		t.Errorf("got %+v, want the return of what was never asked for", got)
	}
	r.answers(0, Answer{Outcome: Granted})
	r.h.request.decided -= int64(KeepAlive)
	if got := r.asks(); len(got.Asks)+len(got.Returns) > 0 {
		t.Errorf("got %+v, want a keep-alive", got)
	}
}

// TestWakeAfterMissesNothing has callers stop after a run of the world, and waits as WakeAfter
// says: no request may become due earlier, and waiting must not become spinning.
func TestWakeAfterMissesNothing(t *testing.T) {
	for seed := uint64(1); seed <= 200; seed++ {
		w := run(intact, seed, 300+int(seed))
		// Whatever is outstanding is answered.
		w.h.Take(w.reading(), w.h.Sent(w.reading()), Answer{Outcome: Stale})
		w.h.SetBacklog(nil)
		if w.h.state == Lost {
			continue
		}
		if passed := w.wait(t, 100); passed < 10*time.Minute {
			t.Errorf("seed %d: 100 waits lasted %v", seed, passed)
		}
	}
}

// wait polls when the holder wants it, n times. Asks are denied for a while.
func (w *world) wait(t *testing.T, n int) (passed time.Duration) {
	t.Helper()
	for range n {
		for {
			req, ok := w.h.Poll(w.reading())
			if !ok {
				break
			}
			a := Answer{Outcome: Granted}
			if len(req.Asks) > 0 {
				a = Answer{Outcome: Denied, Denial: &Denial{
					Limit: req.Asks[0].Limit, RetryAfter: 70 * time.Millisecond,
				}}
			}
			w.h.Take(w.reading(), w.h.Sent(w.reading()), a)
		}
		d, ok := w.h.WakeAfter(w.reading())
		if !ok || d < minWake {
			t.Fatalf("WakeAfter() = %v, %v with nothing outstanding", d, ok)
		}
		if d > minWake {
			w.advance(int64(d)-1, 0, 0, 0)
			if req, ok := w.h.Poll(w.reading()); ok {
				t.Fatalf("due before the wake after %v: %+v", d, req)
			}
			w.advance(1, 0, 0, 0)
		} else {
			w.advance(int64(d), 0, 0, 0)
		}
		passed += d
	}
	return passed
}

// What is returned at once is bounded; the rest goes with the next request, or expires.
func TestReturnsAreBounded(t *testing.T) {
	full := func(t *testing.T) *rig {
		amounts := make([]budget.Credits, 10)
		for i := range amounts {
			amounts[i] = 1000
		}
		r := newRig(t, perMinute(amounts...)...)
		for range MaxLeasesPerLimit {
			r.holds(time.Minute, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)
		}
		return r
	}
	t.Run("of idle lines", func(t *testing.T) {
		r := full(t)
		r.tick(IdleAfter)
		for _, want := range []int{MaxReturns, 80 - MaxReturns} {
			if got := len(r.asks().Returns); got != want {
				t.Errorf("%d returns, want %d", got, want)
			}
			r.answers(0, Answer{Outcome: Granted})
		}
		r.asksNothing()
	})
	t.Run("at the end", func(t *testing.T) {
		r := full(t)
		if got := len(r.h.Close(r.now)); got != MaxReturns {
			t.Errorf("%d returns, want %d", got, MaxReturns)
		}
	})
}
