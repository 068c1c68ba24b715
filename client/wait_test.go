package client

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// line starts waiters that came one after the other, and collects who was served.
type line struct {
	mu     sync.Mutex
	served []int
	errs   []error
	at     []time.Time
	all    sync.WaitGroup
}

func (q *line) join(ctx context.Context, l *Limiter, i int, n int64) {
	q.all.Go(func() {
		err := l.Wait(ctx, n)
		q.mu.Lock()
		defer q.mu.Unlock()
		q.errs = append(q.errs, err)
		if err == nil {
			q.served, q.at = append(q.served, i), append(q.at, time.Now())
		}
	})
	synctest.Wait() // it stands in line before the next one comes
}

func TestWaitersAreServedInOrder(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		const waiters, amount = 100, 30
		f.put("llm", perMinute("requests", amount))
		// One credit a grant, so that the line is served in a hundred steps.
		f.grant = func(need, _, _ budget.Credits) budget.Credits { return need }
		l := open(t, c, "llm")
		bendAll(f, func(context.Context, any, func() (any, error)) (any, error) {
			return nil, refuse(codes.Unavailable, "OVERLOADED", "held by the test")
		})
		var q line
		for i := range waiters {
			q.join(context.Background(), l, i, 1)
		}
		if got := l.Status().Waiting; got < waiters-1 { // one credit was held
			t.Fatalf("%d in line, want %d", got, waiters-1)
		}
		if d := l.Allow(); d.Allowed() {
			t.Error("Allow overtook the line")
		}
		bendAll(f, func(_ context.Context, _ any, decide func() (any, error)) (any, error) {
			pass(time.Millisecond) // so that no two are served at the same instant
			return decide()
		})
		q.all.Wait()
		for i, got := range q.served {
			if got != i {
				t.Fatalf("served %v, want them in order", q.served)
			}
		}
		if len(q.served) != waiters {
			t.Fatalf("served %d, want %d: %v", len(q.served), waiters, q.errs)
		}
		for i, at := range q.at {
			if k := int(at.Sub(f.born) / time.Minute); k < i/amount {
				t.Errorf("waiter %d served in window %d: more than %d before it", i, k, amount)
			}
		}
		if took := q.at[waiters-1].Sub(f.born); took > 3*time.Minute+5*time.Second {
			t.Errorf("the last was served after %s, want soon after 3m", took)
		}
	})
}

// bendAll bends all nodes alike.
func bendAll(f *fakeCluster, b bend) {
	for _, n := range f.nodes {
		n.set(b)
	}
}

func TestWaiterWakesInTheNextWindow(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 5))
		l := open(t, c, "llm")
		admit(t, l, 5)
		err := l.Wait(within(t, 10*time.Second), 1)
		wantErr(t, err, context.DeadlineExceeded, ErrDenied)
		if errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), `budget "llm"`) {
			t.Errorf("got %v", err)
		}
		if err := l.Wait(within(t, 2*time.Minute), 4); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(f.born); took < time.Minute || took > time.Minute+time.Second {
			t.Errorf("served after %s, want just after the window's end at 1m", took)
		}
	})
}

func TestLeavingTheLineFreesThePlaceAtOnce(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 10))
		f.grant = func(need, _, _ budget.Credits) budget.Credits { return need }
		l := open(t, c, "llm")
		admit(t, l, 6)
		ctx, leave := context.WithCancel(context.Background())
		var first, second line
		first.join(ctx, l, 0, 8)                   // must wait for the next window
		second.join(context.Background(), l, 1, 2) // fits, but stands behind
		pass(time.Second)
		if len(second.served) != 0 {
			t.Fatal("the second overtook the first")
		}
		start := time.Now()
		leave()
		first.all.Wait()
		second.all.Wait()
		wantErr(t, first.errs[0], context.Canceled)
		wantErr(t, second.errs[0], nil)
		if took := time.Since(start); took > 100*time.Millisecond {
			t.Errorf("the second was served %s after the first left, want at once", took)
		}
		if got := l.Status().Waiting; got != 0 {
			t.Errorf("%d in line, want 0", got)
		}
	})
}

func TestAllowDoesNotOvertakeTheLine(t *testing.T) {
	bubble(t, 1, func(t *testing.T, _ *fakeCluster, c *Client) {
		limits := []budget.Limit{perMinute("requests", 10)}
		l := newLimiter(c, "llm", limiterOptions{unavailableAfter: time.Second},
			opened{session: 1, revision: 1, limits: limits}) // its loop is not running
		want(t, l.AllowN(5), Pending)
		if _, due := l.holder.Poll(l.clock.now()); !due {
			t.Fatal("nothing to ask for")
		}
		l.take(l.sending(), lease.Answer{Outcome: lease.Granted, Grants: []lease.Grant{
			{Lease: 1, Amount: 5, TTL: time.Minute},
		}})
		first, err := l.enqueue(ask{n: 8}, l.hot.Load())
		if first == nil {
			t.Fatalf("got %v, want a place in line", err)
		}
		want(t, l.AllowN(2), Pending) // which is held, but not for the last to come
		want(t, l.AllowN(11), TooLarge)
		if second, err := l.enqueue(ask{n: 1}, l.hot.Load()); second == nil {
			t.Fatalf("got %v, want a place in line", err)
		}
		wantErr(t, l.leave(first, context.Canceled), context.Canceled)
		want(t, l.AllowN(4), Allowed) // the second was served with the first's leaving
	})
}

