package cluster

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/hashicorp/raft"
)

// keptSnapshots is how many snapshots a disk keeps: as many as the product's.
const keptSnapshots = 2

// shelf keeps the latest snapshots. One counts once it is whole, as on a disk.
type shelf struct {
	disk *platter // that it is on; nil: none

	mu    sync.Mutex
	kept  []*filed // the newest first
	taken int      // ever
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

func (s *shelf) newest() *filed {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept) == 0 {
		return nil
	}
	return s.kept[0]
}

// keep adds a snapshot, and returns what was kept before.
func (s *shelf) keep(f *filed) (before []*filed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before = s.kept
	s.kept = append([]*filed{f}, s.kept...)
	s.kept = s.kept[:min(len(s.kept), keptSnapshots)]
	return before
}

// replace has other snapshots be kept.
func (s *shelf) replace(kept []*filed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = kept
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
	before := f.into.keep(f.filed)
	if f.into.disk != nil {
		f.into.disk.noteSnapshot(func() { f.into.replace(before) })
	}
	return nil
}

// ID names it.
func (f *filing) ID() string { return f.filed.meta.ID }

// Cancel drops it.
func (f *filing) Cancel() error { return nil }
