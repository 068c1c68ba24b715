package transport

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/leased-io/leased/transport/leasedv1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func acquireOne(ctx context.Context, c api, opts ...grpc.CallOption) error {
	req := &leasedv1.AcquireRequest{Session: 1, Seq: 1}
	_, err := c.leases.Acquire(ctx, req, opts...)
	return err
}

// TestCallIsBounded: a coordinator that never answers makes an unknown outcome, in time.
func TestCallIsBounded(t *testing.T) {
	node := newFakeNode()
	node.hang = true
	c, _ := serve(t, Config{Coordinator: node, Cluster: node, CallTimeout: 20 * time.Millisecond})
	for name, call := range map[string]func() error{
		"acquire": func() error { return acquireOne(t.Context(), c) },
		"list": func() error {
			_, err := c.budgets.ListBudgets(t.Context(), &leasedv1.ListBudgetsRequest{})
			return err
		},
	} {
		err := call()
		if status.Code(err) != codes.Unavailable || reasonOf(err) != ReasonOutcomeUnknown {
			t.Errorf("%s: got %v, want OUTCOME_UNKNOWN", name, err)
		}
	}
}

func TestErrorsOfTheCoordinator(t *testing.T) {
	node := newFakeNode()
	c, _ := serve(t, Config{Coordinator: node, Cluster: node})
	for _, tc := range []struct {
		err    error
		code   codes.Code
		reason string
	}{
		{ErrNotLeader, codes.Unavailable, ReasonNotLeader},
		{ErrOverloaded, codes.Unavailable, ReasonOverloaded},
		{ErrOutcomeUnknown, codes.Unavailable, ReasonOutcomeUnknown},
		{errors.New("bug"), codes.Internal, ReasonInternal},
	} {
		node.err = tc.err
		err := acquireOne(t.Context(), c)
		if status.Code(err) != tc.code || reasonOf(err) != tc.reason {
			t.Errorf("%v: got %v, want %s, %s", tc.err, err, tc.code, tc.reason)
		}
	}
}

// TestFollowerForwardsOnce: a follower's answer is the leader's; a request that was passed on
// is not passed on again; the trailer names the leader.
func TestFollowerForwardsOnce(t *testing.T) {
	leader := newFakeNode()
	direct, dial := serve(t, Config{Coordinator: leader, Cluster: leader})
	follower := newFakeNode()
	follower.leader = Leader{ID: "a", API: "a:1"}
	c, dialFollower := serve(t, Config{Coordinator: follower, Cluster: follower, Dial: dial})

	var trailer metadata.MD
	if err := acquireOne(t.Context(), c, grpc.Trailer(&trailer)); err != nil {
		t.Fatal(err)
	}
	if got := trailer.Get(LeaderTrailer); len(got) != 1 || got[0] != "a:1" {
		t.Errorf("trailer: got %q", got)
	}
	if leader.proposed != 1 || follower.proposed != 0 {
		t.Errorf("proposed: %d at the leader, %d at the follower", leader.proposed, follower.proposed)
	}
	// The leader's refusals pass through as they are.
	_, err := c.leases.OpenSession(t.Context(), &leasedv1.OpenSessionRequest{Budget: "other"})
	if status.Code(err) != codes.NotFound || reasonOf(err) != ReasonUnknownBudget {
		t.Errorf("refusal: got %v", err)
	}
	// Two followers that each take the other for the leader.
	lost := newFakeNode()
	lost.leader = Leader{ID: "b", API: "b:1"}
	confused, _ := serve(t, Config{Coordinator: lost, Cluster: lost, Dial: dialFollower})
	before := leader.proposed
	err = acquireOne(t.Context(), confused)
	if status.Code(err) != codes.Unavailable || reasonOf(err) != ReasonNotLeader {
		t.Errorf("forwarded twice: got %v", err)
	}
	if leader.proposed != before {
		t.Error("a forwarded request was forwarded again")
	}
	if err := acquireOne(t.Context(), direct); err != nil {
		t.Error(err)
	}
}

func TestForwardFailures(t *testing.T) {
	follower := newFakeNode()
	refused := func(context.Context, string) (net.Conn, error) { return nil, errors.New("refused") }
	c, _ := serve(t, Config{Coordinator: follower, Cluster: follower, Dial: refused,
		CallTimeout: time.Second})
	for _, tc := range []struct {
		leader Leader
		reason string
	}{
		{Leader{}, ReasonNotLeader},
		{Leader{ID: "a"}, ReasonNotLeader},
		{Leader{ID: "a", API: "a:1"}, ReasonOutcomeUnknown},
	} {
		follower.mu.Lock()
		follower.leader = tc.leader
		follower.mu.Unlock()
		err := acquireOne(t.Context(), c)
		if status.Code(err) != codes.Unavailable || reasonOf(err) != tc.reason {
			t.Errorf("leader %+v: got %v, want %s", tc.leader, err, tc.reason)
		}
	}
}

func TestStatusAndHealth(t *testing.T) {
	node := newFakeNode()
	s, err := New(Config{Coordinator: node, Cluster: node})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Kill()
	names := []string{"", "leased.v1.Leases", "leased.v1.Budgets", "leased.v1.Cluster"}
	check := func(want healthv1.HealthCheckResponse_ServingStatus) {
		t.Helper()
		for _, name := range names {
			got, err := s.health.Check(t.Context(), &healthv1.HealthCheckRequest{Service: name})
			if err != nil || got.GetStatus() != want {
				t.Errorf("health of %q: got %v, %v, want %v", name, got, err, want)
			}
		}
	}
	check(healthv1.HealthCheckResponse_NOT_SERVING)
	s.SetServing(true)
	check(healthv1.HealthCheckResponse_SERVING)
	s.NotServing()
	s.SetServing(true) // too late
	check(healthv1.HealthCheckResponse_NOT_SERVING)

	c, _ := serve(t, Config{Coordinator: node, Cluster: node})
	got, err := c.cluster.Status(t.Context(), &leasedv1.StatusRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if got.GetNode() != "a" || got.GetDigest() != node.state.Digest() ||
		got.GetAppliedIndex() != node.state.Index() || len(got.GetMembers()) != 1 ||
		!got.GetMembers()[0].GetVoter() {
		t.Errorf("status: got %v", got)
	}
}

// TestStopIsBounded: Stop waits for a call in progress, but not beyond its context.
func TestStopIsBounded(t *testing.T) {
	node := newFakeNode()
	node.hang = true
	s, err := New(Config{Coordinator: node, Cluster: node})
	if err != nil {
		t.Fatal(err)
	}
	c, _ := serveOn(t, s)
	failed := make(chan error, 1)
	go func() { failed <- acquireOne(t.Context(), c) }()
	<-node.called
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	s.Stop(ctx)
	if err := <-failed; status.Code(err) != codes.Unavailable {
		t.Errorf("a call that was cut: got %v", err)
	}
}
