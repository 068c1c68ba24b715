package node

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	raftwal "github.com/hashicorp/raft-wal"
	"github.com/hashicorp/raft-wal/metadb"
)

// What Config.LogStore may be.
const (
	// LogStoreBolt keeps the log in one file of pages, which is the default.
	LogStoreBolt = "boltdb"
	// LogStoreWAL keeps the log in files that are only appended to: one fsync an entry instead of
	// two, from a library that calls itself experimental.
	LogStoreWAL = "wal"
)

// walDir is the directory of such a log in a data directory. Its being there says that the log is.
const walDir = "wal"

// openLog returns the log of a data directory, and what closes it. The votes stay in bolt, whose
// file is the directory's lock. A directory that has its log in the other store is refused: a
// server that has lost its log votes for what it has forgotten.
func openLog(
	dir, kind string, bolt *raftboltdb.BoltStore, snapshots raft.SnapshotStore, log hclog.Logger,
) (raft.LogStore, io.Closer, error) {
	wal := filepath.Join(dir, walDir)
	_, err := os.Stat(wal)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	inWAL := err == nil
	if kind != LogStoreWAL {
		if inWAL {
			return nil, nil, otherStore(LogStoreWAL, kind)
		}
		return bolt, io.NopCloser(nil), nil
	}
	last, err := bolt.LastIndex()
	switch {
	case err != nil:
		return nil, nil, err
	case last > 0:
		return nil, nil, otherStore(LogStoreBolt, kind)
	}
	if !inWAL {
		if list, err := snapshots.List(); err != nil || len(list) > 0 {
			return nil, nil, errors.Join(err, otherStore(LogStoreBolt, kind))
		}
		if err := os.Mkdir(wal, 0o700); err != nil {
			return nil, nil, err
		}
		if err := syncDir(dir); err != nil {
			return nil, nil, err
		}
	}
	meta := &metadb.BoltMetaDB{}
	logs, err := raftwal.Open(wal, raftwal.WithLogger(log), raftwal.WithMetaStore(meta))
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("log: %w", err), meta.Close())
	}
	closer := walCloser{logs, meta}
	if err := dropBefore(logs, snapshots); err != nil {
		return nil, nil, errors.Join(err, closer.Close())
	}
	return logs, closer, nil
}

// walCloser closes a log and what it keeps its list of files in, which the log itself leaves open,
// and locked.
type walCloser struct{ logs, meta io.Closer }

// Close closes both.
func (c walCloser) Close() error { return errors.Join(c.logs.Close(), c.meta.Close()) }

func otherStore(has, wanted string) error {
	return fmt.Errorf("its log is in %s, not in %s: set %s=%s, or choose another with %s",
		has, wanted, flagLogStore, has, flagDataDir)
}

// dropBefore empties a log that ends before the last snapshot, as raft does after it was sent one,
// and perhaps ended before it could: such a log has no gaps, so nothing could be appended.
func dropBefore(logs *raftwal.WAL, snapshots raft.SnapshotStore) error {
	list, err := snapshots.List()
	if err != nil || len(list) == 0 {
		return err
	}
	first, err := logs.FirstIndex()
	if err != nil {
		return err
	}
	last, err := logs.LastIndex()
	if err != nil || last == 0 || last >= list[0].Index { // the newest first
		return err
	}
	return logs.DeleteRange(first, last)
}

// monotonic reports whether a log takes no gaps. Raft asks the outermost one.
func monotonic(l raft.LogStore) bool {
	m, ok := l.(raft.MonotonicLogStore)
	return ok && m.IsMonotonic()
}

var (
	_ raft.MonotonicLogStore = (*durable)(nil)
	_ raft.MonotonicLogStore = (*joinedLog)(nil)
)

// IsMonotonic is the log's.
func (d *durable) IsMonotonic() bool { return monotonic(d.LogStore) }

// IsMonotonic is the log's.
func (l *joinedLog) IsMonotonic() bool { return monotonic(l.LogStore) }
