package client

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/trace"
)

// TestShadowAdmitsAllAndSaysWhatItWouldNot: whatever the verdict would have been, the caller goes
// ahead, and the counters and the trace tell the verdict.
func TestShadowAdmitsAllAndSaysWhatItWouldNot(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 3))
		f.rule("llm", budget.Rules{Mode: budget.ModeShadow})
		var shadowed int64
		c.sink = func(e trace.Event) {
			if e.Kind == trace.KindShadow {
				shadowed += e.N
			}
		}
		l := open(t, c, "llm")
		would := func(d Decision, v Verdict) {
			t.Helper()
			if d.Verdict != Shadowed || d.Would != v || !d.Allowed() || d.Err() != nil {
				t.Errorf("got %+v, want it let pass though %v", d, v)
			}
		}
		want(t, l.Allow(), Allowed)
		would(l.AllowN(2), Pending)
		pass(10 * time.Millisecond)
		want(t, l.AllowN(2), Allowed)
		would(l.Allow(), Pending)
		pass(10 * time.Millisecond)
		would(l.Allow(), Denied)
		if d := l.Allow(); d.Metric != "requests" || d.RetryAfter <= 0 || d.Amount != 3 {
			t.Errorf("got %+v, which does not say what would deny", d)
		}
		would(l.AllowN(4), TooLarge)
		want(t, l.AllowN(0), Invalid) // a bug of the caller's is not let pass
		if err := l.Wait(t.Context(), 2); err != nil {
			t.Errorf("got %v of Wait in shadow mode", err)
		}
		if f.used("llm", 0) != 3 {
			t.Errorf("got %d charged, want the whole limit and not more", f.used("llm", 0))
		}
		f.nodes["a:1"].kill()
		pass(time.Minute)
		would(l.Allow(), Pending)
		pass(2 * time.Second)
		would(l.Allow(), Unavailable)
		got := l.Status().Counters
		if got.Admitted != 2 || got.Shadowed != 8 || got.Denied != 3 || got.Pending != 3 ||
			got.TooLarge != 1 || got.Unavailable != 1 || got.FailedOpen != 0 {
			t.Errorf("got %+v", got)
		}
		l.mu.Lock()
		l.flushLocked()
		l.mu.Unlock()
		if shadowed != 2+1+1+1+4+2+1+1 {
			t.Errorf("got %d credits recorded as let pass, want 13", shadowed)
		}
	})
}

// TestModesChangeUnderWay: waiters go ahead once the budget is in shadow mode, and a limiter learns
// of the mode with the budget's next revision.
func TestModesChangeUnderWay(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 3))
		l := open(t, c, "llm")
		if err := l.Wait(within(t, time.Second), 3); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- l.Wait(within(t, time.Hour), 3) }()
		pass(100 * time.Millisecond)
		f.rule("llm", budget.Rules{Mode: budget.ModeShadow})
		start := time.Now()
		if err := <-done; err != nil || time.Since(start) > time.Minute {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		if got := l.Status().Rules.Mode; got != budget.ModeShadow {
			t.Errorf("got mode %v in the status", got)
		}
		f.rule("llm", budget.Rules{})
		pass(2 * time.Minute)
		l.Allow()
		pass(time.Second)
		if got := l.AllowN(4); got.Verdict != TooLarge {
			t.Errorf("got %+v after the shadow mode's end", got)
		}
	})
}

