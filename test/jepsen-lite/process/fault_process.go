//go:build linux

package process

import (
	"fmt"
	"net/netip"
	"syscall"
	"time"
)

// killNode ends a node as a crash does, and starts it from its disk after d.
func (s *stage) killNode(m *member, _ time.Duration) (string, *active) {
	if !s.mayHurt(m) {
		return "", nil
	}
	m.proc.kill()
	m.forget()
	return m.id, s.hurt(m, func(*active) error { return m.start(s.o, s.logs()) })
}

// crashNode kills a node whose machine says nothing more: no connection ends for the others.
func (s *stage) crashNode(m *member, d time.Duration) (string, *active) {
	if !s.mayHurt(m) {
		return "", nil
	}
	cut := func() {
		one, others := []netip.Addr{m.host.address}, s.addresses(true)
		s.wire.change(one, others, drop)
		s.wire.change(others, one, drop)
	}
	cut()
	target, a := s.killNode(m, d)
	a.net = cut
	return target, a
}

// stopNode makes a node stand still.
func (s *stage) stopNode(m *member, _ time.Duration) (string, *active) {
	if !s.mayHurt(m) {
		return "", nil
	}
	m.proc.signal(syscall.SIGSTOP)
	m.stopped = true
	m.forget()
	return m.id, s.hurt(m, func(*active) error {
		m.proc.signal(syscall.SIGCONT)
		m.stopped = false
		return nil
	})
}

// someFleet chooses a fleet process that works, if another one does.
func (s *stage) someFleet() *fleetProc {
	works := 0
	for _, f := range s.fleets {
		if wellFed(f) && !f.proc.ended() {
			works++
		}
	}
	if works < 2 {
		return nil
	}
	return pick(s, s.fleets, func(f *fleetProc) bool { return wellFed(f) && !f.proc.ended() })
}

// killFleet ends a process of the fleet as a crash does; another takes its place after d.
func (s *stage) killFleet(time.Duration) (string, *active) {
	f := s.someFleet()
	if f == nil {
		return "", nil
	}
	f.proc.kill()
	f.impaired = true
	return f.name, &active{heal: func() error {
		f.impaired = false
		return f.start(s)
	}}
}

// stopFleet makes a process of the fleet stand still: it wakes with leases that are over.
func (s *stage) stopFleet(time.Duration) (string, *active) {
	f := s.someFleet()
	if f == nil {
		return "", nil
	}
	f.proc.signal(syscall.SIGSTOP)
	f.impaired = true
	return f.name, &active{heal: func() error {
		f.impaired = false
		f.proc.signal(syscall.SIGCONT)
		return nil
	}}
}

// restartRolling stops and starts every node in order, one after the other. It is over when it
// returns.
func (s *stage) restartRolling(time.Duration) (string, *active) {
	if ok, _ := s.whole(); !ok {
		return "", nil
	}
	a := &active{over: true}
	for _, m := range s.nodes {
		if !s.mayHurt(m) {
			return "", nil
		}
	}
	for i, m := range s.nodes {
		m.forget()
		if err := m.proc.end(stopBound); err != nil {
			s.fail(judgeStop, "in a rolling restart: %v", err)
		}
		if err := m.start(s.o, s.logs()); err != nil {
			s.fail(judgeHarness, "%v", err)
		}
		if err := s.await(s.ctx, s.o.elect(), "the node to be back", s.whole); err != nil {
			// The network may be too bad for it; then the others stay up.
			a.outcome = fmt.Sprintf("ended after %d nodes: %v", i+1, err)
			break
		}
	}
	return "all nodes", a
}
