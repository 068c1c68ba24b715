package fsm

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/hashicorp/raft"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/trace"
)

// FSM puts a State behind hashicorp/raft. Raft calls Apply, StoreConfiguration, Snapshot and
// Restore one at a time; View may be called by anyone.
type FSM struct {
	sink trace.Sink

	mu    sync.RWMutex
	state *State // replaced as a whole by Restore

	watches watches // has a lock of its own, which is never waited for under mu
}

var (
	_ raft.ConfigurationStore = (*FSM)(nil)
	_ raft.FSMSnapshot        = (*frozen)(nil)
)

// NewFSM returns the adapter of a new State. sink may be nil; it is called from within Apply,
// StoreConfiguration, Snapshot and Restore, in log order, and must not call back.
func NewFSM(sink trace.Sink) *FSM { return &FSM{sink: sink, state: New(sink)} }

// Applied is what Apply returns for an entry: the response of raft's ApplyFuture.
type Applied struct {
	Results []Result // one per command
	// T, Epoch and Index are the state's after the entry.
	T     budget.Instant
	Epoch uint64
	Index uint64
}

// Apply applies a log entry and returns an Applied. It panics, naming index and term, if the
// entry cannot be decoded: an entry that is skipped on one replica is a fork.
func (f *FSM) Apply(log *raft.Log) any {
	e, err := DecodeEntry(log.Data)
	if err != nil {
		panic(broken("Decodable", log.Index, log.Term, err.Error()))
	}
	applied, revised := f.apply(log, e)
	f.watches.tell(revised)
	return applied
}

// apply also returns the budgets that changed: good until the next entry.
func (f *FSM) apply(log *raft.Log, e Entry) (Applied, []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	results := f.state.Apply(log.Index, log.Term, e)
	return Applied{Results: results, T: f.state.T(), Epoch: f.state.Epoch(),
		Index: f.state.Index()}, f.state.revised
}

// maxVoters bounds the ids that one event names, so that it fits a line of a trace: 128 of at
// most 64 bytes are half of one. A cluster has about five.
const maxVoters = 128

// StoreConfiguration reports that entry index changes the members. Raft calls it for each such
// entry in its turn among the others, again when it replays the log, and not for those that a
// snapshot covers. The state does not depend on members: neither it nor its digest changes.
func (f *FSM) StoreConfiguration(index uint64, members raft.Configuration) {
	if f.sink == nil {
		return
	}
	var voters []string
	for _, server := range members.Servers {
		if server.Suffrage == raft.Voter && len(voters) < maxVoters {
			voters = append(voters, string(server.ID))
		}
	}
	f.sink(trace.Event{Kind: trace.KindMembers, Index: index, Voters: strings.Join(voters, ",")})
}

// View calls read with the state, which does not change meanwhile. read must not keep the state,
// change it, or take long: entries wait for it.
func (f *FSM) View(read func(*State)) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	read(f.state)
}

// Snapshot freezes the state, which takes a millisecond or so: see State.Freeze. Persist encodes
// the image while raft applies later entries.
func (f *FSM) Snapshot() (raft.FSMSnapshot, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	image := f.state.Freeze()
	f.state.emitState(image.Hash)
	return &frozen{image: image}, nil
}

// Restore replaces the state by a snapshot's, which raft closes. The state is left as it was if
// that fails: the error matches ErrSnapshot.
func (f *FSM) Restore(snapshot io.ReadCloser) error {
	state, hash, err := restore(snapshot, f.sink)
	if err != nil {
		return err
	}
	f.mu.Lock()
	f.state = state
	state.emitRestore(hash)
	f.mu.Unlock()
	f.watches.tellAll()
	return nil
}

// frozen is a snapshot that raft has asked for.
type frozen struct{ image *Image }

// Persist writes the snapshot to sink and closes it, or cancels it if that fails.
func (z *frozen) Persist(sink raft.SnapshotSink) error {
	if err := z.image.Write(sink); err != nil {
		_ = sink.Cancel() // the first error tells more
		return fmt.Errorf("fsm: write snapshot: %w", err)
	}
	return sink.Close()
}

// Release lets go of what the state does not share with the snapshot any more.
func (z *frozen) Release() { z.image = nil }
