package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/sizing"
	"github.com/leased-io/leased/transport/leasedv1"
)

// openKeyed opens a limiter on a keyed budget of perKey requests a minute for each key.
func openKeyed(
	t testing.TB, f *fakeCluster, c *Client, perKey int64, opts ...LimiterOption,
) *KeyedLimiter {
	t.Helper()
	f.putKeyed("llm", perMinute("requests", budget.Credits(perKey)))
	k, err := c.Keyed(t.Context(), "llm", opts...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// sessionsOf counts the sessions that the cluster has of a key.
func (f *fakeCluster) sessionsOf(key string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.sessions {
		if s.key == key {
			n++
		}
	}
	return n
}

func TestAKeyIsOpenedByItsFirstUse(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		k := openKeyed(t, f, c, 10, ForgetAfter(time.Hour))
		before := len(f.calls())
		if d := k.AllowKey("a", 3); d.Verdict != Pending {
			t.Fatalf("the first use: got %v, want pending, without waiting", d.Verdict)
		}
		synctest.Wait() // a session, and credits for what was asked
		want(t, k.AllowKey("a", 3), Allowed)
		want(t, k.AllowKey("b", 11), TooLarge) // the limits are known before a session is
		if err := k.WaitKey(within(t, time.Second), "b", 10); err != nil {
			t.Fatal(err)
		}
		if a, b := f.usedBy("llm", "a"), f.usedBy("llm", "b"); a < 3 || a > 10 || b != 10 {
			t.Errorf("charged %d and %d, want each key's own", a, b)
		}
		if calls := len(f.calls()) - before; calls > 6 {
			t.Errorf("%d requests, want few", calls)
		}
		denied := uint64(1)
		if d := k.AllowKey("b", 1); d.Verdict == Denied { // and not pending: it was heard by then
			denied++
		}
		synctest.Wait()
		want(t, k.AllowKey("b", 1), Denied)
		if err := k.WaitKey(within(t, time.Second), "b", 1); !errors.Is(err, ErrDenied) {
			t.Errorf("got %v, want ErrDenied", err)
		}
		if err := k.WaitCostKey(within(t, time.Minute), "b", Cost{"requests": 1}); err != nil {
			t.Errorf("after the roll: %v", err)
		}
		want(t, k.AllowCostKey("b", Cost{"tokens": 1}), Invalid)
		want(t, k.AllowCostKey("b", nil), Invalid)
		want(t, k.AllowKey("", 1), Invalid)
		if d := k.AllowKey("a\x00b", 1); !errors.As(d.cause, new(*budget.FieldError)) {
			t.Errorf("a malformed key: got %v", d.Err())
		}
		s := k.Status()
		if s.Keys != 2 || s.Opening != 0 || s.Counters.Admitted != 3 || s.Counters.Denied != denied ||
			s.Waiting != 0 || s.Unavailable || s.LastError != nil {
			t.Errorf("status %+v", s)
		}
		if one, ok := k.Key("a"); !ok || one.Key != "a" || one.Counters.Admitted != 1 {
			t.Errorf("status of a key: %+v", one)
		}
		if _, ok := k.Key("stranger"); ok || k.Status().Keys != 2 {
			t.Error("a status opens a key")
		}
	})
}

// TestAnEvictedKeyIsForgivenNothing: its account is the coordinator's.
func TestAnEvictedKeyIsForgivenNothing(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		k := openKeyed(t, f, c, 10, MaxKeys(1))
		if err := k.WaitKey(within(t, time.Second), "a", 10); err != nil {
			t.Fatal(err)
		}
		pass(evictAfter)
		if err := k.WaitKey(within(t, time.Second), "b", 1); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if s := k.Status(); s.Keys != 1 || s.Evicted != 1 || s.Leaving != 0 || f.sessionsOf("a") != 0 {
			t.Errorf("got %+v and %d sessions, want one key, and the other rid of", s, f.sessionsOf("a"))
		}
		pass(evictAfter)
		want(t, k.AllowKey("a", 1), Pending)
		synctest.Wait()
		want(t, k.AllowKey("a", 1), Denied)
		if used := f.usedBy("llm", "a"); used != 10 {
			t.Errorf("charged %d, want the 10 that were spent", used)
		}
		pass(time.Minute)
		if err := k.WaitKey(within(t, time.Second), "a", 10); err != nil {
			t.Errorf("in the next window: %v", err)
		}
	})
}

