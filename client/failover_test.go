package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/transport/leasedv1"
)

// acquires returns the Acquires that were received, in order.
func (f *fakeCluster) acquires() []fakeCall {
	var got []fakeCall
	for _, call := range f.calls() {
		if call.acquire != nil {
			got = append(got, call)
		}
	}
	return got
}

func TestLossOfAnyEndpoint(t *testing.T) {
	for _, lost := range []string{"a:1", "b:1", "c:1"} {
		for name, lose := range map[string]func(*fakeNode){
			"killed":     (*fakeNode).kill,
			"blackholed": func(n *fakeNode) { n.blackhole(true) },
		} {
			t.Run(name+" "+lost, func(t *testing.T) {
				bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
					f.put("llm", perMinute("requests", 1000))
					l := open(t, c, "llm")
					lose(f.nodes[lost])
					if lost == "a:1" {
						f.lead("b:1")
					}
					start := time.Now()
					for range 20 {
						if err := l.Wait(within(t, time.Minute), 20); err != nil {
							t.Fatal(err)
						}
					}
					if took := time.Since(start); took > 2*DefaultCallTimeout {
						t.Errorf("took %s, want less than two call timeouts", took)
					}
				})
			})
		}
	}
}

func TestOpeningWithEndpointsLost(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 10))
		f.nodes["b:1"].blackhole(true)
		f.nodes["c:1"].kill()
		l := open(t, c, "llm")
		want(t, l.Allow(), Allowed)
		if took := time.Since(f.born); took > 2*DefaultCallTimeout {
			t.Errorf("took %s, want less than two call timeouts", took)
		}
	})
}

func TestOpeningWithNobodyThere(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		for _, n := range f.nodes {
			n.blackhole(true)
		}
		start := time.Now()
		_, err := c.Limiter(within(t, 5*time.Second), "llm")
		wantErr(t, err, context.DeadlineExceeded, ErrUnavailable)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("took %s, want 5s", took)
		}
		start = time.Now()
		_, err = c.Status(context.Background(), "a:1")
		wantErr(t, err, ErrUnavailable)
		if took := time.Since(start); took > DefaultCallTimeout {
			t.Errorf("took %s, want the call timeout", took)
		}
	})
}

func TestTheLeaderIsFollowed(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 100_000))
		f.grant = func(need, _, _ budget.Credits) budget.Credits { return max(need, 20) }
		l := open(t, c, "llm")
		for _, leader := range []string{"a:1", "b:1", "c:1", "a:1"} {
			f.lead(leader)
			for i := 0; i < 100 && l.Status().Endpoint != leader; i++ {
				admit(t, l, 20) // some of it may be held already
			}
			before := len(f.acquires())
			for range 5 {
				admit(t, l, 20)
			}
			for _, call := range f.acquires()[before:] {
				if call.node != leader {
					t.Errorf("asked %s, want the leader %s", call.node, leader)
				}
			}
			if got := l.Status().Endpoint; got != leader {
				t.Errorf("status names %s, want %s", got, leader)
			}
		}
	})
}

func TestALeaderThatIsNoEndpointIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newCluster(t, 4)
		f.put("llm", perMinute("requests", 1000))
		f.lead("c:1")
		c, err := New([]string{"a:1", "b:1"}, WithDialOptions(grpc.WithContextDialer(f.dial)))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close(within(t, time.Second)) }) //nolint:errcheck // all are gone
		l := open(t, c, "llm")
		admit(t, l, 20)
		if got := l.Status().Endpoint; got != "c:1" {
			t.Errorf("calls go to %s, want c:1", got)
		}
		f.lead("d:1")
		for l.Status().Endpoint != "d:1" {
			admit(t, l, 20)
		}
		admit(t, l, 100)
		if got := len(c.conns.byAddr); got != 3 {
			t.Errorf("%d connections, want two endpoints and the leader", got)
		}
		f.nodes["d:1"].kill()
		f.lead("a:1")
		if err := l.Wait(within(t, time.Second), 50); err != nil {
			t.Errorf("after the leader was lost: %v", err)
		}
		f.lead("elsewhere:1") // whom nobody can reach
		if err := l.Wait(within(t, time.Second), 100); err != nil {
			t.Errorf("with a leader out of reach: %v", err)
		}
	})
}

