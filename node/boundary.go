package node

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/hashicorp/raft"
)

// unreadable is the type of an entry of which only index and term are known. Raft compares such an
// entry; if it ever came to apply one, it would stop with "unrecognized log type", which beats
// skipping what the entry did.
const unreadable raft.LogType = 0xff

// snapshotEnd names the entry that a snapshot ends with.
type snapshotEnd struct{ index, term uint64 }

// boundary is where the last snapshot ends and the log goes on. A server that was sent a snapshot
// over a gap does not hold the entry that it ends with, but knows its term. Hashicorp/raft asks its
// log for that entry when a leader, whose answer was lost, sends again what comes after the
// snapshot. It takes the silence of a plain log for a conflict, so that the same snapshot is
// installed for ever, taking the server back each time (hashicorp/raft issue 205).
type boundary struct {
	end atomic.Pointer[snapshotEnd] // nil: there is no snapshot yet
}

// joinSnapshots has the log know where the last snapshot ends.
func (s *Stores) joinSnapshots() error {
	list, err := s.Snapshots.List()
	if err != nil {
		return fmt.Errorf("snapshots: %w", err)
	}
	b := &boundary{}
	if len(list) > 0 { // the newest first
		b.end.Store(&snapshotEnd{list[0].Index, list[0].Term})
	}
	s.Logs = &joinedLog{LogStore: s.Logs, boundary: b}
	s.Snapshots = &wrappedSnapshots{s.Snapshots, b.join}
	return nil
}

// joinedLog is a log that knows the entry that the last snapshot ends with, if it has entries
// after that one, but not that one itself, or another one that a leader appended which was
// deposed. What lies before such a gap is not there any more: if a leader read it, it would send
// entries across the gap.
type joinedLog struct {
	raft.LogStore
	boundary *boundary
}

var _ raft.LogStore = (*joinedLog)(nil)

// GetLog reads an entry; raft.ErrLogNotFound, as it is, if it is not there.
func (l *joinedLog) GetLog(index uint64, into *raft.Log) error {
	end := l.boundary.end.Load()
	if end == nil || index > end.index {
		return l.LogStore.GetLog(index, into)
	}
	gap, err := l.gapAt(*end)
	switch {
	case err != nil:
		return err
	case !gap:
		return l.LogStore.GetLog(index, into)
	case index < end.index:
		return raft.ErrLogNotFound
	}
	*into = raft.Log{Index: end.index, Term: end.term, Type: unreadable}
	return nil
}

// gapAt reports whether the log goes on after end without holding that entry.
func (l *joinedLog) gapAt(end snapshotEnd) (bool, error) {
	last, err := l.LastIndex()
	if err != nil || last < end.index {
		return false, err
	}
	var entry raft.Log
	switch err := l.LogStore.GetLog(end.index, &entry); {
	case errors.Is(err, raft.ErrLogNotFound):
		return true, nil
	case err != nil:
		return false, err
	}
	return entry.Term != end.term, nil
}

// joinedSink tells the log of a snapshot that is taken or installed.
type joinedSink struct {
	raft.SnapshotSink
	boundary *boundary
	end      snapshotEnd
}

func (b *boundary) join(sink raft.SnapshotSink, end snapshotEnd) raft.SnapshotSink {
	return &joinedSink{SnapshotSink: sink, boundary: b, end: end}
}

// Close completes the snapshot. Raft uses it next, or one that is completed later.
func (s *joinedSink) Close() error {
	err := s.SnapshotSink.Close()
	if err == nil {
		s.boundary.end.Store(&s.end)
	}
	return err
}