// TestTheKeyThatWasIdleLongestMakesRoom: and gives back what it has. None that is in use does.
func TestTheKeyThatWasIdleLongestMakesRoom(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.grant = func(_, _, left budget.Credits) budget.Credits { return left }
		k := openKeyed(t, f, c, 10, MaxKeys(3))
		for _, key := range []string{"a", "b", "c"} {
			if err := k.WaitKey(within(t, time.Second), key, 4); err != nil {
				t.Fatal(err)
			}
			pass(100 * time.Millisecond)
		}
		before := len(f.calls())
		want(t, k.AllowKey("d", 1), TooManyKeys)
		wantErr(t, k.AllowKey("d", 1).Err(), ErrTooManyKeys)
		wantErr(t, k.WaitKey(within(t, time.Minute), "d", 1), ErrTooManyKeys)
		synctest.Wait()
		if len(f.calls()) != before || f.sessionsOf("d") != 0 || k.Status().Refused != 3 {
			t.Errorf("a key without a place was asked for: %+v", k.Status())
		}
		pass(evictAfter - 250*time.Millisecond)
		k.AllowKey("a", 1) // from now on, b is the one
		pass(200 * time.Millisecond)
		want(t, k.AllowKey("d", 1), Pending)
		synctest.Wait()
		if f.sessionsOf("b") != 0 || f.sessionsOf("a") != 1 || f.sessionsOf("c") != 1 {
			t.Error("another than the one that was idle for longest made room")
		}
		if used := f.usedBy("llm", "b"); used != 4 {
			t.Errorf("charged %d, want the 4 that were spent", used)
		}
		// Who waits is not idle, however long it takes.
		done := make(chan error, 1)
		go func() { done <- k.WaitKey(within(t, time.Minute), "c", 10) }()
		synctest.Wait()
		pass(3 * evictAfter)
		for _, key := range []string{"e", "f"} {
			k.AllowKey(key, 1)
			synctest.Wait()
		}
		want(t, k.AllowKey("g", 1), TooManyKeys)
		if err := <-done; err != nil {
			t.Errorf("who waited: %v", err)
		}
	})
}

func TestIdleKeysAreForgotten(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.grant = func(_, _, left budget.Credits) budget.Credits { return left }
		k := openKeyed(t, f, c, 10, ForgetAfter(20*time.Second))
		goroutines := 0
		for i := range 500 {
			k.AllowKey(fmt.Sprint("k", i), 2)
			if i == 0 {
				synctest.Wait()
				goroutines = runtime.NumGoroutine()
			}
		}
		synctest.Wait()
		// Some are of what other tests have left, and of the runtime; a key has none of its own.
		if n := runtime.NumGoroutine(); n > goroutines+100 {
			t.Errorf("%d goroutines with 500 keys, %d with one", n, goroutines)
		}
		for i := range 500 {
			want(t, k.AllowKey(fmt.Sprint("k", i), 2), Allowed)
		}
		pass(15 * time.Second)
		if used := f.usedBy("llm", "k7"); used != 2 {
			t.Errorf("an idle key has %d, want only what was spent", used)
		}
		want(t, k.AllowKey("k0", 1), Pending)
		pass(6 * time.Second)
		if s := k.Status(); s.Keys != 1 || s.Forgotten != 499 || s.Leaving != 0 {
			t.Errorf("%+v, want one key", s)
		}
		if s := k.Status().Counters; s.Admitted != 500 || s.Pending != 501 {
			t.Errorf("counted %+v, want what forgotten keys did too", s)
		}
		f.mu.Lock()
		sessions := len(f.sessions)
		f.mu.Unlock()
		if sessions != 1 {
			t.Errorf("%d sessions, want one", sessions)
		}
	})
}