// unknownOutcomes are ways in which the answer to a decided request is lost.
var unknownOutcomes = map[string]func(any, error) (any, error){
	"leader lost": func(any, error) (any, error) {
		return nil, refuse(codes.Unavailable, "OUTCOME_UNKNOWN", "lost leadership")
	},
	"connection broken": func(any, error) (any, error) {
		return nil, errors.New("transport is closing")
	},
	"too late": func(resp any, err error) (any, error) {
		pass(DefaultCallTimeout + time.Second)
		return resp, err
	},
}

// waitThrough opens a limiter, admits 1, loses the first answer to the request that follows, and
// waits for 30 more. It returns when the limiter is at rest, with the Acquires since the loss.
func waitThrough(
	t *testing.T, f *fakeCluster, c *Client, lose func(any, error) (any, error),
) (*Limiter, []fakeCall) {
	t.Helper()
	f.put("llm", perMinute("requests", 100))
	// As little as a need allows. What runs low is then refreshed credit by credit, in requests
	// of their own that follow the answer at once.
	f.grant = func(need, _, _ budget.Credits) budget.Credits { return need }
	l := open(t, c, "llm")
	want(t, l.Allow(), Allowed)
	pass(10 * time.Millisecond)
	sent := len(f.acquires())
	var lost atomic.Bool
	bendAll(f, func(_ context.Context, req any, decide func() (any, error)) (any, error) {
		resp, err := decide()
		_, acquire := req.(*leasedv1.AcquireRequest)
		if !acquire || lost.Swap(true) {
			return resp, err
		}
		return lose(resp, err)
	})
	if err := l.Wait(within(t, 10*time.Second), 30); err != nil {
		t.Fatal(err)
	}
	pass(10 * time.Millisecond)
	synctest.Wait()
	return l, f.acquires()[sent:]
}

// chargedOnce holds what was charged against what came of it, while the limiter is at rest:
// nothing is charged twice (R8) if its credits are spent or held.
func chargedOnce(f *fakeCluster, l *Limiter, spent budget.Credits) error {
	held := l.Status().Limits[0].Live
	if used := f.used("llm", 0); used != spent+held {
		return fmt.Errorf("charged %d, want the %d spent and the %d held", used, spent, held)
	}
	return nil
}

func TestARequestWithUnknownOutcomeIsChargedOnce(t *testing.T) {
	for name, lose := range unknownOutcomes {
		t.Run(name, func(t *testing.T) {
			bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
				l, tries := waitThrough(t, f, c, lose)
				if tries[0].acquire.GetSeq() != tries[1].acquire.GetSeq() {
					t.Errorf("tried again as %d, want the same seq %d",
						tries[1].acquire.GetSeq(), tries[0].acquire.GetSeq())
				}
				if len(tries) < 4 {
					t.Errorf("%d tries, want two and what refreshes: they are charged too", len(tries))
				}
				if err := chargedOnce(f, l, 31); err != nil {
					t.Error(err)
				}
				if got := l.Status().Counters; got.Retries != 1 || got.Unknown != 1 {
					t.Errorf("counted %+v, want one retry of one unknown outcome", got)
				}
				if err := l.Status().LastError; err != nil {
					t.Errorf("last error %v, want none after an answer", err)
				}
			})
		})
	}
}

// TestAChargeOfTwiceShows: what the test above looks at is wrong where R8 is broken.
func TestAChargeOfTwiceShows(t *testing.T) {
	for name, lose := range unknownOutcomes {
		t.Run(name, func(t *testing.T) {
			bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
				f.forgets = true
				l, _ := waitThrough(t, f, c, lose)
				if err := chargedOnce(f, l, 31); err == nil {
					t.Error("a coordinator that charges retries again looks sound")
				}
			})
		})
	}
}

