package client

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/leased-io/leased/transport/leasedv1"
)

// ErrQuorum is returned when a server is not removed, because those left could not decide
// anything: it is the last voter, or the voters left that are alive are no majority of them.
var ErrQuorum = errors.New("client: the quorum would be lost")

const (
	// reasonQuorum is the reason in ErrorInfo of what ErrQuorum stands for.
	reasonQuorum = "QUORUM"
	// stateLeader is what a node says of itself that leads.
	stateLeader = "leader"
)

// Members returns the servers that the leader sees, by id: those that vote, those that have joined
// and do not vote yet, and those that were removed and still run. It blocks until a leader answers
// or ctx ends. Errors match ErrClosed, or ErrUnavailable with ctx's error.
func (c *Client) Members(ctx context.Context) ([]Member, error) {
	var pace backoff
	for {
		var resp *leasedv1.StatusResponse
		err := c.conns.retry(ctx, c.tries(), func(
			ctx context.Context, cc grpc.ClientConnInterface, opts ...grpc.CallOption,
		) (err error) {
			// The answer names the leader, whom the next call goes to.
			resp, err = leasedv1.NewClusterClient(cc).Status(ctx, &leasedv1.StatusRequest{}, opts...)
			return err
		})
		switch {
		case err != nil:
			return nil, fmt.Errorf("members: %w", err)
		case resp.GetState() == stateLeader:
			return toMembers(resp.GetMembers()), nil
		}
		knows := resp.GetLeader() != ""
		if !knows {
			c.conns.passOver(c.conns.leader())
		}
		if !pause(ctx, c.conns.closed, pace.next(knows)) {
			if ctx.Err() == nil {
				return nil, fmt.Errorf("members: %w", ErrClosed)
			}
			return nil, fmt.Errorf("members: %w: %w: node %s does not lead, and knows of leader %q",
				ctx.Err(), ErrUnavailable, resp.GetNode(), resp.GetLeader())
		}
	}
}

// RemoveMember takes the server of that id out of the cluster for good, alive or dead, and blocks
// until that is decided or ctx ends. It reports false if the server was no member, or no longer:
// an earlier attempt of this call, whose outcome was unknown, may have removed it. A server that
// is removed does not stop by itself, and comes back only with an empty data directory.
// Errors match ErrQuorum, ErrInvalid, ErrClosed, or ErrUnavailable with ctx's error: then it may
// have been removed.
func (c *Client) RemoveMember(ctx context.Context, id string) (removed bool, err error) {
	var refused error // decided, and not to be tried again
	err = c.conns.retry(ctx, c.tries(), func(
		ctx context.Context, cc grpc.ClientConnInterface, opts ...grpc.CallOption,
	) error {
		resp, err := leasedv1.NewClusterClient(cc).
			RemoveMember(ctx, &leasedv1.RemoveMemberRequest{Id: id}, opts...)
		removed = resp.GetRemoved()
		st := status.Convert(err)
		if st.Code() == codes.FailedPrecondition && errorInfo(st).GetReason() == reasonQuorum {
			refused = fmt.Errorf("%w: %s", ErrQuorum, afterQuorum(st.Message()))
			return nil
		}
		return err
	})
	if err = errors.Join(err, refused); err != nil {
		return false, named("remove member", id, err)
	}
	return removed, nil
}

// afterQuorum is a refusal's reason without the words that ErrQuorum has as well.
func afterQuorum(message string) string {
	_, words, _ := strings.Cut(ErrQuorum.Error(), ": ")
	if _, reason, found := strings.Cut(message, words+": "); found {
		return reason
	}
	return message
}

func toMembers(wire []*leasedv1.Member) []Member {
	members := make([]Member, 0, len(wire))
	for _, m := range wire {
		members = append(members, Member{
			ID:          m.GetId(),
			RaftAddress: m.GetRaftAddress(),
			APIAddress:  m.GetApiAddress(),
			Voter:       m.GetVoter(),
			Leader:      m.GetLeader(),
			Alive:       m.GetAlive(),
		})
	}
	return members
}
