package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"
)

const (
	// nodeCount is how many nodes are started: one of them may be killed.
	nodeCount = 3
	// readyTimeout bounds the wait until all of them know a leader. It takes about two seconds.
	readyTimeout = 20 * time.Second
	// stopTimeout bounds each step of the stop at the end.
	stopTimeout = 10 * time.Second
	// startTries bounds how often the nodes are started: the port that the others join was free a
	// moment before the node takes it, and another process may have been faster.
	startTries = 5
)

// nodes are a cluster's processes on loopback, with their logs on the disk.
type nodes struct {
	dataDir string
	each    []*process
}

// startNodes starts a cluster and waits until each node knows the leader. What it started before an
// error is killed. With a directory the nodes are traced into it.
func startNodes(ctx context.Context, argv []string, traceDir, run string) (*nodes, error) {
	return startNodesAt(ctx, freeAddress, argv, traceDir, run)
}

// startNodesAt starts them anew, at another address that free returns, where a port was taken.
func startNodesAt(ctx context.Context, free func(context.Context) (string, error), argv []string,
	traceDir, run string,
) (*nodes, error) {
	for try := 1; ; try++ {
		c, err := tryNodes(ctx, free, argv, traceDir, run)
		if err == nil || try == startTries || !errors.Is(err, errInUse) {
			return c, err
		}
	}
}

func tryNodes(ctx context.Context, free func(context.Context) (string, error), argv []string,
	traceDir, run string,
) (*nodes, error) {
	gossip, err := free(ctx)
	if err != nil {
		return nil, err
	}
	dataDir, err := os.MkdirTemp("", "leased-bench-data-")
	if err != nil {
		return nil, err
	}
	c := &nodes{dataDir: dataDir}
	if err := c.start(ctx, gossip, argv, traceDir, run); err != nil {
		for _, p := range c.each {
			p.kill()
		}
		return nil, errors.Join(err, os.RemoveAll(dataDir))
	}
	return c, nil
}

func (c *nodes) start(
	ctx context.Context, gossip string, argv []string, traceDir, run string,
) error {
	for i := range nodeCount {
		id := fmt.Sprintf("n%d", i+1)
		args := append([]string{}, argv[1:]...)
		args = append(args, "--id", id, "--data-dir", filepath.Join(c.dataDir, id),
			"--bootstrap-expect", fmt.Sprint(nodeCount), "--log-level", "warn",
			"--listen", "127.0.0.1:0", "--raft-listen", "127.0.0.1:0")
		if i == 0 {
			args = append(args, "--gossip-listen", gossip)
		} else {
			args = append(args, "--gossip-listen", "127.0.0.1:0", "--join", gossip)
		}
		if traceDir != "" {
			args = append(args, "--trace-dir", traceDir, "--trace-run", run)
		}
		p, err := startProcess(id, filepath.Join(c.dataDir, id+".log"), argv[0], args)
		if err != nil {
			return err
		}
		c.each = append(c.each, p)
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for _, p := range c.each {
		select {
		case p.api = <-p.ready:
		case <-p.done:
			return p.early()
		case <-ctx.Done():
			return fmt.Errorf("node %s knew no leader within %s: %w: %s", p.id, readyTimeout,
				ctx.Err(), p.words())
		}
	}
	return nil
}

// freeAddress returns an address that nobody listens on. Another process may take it before the
// node does.
func freeAddress(ctx context.Context) (string, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// endpoints are the nodes' API addresses, a killed one's too: clients must cope with it.
func (c *nodes) endpoints() []string {
	addrs := make([]string, len(c.each))
	for i, p := range c.each {
		addrs[i] = p.api
	}
	return addrs
}

// cpu returns what all nodes together have used of the processors so far, the killed ones too;
// false: this system does not tell.
func (c *nodes) cpu() (sum time.Duration, known bool) {
	for _, p := range c.each {
		if p.killed {
			sum += p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
			continue
		}
		used, known := processCPU(p.cmd.Process.Pid)
		if !known {
			return 0, false
		}
		sum += used
	}
	return sum, true
}

// kill kills the node of an id, and reports whether there is one.
func (c *nodes) kill(id string) bool {
	for _, p := range c.each {
		if p.id == id && !p.killed {
			p.kill()
			return true
		}
	}
	return false
}

// stop ends the nodes, one after the other, and removes their data.
func (c *nodes) stop() error {
	var errs []error
	for _, p := range c.each {
		if !p.killed {
			errs = append(errs, p.stop())
		}
	}
	return errors.Join(append(errs, os.RemoveAll(c.dataDir))...)
}
