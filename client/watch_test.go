package client

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leased-io/leased/budget"
)

// perDay is a window limit in whose window a test lies.
func perDay(amount budget.Credits) budget.Limit {
	return budget.Limit{Metric: "requests", Kind: budget.KindWindow, Amount: amount,
		Per: 24 * time.Hour}
}

// TestAChangeIsPushed: a limiter that was denied for the rest of the day hears at once that there
// is more, and one that holds all there is hears that there is less.
func TestAChangeIsPushed(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		f.push()
		f.put("llm", perDay(5))
		l := open(t, c, "llm")
		admit(t, l, 5)
		l.AllowN(1)
		pass(time.Second)
		want(t, l.AllowN(1), Denied)
		start := time.Now()
		f.put("llm", perDay(50))
		if err := l.Wait(within(t, time.Minute), 1); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("more credits were noticed after %v", took)
		}
		f.put("llm", perDay(20))
		pass(time.Second)
		if got := l.Status(); got.Limits[0].Amount != 20 || got.Revision != 3 {
			t.Errorf("got %+v, want revision 3 of 20", got)
		}
		want(t, l.AllowN(21), TooLarge)
	})
}

// TestWithoutPushAChangeIsLearnt: by who asks, and at the end of what it was granted at the latest.
func TestWithoutPushAChangeIsLearnt(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 50))
		l := open(t, c, "llm")
		admit(t, l, 1)
		f.put("llm", perMinute("requests", 20))
		if pass(time.Second); l.Status().Limits[0].Amount != 50 {
			t.Error("a change that nobody told of is known")
		}
		pass(2 * time.Minute)
		l.Allow()
		if pass(time.Second); l.Status().Limits[0].Amount != 20 {
			t.Error("a change is not known after the leases that were granted before it")
		}
	})
}

// TestOneStreamForAllLimiters: it is about the budgets that there are limiters of, and moves to
// another node when its own is gone, with what has changed meanwhile.
func TestOneStreamForAllLimiters(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		f.push()
		var limiters []*Limiter
		for _, name := range []string{"a", "b", "b", "c"} {
			if len(limiters) != 2 {
				f.put(name, perDay(5))
			}
			limiters = append(limiters, open(t, c, name))
		}
		pass(time.Second)
		names, streams := f.pushed()
		if !slices.Equal(names, []string{"a", "b", "c"}) || streams > 3 {
			t.Errorf("%d streams were opened, the last about %v", streams, names)
		}
		f.nodes["a:1"].kill()
		f.mu.Lock()
		f.leader = "b:1"
		f.mu.Unlock()
		f.put("b", perDay(7))
		pass(rewatchMax)
		for i, want := range []budget.Credits{5, 7, 7, 5} {
			if got := limiters[i].Status().Limits[0].Amount; got != want {
				t.Errorf("limiter %d knows of %d, want %d", i, got, want)
			}
		}
	})
}

// TestASilentStreamIsGivenUp: one whose node says nothing any more, for whatever reason.
func TestASilentStreamIsGivenUp(t *testing.T) {
	bubble(t, 2, func(t *testing.T, f *fakeCluster, c *Client) {
		f.push()
		f.put("llm", perDay(5))
		l := open(t, c, "llm")
		pass(time.Second)
		_, before := f.pushed()
		for _, n := range f.nodes {
			n.blackhole(true)
		}
		f.put("llm", perDay(9))
		pass(maxSilence - 2*time.Second)
		if _, now := f.pushed(); now != before {
			t.Errorf("%d streams were opened instead of %d", now, before)
		}
		for _, n := range f.nodes {
			n.blackhole(false)
		}
		f.nodes["a:1"].blackhole(true)
		f.mu.Lock()
		f.leader = "b:1"
		f.mu.Unlock()
		if pass(2 * maxSilence); l.Status().Limits[0].Amount != 9 {
			t.Errorf("got %+v, want 9", l.Status().Limits)
		}
	})
}

// TestWaitersOfALoweredLimitAreTold: all whose request can never be met, at once, wherever they
// stand in the line; the others wait on.
func TestWaitersOfALoweredLimitAreTold(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		f.push()
		f.put("llm", perDay(50))
		l := open(t, c, "llm")
		admit(t, l, 45)
		var waiting sync.WaitGroup
		errs := make([]error, 3)
		took := make([]time.Duration, 3)
		start := time.Now()
		for i, n := range []int64{8, 40, 9} {
			waiting.Go(func() {
				errs[i] = l.Wait(within(t, time.Hour), n)
				took[i] = time.Since(start)
			})
			synctest.Wait() // in this order
		}
		f.put("llm", perDay(10))
		waiting.Wait()
		wantErr(t, errs[1], ErrTooLarge)
		if took[1] > time.Second {
			t.Errorf("who waits for 40 of 10 was told after %v", took[1])
		}
		for _, i := range []int{0, 2} {
			if wantErr(t, errs[i], ErrDenied); took[i] != time.Hour {
				t.Errorf("waiter %d left after %v", i, took[i])
			}
		}
	})
}
