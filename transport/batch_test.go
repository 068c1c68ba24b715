package transport

import (
	"fmt"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/transport/leasedv1"
)

// openBatch opens n sessions on a budget in one call.
func openBatch(t *testing.T, c api, name string, n int) []*leasedv1.OpenSessionResponse {
	t.Helper()
	req := &leasedv1.OpenSessionsRequest{}
	for range n {
		req.Requests = append(req.Requests, &leasedv1.OpenSessionRequest{Budget: name})
	}
	resp, err := c.leases.OpenSessions(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	var opened []*leasedv1.OpenSessionResponse
	for i, r := range resp.GetResults() {
		if r.GetResponse() == nil {
			t.Fatalf("session %d: %v", i, r)
		}
		opened = append(opened, r.GetResponse())
	}
	return opened
}

// asking is a request of n credits of the only limit.
func asking(s *leasedv1.OpenSessionResponse, seq uint64, n int64) *leasedv1.AcquireRequest {
	return &leasedv1.AcquireRequest{
		Session: s.GetSession(), Seq: seq, Revision: s.GetRevision(),
		Asks: []*leasedv1.Ask{{Need: n, Want: n}},
	}
}

// TestEachOfABatchIsDecided: one that is malformed, of an unknown session, or whose outcome is
// unknown keeps none of the others from its own decision, at its own place.
func TestEachOfABatchIsDecided(t *testing.T) {
	node := newFakeNode()
	c, _ := serve(t, Config{Coordinator: node, Cluster: node})
	putBudget(t, c, "llm", 100)
	s := openBatch(t, c, "llm", 4)
	malformed, stranger := asking(s[1], 0, 1), asking(s[1], 1, 1)
	stranger.Session = 99
	node.fails = map[int]error{3: ErrOutcomeUnknown, 4: ErrOverloaded} // of those that are proposed
	resp, err := c.leases.AcquireBatch(t.Context(), &leasedv1.AcquireBatchRequest{
		Requests: []*leasedv1.AcquireRequest{
			asking(s[0], 1, 10), malformed, stranger, asking(s[1], 1, 20), asking(s[2], 1, 30),
			asking(s[3], 1, 40),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, r := range resp.GetResults() {
		if f := r.GetFailure(); f != nil {
			got += fmt.Sprintf("%v %s, ", codes.Code(f.GetCode()), f.GetReason())
			continue
		}
		got += r.GetResponse().GetOutcome().String()
		for _, g := range r.GetResponse().GetGrants() {
			got += fmt.Sprint(" ", g.GetAmount())
		}
		got += ", "
	}
	const want = "OUTCOME_GRANTED 10, InvalidArgument INVALID, OUTCOME_UNKNOWN_SESSION, " +
		"OUTCOME_GRANTED 20, Unavailable OUTCOME_UNKNOWN, Unavailable OVERLOADED, "
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if f := resp.GetResults()[1].GetFailure(); f.GetMessage() != "seq: is 0, must be at least 1" {
		t.Errorf("the malformed one is told %q", f.GetMessage())
	}

	node.fails = nil
	back, err := c.leases.ReturnBatch(t.Context(), &leasedv1.ReturnBatchRequest{
		Requests: []*leasedv1.ReturnRequest{
			{Session: 0}, {Session: 99},
			{Session: s[0].GetSession(), Close: true, Returns: []*leasedv1.Return{
				{Lease: resp.GetResults()[0].GetResponse().GetGrants()[0].GetLease(), Amount: 10}}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := back.GetResults()
	if r[0].GetFailure().GetReason() != ReasonInvalid || r[1].GetResponse().GetSessionKnown() ||
		r[1].GetFailure() != nil || r[2].GetResponse().GetTaken()[0] != 10 {
		t.Errorf("returns: got %v", r)
	}
	opened, err := c.leases.OpenSessions(t.Context(), &leasedv1.OpenSessionsRequest{
		Requests: []*leasedv1.OpenSessionRequest{{Budget: "none"}, {Budget: "llm"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if o := opened.GetResults(); o[0].GetFailure().GetReason() != ReasonUnknownBudget ||
		o[1].GetResponse().GetSession() == 0 {
		t.Errorf("sessions: got %v", o)
	}
}

// TestABatchThatNobodyDecidesFails: as a whole, so that its sender looks elsewhere.
func TestABatchThatNobodyDecidesFails(t *testing.T) {
	node := newFakeNode()
	c, _ := serve(t, Config{Coordinator: node, Cluster: node})
	putBudget(t, c, "llm", 100)
	s := openBatch(t, c, "llm", 2)
	two := &leasedv1.AcquireBatchRequest{
		Requests: []*leasedv1.AcquireRequest{asking(s[0], 1, 10), asking(s[1], 1, 10)},
	}
	node.fails = map[int]error{0: ErrOverloaded, 1: ErrOverloaded}
	_, err := c.leases.AcquireBatch(t.Context(), two)
	if status.Code(err) != codes.Unavailable || reasonOf(err) != ReasonOverloaded {
		t.Errorf("got %v, want %s", err, ReasonOverloaded)
	}
	// One of them may have taken effect: the other's reason must not stand for it.
	node.fails[1] = ErrOutcomeUnknown
	resp, err := c.leases.AcquireBatch(t.Context(), two)
	if err != nil || resp.GetResults()[1].GetFailure().GetReason() != ReasonOutcomeUnknown {
		t.Errorf("got %v, %v, want both told apart", resp, err)
	}
}

// TestBatchesAreBounded: and one of the greatest length fits a message.
func TestBatchesAreBounded(t *testing.T) {
	node := newFakeNode()
	c, _ := serve(t, Config{Coordinator: node, Cluster: node})
	putBudget(t, c, "llm", int64(budget.MaxAmount))
	s := openBatch(t, c, "llm", MaxBatch)
	for n, code := range map[int]codes.Code{
		0: codes.InvalidArgument, 1: codes.OK, MaxBatch: codes.OK, MaxBatch + 1: codes.InvalidArgument,
	} {
		acquires, opens := &leasedv1.AcquireBatchRequest{}, &leasedv1.OpenSessionsRequest{}
		returns := &leasedv1.ReturnBatchRequest{}
		for i := range n {
			session := s[i%MaxBatch]
			acquires.Requests = append(acquires.Requests, asking(session, 1<<40, 1<<40))
			opens.Requests = append(opens.Requests, &leasedv1.OpenSessionRequest{Budget: "llm"})
			returns.Requests = append(returns.Requests,
				&leasedv1.ReturnRequest{Session: session.GetSession()})
		}
		_, err := c.leases.AcquireBatch(t.Context(), acquires)
		if status.Code(err) != code {
			t.Errorf("%d acquires: got %v, want %v", n, err, code)
		}
		if _, err = c.leases.OpenSessions(t.Context(), opens); status.Code(err) != code {
			t.Errorf("%d sessions: got %v, want %v", n, err, code)
		}
		if _, err = c.leases.ReturnBatch(t.Context(), returns); status.Code(err) != code {
			t.Errorf("%d returns: got %v, want %v", n, err, code)
		}
	}
}

// TestABatchIsForwardedOnce: as it came, in one call.
func TestABatchIsForwardedOnce(t *testing.T) {
	leader := newFakeNode()
	direct, dial := serve(t, Config{Coordinator: leader, Cluster: leader})
	putBudget(t, direct, "llm", 100)
	s := openBatch(t, direct, "llm", 2)
	follower := newFakeNode()
	follower.leader = Leader{ID: "b", API: "b:1"}
	c, _ := serve(t, Config{Coordinator: follower, Cluster: follower, Dial: dial})
	req := &leasedv1.AcquireBatchRequest{
		Requests: []*leasedv1.AcquireRequest{asking(s[0], 1, 10), asking(s[1], 1, 200)},
	}
	via, err := c.leases.AcquireBatch(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	again, err := direct.leases.AcquireBatch(t.Context(), req) // R8: the first is told again
	if err != nil || !proto.Equal(via.GetResults()[0], again.GetResults()[0]) {
		t.Errorf("got %v through a follower, %v then (%v)", via, again, err)
	}
	if got := via.GetResults()[1].GetResponse().GetOutcome(); got !=
		leasedv1.Outcome_OUTCOME_TOO_LARGE {
		t.Errorf("the second: got %v", got)
	}
	if follower.proposed > 0 {
		t.Error("the follower decided")
	}
}
