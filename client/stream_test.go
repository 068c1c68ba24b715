package client

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/leased-io/leased/transport/leasedv1"
)

// onStreams counts the streams that were opened to a node, and the calls on them.
func (n *fakeNode) onStreams() (opened, calls int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.streams.opened, n.streams.calls
}

// anOpening is an errand that opens a session, and what came of it.
func anOpening(c *Client, came chan<- error) *errand {
	e := &errand{way: opening, wire: &leasedv1.OpenSessionRequest{Budget: "llm"},
		read: func(proto.Message) error { return nil },
		done: func(err error) { came <- err }}
	c.post.hand(e)
	return e
}

// TestBatchesShareAStream: what limiters send to a node goes on one stream, as long as it holds.
func TestBatchesShareAStream(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 1000))
		l := open(t, c, "llm")
		for range 5 {
			if err := l.Wait(within(t, time.Minute), 150); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		opened, calls := f.nodes["a:1"].onStreams()
		if sent := c.Calls().Calls; opened != 1 || calls != int(sent) {
			t.Errorf("%d streams with %d calls, want 1 with all %d", opened, calls, sent)
		}
	})
}

// TestANodeThatKnowsNoStreams: its calls go by themselves, at once, and after a while it is asked
// again: it may have been replaced by a newer one.
func TestANodeThatKnowsNoStreams(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 1000))
		n := f.nodes["a:1"]
		n.streams.old = true
		l := open(t, c, "llm")
		want(t, l.Allow(), Allowed)
		if opened, calls := n.onStreams(); opened != 1 || calls != 0 || time.Since(f.born) > 0 {
			t.Errorf("%d streams, %d calls, after %s, want one attempt that costs no time",
				opened, calls, time.Since(f.born))
		}
		n.mu.Lock()
		n.streams.old = false
		n.mu.Unlock()
		pass(aloneFor + time.Second)
		if err := l.Wait(within(t, time.Minute), 500); err != nil {
			t.Fatal(err)
		}
		if opened, calls := n.onStreams(); opened != 2 || calls == 0 {
			t.Errorf("%d streams, %d calls, want another stream", opened, calls)
		}
	})
}

// TestABrokenStream: of what was under way nobody knows what became, and the next call goes on
// another stream.
func TestABrokenStream(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 1000))
		n := f.nodes["a:1"]
		n.set(func(ctx context.Context, _ any, _ func() (any, error)) (any, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		came := make(chan error, 1)
		anOpening(c, came)
		synctest.Wait()
		n.kill()
		err := <-came
		undecided, ok := errors.AsType[*callError](err)
		if !ok || undecided.harmless || undecided.redirected {
			t.Errorf("got %v, want that nobody knows", err)
		}
		n.set(nil)
		n.start()
		pass(time.Minute)
		anOpening(c, came)
		if err := <-came; err != nil {
			t.Errorf("after the node has come back: %v", err)
		}
		if opened, calls := n.onStreams(); opened != 2 || calls != 2 {
			t.Errorf("%d streams, %d calls, want 2 of each", opened, calls)
		}
	})
}

// TestAStreamToANodeThatReadsNothing: each call on it ends when its own time is over, also one that
// could not be sent.
func TestAStreamToANodeThatReadsNothing(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, _ *Client) {
		n := f.nodes["a:1"]
		n.streams.deaf = true
		cc := f.client(t).conns.byAddr["a:1"]
		req := &leasedv1.OpenSessionsRequest{}
		for range maxBatch {
			req.Requests = append(req.Requests, &leasedv1.OpenSessionRequest{
				Budget: string(make([]byte, 200))})
		}
		began := time.Now()
		var calling sync.WaitGroup
		for i := range 8 { // more than fits the stream's window
			calling.Go(func() {
				patience := time.Duration(i+1) * time.Second
				_, err := leasedv1.NewLeasesClient(cc).OpenSessions(within(t, patience), req)
				if took := time.Since(began); err == nil || took != patience {
					t.Errorf("got %v after %s, want an end after %s", err, took, patience)
				}
			})
		}
		calling.Wait()
	})
}

// TestALateAnswerIsDropped: it is nobody else's.
func TestALateAnswerIsDropped(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 1000))
		n := f.nodes["a:1"]
		n.streams.late = true
		n.set(func(_ context.Context, _ any, decide func() (any, error)) (any, error) {
			answer, err := decide()
			pass(time.Second)
			return answer, err
		})
		leases := leasedv1.NewLeasesClient(c.conns.byAddr["a:1"])
		req := &leasedv1.OpenSessionsRequest{
			Requests: []*leasedv1.OpenSessionRequest{{Budget: "llm"}}}
		if _, err := leases.OpenSessions(within(t, 900*time.Millisecond), req); err == nil {
			t.Fatal("answered before its time")
		}
		resp, err := leases.OpenSessions(within(t, 3*time.Second), req)
		if err != nil || resp.GetResults()[0].GetResponse().GetSession() != 2 {
			t.Errorf("got %v, %v, want the second session", resp, err)
		}
		if opened, _ := n.onStreams(); opened != 1 {
			t.Errorf("%d streams, want 1", opened)
		}
	})
}

// TestInterceptorsSeeCalls: each by itself, and what they give metadata goes by itself.
func TestInterceptorsSeeCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newCluster(t, 1)
		f.put("llm", perMinute("requests", 1000))
		seen := 0
		var mark metadata.MD
		c := f.client(t, WithDialOptions(grpc.WithChainUnaryInterceptor(func(ctx context.Context,
			method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker,
			opts ...grpc.CallOption,
		) error {
			seen++
			if mark != nil {
				ctx = metadata.NewOutgoingContext(ctx, mark)
			}
			return invoke(ctx, method, req, reply, cc, opts...)
		})))
		came := make(chan error, 1)
		for i, m := range []metadata.MD{nil, metadata.Pairs("tenant", "a")} {
			mark = m
			anOpening(c, came)
			if err := <-came; err != nil {
				t.Fatal(err)
			}
			if _, calls := f.nodes["a:1"].onStreams(); seen != i+1 || calls != 1 {
				t.Errorf("%d seen, %d on the stream, want %d and 1", seen, calls, i+1)
			}
		}
	})
}

// TestUnaryCalls: with the option nothing goes on streams.
func TestUnaryCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newCluster(t, 1)
		f.put("llm", perMinute("requests", 1000))
		l := open(t, f.client(t, WithUnaryCalls()), "llm")
		want(t, l.Allow(), Allowed)
		if opened, _ := f.nodes["a:1"].onStreams(); opened != 0 {
			t.Errorf("%d streams, want none", opened)
		}
	})
}

// TestARedirectOnAStream: a node that does not lead names who does, and the next call goes there.
func TestARedirectOnAStream(t *testing.T) {
	bubble(t, 2, func(t *testing.T, f *fakeCluster, c *Client) {
		f.put("llm", perMinute("requests", 1000))
		f.lead("b:1")
		came := make(chan error, 1)
		for range 3 {
			anOpening(c, came)
			if err := <-came; err != nil {
				t.Fatal(err)
			}
		}
		if c.conns.leader() != "b:1" {
			t.Errorf("calls go to %q, want b:1", c.conns.leader())
		}
		if _, calls := f.nodes["b:1"].onStreams(); calls < 2 {
			t.Errorf("%d calls on the leader's stream, want at least 2", calls)
		}
	})
}
