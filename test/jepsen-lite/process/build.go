//go:build linux

package process

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// build makes hosts, directories, members and fleet. Nothing of the product runs yet.
func (s *stage) build() error {
	if err := s.isolate(); err != nil {
		return err
	}
	spares := maxJoins
	if s.o.Kills > 0 {
		spares = 0 // an endpoint where nobody is would be measured, too
	}
	for i := range s.o.Nodes + spares {
		p, err := s.newSite(i)
		if err != nil {
			return err
		}
		s.sites = append(s.sites, p)
	}
	if err := s.founders(); err != nil {
		return err
	}
	if err := s.newFleet(); err != nil {
		return err
	}
	return s.connect()
}

// founders makes the servers that found a cluster.
func (s *stage) founders() error {
	for _, p := range s.sites[:s.o.Nodes] {
		m, err := s.newMember(p, true)
		if err != nil {
			return err
		}
		s.nodes = append(s.nodes, m)
	}
	return nil
}

// isolate prepares what the namespaces allow, and notes what is not to be had.
func (s *stage) isolate() error {
	if !s.o.Isolated {
		s.without("network faults and full disks: no namespaces may be made here, " +
			"so everything is on the loopback")
	} else if err := s.unfold(); err != nil {
		return err
	}
	s.disks, s.tmpfs = s.o.Kills == 0, s.o.Kills == 0 && s.o.Isolated
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
	s.out.without = append(s.out.without, what)
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

// newFleet makes the processes of the fleet, each on a host of its own.
func (s *stage) newFleet() error {
	per := (s.w.Limiters + s.o.Fleets - 1) / s.o.Fleets
	for i := range s.o.Fleets {
		h, err := s.newHost(firstFleet+i, false)
		if err != nil {
			return err
		}
		f := &fleetProc{name: fmt.Sprintf("f%d", i+1), host: h}
		f.script = FleetScript{
			Workload: s.w, First: i * per, Endpoints: s.endpoints(),
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
			f.script.Mishears = s.o.Plant == PlantHistory
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
