//go:build linux

package process

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/leased-io/leased/client"
)

const (
	// lookEvery is how often each node is asked for its status; lookTimeout bounds one answer.
	lookEvery   = 50 * time.Millisecond
	lookTimeout = 300 * time.Millisecond
	// freshFor is how long an answer is believed.
	freshFor = 600 * time.Millisecond
)

// member is one node of the cluster over all its lives.
type member struct {
	id     string
	host   *host
	script NodeScript
	site   *site
	real   bool   // it is `leased serve`
	small  string // the tmpfs that its data is on, or empty
	voter  bool   // it has been seen to vote

	unwatch context.CancelFunc
	leaving bool // it was, or is to be, removed: nobody knows which
	gone    bool // it will not start again

	life     int
	proc     *proc // nil until its first start
	impaired int   // faults that keep it from its work
	stopped  bool  // by SIGSTOP
	ailing   bool  // its disk has failed under it: it may end of that at any time

	mu     sync.Mutex
	status client.NodeStatus
	seen   time.Time
}

func (m *member) api() string { return hostPort(m.host.address, m.script.APIPort) }

func hostPort(address netip.Addr, port int) string {
	return net.JoinHostPort(address.String(), strconv.Itoa(port))
}

// argv is the command of the node's next life.
func (m *member) argv(o Options) ([]string, error) {
	s := m.script
	if !m.real {
		script, err := json.Marshal(s)
		return []string{o.Actor, "node", string(script)}, err
	}
	argv := []string{o.Leased, "serve", "--id", s.ID, "--data-dir", s.DataDir,
		"--listen", m.api(),
		"--raft-listen", hostPort(m.host.address, s.RaftPort),
		"--gossip-listen", hostPort(m.host.address, s.GossipPort),
		"--bootstrap-expect", strconv.Itoa(s.Expect),
		"--max-clock-drift", strconv.Itoa(DriftPPM),
		"--trace-dir", s.TraceDir, "--trace-run", s.Run}
	for _, address := range s.Join {
		argv = append(argv, "--join", address)
	}
	return argv, nil
}

// start begins another life, from the node's disk. One that is gone stays so.
func (m *member) start(o Options, logs string) error {
	if m.gone {
		return nil
	}
	argv, err := m.argv(o)
	if err != nil {
		return err
	}
	m.life++
	m.stopped, m.ailing = false, false
	m.proc, err = startProc(m.host, logs, fmt.Sprintf("%s-%d", m.id, m.life), argv)
	return err
}

// watch asks the node for its status until ctx ends.
func (m *member) watch(ctx context.Context, c *client.Client) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		asking, cancel := context.WithTimeout(ctx, lookTimeout)
		status, err := c.Status(asking, m.api())
		cancel()
		if err == nil {
			m.mu.Lock()
			m.status, m.seen = status, time.Now()
			m.mu.Unlock()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// look returns what the node said last, if that was just now.
func (m *member) look() (client.NodeStatus, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.status, time.Since(m.seen) < freshFor
}

// forget makes what it said before be of no account.
func (m *member) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = time.Time{}
}
