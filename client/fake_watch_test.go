package client

import (
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/leased-io/leased/transport/leasedv1"
)

// fakeDelay is how long a fake node takes at most to tell of a change.
const fakeDelay = 10 * time.Millisecond

// Watch tells of changes, if the cluster pushes any.
func (n *fakeNode) Watch(
	req *leasedv1.WatchRequest, stream grpc.ServerStreamingServer[leasedv1.WatchResponse],
) error {
	f := n.cluster
	f.mu.Lock()
	if f.pushes == nil {
		f.mu.Unlock()
		return n.UnimplementedLeasesServer.Watch(req, stream)
	}
	f.pushes = req.GetBudgets()
	f.streams++
	f.mu.Unlock()
	ticker := time.NewTicker(fakeDelay)
	defer ticker.Stop()
	told := map[string]uint64{}
	for {
		event := &leasedv1.WatchResponse{}
		f.mu.Lock()
		for _, name := range req.GetBudgets() {
			revision := uint64(0)
			if b := f.budgets[name]; b != nil {
				revision = b.revision
			}
			if last, known := told[name]; !known || last != revision {
				told[name] = revision
				event.Revisions = append(event.Revisions,
					&leasedv1.WatchResponse_Revision{Budget: name, Revision: revision})
			}
		}
		f.mu.Unlock()
		n.mu.Lock()
		down, hole := n.down, n.hole
		n.mu.Unlock()
		if down {
			return refuse(codes.Unavailable, reasonNotLeader, "stopped")
		}
		if len(event.GetRevisions()) > 0 && !hole {
			if err := stream.Send(event); err != nil {
				return err
			}
		}
		select {
		case <-ticker.C:
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
}

// push has the cluster tell of changes.
func (f *fakeCluster) push() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pushes = []string{}
}

// pushed returns the budgets that a stream was last asked for, and how many were opened.
func (f *fakeCluster) pushed() ([]string, int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.pushes, f.streams
}