// TestUnknownOutcomesOfKeys: a request whose answer is lost is charged once, whatever else is in
// its batch.
func TestUnknownOutcomesOfKeys(t *testing.T) {
	for name, lose := range unknownOutcomes {
		t.Run(name, func(t *testing.T) {
			bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
				f.grant = func(need, _, _ budget.Credits) budget.Credits { return need }
				anHour := perMinute("requests", 100)
				anHour.Per = time.Hour
				f.putKeyed("llm", anHour)
				k, err := c.Keyed(t.Context(), "llm", ForgetAfter(time.Hour))
				if err != nil {
					t.Fatal(err)
				}
				var calls atomic.Int64
				bendAll(f, func(_ context.Context, req any, decide func() (any, error)) (any, error) {
					resp, err := decide()
					if _, is := req.(*leasedv1.AcquireRequest); !is || calls.Add(1)%67 > 0 {
						return resp, err
					}
					return lose(resp, err)
				})
				const keys = 30
				var waiting sync.WaitGroup
				for i := range keys {
					waiting.Go(func() {
						for range 3 {
							if err := k.WaitKey(within(t, time.Minute), fmt.Sprint(i), 7); err != nil {
								t.Error(err)
							}
						}
					})
				}
				waiting.Wait()
				bendAll(f, nil)
				pass(DefaultCallTimeout * 3)
				synctest.Wait()
				for i := range keys {
					one, _ := k.Key(fmt.Sprint(i))
					held := one.Limits[0].Live
					if used := f.usedBy("llm", fmt.Sprint(i)); used != 21+held {
						t.Errorf("key %d: charged %d, want the 21 spent and the %d held", i, used, held)
					}
				}
				if s := k.Status(); s.Counters.Retries == 0 || s.Counters.Unknown == 0 || s.Unavailable {
					t.Errorf("%+v, want retries of unknown outcomes", s)
				}
			})
		})
	}
}

func TestKeysOutliveWhatHappensToBudgetsAndSessions(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		k := openKeyed(t, f, c, 10)
		wait := func(key string, n int64) {
			t.Helper()
			if err := k.WaitKey(within(t, 20*time.Second), key, n); err != nil {
				t.Fatal(err)
			}
		}
		wait("a", 10)
		f.putKeyed("llm", perMinute("requests", 50))
		// It asks and is told that the limit was raised, and with it all keys are: at once, or, if it
		// was denied meanwhile, in the next window.
		for range 100 {
			k.AllowKey("a", 1)
			pass(time.Second)
			if a, _ := k.Key("a"); a.Limits[0].Amount == 50 {
				break
			}
		}
		wait("a", 20)
		wait("b", 50)
		f.expireSessions()
		pass(time.Minute)
		wait("a", 50)
		f.remove("llm")
		pass(time.Minute)
		err := k.WaitKey(within(t, time.Minute), "new", 1)
		wantErr(t, err, ErrUnknownBudget)
		f.putKeyed("llm", perMinute("requests", 5))
		wait("new", 5)
		for _, n := range f.nodes {
			n.blackhole(true)
		}
		want(t, k.AllowKey("late", 1), Pending)
		pass(DefaultUnavailableAfter + DefaultCallTimeout)
		want(t, k.AllowKey("late", 1), Unavailable)
		if s := k.Status(); !s.Unavailable || s.Opening == 0 || s.LastError == nil {
			t.Errorf("%+v, want unavailable", s)
		}
		for _, n := range f.nodes {
			n.blackhole(false)
		}
		wait("late", 5)
	})
}

