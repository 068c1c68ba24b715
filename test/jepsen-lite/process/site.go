//go:build linux

package process

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/leased-io/leased/client"
)

// maxJoins bounds how many more servers a cluster has, for a while, than it was founded with.
const maxJoins = 2

// site is a place for a server: a host and its ports. Servers come and go, and sites stay, so
// that clients are told of all sites once.
type site struct {
	host              *host
	api, raft, gossip int // ports
}

func (p *site) address(port int) string { return hostPort(p.host.address, port) }

// newSite makes the site with that number.
func (s *stage) newSite(i int) (*site, error) {
	h, err := s.nodeHost(firstNode + i)
	if err != nil {
		return nil, err
	}
	p := &site{host: h, api: 7101, raft: 7102, gossip: 7103}
	if s.wire != nil {
		return p, nil
	}
	for _, port := range []*int{&p.api, &p.raft, &p.gossip} {
		if *port, err = s.freePort(); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// The ports of the loopback that servers get: below those that the system gives to whoever
// connects, since a server's port stays free while it is down.
const (
	firstPort = 10_000
	ports     = 20_000
)

// freePort returns a port of the loopback that was free just now.
func (s *stage) freePort() (int, error) {
	var err error
	for range tries {
		port := firstPort + rand.IntN(ports) // two campaigns of a seed may share the loopback
		var l net.Listener
		l, err = (&net.ListenConfig{}).Listen(s.ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return port, l.Close()
		}
	}
	return 0, err
}

// endpoints are where servers may be found.
func (s *stage) endpoints() (all []string) {
	for _, p := range s.sites {
		all = append(all, p.address(p.api))
	}
	return all
}

// vacant returns a site without a server, or nil. One that is no member any more leaves for it.
func (s *stage) vacant() *site {
	// One that a fault has in hand stays for now.
	free := slices.IndexFunc(s.former, isUsable)
	if free >= 0 && !slices.ContainsFunc(s.sites, s.empty) {
		s.retire(s.former[free])
	}
	i := slices.IndexFunc(s.sites, s.empty)
	if i < 0 {
		return nil
	}
	return s.sites[i]
}

func (s *stage) empty(p *site) bool {
	at := func(m *member) bool { return m.site == p }
	return !slices.ContainsFunc(s.nodes, at) && !slices.ContainsFunc(s.former, at)
}

// smallDisk is the size of the tmpfs that one node's data is on: several times what it needs.
const smallDisk = "96m"

// newMember makes a server, with a new name and no data. A founder founds the cluster with the
// others; any other joins it.
func (s *stage) newMember(p *site, founder bool) (*member, error) {
	s.made++
	m := &member{id: fmt.Sprintf("n%d", s.made), host: p.host, site: p, voter: founder}
	m.script = NodeScript{
		ID: m.id, DataDir: filepath.Join(s.o.Scratch, m.id), Host: p.host.address.String(),
		TraceDir: s.current().dir, Run: s.current().name,
		APIPort: p.api, RaftPort: p.raft, GossipPort: p.gossip,
		ClockPPM: []int64{-DriftPPM, DriftPPM}[s.rng.IntN(2)], Snapshots: s.o.Snapshots,
	}
	if founder {
		m.script.Expect = s.o.Nodes
	}
	for _, other := range s.sites {
		if other != p {
			m.script.Join = append(m.script.Join, other.address(other.gossip))
		}
	}
	// At least one of the founders is the product's own binary, and one runs fast.
	place := (s.made - 1) % s.o.Nodes
	m.real = s.o.Kills > 0 || place == 0 || place > 1 && s.rng.IntN(2) == 0
	if place == 1 {
		m.script.ClockPPM = DriftPPM
	}
	if s.o.Plant == PlantNodeJumps {
		m.real, m.script.JumpEvery, m.script.Jump = false, jumpEvery, jump
	}
	if err := os.MkdirAll(m.script.DataDir, 0o755); err != nil {
		return nil, err
	}
	if place == s.o.Nodes-1 && s.tmpfs {
		s.shrinkDisk(m)
	}
	return m, nil
}

// shrinkDisk puts a server's data on a small disk, if that is possible here.
func (s *stage) shrinkDisk(m *member) {
	err := syscall.Mount("leased", m.script.DataDir, "tmpfs", 0, "size="+smallDisk)
	if err != nil {
		s.tmpfs = false
		s.without("full disks: mount a small one: " + err.Error())
		return
	}
	m.small = m.script.DataDir
}

// erase removes all that a server has written but its trace and its log.
func (m *member) erase() error {
	if m.small != "" {
		if err := syscall.Unmount(m.small, 0); err != nil {
			return fmt.Errorf("process: unmount the disk of %s: %w", m.id, err)
		}
		m.small = ""
	}
	return os.RemoveAll(m.script.DataDir)
}

// connect makes the stage's own clients.
func (s *stage) connect() error {
	var err error
	if s.history, err = CreateHistory(filepath.Join(s.histories(), "stage.jsonl")); err != nil {
		return err
	}
	s.watcher, err = client.New(s.endpoints(), client.WithCallTimeout(lookTimeout))
	if err != nil {
		return err
	}
	s.admin, err = client.New(s.endpoints(), client.WithDialOptions(s.history.DialOption()))
	return err
}

// names are the ids of servers, in a list.
func names(members []*member) string {
	var ids []string
	for _, m := range members {
		ids = append(ids, m.id)
	}
	return strings.Join(ids, ", ")
}
