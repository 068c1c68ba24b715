package node

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"
)

// TestBoundary: what a log answers around the end of a snapshot that another server sent.
func TestBoundary(t *testing.T) {
	const end, endTerm = 10, 3
	for _, tc := range []struct {
		name    string
		entries map[uint64]uint64 // index to term
		index   uint64
		want    uint64 // term; 0: not there
		made    bool   // only index and term are known
	}{
		{"no log", nil, end, 0, false},
		{"a log that ends before", map[uint64]uint64{8: 2, 9: 2}, end, 0, false},
		{"it is still read", map[uint64]uint64{8: 2, 9: 2}, 9, 2, false},
		{"a log that goes through", map[uint64]uint64{9: 3, 10: 3, 11: 3}, end, 3, false},
		{"before it", map[uint64]uint64{9: 3, 10: 3, 11: 3}, 9, 3, false},
		{"after it", map[uint64]uint64{9: 3, 10: 3, 11: 3}, 11, 3, false},
		{"a log that goes on after a gap", map[uint64]uint64{11: 3}, end, endTerm, true},
		{"after the gap", map[uint64]uint64{11: 3}, 11, 3, false},
		{"before the gap", map[uint64]uint64{8: 2, 9: 2, 11: 3}, 9, 0, false},
		{"a deposed leader's entry", map[uint64]uint64{9: 2, 10: 2, 11: 2}, end, endTerm, true},
		{"before that", map[uint64]uint64{9: 2, 10: 2, 11: 2}, 9, 0, false},
		{"nothing there", map[uint64]uint64{11: 3}, 12, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			store := raft.NewInmemStore()
			for index, term := range tc.entries {
				if err := store.StoreLog(&raft.Log{Index: index, Term: term}); err != nil {
					t.Fatal(err)
				}
			}
			s := Stores{Logs: store, Stable: store, Snapshots: raft.NewInmemSnapshotStore()}
			if err := s.joinSnapshots(); err != nil {
				t.Fatal(err)
			}
			snapshot(t, s.Snapshots, end, endTerm)
			check := func(logs raft.LogStore) {
				t.Helper()
				var got raft.Log
				err := logs.GetLog(tc.index, &got)
				if (err == raft.ErrLogNotFound) != (tc.want == 0) { //nolint:errorlint // as raft does
					t.Fatalf("got %v", err)
				}
				if got.Term != tc.want || (got.Type == unreadable) != tc.made {
					t.Errorf("got %+v, want term %d, made up: %t", got, tc.want, tc.made)
				}
			}
			check(s.Logs)
			again := Stores{Logs: store, Stable: store, Snapshots: s.Snapshots} // after a restart
			if err := again.joinSnapshots(); err != nil {
				t.Fatal(err)
			}
			check(again.Logs)
		})
	}
}

// snapshot stores one. Until it is closed, it does not count.
func snapshot(t *testing.T, into raft.SnapshotStore, index, term uint64) {
	t.Helper()
	_, network := raft.NewInmemTransport("")
	sink, err := into.Create(1, index, term, raft.Configuration{}, 1, network)
	if err != nil {
		t.Fatal(err)
	}
	if end := sink.(*joinedSink).boundary.end.Load(); end != nil {
		t.Errorf("an open snapshot counts: %+v", end)
	}
	if _, err := bytes.NewBufferString("x").WriteTo(sink); err != nil {
		t.Fatal(err)
	}
	if err := sink.Close(); err != nil {
		t.Fatal(err)
	}
}

// forgetful is a raft network that loses the answer to the first entries that follow a snapshot,
// and counts the snapshots installed. It has no pipeline.
type forgetful struct {
	*raft.InmemTransport
	losses *losses
}

type losses struct {
	mu        sync.Mutex
	to        raft.ServerID
	snapshots int
	lost      bool
}

var errLost = errors.New("answer lost")

func (f *forgetful) AppendEntriesPipeline(
	raft.ServerID, raft.ServerAddress,
) (raft.AppendPipeline, error) {
	return nil, raft.ErrPipelineReplicationNotSupported
}

func (f *forgetful) InstallSnapshot(id raft.ServerID, to raft.ServerAddress,
	args *raft.InstallSnapshotRequest, resp *raft.InstallSnapshotResponse, data io.Reader,
) error {
	f.losses.mu.Lock()
	enough := f.losses.snapshots > 10 // raft would go on without a pause
	f.losses.mu.Unlock()
	if enough {
		return errLost
	}
	err := f.InmemTransport.InstallSnapshot(id, to, args, resp, data)
	f.losses.mu.Lock()
	defer f.losses.mu.Unlock()
	if err == nil {
		f.losses.snapshots++
	}
	return err
}

func (f *forgetful) AppendEntries(id raft.ServerID, to raft.ServerAddress,
	args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse,
) error {
	err := f.InmemTransport.AppendEntries(id, to, args, resp)
	f.losses.mu.Lock()
	defer f.losses.mu.Unlock()
	if id == f.losses.to && f.losses.snapshots > 0 && len(args.Entries) > 0 && !f.losses.lost {
		f.losses.lost = true
		return errLost
	}
	return err
}

// TestLostAnswerAfterSnapshot: a follower that was sent a snapshot over a gap, and then entries
// whose answer was lost, goes on from there. Raft by itself sends the same snapshot for ever.
func TestLostAnswerAfterSnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &losses{}
		c := startVirtual(t, 3, func(cfg *Config) {
			cfg.SnapshotThreshold, cfg.TrailingLogs = 8, MinTrailingLogs
			cfg.SnapshotInterval = 100 * time.Millisecond
			cfg.RaftTransport = &forgetful{cfg.RaftTransport.(*raft.InmemTransport), l}
		})
		leader := c.leader("")
		h := openHolder(t, leader, 1000)
		var away string
		for id := range c.nodes {
			if id != leader.ID() {
				away = id
			}
		}
		l.mu.Lock()
		l.to = raft.ServerID(away)
		l.mu.Unlock()
		c.cut(away)
		for range 2 * MinTrailingLogs {
			propose(t, leader, h.ask(1))
		}
		pass(time.Second) // the log is cut
		c.heal(away)
		pass(time.Second) // the snapshot is sent
		for range 3 {
			propose(t, leader, h.ask(1))
		}
		pass(5 * time.Second)
		c.converged()
		l.mu.Lock()
		defer l.mu.Unlock()
		if !l.lost || l.snapshots != 1 {
			t.Errorf("an answer was lost: %t; %d snapshots were installed, want 1", l.lost, l.snapshots)
		}
	})
}