func TestKeysFailOpen(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		k := openKeyed(t, f, c, 10, FailOpen())
		f.nodes["a:1"].set(func(context.Context, any, func() (any, error)) (any, error) {
			return nil, refuse(codes.Unavailable, "OUTCOME_UNKNOWN", "no majority")
		})
		want(t, k.AllowKey("a", 1), Pending)
		if err := k.WaitKey(within(t, time.Minute), "b", 1); err != nil {
			t.Fatal(err)
		}
		want(t, k.AllowKey("a", 1), FailedOpen)
		if s := k.Status().Counters; s.FailedOpen != 2 || s.Admitted != 0 {
			t.Errorf("%+v, want two outside the bound", s)
		}
	})
}

func TestCloseOfAllKeys(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		f.grant = func(_, _, left budget.Credits) budget.Credits { return left }
		k := openKeyed(t, f, c, 10)
		for i := range 700 {
			k.AllowKey(fmt.Sprint(i), 1)
		}
		synctest.Wait()
		for i := range 700 {
			want(t, k.AllowKey(fmt.Sprint(i), 1), Allowed)
		}
		k.AllowKey("opening", 1) // its session is not there yet
		waiter := make(chan error, 1)
		go func() { waiter <- k.WaitKey(context.Background(), "1", 10) }()
		synctest.Wait()
		calls := c.Calls().Calls
		if err := k.Close(within(t, 10*time.Second)); err != nil {
			t.Fatal(err)
		}
		wantErr(t, <-waiter, ErrClosed)
		want(t, k.AllowKey("1", 1), Closed)
		wantErr(t, k.WaitKey(context.Background(), "x", 1), ErrClosed)
		if n := c.Calls().Calls - calls; n > 70 { // six, but for chance
			t.Errorf("%d calls to close 700 keys", n)
		}
		for i := range 700 {
			if used := f.usedBy("llm", fmt.Sprint(i)); used != 1 {
				t.Fatalf("key %d: charged %d, want what was spent", i, used)
			}
		}
		if f.mu.Lock(); len(f.sessions) > 0 {
			t.Errorf("%d sessions are left", len(f.sessions))
		}
		f.mu.Unlock()
		if err := k.Close(within(t, time.Second)); err != nil {
			t.Errorf("closed again: %v", err)
		}
		if s := k.Status(); s.Keys != 0 || s.Leaving != 0 || s.Counters.Admitted != 700 {
			t.Errorf("%+v", s)
		}
	})
}

// TestCloseOfKeysWithNobodyThere: it ends, and says that something may still be charged.
func TestCloseOfKeysWithNobodyThere(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.grant = func(_, _, left budget.Credits) budget.Credits { return left }
		k := openKeyed(t, f, c, 10)
		for _, key := range []string{"a", "b"} {
			if err := k.WaitKey(within(t, time.Second), key, 1); err != nil {
				t.Fatal(err)
			}
		}
		f.nodes["a:1"].blackhole(true)
		start := time.Now()
		err := k.Close(within(t, 5*time.Second))
		wantErr(t, err, ErrUnavailable)
		if !strings.Contains(err.Error(), "2 keys") || time.Since(start) > 5*time.Second {
			t.Errorf("got %v after %s", err, time.Since(start))
		}
	})
}

