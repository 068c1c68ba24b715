package client

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"

	"github.com/leased-io/leased/budget"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bubble runs test against n nodes with a client of all of them, in virtual time. The bubble
// fails if anything is still running after the client was closed and the nodes were stopped.
func bubble(t *testing.T, n int, test func(t *testing.T, f *fakeCluster, c *Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := newCluster(t, n)
		test(t, f, f.client(t))
	})
}

// client returns a client of all nodes that is closed before they stop.
func (f *fakeCluster) client(t testing.TB, opts ...Option) *Client {
	t.Helper()
	opts = append([]Option{WithDialOptions(grpc.WithContextDialer(f.dial))}, opts...)
	c, err := New(f.addrs(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := c.Close(ctx); err != nil && !errors.Is(err, ErrUnavailable) {
			t.Errorf("close: %v", err)
		}
	})
	return c
}

func perMinute(metric string, amount budget.Credits) budget.Limit {
	return budget.Limit{
		Metric: metric, Kind: budget.KindWindow, Amount: amount, Per: time.Minute,
	}
}

// open returns a limiter on a budget that exists.
func open(t testing.TB, c *Client, name string, opts ...LimiterOption) *Limiter {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	l, err := c.Limiter(ctx, name, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// want fails the test unless d has the verdict v.
func want(t testing.TB, d Decision, v Verdict) {
	t.Helper()
	if d.Verdict != v {
		t.Fatalf("got %v (%v), want %v", d.Verdict, d.Err(), v)
	}
}

// wantErr fails the test unless err matches every target.
func wantErr(t testing.TB, err error, targets ...error) {
	t.Helper()
	for _, target := range targets {
		if !errors.Is(err, target) {
			t.Fatalf("got error %v, want one that matches %v", err, target)
		}
	}
}

// within returns a context that ends after d.
func within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// pass lets d of a bubble's virtual time pass.
func pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // in a synctest bubble: it takes no real time
}

func TestFirstAllowSucceedsOnAFreeBudget(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 10))
		l := open(t, c, "llm")
		want(t, l.Allow(), Allowed)
	})
}
