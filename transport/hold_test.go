package transport

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/leased-io/leased/transport/leasedv1"
)

// waiting is a node that knows no leader yet, and a call that was made there.
type waiting struct {
	*fakeNode
	server  *Server
	api     api
	trailer metadata.MD
	failed  chan error
}

func startWaiting(t *testing.T, dial func(context.Context, string) (net.Conn, error)) *waiting {
	t.Helper()
	w := &waiting{fakeNode: newFakeNode(), failed: make(chan error, 1)}
	w.leader, w.news = Leader{}, make(chan struct{})
	var err error
	w.server, err = New(Config{Coordinator: w, Cluster: w, Dial: dial})
	if err != nil {
		t.Fatal(err)
	}
	w.api, _ = serveOn(t, w.server)
	return w
}

// call calls the node and returns once the call is held, or answered.
func (w *waiting) call(ctx context.Context) {
	go func() { w.failed <- acquireOne(ctx, w.api, grpc.Trailer(&w.trailer)) }()
	synctest.Wait()
}

// is reports a call that did not end, after a time, with a reason (empty: decided), at a leader.
func (w *waiting) is(t *testing.T, began time.Time, after time.Duration, reason, leader string) {
	t.Helper()
	err := <-w.failed
	if got := time.Since(began).Round(time.Microsecond); got != after || reasonOf(err) != reason {
		t.Errorf("got %v after %s, want %q after %s", err, got, reason, after)
	}
	if got := w.trailer.Get(LeaderTrailer); leader == "" && len(got) > 0 ||
		leader != "" && (len(got) != 1 || got[0] != leader) {
		t.Errorf("the trailer names %q, want %q", got, leader)
	}
	if held := w.server.hold.held.Load(); held != 0 {
		t.Errorf("%d calls are held still", held)
	}
}

// TestHeldUntilThereIsALeader: one that comes soon decides the call. To one that comes later it is
// made anew, also if it is the node that held it.
func TestHeldUntilThereIsALeader(t *testing.T) {
	for name, tc := range map[string]struct {
		held   time.Duration
		reason string
	}{
		"soon":  {maxStaleCall, ""},
		"later": {maxStaleCall + time.Millisecond, ReasonNotLeader},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, w := time.Now(), startWaiting(t, nil)
				w.call(t.Context())
				w.become(Leader{ID: "a"}) // it leads, but has not opened its epoch
				time.Sleep(tc.held)       //nolint:forbidigo // virtual time: a synctest bubble
				w.become(Leader{ID: "a", API: "a:1", Self: true})
				w.is(t, began, tc.held, tc.reason, "a:1")
				if decided := w.proposed == 1; decided != (tc.reason == "") {
					t.Errorf("proposed %d times, though it came to %q", w.proposed, tc.reason)
				}
			})
		})
	}
}

// TestHeldAtMost: a call is answered in time, and a node that has been without a leader for long
// holds none.
func TestHeldAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := startWaiting(t, nil)
		first := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		w.call(ctx)
		time.Sleep(time.Second) //nolint:forbidigo // virtual time: a synctest bubble
		w.become(Leader{})      // news of no use prolongs nothing
		w.is(t, first, 1500*time.Millisecond, ReasonNotLeader, "")

		w.call(t.Context())
		w.is(t, first, maxLeaderless, ReasonNotLeader, "")
		w.call(t.Context())
		w.is(t, first, maxLeaderless, ReasonNotLeader, "")
		if w.proposed != 0 {
			t.Errorf("a refused call was proposed")
		}

		// A leader that was found is missed anew.
		w.become(Leader{ID: "a", API: "a:1", Self: true})
		w.call(t.Context())
		w.is(t, first, maxLeaderless, "", "a:1")
		w.become(Leader{})
		w.call(t.Context())
		w.is(t, first, 2*maxLeaderless, ReasonNotLeader, "")
	})
}

// TestNotHeld: calls beyond the bound, calls that another node passed on, and those at a node that
// will know no leader.
func TestNotHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, w := time.Now(), startWaiting(t, nil)
		w.call(metadata.AppendToOutgoingContext(t.Context(), ForwardedHeader, "1"))
		w.is(t, began, 0, ReasonNotLeader, "")

		w.server.hold.held.Store(maxHeld)
		w.call(t.Context())
		if err := <-w.failed; reasonOf(err) != ReasonNotLeader {
			t.Errorf("beyond the bound: got %v, want NOT_LEADER", err)
		}
		w.server.hold.held.Store(0)

		w.news = nil
		w.call(t.Context())
		w.is(t, began, 0, ReasonNotLeader, "")
	})
}

// TestHeldWhileTheLeaderIsGone: a leader that is known, but cannot be reached, is as good as none:
// nothing was sent to it.
func TestHeldWhileTheLeaderIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := newFakeNode()
		_, reached := serve(t, Config{Coordinator: next, Cluster: next})
		began := time.Now()
		w := startWaiting(t, func(ctx context.Context, address string) (net.Conn, error) {
			if address == "old:1" {
				return nil, errors.New("refused")
			}
			return reached(ctx, address)
		})
		w.leader = Leader{ID: "old", API: "old:1"}
		w.call(t.Context())
		select {
		case err := <-w.failed:
			t.Fatalf("not held: %v", err)
		default:
		}
		time.Sleep(50 * time.Millisecond) //nolint:forbidigo // virtual time: a synctest bubble
		w.become(Leader{ID: "next", API: "next:1"})
		w.is(t, began, 50*time.Millisecond, "", "next:1")
		if next.proposed != 1 {
			t.Errorf("proposed %d times at the leader", next.proposed)
		}

		began = time.Now()
		w.become(Leader{ID: "old", API: "old:1"})
		w.call(t.Context())
		w.is(t, began, maxLeaderless, ReasonNotLeader, "")
	})
}

// TestHeldUntilTheServerStops refuses what is held.
func TestHeldUntilTheServerStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, w := time.Now(), startWaiting(t, nil)
		stream, err := w.api.leases.Exchange(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		batch := &leasedv1.AcquireBatchRequest{
			Requests: []*leasedv1.AcquireRequest{{Session: 1, Seq: 1}}}
		if err := stream.Send(&leasedv1.ExchangeRequest{Id: 1,
			Call: &leasedv1.ExchangeRequest_Acquire{Acquire: batch}}); err != nil {
			t.Fatal(err)
		}
		w.call(t.Context())
		if held := w.server.hold.held.Load(); held != 2 {
			t.Errorf("%d calls are held, want 2", held)
		}
		w.server.Stop(t.Context())
		a, err := stream.Recv()
		if err != nil || a.GetFailure().GetReason() != ReasonNotLeader {
			t.Errorf("got %v, %v, want NOT_LEADER", a, err)
		}
		w.is(t, began, 0, ReasonNotLeader, "")
	})
}
