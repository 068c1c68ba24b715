package linear

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/raft"
	"google.golang.org/grpc/test/bufconn"

	"github.com/leased-io/leased/node"
)

const (
	// nodeCount is the size of the cluster.
	nodeCount = 3
	// apiBuffer is the size of an in-memory connection's buffer, in bytes.
	apiBuffer = 1 << 16
	// raftTimeout bounds a message of raft.
	raftTimeout = time.Second
	// look is how often a leader is looked for, and election how long.
	look     = 20 * time.Millisecond
	election = 10 * time.Second
)

// nodes are the members of a cluster, over a network in memory.
type nodes struct {
	peers []node.Peer
	nets  map[string]*raft.InmemTransport
	apis  map[string]*bufconn.Listener
	byID  map[string]*node.Node
}

// startNodes starts every node, within a synctest bubble.
func startNodes(ctx context.Context) (*nodes, error) {
	c := &nodes{
		nets: map[string]*raft.InmemTransport{},
		apis: map[string]*bufconn.Listener{},
		byID: map[string]*node.Node{},
	}
	for i := range nodeCount {
		id := fmt.Sprintf("n%d", i+1)
		c.peers = append(c.peers, node.Peer{ID: id, Raft: id + ":raft", API: id + ":api"})
	}
	for _, p := range c.peers {
		address := raft.ServerAddress(p.Raft)
		_, c.nets[p.ID] = raft.NewInmemTransportWithTimeout(address, raftTimeout)
		c.apis[p.ID] = bufconn.Listen(apiBuffer)
		c.heal(p.ID)
		store := raft.NewInmemStore()
		cfg := node.DefaultConfig()
		cfg.ID, cfg.Logger = p.ID, slog.New(slog.DiscardHandler)
		cfg.Seams = node.Seams{
			Stores: &node.Stores{
				Logs: store, Stable: store, Snapshots: raft.NewInmemSnapshotStore(),
			},
			RaftTransport: c.nets[p.ID], APIListener: c.apis[p.ID], DialAPI: c.dial, Peers: c.peers,
		}
		n, err := node.Start(ctx, cfg)
		if err != nil {
			return c, err
		}
		c.byID[p.ID] = n
	}
	return c, nil
}

func (c *nodes) dial(ctx context.Context, address string) (net.Conn, error) {
	for _, p := range c.peers {
		if p.API == address {
			return c.apis[p.ID].DialContext(ctx)
		}
	}
	return nil, errors.New("linear: no such address")
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

// leader waits for a leader other than the one named, and returns nothing if there is none in
// time.
func (c *nodes) leader(ctx context.Context, but string) string {
	for waited := time.Duration(0); waited < election && ctx.Err() == nil; waited += look {
		for _, p := range c.peers {
			if p.ID != but && c.byID[p.ID].IsLeader() {
				return p.ID
			}
		}
		pause(ctx, look)
	}
	return ""
}

// stop ends every node in order.
func (c *nodes) stop(ctx context.Context) error {
	var stopping sync.WaitGroup
	errs := make([]error, len(c.peers))
	for i, p := range c.peers {
		if n := c.byID[p.ID]; n != nil {
			stopping.Go(func() { errs[i] = n.Stop(ctx) })
		}
	}
	stopping.Wait()
	return errors.Join(errs...)
}

// pause waits d out, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
