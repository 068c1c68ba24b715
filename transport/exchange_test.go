package transport

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/transport/leasedv1"
)

// heldNode decides what comes of one session only when it is told to.
type heldNode struct {
	*fakeNode
	session uint64
	release chan struct{}
}

func (h *heldNode) ProposeAll(ctx context.Context, cmds []fsm.Command) []Proposed {
	if a := cmds[0].Acquire; a != nil && uint64(a.Session) == h.session {
		select {
		case <-h.release:
		case <-ctx.Done():
			all := make([]Proposed, len(cmds))
			for i := range all {
				all[i].Err = ErrOutcomeUnknown
			}
			return all
		}
	}
	return h.fakeNode.ProposeAll(ctx, cmds)
}

// onStream runs test in virtual time with a stream to a node that holds what session 1 asks.
func onStream(t *testing.T, test func(t *testing.T, h *heldNode, s *Server, c api,
	stream leasedv1.Leases_ExchangeClient),
) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := &heldNode{fakeNode: newFakeNode(), session: 1, release: make(chan struct{})}
		s, err := New(Config{Coordinator: h, Cluster: h})
		if err != nil {
			t.Fatal(err)
		}
		c, dial := serveOn(t, s)
		putBudget(t, c, "llm", 100)
		openBatch(t, c, "llm", 2)
		// A window that does not grow, so that it is full when a few answers are not read.
		conn, err := grpc.NewClient("passthrough:///a", grpc.WithContextDialer(dial),
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithInitialWindowSize(1<<16), grpc.WithInitialConnWindowSize(1<<16))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
		})
		c.leases = leasedv1.NewLeasesClient(conn)
		stream, err := c.leases.Exchange(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		test(t, h, s, c, stream)
	})
}

// ask sends one Acquire of a session.
func ask(
	t *testing.T, stream leasedv1.Leases_ExchangeClient, id, session, seq uint64, in time.Duration,
) {
	t.Helper()
	err := stream.Send(&leasedv1.ExchangeRequest{Id: id, TimeoutNanos: int64(in),
		Call: &leasedv1.ExchangeRequest_Acquire{Acquire: &leasedv1.AcquireBatchRequest{
			Requests: []*leasedv1.AcquireRequest{{Session: session, Seq: seq, Revision: 1,
				Asks: []*leasedv1.Ask{{Need: 1, Want: 1}}}},
		}}})
	if err != nil {
		t.Fatal(err)
	}
}

// answered takes the next answer, which must be to a call, of a reason if it failed.
func answered(
	t *testing.T, stream leasedv1.Leases_ExchangeClient, id uint64, reason string,
) *leasedv1.ExchangeResponse {
	t.Helper()
	a, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	if a.GetId() != id || a.GetFailure().GetReason() != reason || a.GetLeader() != "a:1" {
		t.Errorf("got %v, want an answer to %d, reason %q, and the leader a:1", a, id, reason)
	}
	return a
}

// TestAnswersComeAsTheyAreDecided: one that is held keeps no other from its answer, and each comes
// under the id of its call.
func TestAnswersComeAsTheyAreDecided(t *testing.T) {
	onStream(t, func(t *testing.T, h *heldNode, _ *Server, _ api,
		stream leasedv1.Leases_ExchangeClient,
	) {
		ask(t, stream, 7, 1, 1, 0)
		ask(t, stream, 9, 2, 1, 0)
		a := answered(t, stream, 9, "")
		if g := a.GetAcquire().GetResults()[0].GetResponse().GetGrants(); len(g) != 1 {
			t.Errorf("got %v, want a grant", a)
		}
		close(h.release)
		answered(t, stream, 7, "")
	})
}

// TestACallOnAStreamIsBounded: by its own time, whatever that of the others is.
func TestACallOnAStreamIsBounded(t *testing.T) {
	onStream(t, func(t *testing.T, _ *heldNode, _ *Server, _ api,
		stream leasedv1.Leases_ExchangeClient,
	) {
		began := time.Now()
		ask(t, stream, 1, 1, 1, 0)
		ask(t, stream, 2, 1, 1, time.Second)
		answered(t, stream, 2, ReasonOutcomeUnknown)
		if took := time.Since(began); took != time.Second {
			t.Errorf("answered after %s, want 1s", took)
		}
		answered(t, stream, 1, ReasonOutcomeUnknown)
		if took := time.Since(began); took != CallTimeout {
			t.Errorf("answered after %s, want %s", took, CallTimeout)
		}
	})
}

