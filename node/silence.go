package node

import (
	"io"
	"time"

	"github.com/hashicorp/raft"
)

// silentFor is for how many heartbeat timeouts the sender of a snapshot may send nothing: whoever
// is silent for one of them leads no more.
const silentFor = 10

// patientSnapshots hangs up on a server that begins to send a snapshot and does not go on, as one
// that is stopped with SIGSTOP does, which TCP takes for alive. Hashicorp/raft reads a snapshot in
// its main loop, with no deadline: meanwhile it neither votes nor follows anybody else.
type patientSnapshots struct {
	raft.SnapshotStore
	patience time.Duration
	// hangUp breaks the connections that others have opened. They connect again when they have
	// something to say.
	hangUp func()
}

var _ raft.SnapshotStore = (*patientSnapshots)(nil)

// Create begins a snapshot.
func (s *patientSnapshots) Create(version raft.SnapshotVersion, index, term uint64,
	servers raft.Configuration, serversIndex uint64, network raft.Transport,
) (raft.SnapshotSink, error) {
	sink, err := s.SnapshotStore.Create(version, index, term, servers, serversIndex, network)
	if err != nil {
		return nil, err
	}
	return &patientSink{sink, s}, nil
}

type patientSink struct {
	raft.SnapshotSink
	of *patientSnapshots
}

var _ io.ReaderFrom = (*patientSink)(nil)

// ReadFrom writes what another server sends. It fails once that has been silent for too long.
func (s *patientSink) ReadFrom(from io.Reader) (int64, error) {
	silence := time.AfterFunc(s.of.patience, s.of.hangUp)
	defer silence.Stop()
	return io.Copy(onlyWriter{s.SnapshotSink}, heardReader{from, silence, s.of.patience})
}

// onlyWriter hides that something reads by itself.
type onlyWriter struct{ io.Writer }

// heardReader begins the silence anew with all that it reads.
type heardReader struct {
	from     io.Reader
	silence  *time.Timer
	patience time.Duration
}

func (r heardReader) Read(b []byte) (int, error) {
	n, err := r.from.Read(b)
	if n > 0 && r.silence.Stop() {
		r.silence.Reset(r.patience)
	}
	return n, err
}
