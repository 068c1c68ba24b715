package transport

import (
	"context"

	"github.com/leased-io/leased/transport/leasedv1"
)

// maxMemberID bounds a server's id, in bytes, as the nodes do.
const maxMemberID = 64

// clusterServer tells about this node, which it never forwards, and has the leader change and
// back up the cluster.
type clusterServer struct {
	leasedv1.UnimplementedClusterServer
	*Server
}

var _ leasedv1.ClusterServer = (*clusterServer)(nil)

// Status answers from the node's own, possibly stale state.
func (s *clusterServer) Status(
	ctx context.Context, _ *leasedv1.StatusRequest,
) (*leasedv1.StatusResponse, error) {
	setTrailer(ctx, s.cluster.Leader())
	return statusToProto(s.cluster.Status()), nil
}

// RemoveMember has the leader take a server out of the cluster.
func (s *clusterServer) RemoveMember(
	ctx context.Context, req *leasedv1.RemoveMemberRequest,
) (*leasedv1.RemoveMemberResponse, error) {
	switch id := req.GetId(); {
	case id == "":
		return nil, invalid("id: is empty: must name a server")
	case len(id) > maxMemberID:
		return nil, invalid("id: has %d bytes: must have at most %d", len(id), maxMemberID)
	}
	decide := func(ctx context.Context) (*leasedv1.RemoveMemberResponse, error) {
		removed, err := s.cluster.RemoveMember(ctx, req.GetId())
		if err != nil {
			return nil, toStatus(err)
		}
		return &leasedv1.RemoveMemberResponse{Removed: removed}, nil
	}
	return call(ctx, s.Server, leasedv1.Cluster_RemoveMember_FullMethodName, req, decide)
}

func statusToProto(st Status) *leasedv1.StatusResponse {
	resp := &leasedv1.StatusResponse{
		Node:             st.Node,
		Version:          st.Version,
		State:            st.State,
		Leader:           st.Leader,
		Term:             st.Term,
		Epoch:            st.Epoch,
		AppliedIndex:     st.Applied,
		ClusterTimeNanos: int64(st.T),
		Sessions:         uint64(st.Counts.Sessions),
		Budgets:          uint64(st.Counts.Budgets),
		Accounts:         uint64(st.Counts.Accounts),
		Digest:           st.Digest,
		DriftPpm:         st.DriftPPM,
	}
	calendarToProto(st, resp)
	for _, m := range st.Members {
		resp.Members = append(resp.Members, &leasedv1.Member{
			Id:          m.ID,
			RaftAddress: m.Raft,
			ApiAddress:  m.API,
			Voter:       m.Voter,
			Leader:      m.Leader,
			Alive:       m.Alive,
		})
	}
	return resp
}
