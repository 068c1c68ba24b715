package client

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/leased-io/leased/transport/leasedv1"
)

// fakeServers lets the nodes answer for a cluster of servers a, b and c, of which b may go.
type fakeServers struct {
	gone     bool
	lose     int    // so many answers to a removal are lost, once it is done
	follower string // who says so of itself, and names a as the leader; "all": nobody leads
}

func (s *fakeServers) bend(
	_ context.Context, req any, decide func() (any, error),
) (any, error) {
	switch req := req.(type) {
	case *leasedv1.StatusRequest:
		if s.follower == "all" {
			return &leasedv1.StatusResponse{Node: "b", State: "candidate"}, nil
		}
	case *leasedv1.RemoveMemberRequest:
		switch req.GetId() {
		case "":
			return nil, refuse(codes.InvalidArgument, "INVALID", "id: is empty")
		case "c":
			return nil, refuse(codes.FailedPrecondition, reasonQuorum,
				"transport: the quorum would be lost: only a answers")
		}
		removed := !s.gone && req.GetId() == "b"
		s.gone = s.gone || removed
		if s.lose > 0 {
			s.lose--
			return nil, refuse(codes.Unavailable, "OUTCOME_UNKNOWN", "lost leadership")
		}
		return &leasedv1.RemoveMemberResponse{Removed: removed}, nil
	}
	return decide()
}

func TestRemoveMember(t *testing.T) {
	for name, test := range map[string]struct {
		servers fakeServers
		id      string
		want    bool
		err     error
	}{
		"done":                  {fakeServers{}, "b", true, nil},
		"no member":             {fakeServers{}, "x", false, nil},
		"again":                 {fakeServers{gone: true}, "b", false, nil},
		"by an earlier attempt": {fakeServers{lose: 2}, "b", false, nil},
		"the quorum would go":   {fakeServers{}, "c", false, ErrQuorum},
		"nonsense":              {fakeServers{}, "", false, ErrInvalid},
		"never an answer":       {fakeServers{lose: 1 << 30}, "b", false, ErrUnavailable},
	} {
		t.Log(name)
		bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
			bendAll(f, test.servers.bend)
			got, err := c.RemoveMember(within(t, time.Minute), test.id)
			if test.err != nil {
				wantErr(t, err, test.err)
				if text := err.Error(); !strings.HasPrefix(text, "remove member ") ||
					strings.Count(text, "quorum") > 1 {
					t.Errorf("got %s", text)
				}
			} else if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if got != test.want {
				t.Errorf("%s: got %t, want %t", name, got, test.want)
			}
		})
	}
}

// TestMembers: the leader is asked, whoever is asked first.
func TestMembers(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCluster, c *Client) {
		for addr, n := range f.nodes {
			if addr != "a:1" {
				n.set(func(_ context.Context, req any, decide func() (any, error)) (any, error) {
					if _, ok := req.(*leasedv1.StatusRequest); ok {
						return &leasedv1.StatusResponse{Node: "b", State: "follower", Leader: "a"}, nil
					}
					return decide()
				})
			}
		}
		for range 5 {
			got, err := c.Members(within(t, time.Minute))
			if err != nil || len(got) != 1 || got[0].ID != "a" || !got[0].Leader {
				t.Fatalf("got %+v, %v", got, err)
			}
		}
		s := fakeServers{follower: "all"}
		bendAll(f, s.bend)
		_, err := c.Members(within(t, time.Minute))
		wantErr(t, err, ErrUnavailable, context.DeadlineExceeded)
	})
}
