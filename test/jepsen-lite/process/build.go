//go:build linux

package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/leased-io/leased/client"
)

// build makes hosts, directories, members and fleet. Nothing of the product runs yet.
func (s *stage) build() error {
	if err := s.isolate(); err != nil {
		return err
	}
	if err := s.hosts(); err != nil {
		return err
	}
	var endpoints []string
	for _, m := range s.nodes {
		endpoints = append(endpoints, m.api())
		for _, other := range s.nodes {
			if other != m {
				m.script.Join = append(m.script.Join,
					hostPort(other.host.address, other.script.GossipPort))
			}
		}
	}
	for _, f := range s.fleets {
		f.script.Endpoints = endpoints
	}
	var err error
	s.watcher, err = client.New(endpoints, client.WithCallTimeout(lookTimeout))
	if err != nil {
		return err
	}
	s.admin, err = client.New(endpoints)
	return err
}

// isolate prepares what the namespaces allow, and notes what is not to be had.
func (s *stage) isolate() error {
	if !s.o.Isolated {
		s.without("network faults and full disks: no namespaces may be made here, " +
			"so everything is on the loopback")
	} else if err := s.unfold(); err != nil {
		return err
	}
	s.disks = s.o.Kills == 0
	return nil
}

// unfold makes use of the stage's own namespaces.
func (s *stage) unfold() error {
	// Mounts from here on are seen here alone.
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("process: keep mounts private: %w", err)
	}
	w := newWire(s.o.Seed)
	err := errAvoided
	if !slices.Contains(s.o.Avoid, AvoidTun) {
		err = plug(address(observer), w)
	}
	if err == nil {
		s.wire = w
		return nil
	}
	s.without("network faults: everything is on the loopback: " + err.Error())
	return loopbackUp()
}

// errAvoided stands for what the system might have refused.
var errAvoided = errors.New("process: the options say to do without")

// without notes what the campaign cannot do here.
func (s *stage) without(what string) {
	s.report.Without = append(s.report.Without, what)
	s.say("WITHOUT %s", what)
}

// observer is the stage's own host number. Nodes are from firstNode on, the fleet from firstFleet.
const (
	observer   = 200
	firstNode  = 1
	firstFleet = 100
)

// address is that of a host's number on the wire.
func address(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, 77, 0, byte(n)}) }

// hosts makes the hosts, and what is to run on each.
func (s *stage) hosts() error {
	for i := range s.o.Nodes {
		m, err := s.newMember(i)
		if err != nil {
			return err
		}
		s.nodes = append(s.nodes, m)
	}
	per := (s.w.Limiters + s.o.Fleets - 1) / s.o.Fleets
	for i := range s.o.Fleets {
		h, err := s.newHost(firstFleet+i, false)
		if err != nil {
			return err
		}
		f := &fleetProc{name: fmt.Sprintf("f%d", i+1), host: h}
		f.script = FleetScript{
			Run: s.run, Workload: s.w, First: i * per,
			Limiters:   min(per, s.w.Limiters-i*per),
			PerSec:     s.w.PerSec / s.o.Fleets,
			Seed:       s.o.Seed<<16 + uint64(i)<<8,
			ClockPPM:   []int64{-DriftPPM, 0, DriftPPM}[s.rng.IntN(3)],
			WallOffset: time.Duration(s.rng.Int64N(int64(24*time.Hour))) - 12*time.Hour,
			WallStep:   5 * time.Second,
		}
		if i == 0 {
			f.script.ClockPPM = -DriftPPM // the dangerous side
			if s.o.Plant == PlantSlowFleet {
				f.script.ClockPPM, f.script.Lies = -200_000, true
			}
			f.script.ExtraAdmission = s.o.Plant == PlantLedger
			if s.o.Plant == PlantDeath {
				f.script.DiesAfter = time.Second
			}
		}
		s.fleets = append(s.fleets, f)
	}
	return nil
}

// newHost makes a host by its number.
func (s *stage) newHost(n int, watch bool) (*host, error) {
	if s.wire == nil {
		return newHost(netip.MustParseAddr("127.0.0.1"), nil, watch)
	}
	return newHost(address(n), s.wire, watch)
}

// nodeHost makes a host whose disk can fail, if that is possible here.
func (s *stage) nodeHost(n int) (*host, error) {
	err := errAvoided
	if s.disks && !slices.Contains(s.o.Avoid, AvoidSeccomp) {
		var h *host
		if h, err = s.newHost(n, true); err == nil {
			return h, nil
		}
	}
	if s.disks {
		s.without("failing and stalling disks: " + err.Error())
		s.disks = false
	}
	return s.newHost(n, false)
}

// smallDisk is the size of the tmpfs that one node's data is on: several times what it needs.
const smallDisk = "96m"

// newMember makes node i of the cluster, or one to join it later.
func (s *stage) newMember(i int) (*member, error) {
	h, err := s.nodeHost(firstNode + i)
	if err != nil {
		return nil, err
	}
	m := &member{id: fmt.Sprintf("n%d", i+1), host: h}
	m.script = NodeScript{
		ID: m.id, DataDir: filepath.Join(s.o.Scratch, m.id), Host: h.address.String(),
		TraceDir: s.traces(), Run: s.run, APIPort: 7101, RaftPort: 7102, GossipPort: 7103,
		ClockPPM: []int64{-DriftPPM, DriftPPM}[s.rng.IntN(2)], Snapshots: s.o.Snapshots,
	}
	if i < s.o.Nodes {
		m.script.Expect = s.o.Nodes
	}
	if s.wire == nil {
		for _, port := range []*int{
			&m.script.APIPort, &m.script.RaftPort, &m.script.GossipPort,
		} {
			if *port, err = freePort(s.ctx); err != nil {
				return nil, err
			}
		}
	}
	// At least one is the product's own binary, and one runs fast.
	m.real = s.o.Kills > 0 || i == 0 || i >= s.o.Nodes || i > 1 && s.rng.IntN(2) == 0
	if i == 1 {
		m.script.ClockPPM = DriftPPM
	}
	if s.o.Plant == PlantNodeJumps {
		m.real, m.script.JumpEvery, m.script.Jump = false, time.Second, 300*time.Millisecond
	}
	if err := os.MkdirAll(m.script.DataDir, 0o755); err != nil {
		return nil, err
	}
	if i == s.o.Nodes-1 && s.o.Isolated && s.o.Kills == 0 {
		m.small = m.script.DataDir
		if err := syscall.Mount("leased", m.small, "tmpfs", 0, "size="+smallDisk); err != nil {
			m.small = ""
			s.without("full disks: mount a small one: " + err.Error())
		}
	}
	return m, nil
}

// freePort returns a port of the loopback that was free just now.
func freePort(ctx context.Context) (int, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
