package transport

import (
	"time"

	"google.golang.org/grpc"

	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/transport/leasedv1"
)

// watchBeat is how often a stream says something though nothing changes, so that its other end can
// tell silence from a lost connection, and this one a reader that is gone.
const watchBeat = 30 * time.Second

// Watch notes which budgets have changed since it was last looked at.
type Watch interface {
	// Changed returns a channel that has something when Take has.
	Changed() <-chan struct{}
	// Take returns the budgets that changed since it was last called, as they are now. It does not
	// block for longer than it takes to apply an entry.
	Take() []fsm.Revision
	Close()
}

var _ Watch = (*fsm.Watch)(nil)

// Watch tells of changes as this node applies them. It is not forwarded: push is fast, not fresh.
// Where no leader is known there is nothing to hear, as at a server that was removed, and the
// stream ends so that the reader goes elsewhere.
func (s *leasesServer) Watch(
	req *leasedv1.WatchRequest, stream grpc.ServerStreamingServer[leasedv1.WatchResponse],
) error {
	if s.watch == nil {
		return s.UnimplementedLeasesServer.Watch(req, stream)
	}
	names := req.GetBudgets()
	if n := len(names); n < 1 || n > fsm.MaxWatched {
		return invalid("budgets: %d, must be 1..%d", n, fsm.MaxWatched)
	}
	for _, name := range names {
		if err := parseName("budgets", name); err != nil {
			return err
		}
	}
	w, err := s.watch(names)
	if err != nil {
		return toStatus(err)
	}
	defer w.Close()
	beat := time.NewTicker(watchBeat)
	defer beat.Stop()
	for {
		if leader := s.cluster.Leader(); leader == (Leader{}) {
			return toStatus(ErrNotLeader)
		}
		select {
		case <-stream.Context().Done():
			return toStatus(stream.Context().Err())
		case <-s.stopping:
			return toStatus(ErrNotLeader)
		case <-w.Changed():
		case <-beat.C:
		}
		if err := stream.Send(watchEvent(w.Take())); err != nil {
			return err
		}
	}
}

func watchEvent(revisions []fsm.Revision) *leasedv1.WatchResponse {
	event := &leasedv1.WatchResponse{}
	for _, r := range revisions {
		event.Revisions = append(event.Revisions,
			&leasedv1.WatchResponse_Revision{Budget: r.Budget, Revision: r.Revision})
	}
	return event
}
