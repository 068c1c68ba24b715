package client

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"

	"github.com/leased-io/leased/transport/leasedv1"
)

// NodeStatus is what one node says of itself and its cluster, from its own state, which may
// be stale.
type NodeStatus struct {
	Node    string
	Version string
	// State is "leader", "follower", "candidate", "shutdown", or "removed": it is no member any
	// more, as far as it knows.
	State        string
	Leader       string // id, empty if none is known
	Term         uint64
	Epoch        uint64
	AppliedIndex uint64
	ClusterTime  time.Duration // since the cluster's first epoch began
	Sessions     uint64
	Budgets      uint64
	Accounts     uint64
	Digest       string // running, of what the log did up to AppliedIndex
	Members      []Member
	DriftPPM     int64 // the cluster's max_clock_drift
	// Calendar is nil until a limit follows the calendar.
	Calendar *CalendarStatus
}

// Member is one server of the cluster, or one that is seen besides, as the node that was asked
// knows it.
type Member struct {
	ID          string
	RaftAddress string
	APIAddress  string // empty where gossip has not told yet
	Voter       bool   // it is counted; else it has joined and does not vote yet, or was removed
	Leader      bool
	Alive       bool // by gossip
}

// Status asks the node at endpoint, host:port, once, within the call timeout. The endpoint need
// not be one of the client's. Errors match ErrUnavailable, ErrInvalid or ErrClosed.
func (c *Client) Status(ctx context.Context, endpoint string) (NodeStatus, error) {
	var resp *leasedv1.StatusResponse
	err := c.conns.ask(ctx, endpoint, func(
		ctx context.Context, cc grpc.ClientConnInterface, opts ...grpc.CallOption,
	) (err error) {
		resp, err = leasedv1.NewClusterClient(cc).Status(ctx, &leasedv1.StatusRequest{}, opts...)
		return err
	})
	if err != nil {
		return NodeStatus{}, fmt.Errorf("status: %w", err)
	}
	s := NodeStatus{
		Node:         resp.GetNode(),
		Version:      resp.GetVersion(),
		State:        resp.GetState(),
		Leader:       resp.GetLeader(),
		Term:         resp.GetTerm(),
		Epoch:        resp.GetEpoch(),
		AppliedIndex: resp.GetAppliedIndex(),
		ClusterTime:  time.Duration(resp.GetClusterTimeNanos()),
		Sessions:     resp.GetSessions(),
		Budgets:      resp.GetBudgets(),
		Accounts:     resp.GetAccounts(),
		Digest:       resp.GetDigest(),
		DriftPPM:     resp.GetDriftPpm(),
		Calendar:     toCalendar(resp),
	}
	s.Members = toMembers(resp.GetMembers())
	return s, nil
}