func TestALifeIsCountedFromTheAttemptThatIsAnswered(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 100))
		l := open(t, c, "llm")
		want(t, l.Allow(), Allowed)
		var n atomic.Int32
		f.nodes["a:1"].set(func(_ context.Context, _ any, decide func() (any, error)) (any, error) {
			resp, err := decide()
			if n.Add(1) == 1 { // decided now, heard of 9 s later by a retry
				pass(9 * time.Second)
			}
			return resp, err
		})
		if err := l.Wait(within(t, 20*time.Second), 30); err != nil {
			t.Fatal(err)
		}
		limit := l.Status().Limits[0]
		if end := time.Since(f.born) + limit.Left; end > time.Minute {
			t.Errorf("the lease may be spent until %s, after its window", end)
		}
	})
}

func TestAnElection(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 100))
		l := open(t, c, "llm")
		want(t, l.Allow(), Allowed)
		f.lead("")
		l.AllowN(50)
		pass(DefaultUnavailableAfter / 2)
		want(t, l.AllowN(50), Pending)
		pass(DefaultUnavailableAfter)
		want(t, l.AllowN(50), Unavailable)
		wantErr(t, l.Wait(within(t, time.Second), 50), context.DeadlineExceeded, ErrUnavailable)
		sent := len(f.acquires())
		pass(time.Minute)
		if got := len(f.acquires()) - sent; got > 240 {
			t.Errorf("knocked %d times in a minute, want at most four a second", got)
		}
		f.lead("c:1")
		if err := l.Wait(within(t, 2*retryMax), 50); err != nil {
			t.Errorf("after the election: %v", err)
		}
	})
}

func TestALostSessionIsReopened(t *testing.T) {
	for name, lose := range map[string]func(*fakeCluster){
		"expired": (*fakeCluster).expireSessions,
		"spoken for by a clone": func(f *fakeCluster) {
			f.mu.Lock()
			defer f.mu.Unlock()
			for _, s := range f.sessions {
				s.seq += 10
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
				f.put("llm", perMinute("requests", 100))
				l := open(t, c, "llm")
				before := l.Status().Session
				lose(f)
				if err := l.Wait(within(t, time.Second), 40); err != nil {
					t.Fatal(err)
				}
				if got := l.Status().Session; got == before {
					t.Errorf("still session %d", got)
				}
			})
		})
	}
}

func TestALeaderThatOthersCannotReachIsNotFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newCluster(t, 2)
		f.put("llm", perMinute("requests", 100))
		var followed atomic.Bool
		dial := func(ctx context.Context, addr string) (net.Conn, error) {
			if addr == "gone:1" {
				followed.Store(true)
			}
			return f.dial(ctx, addr)
		}
		l := open(t, f.client(t, WithDialOptions(grpc.WithContextDialer(dial))), "llm")
		f.lead("gone:1")
		bendAll(f, func(context.Context, any, func() (any, error)) (any, error) {
			return nil, refuse(codes.Unavailable, "OUTCOME_UNKNOWN", "no answer from gone:1")
		})
		l.AllowN(40)
		pass(10 * time.Second)
		if followed.Load() {
			t.Error("followed")
		}
		bendAll(f, nil)
		pass(10 * time.Second)
		if !followed.Load() {
			t.Error("not followed when an answer named it")
		}
	})
}

func TestAnImpatientCallerSaysNothingOfTheEndpoint(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		bendAll(f, func(_ context.Context, _ any, decide func() (any, error)) (any, error) {
			pass(100 * time.Millisecond)
			return decide()
		})
		_, err := c.Budgets(within(t, 10*time.Millisecond))
		wantErr(t, err, context.DeadlineExceeded)
		if got := c.conns.endpoints.avoid; len(got) != 0 {
			t.Errorf("passes over %v, want nobody", got)
		}
	})
}

// noTimer is a context whose deadline may have passed while its timer has not fired.
type noTimer struct {
	context.Context
	deadline time.Time // zero: none
}

func (c noTimer) Deadline() (time.Time, bool) { return c.deadline, !c.deadline.IsZero() }