// TestStrictHoldsNothingAhead: each admission is asked for; what is charged is what was admitted.
func TestStrictHoldsNothingAhead(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 10))
		f.rule("llm", budget.Rules{Mode: budget.ModeStrict})
		l := open(t, c, "llm")
		pass(time.Second)
		before := len(f.calls())
		if before != 1 || f.used("llm", 0) != 0 {
			t.Fatalf("got %d calls, %d charged; nobody has come, but for the session", before,
				f.used("llm", 0))
		}
		for i := range 10 {
			d, err := l.Decide(t.Context(), 1)
			if err != nil || d.Verdict != Allowed {
				t.Fatalf("admission %d: got %+v, %v", i, d, err)
			}
			if used := f.used("llm", 0); used != budget.Credits(i+1) {
				t.Fatalf("got %d charged after %d admissions", used, i+1)
			}
		}
		if n := len(f.calls()) - before; n != 10 {
			t.Errorf("got %d calls for 10 admissions, want one each", n)
		}
		d, err := l.Decide(t.Context(), 1)
		if err != nil || d.Verdict != Denied || d.RetryAfter <= 0 || d.Left != 0 {
			t.Errorf("got %+v, %v, want a denial", d, err)
		}
		pass(d.RetryAfter)
		want(t, l.Allow(), Pending) // asks for exactly this one
		pass(10 * time.Millisecond)
		if f.used("llm", 0) != 1 {
			t.Errorf("got %d charged for one offer", f.used("llm", 0))
		}
		want(t, l.Allow(), Allowed)
		want(t, l.Allow(), Pending)
		pass(time.Minute / 2) // nobody comes back for it: it is given back
		if f.used("llm", 0) != 1 {
			t.Errorf("got %d charged, want what nobody spent given back", f.used("llm", 0))
		}
	})
}

// TestDecide is for leases too: it waits for a decision, and not for credits.
func TestDecide(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 10), perMinute("tokens", 100))
		l := open(t, c, "llm")
		decide := func(cost Cost) Decision {
			t.Helper()
			d, err := l.DecideCost(t.Context(), cost)
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		start := time.Now()
		want(t, decide(Cost{"requests": 5, "tokens": 50}), Allowed)
		want(t, decide(Cost{"tokens": 51}), Denied)
		want(t, decide(Cost{"requests": 5}), Allowed) // the denial is of tokens
		want(t, decide(Cost{"requests": 1}), Denied)
		want(t, decide(Cost{"tokens": 101}), TooLarge)
		want(t, decide(nil), Invalid)
		if time.Since(start) > time.Second {
			t.Errorf("it took %v: it waits for more than a decision", time.Since(start))
		}
		// One who waits for credits is first; nobody behind overtakes.
		waiting, cancel := context.WithCancel(t.Context())
		waited := make(chan error, 1)
		go func() { waited <- l.WaitCost(waiting, Cost{"tokens": 60}) }()
		pass(100 * time.Millisecond)
		want(t, decide(Cost{"tokens": 1}), Denied)
		cancel()
		wantErr(t, <-waited, context.Canceled)

		f.nodes["a:1"].kill()
		pass(time.Minute)
		start = time.Now()
		want(t, decide(Cost{"tokens": 10}), Unavailable)
		if took := time.Since(start); took < DefaultUnavailableAfter ||
			took > DefaultUnavailableAfter+100*time.Millisecond {
			t.Errorf("unavailable after %v, want %v", took, DefaultUnavailableAfter)
		}
		short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		f.nodes["a:1"].start()
		pass(5 * time.Second)
		f.nodes["a:1"].kill()
		pass(time.Minute)
		if _, err := l.DecideCost(short, Cost{"tokens": 1}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v of a context that has ended", err)
		}
		if err := l.Close(t.Context()); err != nil && !errors.Is(err, ErrUnavailable) {
			t.Fatal(err)
		}
		want(t, decide(Cost{"tokens": 1}), Closed)
	})
}

