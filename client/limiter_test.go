package client

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

func TestDeniedSaysWhoWhatAndWhen(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 10))
		l := open(t, c, "llm")
		for range 10 {
			admit(t, l, 1)
		}
		l.Allow()
		synctest.Wait() // the coordinator refuses
		d := l.Allow()
		want(t, d, Denied)
		var denied *DeniedError
		if !errors.As(d.Err(), &denied) {
			t.Fatalf("got %T, want *DeniedError", d.Err())
		}
		got, wantErr := *denied, DeniedError{
			Budget: "llm", LimitOf: "llm", Metric: "requests", Per: time.Minute,
			Left: 0, RetryAfter: time.Minute - time.Since(f.born),
		}
		if got != wantErr {
			t.Errorf("got %+v, want %+v", got, wantErr)
		}
		if !errors.Is(d.Err(), ErrDenied) || errors.Is(d.Err(), ErrUnavailable) {
			t.Errorf("%v does not match ErrDenied alone", d.Err())
		}
		pass(denied.RetryAfter)
		admit(t, l, 1)
	})
}

// admit waits until the next n credits are admitted without queueing.
func admit(t testing.TB, l *Limiter, n int64) {
	t.Helper()
	for range 100 {
		d := l.AllowN(n)
		if d.Verdict == Allowed {
			return
		}
		if d.Verdict != Pending {
			t.Fatalf("got %v (%v), want allowed or pending", d.Verdict, d.Err())
		}
		synctest.Wait()
		pass(time.Millisecond)
	}
	t.Fatalf("still pending after 100 ms: %+v", l.Status())
}

func TestEachVerdict(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 10))
		f.put("both", perMinute("requests", 10), perMinute("tokens", 1000))
		l, both := open(t, c, "llm"), open(t, c, "both")
		for _, test := range []struct {
			name    string
			got     Decision
			verdict Verdict
			err     error
			says    string
		}{
			{"one", l.Allow(), Allowed, nil, ""},
			{"more than is held", l.AllowN(5), Pending, ErrPending, "no credits held"},
			{"the limit and one", l.AllowN(11), TooLarge, ErrTooLarge,
				"cost 11 exceeds the limit of 10 requests per 1m0s"},
			{"zero", l.AllowN(0), Invalid, ErrCost, "n is 0, allowed is 1..9007199254740992"},
			{"negative", l.AllowN(-1), Invalid, ErrCost, "n is -1"},
			{"huge", l.AllowN(1 << 60), Invalid, ErrCost, "n is 1152921504606846976"},
			{"no metric named", both.AllowN(1), Invalid, ErrCost,
				"several metrics, name them: requests, tokens"},
			{"unknown metric", both.AllowCost(Cost{"slots": 1, "tokens": 2}), Invalid, ErrCost,
				`unknown metric "slots", the budget has: requests, tokens`},
			{"negative metric", both.AllowCost(Cost{"requests": 1, "tokens": -2}), Invalid,
				ErrCost, "tokens is -2"},
			{"all zero", both.AllowCost(Cost{"tokens": 0}), Invalid, ErrCost, "zero in every"},
			{"empty", both.AllowCost(Cost{}), Invalid, ErrCost, "zero in every"},
			{"nil", both.AllowCost(nil), Invalid, ErrCost, "zero in every"},
			{"one metric of two", both.AllowCost(Cost{"tokens": 1}), Allowed, nil, ""},
			{"large in one", both.AllowCost(Cost{"requests": 1, "tokens": 1001}), TooLarge,
				ErrTooLarge, "cost 1001 exceeds the limit of 1000 tokens"},
		} {
			if test.got.Verdict != test.verdict {
				t.Errorf("%s: got %v, want %v", test.name, test.got.Verdict, test.verdict)
			}
			if !errors.Is(test.got.Err(), test.err) {
				t.Errorf("%s: got error %v, want %v", test.name, test.got.Err(), test.err)
			}
			if test.err != nil && !strings.Contains(test.got.Err().Error(), test.says) {
				t.Errorf("%s: %q does not say %q", test.name, test.got.Err(), test.says)
			}
			if got := test.got.Allowed(); got != (test.verdict == Allowed) {
				t.Errorf("%s: got Allowed() %v", test.name, got)
			}
		}
		if err := l.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		want(t, l.Allow(), Closed)
		wantErr(t, l.Allow().Err(), ErrClosed)
		wantErr(t, l.Wait(context.Background(), 1), ErrClosed)
	})
}

func TestCostDrawsOnEachLimitOfItsMetric(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		minute, hour := perMinute("requests", 10), perMinute("requests", 25)
		hour.Per = time.Hour
		f.put("llm", minute, hour)
		l := open(t, c, "llm")
		admitted := 0
		for range 10 {
			for range 20 {
				if l.Allow().Allowed() {
					admitted++
				}
				pass(time.Millisecond)
			}
			pass(time.Minute - 20*time.Millisecond)
		}
		if admitted != 25 {
			t.Errorf("admitted %d in ten minutes, want 25: the hour's limit", admitted)
		}
		d := l.Allow()
		want(t, d, Denied)
		if d.Per != time.Hour || d.RetryAfter < 45*time.Minute {
			t.Errorf("denied by %s for %s, want the hour's limit", d.Per, d.RetryAfter)
		}
	})
}