func TestWaitAfterItsContextEnded(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 10))
		l := open(t, c, "llm")
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		wantErr(t, l.Wait(ctx, 1), context.Canceled)
		if got := l.Status().Counters.Admitted; got != 0 {
			t.Errorf("admitted %d for a caller that had left", got)
		}
	})
}

func TestWaitersHearWhatCanNoLongerBe(t *testing.T) {
	for name, test := range map[string]struct {
		change func(f *fakeCluster)
		err    error
		says   string
	}{
		"lowered limit": {
			func(f *fakeCluster) { f.put("llm", perMinute("requests", 3)) },
			ErrTooLarge, "cost 8 exceeds the limit of 3 requests per 1m0s",
		},
		"another metric": {
			func(f *fakeCluster) { f.put("llm", perMinute("a", 10), perMinute("b", 10)) },
			ErrCost, "several metrics",
		},
		"deleted budget": {
			func(f *fakeCluster) { f.remove("llm") }, ErrUnknownBudget, "llm",
		},
		"deleted budget and session": {
			func(f *fakeCluster) { f.remove("llm"); f.expireSessions() },
			ErrUnknownBudget, "llm",
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
				f.put("llm", perMinute("requests", 10))
				l := open(t, c, "llm")
				admit(t, l, 5)
				var q line
				q.join(context.Background(), l, 0, 8)
				test.change(f)
				q.all.Wait()
				wantErr(t, q.errs[0], test.err)
				if !strings.Contains(q.errs[0].Error(), test.says) {
					t.Errorf("%q does not say %q", q.errs[0], test.says)
				}
				if took := time.Since(f.born); took > time.Minute+10*time.Second {
					t.Errorf("told after %s, want with the first answer of the next window", took)
				}
			})
		})
	}
}

func TestTheLineOutlivesAChangeOfLimits(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 10))
		l := open(t, c, "llm")
		admit(t, l, 10)
		var q line
		for i := range 5 {
			q.join(context.Background(), l, i, int64(10-i)) // one a window
		}
		hour := perMinute("requests", 1000)
		hour.Per = time.Hour
		f.put("llm", perMinute("requests", 10), hour)
		q.all.Wait()
		for i, got := range q.served {
			if got != i {
				t.Fatalf("served %v, want them in order", q.served)
			}
		}
		if len(q.served) != 5 {
			t.Errorf("served %d, want 5: %v", len(q.served), q.errs)
		}
	})
}

func TestCloseEndsWaiting(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 10))
		l := open(t, c, "llm")
		admit(t, l, 10)
		var q line
		for i := range 3 {
			q.join(context.Background(), l, i, 1)
		}
		if err := l.Close(within(t, time.Second)); err != nil {
			t.Fatal(err)
		}
		q.all.Wait()
		for _, err := range q.errs {
			wantErr(t, err, ErrClosed)
		}
	})
}

func TestTheLineIsBounded(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 1))
		l := open(t, c, "llm")
		admit(t, l, 1)
		var first *waiter
		for i := range MaxWaiters {
			w, err := l.enqueue(ask{n: 1}, l.hot.Load())
			if err != nil {
				t.Fatalf("waiter %d: %v", i, err)
			}
			if first == nil {
				first = w
			}
		}
		wantErr(t, l.Wait(context.Background(), 1), ErrOverloaded)
		wantErr(t, l.leave(first, context.Canceled), context.Canceled)
		if _, err := l.enqueue(ask{n: 1}, l.hot.Load()); err != nil {
			t.Errorf("the place that was left was not free: %v", err)
		}
	})
}

func TestQueueKeepsOrderAndTotal(t *testing.T) {
	q := queue{total: make([]budget.Credits, 1)}
	ws := make([]*waiter, 5)
	for i := range ws {
		ws[i] = &waiter{cost: []budget.Credits{budget.Credits(i + 1)}, done: make(chan struct{})}
		q.push(ws[i])
	}
	for _, i := range []int{2, 0, 4} { // from the middle, the head, the tail
		q.remove(ws[i])
	}
	if q.head != ws[1] || q.head.next != ws[3] || q.tail != ws[3] || ws[3].next != nil {
		t.Error("the line is not the second and the fourth")
	}
	if q.length != 2 || q.total[0] != 6 {
		t.Errorf("got length %d, total %d; want 2, 6", q.length, q.total[0])
	}
}
