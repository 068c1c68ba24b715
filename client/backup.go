package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/transport/leasedv1"
)

// ErrNotNew is returned when a backup is restored into a cluster that has had budgets of its own,
// or that was restored from another backup.
var ErrNotNew = errors.New("client: not a new cluster")

// reasonNotNew is the reason in ErrorInfo of what ErrNotNew stands for.
const reasonNotNew = "NOT_NEW"

// Backup is what a new cluster needs to take the place of one that is lost: its policy, and how
// far its numbers went. Who holds what is not part of it.
type Backup struct {
	ClusterTime  time.Duration // since the cluster's first epoch began
	AppliedIndex uint64
	Digest       string // running, of what the log did up to AppliedIndex
	DriftPPM     int64  // the max_clock_drift that its leases are cut for
	Last         Serials
	Budgets      []budget.Budget // by name
}

// Serials are the serial numbers that a cluster handed out last.
type Serials struct {
	Session  uint64 `json:"session"`
	Lease    uint64 `json:"lease"`
	Limit    uint64 `json:"limit"`
	Revision uint64 `json:"revision"`
}

// Backup reads a backup of the cluster, confirmed by the leader: it has every change that was
// acknowledged before. It blocks until it is read or ctx ends.
// Errors match ErrClosed, or ErrUnavailable with ctx's error.
func (c *Client) Backup(ctx context.Context) (Backup, error) {
	var result Backup
	err := c.conns.retry(ctx, c.tries(), func(
		ctx context.Context, cc grpc.ClientConnInterface, opts ...grpc.CallOption,
	) error {
		drift, err := driftOf(ctx, cc)
		if err != nil {
			return err
		}
		resp, err := leasedv1.NewClusterClient(cc).Backup(ctx, &leasedv1.BackupRequest{}, opts...)
		if err != nil {
			return err
		}
		result, err = toBackup(resp)
		result.DriftPPM = drift
		return err
	})
	if err != nil {
		return Backup{}, fmt.Errorf("backup: %w", err)
	}
	return result, nil
}

// driftOf asks a node for the cluster's max_clock_drift.
func driftOf(ctx context.Context, cc grpc.ClientConnInterface) (int64, error) {
	resp, err := leasedv1.NewClusterClient(cc).Status(ctx, &leasedv1.StatusRequest{})
	return resp.GetDriftPpm(), err
}

func toBackup(wire *leasedv1.BackupResponse) (Backup, error) {
	b := Backup{
		ClusterTime:  time.Duration(wire.GetClusterTimeNanos()),
		AppliedIndex: wire.GetAppliedIndex(),
		Digest:       wire.GetDigest(),
		Last: Serials{
			Session:  wire.GetLast().GetSession(),
			Lease:    wire.GetLast().GetLease(),
			Limit:    wire.GetLast().GetLimit(),
			Revision: wire.GetLast().GetRevision(),
		},
	}
	for _, w := range wire.GetBudgets() {
		one, err := toBudget(w)
		if err != nil {
			return Backup{}, err
		}
		b.Budgets = append(b.Budgets, one)
	}
	return b, nil
}

// Restore lets the client's cluster, which must be new, take the place of the one that b is of.
// The nodes of that one must be stopped, for good: two clusters that hand out the same budgets
// admit twice as much. Its holders may live on; they are told to start over.
//
// The leases of the old cluster may still be spent. So each limit grants from its first window
// that begins when they are over and count no more, and denies until then.
//
// It blocks until every budget is there or ctx ends, and tells each of them to each, in the order
// of b but parents first, unless that is nil. Calling it again with the same b completes what was
// interrupted, and changes nothing that is there; already says that it was called before.
// Errors match ErrNotNew, ErrInvalid, ErrClosed, or ErrUnavailable with ctx's error.
func (c *Client) Restore(
	ctx context.Context, b Backup, each func(RestoredBudget),
) (already bool, err error) {
	if err := b.Validate(); err != nil {
		return false, fmt.Errorf("restore: %w", err)
	}
	if already, err = c.takeOver(ctx, b); err != nil {
		return false, fmt.Errorf("restore: %w", err)
	}
	there, err := c.Budgets(ctx)
	if err != nil {
		return already, fmt.Errorf("restore: %w", err)
	}
	have := make(map[string]budget.Budget, len(there))
	for _, st := range there {
		have[st.Budget.Name] = st.Budget
	}
	for i, want := range budget.ParentsFirst(b.Budgets) {
		is, found := have[want.Name]
		told := RestoredBudget{Budget: want, Created: !found,
			Differs: found && !is.Equal(want.Canonical().Adopt(is))}
		if !found {
			if _, err := c.PutBudget(ctx, want); err != nil {
				return already, fmt.Errorf("restore: %w: %d of %d budgets are there",
					err, i, len(b.Budgets))
			}
		}
		if each != nil {
			each(told)
		}
	}
	return already, nil
}

// RestoredBudget is what Restore made of one budget of a backup.
type RestoredBudget struct {
	Budget budget.Budget // as it is in the backup
	// Created: it was not there. Differs: one of its name is, with other limits, and stays: it
	// was changed since an earlier Restore. Neither: it was there as it is in the backup.
	Created, Differs bool
}

// takeOver makes the cluster the successor of b's, unless it is that already.
func (c *Client) takeOver(ctx context.Context, b Backup) (already bool, err error) {
	var refused error // decided, and not to be tried again
	req := &leasedv1.RestoreRequest{Backup: b.ID(), Last: &leasedv1.Counters{
		Session: b.Last.Session, Lease: b.Last.Lease,
		Limit: b.Last.Limit, Revision: b.Last.Revision,
	}}
	err = c.conns.retry(ctx, c.tries(), func(
		ctx context.Context, cc grpc.ClientConnInterface, opts ...grpc.CallOption,
	) error {
		drift, err := driftOf(ctx, cc)
		if err != nil {
			return err
		}
		if drift > b.DriftPPM {
			refused = fmt.Errorf("%w: max_clock_drift: is %d ppm here, and must be at most that of "+
				"the backup's cluster, %d: its leases are cut for that", ErrInvalid, drift, b.DriftPPM)
			return nil
		}
		resp, err := leasedv1.NewClusterClient(cc).Restore(ctx, req, opts...)
		already = resp.GetAlready()
		st := status.Convert(err)
		if info := errorInfo(st); st.Code() == codes.FailedPrecondition &&
			info.GetReason() == reasonNotNew {
			refused = fmt.Errorf("%w: %s", ErrNotNew, st.Message())
			return nil
		}
		return err
	})
	return already, errors.Join(err, refused)
}
