package transport

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/leased-io/leased/transport/leasedv1"
)

// TestRemoveMember: done, refused and unknown are told apart.
func TestRemoveMember(t *testing.T) {
	node := newFakeNode()
	c, _ := serve(t, Config{Coordinator: node, Cluster: node, CallTimeout: 50 * time.Millisecond})
	quorum := fmt.Errorf("%w: server b is the last voter", ErrQuorum)
	for _, tc := range []struct {
		name    string
		id      string
		err     error // of the node
		hang    bool
		removed bool
		code    codes.Code
		reason  string
	}{
		{"done", "b", nil, false, true, codes.OK, ""},
		{"no member", "x", nil, false, false, codes.OK, ""},
		{"the quorum would go", "b", quorum, false, false, codes.FailedPrecondition, ReasonQuorum},
		{"handed over", "b", ErrNotLeader, false, false, codes.Unavailable, ReasonNotLeader},
		{"lost", "b", ErrOutcomeUnknown, false, false, codes.Unavailable, ReasonOutcomeUnknown},
		{"no answer", "b", nil, true, false, codes.Unavailable, ReasonOutcomeUnknown},
		{"nobody", "", nil, false, false, codes.InvalidArgument, ReasonInvalid},
		{"too long", strings.Repeat("b", maxMemberID+1), nil, false, false,
			codes.InvalidArgument, ReasonInvalid},
	} {
		node.mu.Lock()
		node.err, node.hang = tc.err, tc.hang
		node.mu.Unlock()
		resp, err := c.cluster.RemoveMember(t.Context(), &leasedv1.RemoveMemberRequest{Id: tc.id})
		if resp.GetRemoved() != tc.removed || status.Code(err) != tc.code ||
			reasonOf(err) != tc.reason {
			t.Errorf("%s: got %v, %v", tc.name, resp, err)
		}
		if tc.code == codes.InvalidArgument && !strings.Contains(err.Error(), "id: ") {
			t.Errorf("%s: %v does not name the field", tc.name, err)
		}
	}
}

// TestRemoveMemberIsForwarded: any node takes the call.
func TestRemoveMemberIsForwarded(t *testing.T) {
	leader, follower := newFakeNode(), newFakeNode()
	_, dial := serve(t, Config{Coordinator: leader, Cluster: leader})
	follower.leader = Leader{ID: "a", API: "a:1"}
	c, _ := serve(t, Config{Coordinator: follower, Cluster: follower, Dial: dial})
	resp, err := c.cluster.RemoveMember(t.Context(), &leasedv1.RemoveMemberRequest{Id: "b"})
	if err != nil || !resp.GetRemoved() {
		t.Errorf("got %v, %v", resp, err)
	}
}
