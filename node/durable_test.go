package node

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"

	"github.com/leased-io/leased/fsm"
)

// badDisk is a store whose writes fail while it is told to. Then it forgets what it was told,
// and works again, as a disk may.
type badDisk struct {
	*raft.InmemStore
	fails atomic.Int32 // so many writes are to fail
}

var errDisk = errors.New("input/output error")

func (b *badDisk) fail() error {
	if b.fails.Add(-1) >= 0 {
		return errDisk
	}
	return nil
}

func (b *badDisk) StoreLog(l *raft.Log) error { return b.StoreLogs([]*raft.Log{l}) }

func (b *badDisk) StoreLogs(logs []*raft.Log) error {
	if err := b.fail(); err != nil {
		return err
	}
	return b.InmemStore.StoreLogs(logs)
}

func (b *badDisk) SetUint64(key []byte, value uint64) error {
	if err := b.fail(); err != nil {
		return err
	}
	return b.InmemStore.SetUint64(key, value)
}

// TestNothingIsWrittenAfterAFailure: the next write would succeed, and is not made.
func TestNothingIsWrittenAfterAFailure(t *testing.T) {
	disk := &badDisk{InmemStore: raft.NewInmemStore()}
	s := Stores{Logs: disk, Stable: disk}
	failed := s.stopOnFailure().failed
	write := []func() error{
		func() error { return s.Logs.StoreLog(&raft.Log{Index: 1}) },
		func() error { return s.Logs.StoreLogs([]*raft.Log{{Index: 2}}) },
		func() error { return s.Stable.SetUint64([]byte("term"), 3) },
		func() error { return s.Stable.Set([]byte("vote"), []byte("n1")) },
		func() error { return s.Logs.DeleteRange(1, 1) },
	}
	for i, w := range write {
		if err := w(); err != nil {
			t.Errorf("write %d on a sound disk: %v", i, err)
		}
	}
	disk.fails.Store(1)
	for i, w := range write {
		if err := w(); !errors.Is(err, ErrStorage) || !errors.Is(err, errDisk) {
			t.Errorf("write %d after the failure: got %v", i, err)
		}
	}
	if err := s.Logs.StoreLog(&raft.Log{Index: 3}); !errors.Is(err, errDisk) {
		t.Errorf("another entry after the failure: got %v", err)
	}
	if last, err := s.Logs.LastIndex(); err != nil || last != 2 {
		t.Errorf("the log ends with %d, %v; want 2", last, err)
	}
	if err := <-failed; !errors.Is(err, ErrStorage) {
		t.Errorf("told of %v", err)
	}
	select {
	case err := <-failed:
		t.Errorf("told again, of %v", err)
	default:
	}
}

// TestAFailedDiskEndsTheNode: leader or follower, it ends by itself and says why; the others go
// on, and it comes back on a sound disk.
func TestAFailedDiskEndsTheNode(t *testing.T) {
	for _, leads := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			disks := map[string]*badDisk{}
			c := startVirtual(t, 3, func(cfg *Config) {
				d := &badDisk{InmemStore: cfg.Stores.Logs.(*raft.InmemStore)}
				disks[cfg.ID] = d
				cfg.Stores = &Stores{Logs: d, Stable: d, Snapshots: cfg.Stores.Snapshots}
			})
			leader := c.leader("")
			h := openHolder(t, leader, 100)
			victim := leader
			for id, n := range c.nodes {
				if !leads && id != leader.ID() {
					victim = n
				}
			}
			disks[victim.ID()].fails.Store(1)
			if leads {
				if _, err := (service{leader}).Propose(t.Context(), h.ask(1)); err == nil {
					t.Error("a leader whose disk failed has decided")
				}
			} else if r := propose(t, leader, h.ask(1)); r.Code != fsm.CodeDone {
				t.Errorf("the others: %+v", r)
			}
			select {
			case <-victim.Done():
			case <-time.After(10 * time.Second):
				t.Fatal("the node goes on")
			}
			if err := victim.Err(); !errors.Is(err, ErrStorage) || !errors.Is(err, errDisk) {
				t.Errorf("it ended with %v", err)
			}
			delete(c.nodes, victim.ID())
			if r := propose(t, c.leader(victim.ID()), h.ask(1)); r.Code != fsm.CodeDone {
				t.Errorf("without it: %+v", r)
			}
			c.start(victim.ID())
			c.converged()
		})
	}
}
