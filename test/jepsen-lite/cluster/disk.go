package cluster

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/hashicorp/raft"

	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/node"
)

// keptSnapshots is how many snapshots a disk keeps: as many as the product's.
const keptSnapshots = 2

// keptEnds is how many snapshots' ends are known: more than are taken while one exchange lasts.
const keptEnds = 16

// disk is what a node keeps when it crashes. Whatever was stored is there: it is fsynced.
type disk struct {
	store     *raft.InmemStore // log and votes
	snapshots *shelf
}

func newDisk() *disk { return &disk{store: raft.NewInmemStore(), snapshots: &shelf{}} }

// stores are the disk as a node opens it, with raft's plain log or with one that knows what the
// snapshots end with.
func (d *disk) stores(plain bool) *node.Stores {
	s := &node.Stores{Logs: d.store, Stable: d.store, Snapshots: d.snapshots}
	if !plain {
		s.Logs = logbook{d.store, d.snapshots}
	}
	return s
}

// logbook is a log that knows the entries which the latest snapshots end with, though it may not
// hold one, or hold another one that a leader appended which was deposed.
//
// hashicorp/raft asks its log for such an entry when a follower is sent again what comes after a
// snapshot that was installed, because its answer was lost. It takes the silence of a plain log
// for a conflict, and installs the same snapshot for ever, which takes the follower back each
// time, or stops it with "log not found" (hashicorp/raft issues 205 and 697).
type logbook struct {
	*raft.InmemStore
	snapshots *shelf
}

// GetLog reads an entry.
func (l logbook) GetLog(index uint64, into *raft.Log) error {
	err := l.InmemStore.GetLog(index, into)
	term := l.snapshots.endedWith(index)
	if term == 0 || err == nil && into.Term == term {
		return err
	}
	*into = raft.Log{Index: index, Term: term, Type: raft.LogNoop}
	return nil
}

// image returns the state machine's snapshot, made from what the disk holds, up to an entry that
// the node has applied: what a restart would come to.
func (d *disk) image(upTo uint64) ([]byte, error) {
	machine := fsm.NewFSM(nil)
	from := uint64(0)
	if s := d.snapshots.newest(); s != nil {
		from = s.meta.Index
		if err := machine.Restore(io.NopCloser(bytes.NewReader(s.data))); err != nil {
			return nil, err
		}
	}
	if from > upTo {
		return nil, fmt.Errorf("cluster: a snapshot of entry %d, beyond %d", from, upTo)
	}
	for i := from + 1; i <= upTo; i++ {
		var entry raft.Log
		if err := d.store.GetLog(i, &entry); err != nil {
			return nil, fmt.Errorf("cluster: entry %d: %w", i, err)
		}
		if entry.Type == raft.LogCommand {
			machine.Apply(&entry)
		}
	}
	frozen, err := machine.Snapshot()
	if err != nil {
		return nil, err
	}
	sink := &filing{filed: &filed{}, into: &shelf{}}
	if err := frozen.Persist(sink); err != nil {
		return nil, err
	}
	return sink.filed.data, nil
}

// shelf keeps the latest snapshots. One counts once it is whole, as on a disk.
type shelf struct {
	mu    sync.Mutex
	kept  []*filed            // the newest first
	ends  []raft.SnapshotMeta // of the latest keptEnds, the newest last
	taken int                 // ever
}

type filed struct {
	meta raft.SnapshotMeta
	data []byte
}

var _ raft.SnapshotStore = (*shelf)(nil)

// Create begins a snapshot.
func (s *shelf) Create(version raft.SnapshotVersion, index, term uint64,
	members raft.Configuration, at uint64, _ raft.Transport,
) (raft.SnapshotSink, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken++
	return &filing{into: s, filed: &filed{meta: raft.SnapshotMeta{
		Version: version, ID: fmt.Sprintf("%d-%d-%d", term, index, s.taken),
		Index: index, Term: term, Configuration: members, ConfigurationIndex: at,
	}}}, nil
}

// List names the snapshots.
func (s *shelf) List() ([]*raft.SnapshotMeta, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]*raft.SnapshotMeta, 0, len(s.kept))
	for _, f := range s.kept {
		meta := f.meta
		out = append(out, &meta)
	}
	return out, nil
}

// Open reads a snapshot.
func (s *shelf) Open(id string) (*raft.SnapshotMeta, io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.kept {
		if f.meta.ID == id {
			meta := f.meta
			return &meta, io.NopCloser(bytes.NewReader(f.data)), nil
		}
	}
	return nil, nil, fmt.Errorf("cluster: no snapshot %s", id)
}

// endedWith returns the term of the entry of that index, if a snapshot ends with it; or 0.
func (s *shelf) endedWith(index uint64) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, meta := range s.ends {
		if meta.Index == index {
			return meta.Term
		}
	}
	return 0
}

func (s *shelf) newest() *filed {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept) == 0 {
		return nil
	}
	return s.kept[0]
}

// filing is a snapshot that is being written.
type filing struct {
	into  *shelf
	filed *filed
}

// Write adds to it.
func (f *filing) Write(p []byte) (int, error) {
	f.filed.data = append(f.filed.data, p...)
	return len(p), nil
}

// Close keeps it.
func (f *filing) Close() error {
	f.filed.meta.Size = int64(len(f.filed.data))
	f.into.mu.Lock()
	defer f.into.mu.Unlock()
	f.into.kept = append([]*filed{f.filed}, f.into.kept...)
	f.into.kept = f.into.kept[:min(len(f.into.kept), keptSnapshots)]
	f.into.ends = append(f.into.ends, f.filed.meta)
	f.into.ends = f.into.ends[max(0, len(f.into.ends)-keptEnds):]
	return nil
}

// ID names it.
func (f *filing) ID() string { return f.filed.meta.ID }

// Cancel drops it.
func (f *filing) Cancel() error { return nil }