// TestRefusalsOnAStream: a call that is refused ends nothing but itself.
func TestRefusalsOnAStream(t *testing.T) {
	onStream(t, func(t *testing.T, h *heldNode, _ *Server, _ api,
		stream leasedv1.Leases_ExchangeClient,
	) {
		if err := stream.Send(&leasedv1.ExchangeRequest{Id: 3}); err != nil {
			t.Fatal(err)
		}
		a, err := stream.Recv()
		if err != nil || a.GetId() != 3 || a.GetFailure().GetReason() != ReasonInvalid {
			t.Errorf("no call: got %v, %v", a, err)
		}
		h.mu.Lock()
		h.leader = Leader{ID: "b"}
		h.mu.Unlock()
		ask(t, stream, 4, 2, 1, 0)
		if a, err = stream.Recv(); err != nil || a.GetFailure().GetReason() != ReasonNotLeader ||
			codes.Code(a.GetFailure().GetCode()) != codes.Unavailable {
			t.Errorf("no leader: got %v, %v", a, err)
		}
	})
}

// TestStopAnswersWhatIsUnderWay: and ends the stream then, as it does a stream that is idle.
func TestStopAnswersWhatIsUnderWay(t *testing.T) {
	onStream(t, func(t *testing.T, h *heldNode, s *Server, c api,
		stream leasedv1.Leases_ExchangeClient,
	) {
		idle, err := c.leases.Exchange(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ask(t, stream, 1, 1, 1, 0)
		synctest.Wait()
		stopped := make(chan struct{})
		go func() {
			s.Stop(t.Context())
			close(stopped)
		}()
		if _, err := idle.Recv(); !errors.Is(err, io.EOF) {
			t.Errorf("an idle stream: got %v, want its end", err)
		}
		synctest.Wait()
		close(h.release)
		answered(t, stream, 1, "")
		if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
			t.Errorf("got %v, want the end", err)
		}
		<-stopped
	})
}

// TestAStreamThatIsNotRead: is given up once an answer was not taken for as long as a call may
// last, and until then no more is read from it than maxUnderWay calls.
func TestAStreamThatIsNotRead(t *testing.T) {
	onStream(t, func(t *testing.T, h *heldNode, s *Server, c api,
		_ leasedv1.Leases_ExchangeClient,
	) {
		ctx, leave := context.WithCancel(t.Context())
		stream, err := c.leases.Exchange(ctx)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		var sending sync.WaitGroup
		sending.Go(func() {
			for id := uint64(0); err == nil; id++ {
				opens := make([]*leasedv1.OpenSessionRequest, MaxBatch)
				for i := range opens {
					opens[i] = &leasedv1.OpenSessionRequest{Budget: "llm"}
				}
				err = stream.Send(&leasedv1.ExchangeRequest{Id: id,
					Call: &leasedv1.ExchangeRequest_OpenSessions{
						OpenSessions: &leasedv1.OpenSessionsRequest{Requests: opens}}})
			}
		})
		synctest.Wait()
		h.mu.Lock()
		proposed := h.proposed
		h.mu.Unlock()
		s.stopOnce.Do(func() { close(s.stopping) }) // the other stream, which is idle, ends at once
		s.tasks.join()
		if took := time.Since(began); took != CallTimeout {
			t.Errorf("given up after %s, want %s", took, CallTimeout)
		}
		if h.proposed != proposed {
			t.Errorf("%d requests were decided after answers were not taken", h.proposed-proposed)
		}
		leave()
		sending.Wait()
	})
}

// TestAStreamIsForwardedCallByCall: a follower passes on each call, and names the leader.
func TestAStreamIsForwardedCallByCall(t *testing.T) {
	leader := newFakeNode()
	direct, dial := serve(t, Config{Coordinator: leader, Cluster: leader})
	putBudget(t, direct, "llm", 100)
	openBatch(t, direct, "llm", 1)
	follower := newFakeNode()
	follower.leader = Leader{ID: "a", API: "a:1"}
	c, _ := serve(t, Config{Coordinator: follower, Cluster: follower, Dial: dial})
	stream, err := c.leases.Exchange(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for seq := range uint64(3) {
		ask(t, stream, seq, 1, seq+1, 0)
		answered(t, stream, seq, "")
	}
	if follower.proposed > 0 {
		t.Error("the follower decided")
	}
}
