package transport

import (
	"context"

	"github.com/leased-io/leased/transport/leasedv1"
)

// clusterServer tells about this node. It never forwards.
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
