package node

import (
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
)

// counter is a state machine that only counts.
type counter struct {
	entries atomic.Uint64
	raft.FSM
}

func (c *counter) Apply(*raft.Log) any { return c.entries.Add(1) }

// bareRaft starts three raft servers on the product's stores, transport and timing, and returns
// the one that leads.
func bareRaft(b *testing.B) *raft.Raft {
	b.Helper()
	const servers = 3
	var members raft.Configuration
	nodes := make([]*Node, servers)
	for i := range servers {
		cfg := localConfig(b, fmt.Sprintf("r%d", i+1))
		n := &Node{cfg: cfg, id: cfg.ID, log: slog.New(slog.NewTextHandler(io.Discard, nil))}
		if err := n.openStore(b.Context()); err != nil {
			b.Fatal(err)
		}
		lis, err := listen(b.Context(), "raft", flagRaft, cfg.ListenRaft)
		if err != nil {
			b.Fatal(err)
		}
		layer := newStreamLayer(lis, n.store.disk, advertised(lis, ""))
		n.raftNet = watchContacts(newRaftTransport(layer, newRaftLogger(n.log)))
		n.leadership = newLeadership(nil, n.log, nil, nil)
		nodes[i] = n
		members.Servers = append(members.Servers, raft.Server{
			ID: raft.ServerID(cfg.ID), Address: n.raftNet.LocalAddr(),
		})
	}
	all := make([]*raft.Raft, servers)
	for i, n := range nodes {
		config := n.raftConfig()
		config.NotifyCh = nil
		config.SnapshotThreshold = 1 << 62 // there is nothing to take one of
		r, err := raft.NewRaft(config, &counter{}, n.store.Logs, n.store.Stable,
			n.store.Snapshots, n.raftNet)
		if err == nil {
			err = r.BootstrapCluster(members).Error()
		}
		if err != nil {
			b.Fatal(err)
		}
		all[i] = r
	}
	b.Cleanup(func() {
		for i, r := range all {
			if err := r.Shutdown().Error(); err != nil {
				b.Error(err)
			}
			if err := nodes[i].raftNet.raftTransport.(io.Closer).Close(); err != nil {
				b.Error(err)
			}
			if err := nodes[i].store.close(); err != nil {
				b.Error(err)
			}
		}
	})
	var leader *raft.Raft
	eventually(b, 15*time.Second, "a leader", func() bool {
		for _, r := range all {
			if r.State() == raft.Leader {
				leader = r
			}
		}
		return leader != nil
	})
	return leader
}

// bareGroup is group commit and nothing else: what waits while an entry is in flight is the next
// one.
type bareGroup struct {
	raft  *raft.Raft
	queue chan bareRequest
}

type bareRequest struct {
	data []byte
	done chan error // size 1
}

func (g *bareGroup) run(stop <-chan struct{}) {
	var waiting []bareRequest
	var entry []byte
	for {
		waiting, entry = waiting[:0], nil // raft keeps an entry
		select {
		case r := <-g.queue:
			waiting, entry = append(waiting, r), append(entry, r.data...)
		case <-stop:
			return
		}
		for more := true; more && len(waiting) < maxBatch; {
			select {
			case r := <-g.queue:
				waiting, entry = append(waiting, r), append(entry, r.data...)
			default:
				more = false
			}
		}
		err := g.raft.Apply(entry, enqueueTimeout).Error()
		for _, r := range waiting {
			r.done <- err
		}
	}
}

// acquireBytes are an entry of n acquires, as long as the product's.
func acquireBytes(b *testing.B, n int, renew bool) []byte {
	b.Helper()
	e := fsm.Entry{Epoch: 2, Stamp: 1 << 33}
	for range n {
		r := &lease.Request{Session: 300, Seq: 1000, Revision: 70,
			Asks: []lease.Ask{{Need: 1, Want: 100}}}
		if renew {
			r.Returns = []lease.Return{{Lease: 100_000, Window: 1, Amount: 100}}
		}
		e.Commands = append(e.Commands, fsm.Command{Acquire: r})
	}
	data, err := fsm.EncodeEntry(e)
	if err != nil {
		b.Fatal(err)
	}
	return data
}

// benchFloor measures what raft alone gives: an entry for each request, and a bare group commit.
func benchFloor(b *testing.B) {
	leader := bareRaft(b)
	lone := acquireBytes(b, 1, false)
	each(b, "floor=apply", []int{1, 64, 256}, func(b *testing.B, callers int) {
		bearLoad(b, callers, 1, "grants", func(int) error {
			return leader.Apply(lone, enqueueTimeout).Error()
		})
	})
	group := &bareGroup{raft: leader, queue: make(chan bareRequest, maxQueued)}
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		group.run(stop)
		close(ended)
	}()
	defer func() {
		close(stop)
		<-ended
	}()
	submit := func(data []byte) error {
		r := bareRequest{data: data, done: make(chan error, 1)}
		group.queue <- r
		return <-r.done
	}
	inEntry := (len(acquireBytes(b, 65, false)) - len(lone)) / 64
	each(b, "floor=group", []int{64, 256}, func(b *testing.B, callers int) {
		bearLoad(b, callers, 1, "grants", func(int) error { return submit(lone[:inEntry]) })
	})
	message := acquireBytes(b, renewals, true)
	each(b, "floor=group/renewals=64", []int{renewers}, func(b *testing.B, callers int) {
		bearLoad(b, callers, renewals, "leases", func(int) error { return submit(message) })
	})
}
