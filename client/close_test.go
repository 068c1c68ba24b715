package client

import (
	"context"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/leased-io/leased/budget"
)

func TestCloseGivesEverythingBack(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 100), perMinute("tokens", 1000))
		f.grant = func(_, _, left budget.Credits) budget.Credits { return left / 2 }
		l := open(t, c, "llm")
		cost := Cost{"requests": 2, "tokens": 30}
		for range 10 {
			want(t, l.AllowCost(cost), Allowed)
		}
		if err := l.Close(within(t, time.Second)); err != nil {
			t.Fatal(err)
		}
		if got := f.used("llm", 0); got != 20 {
			t.Errorf("%d requests stay charged, want the 20 that were spent", got)
		}
		if got := f.used("llm", 1); got != 300 {
			t.Errorf("%d tokens stay charged, want the 300 that were spent", got)
		}
		calls := f.calls()
		if last := calls[len(calls)-1].ret; last == nil || !last.GetClose() {
			t.Errorf("the last call was %+v, want a Return that closes", calls[len(calls)-1])
		}
	})
}

func TestCloseTwiceAndAtOnce(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 100))
		l := open(t, c, "llm")
		var closing sync.WaitGroup
		for range 3 {
			closing.Go(func() {
				if err := l.Close(within(t, time.Second)); err != nil {
					t.Errorf("close: %v", err)
				}
			})
			closing.Go(func() {
				if err := c.Close(within(t, time.Second)); err != nil {
					t.Errorf("close the client: %v", err)
				}
			})
		}
		closing.Wait()
		if err := l.Close(context.Background()); err != nil {
			t.Errorf("close again: %v", err)
		}
		_, err := c.Limiter(context.Background(), "llm")
		wantErr(t, err, ErrClosed)
		_, err = c.Budgets(context.Background())
		wantErr(t, err, ErrClosed)
		_, err = c.Status(context.Background(), "a:1")
		wantErr(t, err, ErrClosed)
	})
}

func TestCloseTakesWhatIsUnderWayAndGivesItBack(t *testing.T) {
	for name, bent := range map[string]func(resp any) (any, error){
		"slow": func(resp any) (any, error) { return resp, nil },
		"lost": func(any) (any, error) {
			return nil, refuse(codes.Unavailable, "OUTCOME_UNKNOWN", "lost leadership")
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
				f.put("llm", perMinute("requests", 100))
				l := open(t, c, "llm")
				want(t, l.Allow(), Allowed)
				pass(10 * time.Millisecond)
				n := f.nodes["a:1"]
				n.set(func(_ context.Context, _ any, decide func() (any, error)) (any, error) {
					n.set(nil)
					resp, err := decide()
					if err != nil {
						return nil, err
					}
					pass(time.Second)
					return bent(resp)
				})
				l.AllowN(50)
				pass(500 * time.Millisecond) // it is charged, and the answer is on its way
				if got := f.used("llm", 0); got < 50 {
					t.Fatalf("%d charged, want the 50 that were asked for", got)
				}
				if err := l.Close(within(t, 5*time.Second)); err != nil {
					t.Fatal(err)
				}
				if got := f.used("llm", 0); got != 1 {
					t.Errorf("%d stay charged, want the one that was spent", got)
				}
			})
		})
	}
}

func TestCloseIsBoundedWhenNobodyAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		ctx  func() (context.Context, context.CancelFunc)
		most time.Duration
	}{
		"ended": {func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			return ctx, cancel
		}, 0},
		"a second": {func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(context.Background(), time.Second)
		}, time.Second},
		"no end": {func() (context.Context, context.CancelFunc) {
			return context.WithCancel(context.Background())
		}, giveBackCalls * DefaultCallTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
				f.put("llm", perMinute("requests", 100))
				l := open(t, c, "llm")
				for _, n := range f.nodes {
					n.blackhole(true)
				}
				l.AllowN(50) // a call is under way, and a credit is held
				pass(100 * time.Millisecond)
				ctx, cancel := test.ctx()
				defer cancel()
				start := time.Now()
				err := c.Close(ctx)
				if took := time.Since(start); took > test.most {
					t.Errorf("took %s, want at most %s", took, test.most)
				}
				wantErr(t, err, ErrUnavailable)
				want(t, l.Allow(), Closed)
			})
		})
	}
}

func TestCloseWithNothingToGiveBackIsNoError(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 1))
		l := open(t, c, "llm")
		want(t, l.Allow(), Allowed)
		pass(time.Second)
		for _, n := range f.nodes {
			n.kill()
		}
		if err := l.Close(within(t, time.Minute)); err != nil {
			t.Error(err)
		}
	})
}
