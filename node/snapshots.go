package node

import "github.com/hashicorp/raft"

// wrappedSnapshots has every snapshot that is taken, or that another server sends, be written
// through something of this package's.
type wrappedSnapshots struct {
	raft.SnapshotStore
	wrap func(sink raft.SnapshotSink, end snapshotEnd) raft.SnapshotSink
}

var _ raft.SnapshotStore = (*wrappedSnapshots)(nil)

// Create begins a snapshot, which counts once it is closed.
func (s *wrappedSnapshots) Create(version raft.SnapshotVersion, index, term uint64,
	servers raft.Configuration, serversIndex uint64, network raft.Transport,
) (raft.SnapshotSink, error) {
	sink, err := s.SnapshotStore.Create(version, index, term, servers, serversIndex, network)
	if err != nil {
		return nil, err
	}
	return s.wrap(sink, snapshotEnd{index, term}), nil
}
