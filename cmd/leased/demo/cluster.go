package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/leased-io/leased/node"
)

// How long the cluster may take.
const (
	// electTimeout bounds the wait for the first leader. It takes about two seconds.
	electTimeout = 15 * time.Second
	// stopTimeout bounds the stop of everything at the end.
	stopTimeout = 5 * time.Second
	// leaderPoll is how often the wait looks.
	leaderPoll = 20 * time.Millisecond
)

// cluster is the demo's nodes: real ones, on loopback ports that the system picks, with their
// logs on disk.
type cluster struct {
	dataDir string
	nodes   []*node.Node
	killed  *node.Node
	ending  sync.WaitGroup // the kill
}

// startCluster starts n nodes that find each other by gossip and waits for a leader. What it
// started before an error is stopped.
func startCluster(ctx context.Context, n int, traceDir, run string) (*cluster, error) {
	dataDir, err := os.MkdirTemp("", "leased-demo-data-")
	if err != nil {
		return nil, err
	}
	c := &cluster{dataDir: dataDir}
	if err := c.start(ctx, n, traceDir, run); err != nil {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		return nil, errors.Join(err, c.stop(stopping))
	}
	return c, nil
}

func (c *cluster) start(ctx context.Context, n int, traceDir, run string) error {
	for i := range n {
		cfg := node.DefaultConfig()
		cfg.ID = fmt.Sprintf("n%d", i+1)
		cfg.DataDir = filepath.Join(c.dataDir, cfg.ID)
		cfg.ListenAPI = "127.0.0.1:0"
		cfg.ListenRaft = "127.0.0.1:0"
		cfg.ListenGossip = "127.0.0.1:0"
		cfg.BootstrapExpect = n
		cfg.TraceDir = traceDir
		cfg.Run = run
		cfg.Logger = slog.New(slog.DiscardHandler)
		if i > 0 {
			cfg.Join = []string{c.nodes[0].GossipAddr()}
		}
		member, err := node.Start(ctx, cfg)
		if err != nil {
			return fmt.Errorf("start node %s: %w", cfg.ID, err)
		}
		c.nodes = append(c.nodes, member)
	}
	ctx, cancel := context.WithTimeout(ctx, electTimeout)
	defer cancel()
	tick := time.NewTicker(leaderPoll)
	defer tick.Stop()
	for c.leader() == "" {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("no leader within %s: %w", electTimeout, ctx.Err())
		}
	}
	return nil
}

// live returns the nodes that have not been killed.
func (c *cluster) live() []*node.Node {
	var live []*node.Node
	for _, member := range c.nodes {
		if member != c.killed {
			live = append(live, member)
		}
	}
	return live
}

// leader returns the id of the node that leads, or "" while none does.
func (c *cluster) leader() string {
	for _, member := range c.live() {
		if member.IsLeader() {
			return member.ID()
		}
	}
	return ""
}

// kill stops the leader as a crash would, without waiting for the end of it: connections
// break, nobody is told. It returns the leader's id, or "" if there is none to kill.
func (c *cluster) kill() string {
	for _, member := range c.live() {
		if member.IsLeader() {
			c.killed = member
			c.ending.Go(member.Kill)
			return member.ID()
		}
	}
	return ""
}

// endpoints are the nodes' API addresses, the killed one's too: clients must cope with it.
func (c *cluster) endpoints() []string {
	addrs := make([]string, len(c.nodes))
	for i, member := range c.nodes {
		addrs[i] = member.APIAddr()
	}
	return addrs
}

// stop ends the nodes in order and removes their data.
func (c *cluster) stop(ctx context.Context) error {
	var errs []error
	c.ending.Wait()
	for _, member := range c.live() {
		if err := member.Stop(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop node %s: %w", member.ID(), err))
		}
	}
	return errors.Join(append(errs, os.RemoveAll(c.dataDir))...)
}
