package transport

import (
	"context"
	"fmt"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/transport/leasedv1"
)

// Backup reads what a new cluster needs to take this one's place. Who holds what is not part of
// it: the new cluster grants nothing before every lease is over.
func (s *clusterServer) Backup(
	ctx context.Context, req *leasedv1.BackupRequest,
) (*leasedv1.BackupResponse, error) {
	decide := func(ctx context.Context) (*leasedv1.BackupResponse, error) {
		var resp *leasedv1.BackupResponse
		err := s.coordinator.Read(ctx, func(st *fsm.State, now budget.Instant) {
			resp = backupOf(st, now)
		})
		if err != nil {
			return nil, toStatus(err)
		}
		return resp, nil
	}
	return call(ctx, s.Server, leasedv1.Cluster_Backup_FullMethodName, req, decide)
}

func backupOf(st *fsm.State, now budget.Instant) *leasedv1.BackupResponse {
	last := st.Last()
	resp := &leasedv1.BackupResponse{
		Last: &leasedv1.Counters{
			Session:  uint64(last.Session),
			Lease:    uint64(last.Lease),
			Limit:    last.Limit,
			Revision: last.Revision,
		},
		ClusterTimeNanos: int64(st.T()),
		AppliedIndex:     st.Index(),
		Digest:           st.Digest(),
	}
	for _, b := range st.Budgets(now) {
		resp.Budgets = append(resp.Budgets, budgetToProto(b.Budget))
	}
	return resp
}

// Restore prepares a new cluster to take the place of the one that a backup is of.
func (s *clusterServer) Restore(
	ctx context.Context, req *leasedv1.RestoreRequest,
) (*leasedv1.RestoreResponse, error) {
	c, err := parseRestore(req)
	if err != nil {
		return nil, err
	}
	decide := func(ctx context.Context) (*leasedv1.RestoreResponse, error) {
		res, err := s.coordinator.Propose(ctx, fsm.Command{TakeOver: &c})
		if err != nil {
			return nil, toStatus(err)
		}
		if res.Code != fsm.CodeDone {
			return nil, refusal(res, fmt.Sprintf("restore backup %.12s", c.Backup))
		}
		return &leasedv1.RestoreResponse{Already: !res.Changed}, nil
	}
	return call(ctx, s.Server, leasedv1.Cluster_Restore_FullMethodName, req, decide)
}

// parseRestore refuses a field that this version does not know: half of what a newer client
// knows of the old cluster may not keep its numbers from being used again.
func parseRestore(req *leasedv1.RestoreRequest) (fsm.TakeOver, error) {
	last := req.GetLast()
	if last == nil {
		return fsm.TakeOver{}, invalid("last: is missing")
	}
	if unknown(req) || unknown(last) {
		return fsm.TakeOver{}, invalid("restore: has a field that this version does not know")
	}
	c := fsm.TakeOver{Backup: req.GetBackup(), Last: fsm.Counters{
		Session:  lease.SessionID(last.GetSession()),
		Lease:    lease.ID(last.GetLease()),
		Limit:    last.GetLimit(),
		Revision: last.GetRevision(),
	}}
	if err := c.Validate(); err != nil {
		return fsm.TakeOver{}, invalid("%v", err)
	}
	return c, nil
}
