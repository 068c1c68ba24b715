//go:build linux

package process

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// addresses are the hosts of all nodes, and of the fleet if asked for. The stage's own host is
// not among them: it sees everything at all times.
func (s *stage) addresses(fleet bool) (all []netip.Addr) {
	for _, m := range s.nodes {
		all = append(all, m.host.address)
	}
	if fleet {
		for _, f := range s.fleets {
			all = append(all, f.host.address)
		}
	}
	return all
}

// cutNode drops what is sent to a node, or what it sends, or both: by and to the other nodes,
// and half of the time the fleet.
func (s *stage) cutNode(m *member, _ time.Duration, to, from bool) (string, *active) {
	if !s.mayHurt(m) {
		return "", nil
	}
	fleet := s.rng.IntN(2) == 0
	a := s.hurt(m, func(*active) error { return nil })
	a.net = func() {
		one, others := []netip.Addr{m.host.address}, s.addresses(fleet)
		if to {
			s.wire.change(others, one, drop)
		}
		if from {
			s.wire.change(one, others, drop)
		}
	}
	if fleet {
		return m.id + " from all", a
	}
	return m.id + " from the nodes", a
}

func drop(l *link) { l.cut = true }

// split parts the network in two. One side has a majority of the nodes; the fleet is on both.
func (s *stage) split(time.Duration) (string, *active) {
	minority := (len(s.nodes) - 1) / 2
	for _, m := range s.nodes {
		if !s.mayHurt(m) {
			return "", nil
		}
	}
	var names []string
	var here []netip.Addr
	var hurt []*member
	for _, i := range s.rng.Perm(len(s.nodes))[:minority] {
		hurt = append(hurt, s.nodes[i])
		names = append(names, s.nodes[i].id)
		here = append(here, s.nodes[i].host.address)
	}
	for _, f := range s.fleets {
		if s.rng.IntN(3) == 0 {
			names = append(names, f.name)
			here = append(here, f.host.address)
		}
	}
	for _, m := range hurt {
		m.impaired++
	}
	a := &active{hurts: hurt[0], heal: func() error {
		for _, m := range hurt {
			m.impaired--
		}
		return nil
	}}
	a.net = func() {
		inside := map[netip.Addr]bool{}
		for _, address := range here {
			inside[address] = true
		}
		var there []netip.Addr
		for _, address := range s.addresses(true) {
			if !inside[address] {
				there = append(there, address)
			}
		}
		s.wire.change(here, there, drop)
		s.wire.change(there, here, drop)
	}
	return strings.Join(names, ",") + " from the rest", a
}

// cutFleet cuts a process of the fleet off from all nodes, one way or both.
func (s *stage) cutFleet(time.Duration) (string, *active) {
	f := s.someFleet()
	if f == nil {
		return "", nil
	}
	way := s.rng.IntN(3)
	f.impaired = true
	a := &active{heal: func() error { f.impaired = false; return nil }}
	a.net = func() {
		one, nodes := []netip.Addr{f.host.address}, s.addresses(false)
		if way != 1 {
			s.wire.change(one, nodes, drop)
		}
		if way != 2 {
			s.wire.change(nodes, one, drop)
		}
	}
	return f.name + []string{" both ways", ": hears nothing", ": is not heard"}[way], a
}

// The worst that a network does while it still works.
const (
	maxDelay        = 60 * time.Millisecond
	maxLossPermille = 100
	maxCopyPermille = 20
)

// slowNetwork delays everything, and reorders it.
func (s *stage) slowNetwork(time.Duration) (string, *active) {
	delay := time.Millisecond + time.Duration(s.rng.Int64N(int64(maxDelay)))
	jitter := 1 + time.Duration(s.rng.Int64N(int64(delay)))
	a := &active{heal: func() error { return nil }}
	a.net = func() {
		all := s.addresses(true)
		s.wire.change(all, all, func(l *link) { l.delay, l.jitter = delay, jitter })
	}
	return fmt.Sprintf("%s, up to %s more", delay.Round(time.Millisecond),
		jitter.Round(time.Millisecond)), a
}

// lossyNetwork loses packets, and copies some.
func (s *stage) lossyNetwork(time.Duration) (string, *active) {
	loss, copied := 5+s.rng.IntN(maxLossPermille), s.rng.IntN(maxCopyPermille)
	a := &active{heal: func() error { return nil }}
	a.net = func() {
		all := s.addresses(true)
		s.wire.change(all, all, func(l *link) { l.lossPermille, l.copyPermille = loss, copied })
	}
	return fmt.Sprintf("%d of 1000 lost, %d copied", loss, copied), a
}
