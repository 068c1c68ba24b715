package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leased-io/leased/node"
	"github.com/leased-io/leased/test/jepsen-lite/linear"
	"github.com/leased-io/leased/trace"
)

// nodes are the cluster's servers, over networks in memory.
type nodes struct {
	o     Options
	clock trace.Clock
	tally *tally
	// run is the life of a cluster that goes on: its name in traces, and their directory.
	run life
	// history is what every client was told.
	history linear.Recorder
	clients int // so far

	// calm ends the sleeping of clocks.
	calm atomic.Bool

	net       *network
	wires     *wires
	directory *node.Directory // in place of gossip
	walls     *walls          // nil: the bubble's

	mu      sync.Mutex
	servers []*server
	byID    map[string]*node.Node // those that are up
}

// life is one cluster's.
type life struct{ name, dir string }

// startNodes founds a cluster.
func startNodes(ctx context.Context, o Options, clock trace.Clock, dir string) (*nodes, error) {
	c := &nodes{
		o: o, clock: clock, tally: newTally(),
		history: linear.Recorder{Clock: clock.Now},
		run:     life{"cluster", dir},
		net:     newNetwork(o.Seed, o.Latency),
		wires:   newWires(),
		byID:    map[string]*node.Node{},
	}
	if o.Calendar {
		c.walls = newWalls(o)
	}
	return c, c.found(ctx)
}

// found starts the founders of a cluster.
func (c *nodes) found(ctx context.Context) error {
	c.directory = node.NewDirectory()
	var founders []string
	for range c.o.Nodes {
		founders = append(founders, c.recruit(true))
	}
	for _, id := range founders {
		if err := c.start(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// runBegins is what the run's clock shows when it begins: an instant of zero is none.
const runBegins = int64(time.Second)

// now is the run's time.
func (c *nodes) now() time.Duration { return time.Duration(c.clock.Now() - runBegins) }

// start begins a life of a node, on its disk. One that is up, or has ended for good, stays so.
func (c *nodes) start(ctx context.Context, id string) error {
	srv := c.server(id)
	if !c.reserve(srv) {
		return nil
	}
	cfg := node.DefaultConfig()
	cfg.ID, cfg.DriftPPM = id, c.o.DriftPPM
	cfg.Logger = slog.New(slog.DiscardHandler)
	pause(ctx, time.Microsecond) // its trace is named by the instant, and no two lives share one
	now := c.life()
	cfg.TraceDir, cfg.Run = now.dir, now.name
	cfg.Clock = srv.nap.read
	if c.walls != nil {
		cfg.Wall = func() time.Time { return c.walls.read(id, c.now()) }
	}
	if srv.founder {
		cfg.BootstrapExpect = c.o.Nodes
	}
	c.o.tune(&cfg)
	cfg.Seams = node.Seams{
		Stores: c.disk(id).stores(), RaftTransport: c.net.attach(id),
		APIListener: c.wires.listen(id), DialAPI: c.wires.dialer(id), Directory: c.directory,
		TraceClock: c.clock,
	}
	n, err := node.Start(ctx, cfg)
	c.mu.Lock()
	srv.starting = false
	over := srv.role == ended
	if err == nil && !over {
		c.byID[id] = n
	}
	c.mu.Unlock()
	if err == nil && over { // meanwhile
		n.Kill()
	}
	return err
}

// reserve reports whether a life of a server may begin now.
func (c *nodes) reserve(s *server) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.role == ended || s.starting || c.byID[s.id] != nil {
		return false
	}
	s.starting = true
	return true
}

// life is that of the cluster that goes on.
func (c *nodes) life() life {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.run
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
	for _, s := range c.servers {
		if n := c.byID[s.id]; n != nil {
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

// mend makes the networks well and starts the members that are down.
func (c *nodes) mend(ctx context.Context, gone map[string]bool) error {
	c.calm.Store(true)
	c.net.heal()
	c.wires.heal(gone)
	var errs []error
	for _, id := range c.in(member, leaving, removed) {
		c.directory.Heal(id)
		c.mu.Lock()
		up := c.byID[id] != nil
		c.mu.Unlock()
		if !up {
			errs = append(errs, c.start(ctx, id))
		}
	}
	return errors.Join(errs...)
}

// describe tells what each server that is up says of the cluster, and where its clients are led.
func (c *nodes) describe() string {
	var b strings.Builder
	for _, n := range c.up() {
		st := n.Status()
		fmt.Fprintf(&b, "%s: %s in term %d, leader %q, entry %d\n", st.Node, st.State, st.Term,
			st.Leader, st.Applied)
	}
	for _, id := range c.in(ended) {
		fmt.Fprintf(&b, "%s is %s\n", apiAddress(id), c.wires.led(apiAddress(id)))
	}
	return b.String()
}

// converge waits until all members have applied the same entries to the same effect, and returns
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
		members := c.in(member)
		for _, n := range c.up() {
			if slices.Contains(members, n.ID()) {
				st := n.Status()
				last = place{st.Applied, st.Digest}
				seen[last] = true
			}
		}
		if len(seen) == 1 && c.leader() != "" {
			return last.applied, nil
		}
		pause(ctx, look)
	}
	return 0, fmt.Errorf("cluster: replicas do not agree: %v", seen)
}

// agree compares what the members' disks hold, up to an entry that all have applied.
func (c *nodes) agree(upTo uint64) error {
	var first []byte
	members := c.in(member)
	for _, id := range members {
		image, err := c.disk(id).image(upTo)
		if err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		if first == nil {
			first = image
		}
		if string(first) != string(image) {
			return fmt.Errorf("cluster: the disks of %s and %s hold different states at entry %d",
				members[0], id, upTo)
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