// TestDegradedShare: without the coordinator each limiter admits its part of each limit in a period
// of its own, and nothing beyond; likewise of slots at a time.
func TestDegradedShare(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 100), perMinute("tokens", 1000))
		f.put("work", slotsPer(10, time.Minute))
		share := budget.Rules{Degraded: budget.DegradedShare, Share: 20}
		f.rule("llm", share)
		f.rule("work", budget.Rules{Degraded: budget.DegradedShare, Share: 5})
		l, work := open(t, c, "llm"), open(t, c, "work")
		f.nodes["a:1"].kill()
		pass(2 * time.Minute) // what was held is over
		l.AllowCost(Cost{"requests": 1})
		work.TrySlot()
		pass(2 * time.Minute) // and what that was admitted is of another period
		offer := func(cost Cost, v Verdict) {
			t.Helper()
			want(t, l.AllowCost(cost), v)
		}
		for range 2 {
			offer(Cost{"requests": 2, "tokens": 10}, FailedOpen)
			offer(Cost{"requests": 2, "tokens": 41}, Unavailable) // and nothing of it is spent
			offer(Cost{"requests": 3, "tokens": 40}, FailedOpen)
			offer(Cost{"requests": 1}, Unavailable)
			pass(time.Minute - time.Millisecond)
			offer(Cost{"tokens": 1}, Unavailable)
			pass(time.Millisecond)
		}
		first, d := work.TrySlot()
		want(t, d, FailedOpen)
		second, d := work.TrySlot()
		want(t, d, FailedOpen)
		_, d = work.TrySlot()
		want(t, d, Unavailable)
		pass(10 * time.Minute) // slots in use come back by release alone
		_, d = work.TrySlot()
		want(t, d, Unavailable)
		second.Release()
		second.Release()
		_, d = work.TrySlot()
		want(t, d, FailedOpen)
		_, d = work.TrySlot()
		want(t, d, Unavailable)
		if first.Err() != nil {
			t.Errorf("got %v of a slot outside the bound", first.Err())
		}
		if got := l.Status(); got.Counters.FailedOpen != 1+4 || !got.Rules.Equal(share) {
			t.Errorf("got %+v", got)
		}
	})
}

// TestDegradedOpen: a budget may say what the limiter's option says, also while it is waited.
func TestDegradedOpen(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 10))
		l := open(t, c, "llm")
		f.rule("llm", budget.Rules{Degraded: budget.DegradedOpen})
		l.AllowN(10)
		pass(time.Minute) // it learns of the rule
		l.Allow()
		pass(time.Second)
		f.nodes["a:1"].kill()
		pass(time.Minute)
		start := time.Now()
		if err := l.Wait(within(t, time.Minute), 7); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > DefaultUnavailableAfter+2*tendEvery {
			t.Errorf("it waited %v", took)
		}
		if l.Status().Counters.FailedOpen != 1 {
			t.Errorf("got %+v", l.Status().Counters)
		}
	})
}

// TestUnlimited: what has no limit is admitted at once and charged to nothing, with others or
// alone; a metric that nobody declared is still refused.
func TestUnlimited(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 10))
		f.rule("llm", budget.Rules{Unlimited: []string{"hits"}})
		f.put("free")
		f.rule("free", budget.Rules{Unlimited: []string{"requests"}})
		start := time.Now()
		l, free := open(t, c, "llm"), open(t, c, "free")
		if time.Since(start) > time.Second {
			t.Errorf("opening took %v: it waits for an answer that there is none to", time.Since(start))
		}
		want(t, l.AllowCost(Cost{"hits": 1 << 40}), Allowed)
		want(t, l.AllowCost(Cost{"hits": 1 << 40, "requests": 1}), Allowed)
		want(t, l.AllowCost(Cost{"hits": 1, "requests": 11}), TooLarge)
		want(t, l.AllowCost(Cost{"hits": 0}), Invalid)
		want(t, l.AllowCost(Cost{"bits": 1}), Invalid)
		want(t, l.AllowN(1), Invalid) // of which metric?
		for range 1000 {
			want(t, free.AllowN(1<<50), Allowed)
		}
		if err := free.Wait(t.Context(), 5); err != nil {
			t.Error(err)
		}
		pass(time.Hour) // and keeps its session
		want(t, free.Allow(), Allowed)
		if err := free.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
