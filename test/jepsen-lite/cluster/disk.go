package cluster

import (
	"bytes"
	"fmt"
	"io"

	"github.com/hashicorp/raft"

	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/node"
)

// disk is what a node keeps when it crashes: its log and votes, and its snapshots, which are
// synced when they are whole.
type disk struct {
	store     *platter
	snapshots *shelf
}

// newDisk returns an empty disk. One that is lazy has the node's writes wait to be synced.
func newDisk(lazy bool) *disk {
	p := &platter{InmemStore: raft.NewInmemStore(), lazy: lazy}
	return &disk{store: p, snapshots: &shelf{disk: p}}
}

// stores are the disk as a node opens it.
func (d *disk) stores() *node.Stores {
	return &node.Stores{Logs: d.store, Stable: d.store, Snapshots: d.snapshots}
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
