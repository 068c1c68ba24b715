package cluster

import (
	"bytes"
	"errors"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// writeBack is after how long a write is on the platter though nobody has asked for it.
const writeBack = 5 * time.Second

// platter is a node's log and votes, and takes note of its snapshots. What is written is synced
// before the write returns, as the product has it, so that a power loss takes nothing; or it is
// lazy, and a power loss takes what was written in the last writeBack.
type platter struct {
	*raft.InmemStore
	lazy bool

	mu    sync.Mutex
	loose []written // the oldest first, none older than writeBack but at the next write
}

// written is a write that is not synced, and how to take it back.
type written struct {
	at   time.Time
	undo func() error
}

var (
	_ raft.LogStore    = (*platter)(nil)
	_ raft.StableStore = (*platter)(nil)
)

// note has a write be taken back by a power loss. The caller holds mu.
func (p *platter) note(undo func() error) {
	now := time.Now()
	for len(p.loose) > 0 && now.Sub(p.loose[0].at) >= writeBack {
		p.loose = p.loose[1:]
	}
	p.loose = append(p.loose, written{now, undo})
}

// noteSnapshot has a snapshot be taken back by a power loss.
func (p *platter) noteSnapshot(undo func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lazy {
		p.note(func() error { undo(); return nil })
	}
}

// losePower takes back what is not synced. Nobody writes meanwhile.
func (p *platter) losePower() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for i := len(p.loose) - 1; i >= 0 && time.Since(p.loose[i].at) < writeBack; i-- {
		errs = append(errs, p.loose[i].undo())
	}
	p.loose = nil
	return errors.Join(errs...)
}

// sync has everything be on the platter, as the end of a node in order does.
func (p *platter) sync() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.loose = nil
}

// StoreLog stores an entry.
func (p *platter) StoreLog(entry *raft.Log) error { return p.StoreLogs([]*raft.Log{entry}) }

// StoreLogs stores entries.
func (p *platter) StoreLogs(entries []*raft.Log) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, entry := range entries {
		if p.lazy {
			p.note(p.asBefore(entry.Index))
		}
	}
	return p.InmemStore.StoreLogs(entries)
}

// asBefore returns what makes an entry as it is now.
func (p *platter) asBefore(index uint64) func() error {
	var before raft.Log
	if p.GetLog(index, &before) != nil {
		return func() error { return p.InmemStore.DeleteRange(index, index) }
	}
	return func() error { return p.InmemStore.StoreLog(&before) }
}

// DeleteRange deletes entries: those before a snapshot, or those that a leader contradicts.
func (p *platter) DeleteRange(from, to uint64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := to; p.lazy && i >= from; i-- { // they come back in their order
		p.note(p.asBefore(i))
	}
	return p.InmemStore.DeleteRange(from, to)
}

// Set stores a value.
func (p *platter) Set(key, value []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if before, _ := p.Get(key); p.lazy { // none, if there was none
		key, before = bytes.Clone(key), bytes.Clone(before)
		p.note(func() error { return p.InmemStore.Set(key, before) })
	}
	return p.InmemStore.Set(key, value)
}

// SetUint64 stores a number.
func (p *platter) SetUint64(key []byte, value uint64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if before, err := p.GetUint64(key); p.lazy && err == nil {
		key = bytes.Clone(key)
		p.note(func() error { return p.InmemStore.SetUint64(key, before) })
	}
	return p.InmemStore.SetUint64(key, value)
}
