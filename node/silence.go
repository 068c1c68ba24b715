package node

import (
	"io"
	"time"

	"github.com/hashicorp/raft"
)

// silentFor is for how many heartbeat timeouts the sender of a snapshot may send nothing: whoever
// is silent for one of them leads no more.
const silentFor = 10

// patientSink hangs up on a server that begins to send a snapshot and does not go on, as one that
// is stopped with SIGSTOP does, which TCP takes for alive. Hashicorp/raft reads a snapshot in its
// main loop, with no deadline: meanwhile it neither votes nor follows anybody else.
type patientSink struct {
	raft.SnapshotSink
	patience time.Duration
	// hangUp breaks the connections that others have opened. They connect again when they have
	// something to say.
	hangUp func()
}

var _ io.ReaderFrom = (*patientSink)(nil)

// ReadFrom writes what another server sends. It fails once that has been silent for too long.
func (s *patientSink) ReadFrom(from io.Reader) (int64, error) {
	return io.Copy(onlyWriter{s.SnapshotSink}, patientReader{from, s})
}

// onlyWriter hides that something reads by itself.
type onlyWriter struct{ io.Writer }

// patientReader bounds each wait for data, and not how long it takes to write them.
type patientReader struct {
	from io.Reader
	of   *patientSink
}

func (r patientReader) Read(b []byte) (int, error) {
	silence := time.AfterFunc(r.of.patience, r.of.hangUp)
	defer silence.Stop()
	return r.from.Read(b)
}