func TestFleetStaysWithinTheBudgetAndUsesIt(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		const amount, holders, windows = 200, 5, 4
		f.put("llm", perMinute("requests", amount))
		var limiters []*Limiter
		for range holders {
			limiters = append(limiters, open(t, f.client(t), "llm"))
		}
		var admitted [windows]int
		for {
			k := time.Since(f.born) / time.Minute
			if k >= windows {
				break
			}
			for _, l := range limiters {
				if l.Allow().Allowed() {
					admitted[k]++
				}
			}
			pass(50 * time.Millisecond)
		}
		for k, n := range admitted {
			if n > amount {
				t.Errorf("window %d: admitted %d, limit %d", k, n, amount)
			}
			if n < amount*9/10 {
				t.Errorf("window %d: admitted %d of %d with callers waiting", k, n, amount)
			}
		}
	})
}

func TestChangedLimits(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 2))
		l := open(t, c, "llm")
		want(t, l.AllowN(3), TooLarge)
		f.put("llm", perMinute("requests", 30), perMinute("tokens", 1000))
		l.AllowN(2) // misses, asks, and hears of the change
		synctest.Wait()
		pass(time.Second)
		want(t, l.AllowN(1), Invalid)
		cost := Cost{"requests": 20, "tokens": 500}
		for range 50 {
			if l.AllowCost(cost).Allowed() {
				break
			}
			pass(10 * time.Millisecond)
		}
		if got := l.Status().Revision; got != 2 {
			t.Errorf("got revision %d, want 2", got)
		}
		if got := f.used("llm", 1); got < 500 {
			t.Errorf("%d tokens charged, want at least 500", got)
		}
	})
}

func TestFailOpenAdmitsWhenUnavailableOnly(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 3))
		shut, open := open(t, c, "llm"), open(t, c, "llm", FailOpen())
		for range 3 {
			open.Allow()
			shut.Allow()
			pass(time.Millisecond)
		}
		pass(10 * time.Millisecond)
		open.Allow()
		pass(10 * time.Millisecond)
		want(t, open.Allow(), Denied) // fails open, but never against a refusal

		f.nodes["a:1"].kill()
		pass(time.Minute) // the refusal has run out, the coordinator is gone
		open.Allow()
		shut.Allow()
		pass(DefaultUnavailableAfter + 100*time.Millisecond)
		want(t, shut.Allow(), Unavailable)
		wantErr(t, shut.Allow().Err(), ErrUnavailable)
		d := open.Allow()
		want(t, d, FailedOpen)
		if !d.Allowed() || d.Err() != nil {
			t.Errorf("got allowed %v, error %v; want it admitted", d.Allowed(), d.Err())
		}
		if err := open.Wait(within(t, time.Second), 2); err != nil {
			t.Errorf("wait of a limiter that fails open: %v", err)
		}
		if got := open.Status().Counters.FailedOpen; got != 2 {
			t.Errorf("counted %d failed open, want 2", got)
		}
		if !open.Status().Unavailable {
			t.Error("status does not say unavailable")
		}
	})
}

func TestWaiterOfFailOpenIsServedOnceUnavailable(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 100))
		l := open(t, c, "llm", FailOpen())
		f.nodes["a:1"].kill()
		start := time.Now()
		if err := l.Wait(within(t, time.Minute), 50); err != nil {
			t.Fatal(err)
		}
		took := time.Since(start)
		if took < DefaultUnavailableAfter || took > DefaultUnavailableAfter+2*tendEvery {
			t.Errorf("waited %s, want about %s", took, DefaultUnavailableAfter)
		}
	})
}

func TestCustomClockIsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newCluster(t, 1)
		f.put("llm", perMinute("requests", 10))
		var now lease.Reading
		c := f.client(t, WithClock(func() lease.Reading { return now }))
		l := open(t, c, "llm")
		synctest.Wait()
		want(t, l.Allow(), Allowed)
		l.AllowN(5)
		synctest.Wait()
		now.Wall = int64(time.Minute) // as after a suspend: the lease is over by the wall clock
		if d := l.Allow(); d.Allowed() {
			t.Errorf("admitted on a lease that ended by the wall clock: %+v", l.Status())
		}
	})
}

func TestKeyedBudget(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 1))
		f.budgets["llm"].keyed = true
		_, err := c.Limiter(within(t, time.Second), "llm")
		wantErr(t, err, ErrInvalid)
		one, two := open(t, c, "llm", WithKey("one")), open(t, c, "llm", WithKey("two"))
		want(t, one.Allow(), Allowed)
		want(t, two.Allow(), Allowed)
		if got := one.Status(); got.Key != "one" || got.Budget != "llm" ||
			got.Limits[0].Amount != budget.Credits(1) || got.Counters.Admitted != 1 {
			t.Errorf("got status %+v", got)
		}
	})
}