// TestWhosePatienceEnded: a node counts the deadline that it is told, and may say that it has
// passed before the caller's own timer does. If that was the caller's, the node is not to blame.
func TestWhosePatienceEnded(t *testing.T) {
	for name, tt := range map[string]struct {
		patience time.Duration // of the caller; 0: endless
		avoided  int
	}{
		"the caller's":       {10 * time.Millisecond, 0},
		"the client's":       {DefaultCallTimeout + time.Second, 1},
		"the client's alone": {0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, 1, func(t *testing.T, _ *fakeCluster, c *Client) {
				ctx := noTimer{Context: context.Background()}
				took := DefaultCallTimeout
				if tt.patience > 0 {
					ctx.deadline = time.Now().Add(tt.patience)
					took = min(took, tt.patience)
				}
				err := c.conns.attempt(ctx, func(
					context.Context, grpc.ClientConnInterface, ...grpc.CallOption,
				) error {
					pass(took)
					return status.Error(codes.DeadlineExceeded, "from the node")
				})
				wantErr(t, err, ErrUnavailable)
				if got := c.conns.endpoints.avoid; len(got) != tt.avoided {
					t.Errorf("passes over %v, want %d", got, tt.avoided)
				}
			})
		})
	}
}

func TestADeletedBudgetThatComesBack(t *testing.T) {
	for _, sessions := range []string{"kept", "forgotten"} {
		t.Run("sessions "+sessions, func(t *testing.T) {
			bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
				f.put("llm", perMinute("requests", 100))
				l := open(t, c, "llm")
				f.remove("llm")
				if sessions == "forgotten" {
					f.expireSessions()
				}
				wantErr(t, l.Wait(within(t, time.Minute), 40), ErrUnknownBudget)
				pass(time.Minute)
				sent := len(f.calls())
				pass(time.Minute)
				if got := len(f.calls()) - sent; got > 70 {
					t.Errorf("asked %d times in a minute, want at most one a second", got)
				}
				f.put("llm", perMinute("requests", 50))
				l.Allow() // by what was last heard, but it makes the limiter ask again
				pass(2 * retryMax)
				if err := l.Wait(within(t, time.Second), 40); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestUnknownBudget(t *testing.T) {
	bubble(t, 3, func(t *testing.T, _ *fakeCluster, c *Client) {
		start := time.Now()
		_, err := c.Limiter(within(t, time.Minute), "nope")
		wantErr(t, err, ErrUnknownBudget)
		if took := time.Since(start); took > time.Second {
			t.Errorf("took %s, want the first answer", took)
		}
	})
}

func TestNoFaultSpins(t *testing.T) {
	for name, faulty := range map[string]*leasedv1.AcquireResponse{
		"denied for no time": {
			Outcome: leasedv1.Outcome_OUTCOME_DENIED, Denial: &leasedv1.Denial{},
		},
		"granted for no time": {
			Outcome: leasedv1.Outcome_OUTCOME_GRANTED,
			Grants:  []*leasedv1.Grant{{Lease: 9, Amount: 50}},
		},
		"changed for ever": {
			Outcome: leasedv1.Outcome_OUTCOME_CHANGED, Revision: 9,
			Limits: []*leasedv1.Limit{{Metric: "requests", Amount: 100, PerNanos: 6e10}},
		},
		"session lost for ever": {Outcome: leasedv1.Outcome_OUTCOME_UNKNOWN_SESSION},
		"stale for ever":        {Outcome: leasedv1.Outcome_OUTCOME_STALE},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
				f.put("llm", perMinute("requests", 100))
				l := open(t, c, "llm")
				bendAll(f, func(_ context.Context, req any, decide func() (any, error)) (any, error) {
					if _, ok := req.(*leasedv1.AcquireRequest); ok {
						return faulty, nil
					}
					return decide()
				})
				sent := len(f.calls())
				wantErr(t, l.Wait(within(t, time.Minute), 40), context.DeadlineExceeded)
				if got := len(f.calls()) - sent; got > 200 {
					t.Errorf("%d calls in a minute, want a few a second", got)
				}
				bendAll(f, nil)
				if err := l.Wait(within(t, time.Minute+2*faultMax), 40); err != nil {
					t.Errorf("after the fault: %v", err)
				}
			})
		})
	}
}

