package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leased-io/leased/node"
	"github.com/leased-io/leased/test/jepsen-lite/linear"
	"github.com/leased-io/leased/trace"
)

// nodes are the cluster's members, over networks in memory.
type nodes struct {
	o     Options
	clock trace.Clock
	dir   string
	tally *tally
	// history is what every client was told.
	history linear.Recorder
	clients int // so far

	// calm ends the sleeping of clocks.
	calm atomic.Bool

	peers []node.Peer
	net   *network
	wires *wires
	disks map[string]*disk
	naps  map[string]*sleeper

	mu   sync.Mutex
	byID map[string]*node.Node // those that are up
}

// startNodes starts every node.
func startNodes(ctx context.Context, o Options, clock trace.Clock, dir string) (*nodes, error) {
	c := &nodes{
		o: o, clock: clock, dir: dir, tally: &tally{},
		history: linear.Recorder{Clock: clock.Now},
		wires:   newWires(),
		disks:   map[string]*disk{},
		naps:    map[string]*sleeper{},
		byID:    map[string]*node.Node{},
	}
	var ids []string
	for i := range o.Nodes {
		id := fmt.Sprintf("n%d", i+1)
		ids = append(ids, id)
		c.peers = append(c.peers,
			node.Peer{ID: id, Raft: string(raftAddress(id)), API: apiAddress(id)})
		c.disks[id], c.naps[id] = newDisk(), newSleeper(c, id, o.clockSeed(i))
	}
	c.net = newNetwork(o.Seed, o.Latency, ids)
	for _, id := range ids {
		if err := c.start(ctx, id); err != nil {
			return c, err
		}
	}
	return c, nil
}

// runBegins is what the run's clock shows when it begins: an instant of zero is none.
const runBegins = int64(time.Second)

// now is the run's time.
func (c *nodes) now() time.Duration { return time.Duration(c.clock.Now() - runBegins) }

// start begins a life of a node, on its disk.
func (c *nodes) start(ctx context.Context, id string) error {
	cfg := node.DefaultConfig()
	cfg.ID, cfg.DriftPPM = id, c.o.DriftPPM
	cfg.Logger = slog.New(slog.DiscardHandler)
	cfg.TraceDir, cfg.Run = c.dir, "cluster"
	cfg.Clock = c.naps[id].read
	c.o.tune(&cfg)
	cfg.Seams = node.Seams{
		Stores: c.disks[id].stores(c.o.Plain), RaftTransport: c.net.attach(id),
		APIListener: c.wires.listen(id), DialAPI: c.wires.dialer(id), Peers: c.peers,
		TraceClock: c.clock,
	}
	n, err := node.Start(ctx, cfg)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.byID[id] = n
	return nil
}

// take removes a node from those that are up, for it to be ended.
func (c *nodes) take(id string) *node.Node {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.byID[id]
	delete(c.byID, id)
	return n
}

// kill crashes a node: from one moment on nobody hears of it.
func (c *nodes) kill(id string) {
	c.cut(id)
	if n := c.take(id); n != nil {
		n.Kill()
	}
}

// up returns the nodes that are up.
func (c *nodes) up() []*node.Node {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []*node.Node
	for _, p := range c.peers {
		if n := c.byID[p.ID]; n != nil {
			out = append(out, n)
		}
	}
	return out
}

// cut separates a node's raft from all others; its API stays in reach.
func (c *nodes) cut(id string) { c.net.around(id, link{cut: true}, link{cut: true}) }

// heal connects a node's raft to all others.
func (c *nodes) heal(id string) { c.net.around(id, link{}, link{}) }

// leader returns the id of a node that leads with an open epoch, or nothing.
func (c *nodes) leader() string { return c.leaderBut("") }

func (c *nodes) leaderBut(but string) string {
	for _, n := range c.up() {
		if n.ID() != but && n.IsLeader() {
			return n.ID()
		}
	}
	return ""
}

// restore makes the networks well and starts the nodes that are down.
func (c *nodes) restore(ctx context.Context, gone map[string]bool) error {
	c.calm.Store(true)
	c.net.heal()
	c.wires.heal(gone)
	var errs []error
	for _, p := range c.peers {
		c.mu.Lock()
		up := c.byID[p.ID] != nil
		c.mu.Unlock()
		if !up {
			errs = append(errs, c.start(ctx, p.ID))
		}
	}
	return errors.Join(errs...)
}

// converge waits until all nodes have applied the same entries to the same effect, and returns
// the index of the last.
func (c *nodes) converge(ctx context.Context) (uint64, error) {
	type place struct {
		applied uint64
		digest  string
	}
	seen := map[place]bool{}
	for waited := time.Duration(0); waited < patience && ctx.Err() == nil; waited += look {
		clear(seen)
		var last place
		for _, n := range c.up() {
			st := n.Status()
			last = place{st.Applied, st.Digest}
			seen[last] = true
		}
		if len(seen) == 1 && c.leader() != "" {
			return last.applied, nil
		}
		pause(ctx, look)
	}
	return 0, fmt.Errorf("cluster: replicas do not agree: %v", seen)
}

// agree compares what the nodes' disks hold, up to an entry that all have applied.
func (c *nodes) agree(upTo uint64) error {
	var first []byte
	for _, p := range c.peers {
		image, err := c.disks[p.ID].image(upTo)
		if err != nil {
			return fmt.Errorf("%s: %w", p.ID, err)
		}
		if first == nil {
			first = image
		}
		if string(first) != string(image) {
			return fmt.Errorf("cluster: the disks of %s and %s hold different states at entry %d",
				c.peers[0].ID, p.ID, upTo)
		}
	}
	return nil
}

// stop ends every node in order.
func (c *nodes) stop(ctx context.Context) error {
	up := c.up()
	var stopping sync.WaitGroup
	errs := make([]error, len(up))
	for i, n := range up {
		stopping.Go(func() { errs[i] = n.Stop(ctx) })
	}
	stopping.Wait()
	return errors.Join(errs...)
}
