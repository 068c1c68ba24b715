package node

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/raft"
)

// ErrStorage is why a node ended whose log or votes could not be written.
var ErrStorage = errors.New("node: the disk failed; start the node anew, on a sound one")

// durable is the log and the votes of a node. After a write that failed it writes nothing more,
// and the node ends: what a failed fsync dropped, the next one does not bring back, though it
// succeeds (Rebello et al., Can applications recover from fsync failures?, USENIX ATC 2020). Who
// goes on counts entries that are not on his disk, and all of Raft (A1) rests on those that are.
type durable struct {
	raft.LogStore
	raft.StableStore
	failed chan error // size 1: takes the first failure
	// stop tells raft to end at once, without waiting for it, before it learns of the failure: it
	// answers a term that cannot be saved with a panic. Nil while raft is being started.
	stop atomic.Pointer[func()]

	mu  sync.Mutex // held over a write, so that none begins after one that failed
	err error
}

var (
	_ raft.LogStore    = (*durable)(nil)
	_ raft.StableStore = (*durable)(nil)
)

// write does one write, unless one before it failed.
func (d *durable) write(what string, do func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return d.err
	}
	if err := do(); err != nil {
		d.err = fmt.Errorf("%w: %s: %w", ErrStorage, what, err)
		d.failed <- d.err
		if stop := d.stop.Load(); stop != nil {
			(*stop)()
		}
	}
	return d.err
}

func (d *durable) StoreLog(l *raft.Log) error {
	return d.write("log", func() error { return d.LogStore.StoreLog(l) })
}

func (d *durable) StoreLogs(logs []*raft.Log) error {
	return d.write("log", func() error { return d.LogStore.StoreLogs(logs) })
}

func (d *durable) DeleteRange(first, last uint64) error {
	return d.write("log", func() error { return d.LogStore.DeleteRange(first, last) })
}

func (d *durable) Set(key, value []byte) error {
	return d.write("votes", func() error { return d.StableStore.Set(key, value) })
}

func (d *durable) SetUint64(key []byte, value uint64) error {
	return d.write("votes", func() error { return d.StableStore.SetUint64(key, value) })
}

// stopOnFailure wraps the stores.
func (s *Stores) stopOnFailure() *durable {
	d := &durable{LogStore: s.Logs, StableStore: s.Stable, failed: make(chan error, 1)}
	s.Logs, s.Stable = d, d
	return d
}