func TestOptionsOfKeyed(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.putKeyed("llm", perMinute("requests", 10))
		f.put("plain", perMinute("requests", 10))
		f.putKeyed("slots", budget.Limit{
			Metric: "jobs", Kind: budget.KindSlots, Amount: 3, Per: time.Second,
		})
		for _, tc := range []struct {
			budget string
			opts   []LimiterOption
			err    error
			says   string
		}{
			{"none", nil, ErrUnknownBudget, `"none"`},
			{"plain", nil, ErrInvalid, `budget "plain" has no keys`},
			{"slots", nil, ErrInvalid, `budget "slots" has slots`},
			{"llm", []LimiterOption{WithKey("a")}, ErrInvalid, `key "a"`},
			{"llm", []LimiterOption{MaxKeys(0)}, ErrInvalid, "max keys 0, allowed is 1..1000000"},
			{"llm", []LimiterOption{MaxKeys(1_000_001)}, ErrInvalid, "max keys 1000001"},
			{"llm", []LimiterOption{ForgetAfter(time.Millisecond)}, ErrInvalid, "forget after 1ms"},
			{"llm", []LimiterOption{UnavailableAfter(-1)}, ErrInvalid, "unavailable after -1ns"},
		} {
			_, err := c.Keyed(within(t, time.Second), tc.budget, tc.opts...)
			if !errors.Is(err, tc.err) || !strings.Contains(fmt.Sprint(err), tc.says) {
				t.Errorf("%s: got %v, want %v that says %s", tc.budget, err, tc.err, tc.says)
			}
		}
		_, err := c.Limiter(within(t, time.Second), "llm", WithKey("a"), MaxKeys(3))
		wantErr(t, err, ErrInvalid)
		if err := c.Close(within(t, time.Second)); err != nil {
			t.Fatal(err)
		}
		_, err = c.Keyed(within(t, time.Second), "llm")
		wantErr(t, err, ErrClosed)
	})
}

// TestManyCallersAndFewPlaces: keys come and go under many hands, and no key is admitted more than
// its limit, nor loses what it gave back.
func TestManyCallersAndFewPlaces(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		const keys, limit = 60, 25
		k := openKeyed(t, f, c, limit, MaxKeys(10), ForgetAfter(4*time.Second))
		var admitted [keys]atomic.Int64
		var callers sync.WaitGroup
		for caller := range 20 {
			rng := rand.New(rand.NewPCG(7, uint64(caller)))
			callers.Go(func() {
				for range 150 {
					i := rng.IntN(keys)
					if k.AllowKey(fmt.Sprint(i), 1+rng.Int64N(2)).Allowed() {
						admitted[i].Add(1)
					}
					pass(time.Duration(rng.Int64N(int64(600 * time.Millisecond))))
					if time.Since(f.born) > 50*time.Second {
						return // all in one window
					}
				}
			})
		}
		callers.Wait()
		pass(4 * time.Second)
		s, sum := k.Status(), int64(0)
		for i := range admitted {
			if n := admitted[i].Load(); n > limit {
				t.Errorf("key %d: %d admissions of a limit of %d", i, n, limit)
			}
			sum += admitted[i].Load()
		}
		if s.Evicted == 0 || s.Forgotten == 0 || s.Keys+s.Leaving > 0 || sum < keys ||
			s.Counters.Admitted != uint64(sum) {
			t.Errorf("admitted %d, %+v: want keys that come and go", sum, s)
		}
	})
}

// TestKeysChooseSizes: each has a sizer of its own, with a seed of its own.
func TestKeysChooseSizes(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		config := sizing.DefaultConfig()
		config.Policy = sizing.PolicyHedge
		seed := config.Seed
		k := openKeyed(t, f, c, 1000, WithSizing(config))
		for _, key := range []string{"a", "b"} {
			if err := k.WaitKey(within(t, time.Second), key, 1); err != nil {
				t.Fatal(err)
			}
			one, _ := k.Key(key)
			if one.Limits[0].Sizing == nil {
				t.Errorf("key %s has no sizer", key)
			}
		}
		if k.o.sizing.Seed != seed || k.opened.Load() != 2 {
			t.Errorf("seed %d after %d keys, want the option as it was", k.o.sizing.Seed, k.opened.Load())
		}
		config.Policy = "unheard"
		_, err := c.Keyed(t.Context(), "llm", WithSizing(config))
		wantErr(t, err, ErrInvalid)
	})
}