func TestARefusedRequestDoesNotSpin(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 100))
		l := open(t, c, "llm")
		bendAll(f, func(_ context.Context, req any, decide func() (any, error)) (any, error) {
			if _, ok := req.(*leasedv1.AcquireRequest); ok {
				return nil, refuse(codes.InvalidArgument, "INVALID", "what a request")
			}
			return decide()
		})
		var q line
		q.join(within(t, 5*time.Minute), l, 0, 40)
		pass(time.Minute)
		if got := len(f.calls()); got > 200 {
			t.Errorf("%d calls in a minute, want a few a second", got)
		}
		wantErr(t, l.Status().LastError, ErrInvalid)
		bendAll(f, nil)
		q.all.Wait()
		wantErr(t, q.errs[0], nil)
	})
}

func TestGarbageIsAnUnknownOutcome(t *testing.T) {
	grant := func(limit uint32, amount int64) *leasedv1.Grant {
		return &leasedv1.Grant{Lease: 9, Limit: limit, Amount: amount, TtlNanos: 1e9}
	}
	granted := func(grants ...*leasedv1.Grant) *leasedv1.AcquireResponse {
		return &leasedv1.AcquireResponse{
			Outcome: leasedv1.Outcome_OUTCOME_GRANTED, Grants: grants,
		}
	}
	denied := func(d *leasedv1.Denial) *leasedv1.AcquireResponse {
		return &leasedv1.AcquireResponse{Outcome: leasedv1.Outcome_OUTCOME_DENIED, Denial: d}
	}
	for name, garbage := range map[string]any{
		"empty":              &leasedv1.AcquireResponse{},
		"outcome":            &leasedv1.AcquireResponse{Outcome: 99},
		"no grants":          granted(),
		"two grants":         granted(grant(0, 1), grant(0, 1)),
		"grant out of range": granted(grant(7, 1)),
		"grant of nothing":   granted(grant(0, 0)),
		"grant of too much":  granted(grant(0, 1<<60)),
		"limit out of range": denied(&leasedv1.Denial{Limit: 1 << 31}),
		"negative left":      denied(&leasedv1.Denial{Left: -1}),
		"eternal":            denied(&leasedv1.Denial{RetryAfterNanos: 1 << 62}),
		"too large nowhere": &leasedv1.AcquireResponse{
			Outcome: leasedv1.Outcome_OUTCOME_TOO_LARGE, Limit: 5,
		},
		"changed to nothing": &leasedv1.AcquireResponse{
			Outcome: leasedv1.Outcome_OUTCOME_CHANGED,
		},
		"changed to a kind": &leasedv1.AcquireResponse{
			Outcome: leasedv1.Outcome_OUTCOME_CHANGED,
			Limits:  []*leasedv1.Limit{{Metric: "x", Kind: "cube", Amount: 1, PerNanos: 1e9}},
		},
		"drift": &leasedv1.AcquireResponse{
			Outcome: leasedv1.Outcome_OUTCOME_GRANTED, Grants: []*leasedv1.Grant{grant(0, 1)},
			DriftPpm: 1e6,
		},
		"another message": &leasedv1.StatusResponse{Node: "a"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, 2, func(t *testing.T, f *fakeCluster, c *Client) {
				f.put("llm", perMinute("requests", 100))
				l := open(t, c, "llm")
				want(t, l.Allow(), Allowed)
				bendAll(f, func(context.Context, any, func() (any, error)) (any, error) {
					return garbage, nil
				})
				start := time.Now()
				wantErr(t, l.Wait(within(t, 5*time.Second), 40),
					context.DeadlineExceeded, ErrUnavailable)
				if took := time.Since(start); took > 5*time.Second {
					t.Errorf("took %s, want 5s", took)
				}
				bendAll(f, nil)
				if err := l.Wait(within(t, 2*retryMax), 40); err != nil {
					t.Errorf("after the garbage: %v", err)
				}
			})
		})
	}
}
