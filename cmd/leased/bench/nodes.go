package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

const (
	// nodeCount is how many nodes are started: one of them may be killed.
	nodeCount = 3
	// readyTimeout bounds the wait until all of them know a leader. It takes about two seconds.
	readyTimeout = 20 * time.Second
	// stopTimeout bounds each step of the stop at the end.
	stopTimeout = 10 * time.Second
	// maxComplaint is how much of what a node said before it died is quoted, in bytes.
	maxComplaint = 500
)

// readyLine is what "leased serve" prints once its node knows a leader.
var readyLine = regexp.MustCompile(`^leased: node (\S+) is ready: api ([^,]+), `)

// nodes are a cluster's processes on loopback, with their logs on the disk.
type nodes struct {
	dataDir string
	each    []*process
}

// process is one node.
type process struct {
	id, api string
	cmd     *exec.Cmd
	said    string        // the file that takes what it says
	ready   chan string   // size 1: its API address
	done    chan struct{} // closed at its end
	ended   error         // why; once done is closed
	killed  bool
}

// startNodes starts a cluster and waits until each node knows the leader. What it started before an
// error is killed. With a directory the nodes are traced into it.
func startNodes(ctx context.Context, argv []string, traceDir, run string) (*nodes, error) {
	dataDir, err := os.MkdirTemp("", "leased-bench-data-")
	if err != nil {
		return nil, err
	}
	c := &nodes{dataDir: dataDir}
	if err := c.start(ctx, argv, traceDir, run); err != nil {
		for _, p := range c.each {
			p.kill()
		}
		return nil, errors.Join(err, os.RemoveAll(dataDir))
	}
	return c, nil
}

func (c *nodes) start(ctx context.Context, argv []string, traceDir, run string) error {
	gossip, err := freeAddress(ctx)
	if err != nil {
		return err
	}
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
			return fmt.Errorf("node %s ended before it was ready: %w: %s", p.id, p.ended, p.words())
		case <-ctx.Done():
			return fmt.Errorf("node %s knew no leader within %s: %w: %s", p.id, readyTimeout,
				ctx.Err(), p.words())
		}
	}
	return nil
}

// freeAddress returns an address that nobody listens on. That another process takes it before the
// node does is unlikely, and told by the node.
func freeAddress(ctx context.Context) (string, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func startProcess(id, said, program string, args []string) (*process, error) {
	log, err := os.Create(said)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the process has its own
	p := &process{id: id, said: said, ready: make(chan string, 1), done: make(chan struct{})}
	p.cmd = exec.CommandContext(context.Background(), program, args...)
	p.cmd.Stderr = log
	p.cmd.SysProcAttr = ownGroup() // an interrupt at the terminal is for the bench alone
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start node %s: %w", id, err)
	}
	go func() {
		defer close(p.done)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if m := readyLine.FindStringSubmatch(lines.Text()); m != nil {
				p.ready <- m[2]
			}
		}
		p.ended = p.cmd.Wait()
	}()
	return p, nil
}

// words is the end of what the node said.
func (p *process) words() string {
	said, err := os.ReadFile(p.said)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(said[max(0, len(said)-maxComplaint):]))
}

// kill ends the node as a crash of its process does.
func (p *process) kill() {
	p.killed = true
	_ = p.cmd.Process.Kill() // it may have ended already
	<-p.done
}

// stop ends the node in order.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		p.kill()
		return fmt.Errorf("node %s did not stop within %s, and was killed", p.id, stopTimeout)
	}
	if p.ended != nil {
		return fmt.Errorf("node %s: %w: %s", p.id, p.ended, p.words())
	}
	return nil
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
