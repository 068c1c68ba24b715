package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
	"google.golang.org/grpc/test/bufconn"

	"github.com/leased-io/leased/node"
	"github.com/leased-io/leased/trace"
)

// apiBuffer is the size of an in-memory connection's buffer, in bytes.
const apiBuffer = 1 << 16

// nodes are the cluster's members, over a network in memory.
type nodes struct {
	o     Options
	clock trace.Clock
	dir   string

	// calm ends the sleeping of clocks.
	calm atomic.Bool

	peers []node.Peer
	nets  map[string]*raft.InmemTransport
	apis  map[string]*bufconn.Listener
	byID  map[string]*node.Node
	naps  map[string]*sleeper
}

// startNodes starts every node.
func startNodes(ctx context.Context, o Options, clock trace.Clock, dir string) (*nodes, error) {
	c := &nodes{
		o: o, clock: clock, dir: dir,
		nets: map[string]*raft.InmemTransport{},
		apis: map[string]*bufconn.Listener{},
		byID: map[string]*node.Node{},
		naps: map[string]*sleeper{},
	}
	for i := range o.Nodes {
		id := fmt.Sprintf("n%d", i+1)
		c.peers = append(c.peers, node.Peer{ID: id, Raft: id + ":raft", API: id + ":api"})
	}
	for i, p := range c.peers {
		if err := c.start(ctx, p.ID, o.clockSeed(i)); err != nil {
			return c, err
		}
	}
	return c, nil
}

func (c *nodes) start(ctx context.Context, id string, seed uint64) error {
	_, network := raft.NewInmemTransportWithTimeout(raft.ServerAddress(id+":raft"), time.Second)
	c.nets[id] = network
	c.apis[id] = bufconn.Listen(apiBuffer)
	c.heal(id)
	store := raft.NewInmemStore()
	cfg := node.DefaultConfig()
	cfg.ID, cfg.DriftPPM = id, c.o.DriftPPM
	cfg.Logger = slog.New(slog.DiscardHandler)
	cfg.TraceDir, cfg.Run = c.dir, "cluster"
	c.naps[id] = newSleeper(c, seed)
	cfg.Clock = c.naps[id].read
	cfg.Seams = node.Seams{
		Stores:        &node.Stores{Logs: store, Stable: store, Snapshots: raft.NewInmemSnapshotStore()},
		RaftTransport: network, APIListener: c.apis[id], DialAPI: c.dial, Peers: c.peers,
		TraceClock: c.clock,
	}
	n, err := node.Start(ctx, cfg)
	if err != nil {
		return err
	}
	c.byID[id] = n
	return nil
}

func (c *nodes) dial(ctx context.Context, address string) (net.Conn, error) {
	for _, p := range c.peers {
		if p.API == address {
			return c.apis[p.ID].DialContext(ctx)
		}
	}
	return nil, errors.New("cluster: no such address")
}

// cut separates a node's raft from all others; its API stays in reach.
func (c *nodes) cut(id string) {
	for other, network := range c.nets {
		if other != id {
			network.Disconnect(raft.ServerAddress(id + ":raft"))
		}
	}
	c.nets[id].DisconnectAll()
}

// heal connects a node's raft to all others.
func (c *nodes) heal(id string) {
	for other, network := range c.nets {
		if other != id {
			network.Connect(raft.ServerAddress(id+":raft"), c.nets[id])
			c.nets[id].Connect(raft.ServerAddress(other+":raft"), network)
		}
	}
}

// leader returns the id of a node that leads with an open epoch, or nothing.
func (c *nodes) leader() string {
	for _, p := range c.peers {
		if n := c.byID[p.ID]; n != nil && n.IsLeader() {
			return p.ID
		}
	}
	return ""
}

// stop ends every node in order.
func (c *nodes) stop(ctx context.Context) error {
	var stopping sync.WaitGroup
	errs := make([]error, len(c.peers))
	for i, p := range c.peers {
		n := c.byID[p.ID]
		if n == nil {
			continue
		}
		stopping.Go(func() { errs[i] = n.Stop(ctx) })
	}
	stopping.Wait()
	return errors.Join(errs...)
}
