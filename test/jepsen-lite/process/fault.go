//go:build linux

package process

import (
	"cmp"
	"slices"
	"time"
)

// active is a fault that has not been healed.
type active struct {
	until time.Time
	// hurts is the node that it keeps from its work, or nil.
	hurts *member
	heal  func() error
	net   func() // does to the wire what it does; nil: nothing
	from  int64  // when it began, on the trace's clock; 0: when it was chosen
	// outcome is what came of it, once it is healed.
	outcome string
	over    bool // it was over when it had begun
	entry   int  // of the report's faults
}

// kind is a kind of fault.
type kind struct {
	name   string
	weight int
	// long: it takes its time, and may have others begin and end meanwhile.
	long bool
	// needs tells whether the stage can do it here.
	needs func(*stage) bool
	// begin breaks something for d, or returns nil if there is nothing to break now.
	begin func(s *stage, d time.Duration) (target string, a *active)
}

func always(*stage) bool        { return true }
func hasWire(s *stage) bool     { return s.wire != nil }
func hasDisks(s *stage) bool    { return s.disks }
func hasSmall(s *stage) bool    { return slices.ContainsFunc(s.nodes, isSmall) }
func isSmall(m *member) bool    { return m.small != "" }
func isUsable(m *member) bool   { return m.impaired == 0 }
func wellFed(f *fleetProc) bool { return !f.impaired }

// kinds returns all faults. The weights favour what changes leaders: it is possible less often.
func kinds() []kind {
	return []kind{
		{killLeader, 6, false, always, func(s *stage, d time.Duration) (string, *active) {
			return s.killNode(s.leader(), d)
		}},
		{"crash-leader", 4, false, hasWire, func(s *stage, d time.Duration) (string, *active) {
			return s.crashNode(s.leader(), d)
		}},
		{"kill-follower", 3, false, always, func(s *stage, d time.Duration) (string, *active) {
			return s.killNode(s.follower(), d)
		}},
		{"kill-fleet", 2, false, always, (*stage).killFleet},
		{"stop-leader", 6, false, always, func(s *stage, d time.Duration) (string, *active) {
			return s.stopNode(s.leader(), d)
		}},
		{"stop-follower", 2, false, always, func(s *stage, d time.Duration) (string, *active) {
			return s.stopNode(s.follower(), d)
		}},
		{"stop-fleet", 3, false, always, (*stage).stopFleet},
		{"restart-rolling", 6, true, always, (*stage).restartRolling},
		{"isolate-leader", 4, false, hasWire, func(s *stage, d time.Duration) (string, *active) {
			return s.cutNode(s.leader(), d, true, true)
		}},
		{"deafen-leader", 3, false, hasWire, func(s *stage, d time.Duration) (string, *active) {
			return s.cutNode(s.leader(), d, true, false)
		}},
		{"mute-leader", 3, false, hasWire, func(s *stage, d time.Duration) (string, *active) {
			return s.cutNode(s.leader(), d, false, true)
		}},
		{"isolate-follower", 2, false, hasWire, func(s *stage, d time.Duration) (string, *active) {
			return s.cutNode(s.follower(), d, true, true)
		}},
		{"split", 3, false, hasWire, (*stage).split},
		{"cut-fleet", 2, false, hasWire, (*stage).cutFleet},
		{"slow-network", 1, false, hasWire, (*stage).slowNetwork},
		{"lossy-network", 1, false, hasWire, (*stage).lossyNetwork},
		{"fail-fsync", 3, false, hasDisks, (*stage).failDisk},
		{"stall-fsync", 3, false, hasDisks, (*stage).stallDisk},
		{"fill-disk", 2, false, hasSmall, (*stage).fillDisk},
		{"replace-rolling", 3, true, always, (*stage).replaceRolling},
		{"grow-shrink", 2, true, always, (*stage).growShrink},
		{"remove-leader", 2, true, always, (*stage).removeLeader},
		{"remove-crashed", 2, true, always, (*stage).removeCrashed},
		{"lose-cluster", 1, true, always, (*stage).loseCluster},
	}
}

// killLeader is the kind whose gaps in grants are measured.
const killLeader = "kill-leader"

// FaultKinds are the names of all faults.
func FaultKinds() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return names
}

// pick chooses one, or nil if there is none.
func pick[T any](s *stage, all []*T, ok func(*T) bool) *T {
	all = slices.DeleteFunc(slices.Clone(all), func(one *T) bool { return !ok(one) })
	if len(all) == 0 {
		return nil
	}
	return all[s.rng.IntN(len(all))]
}

// follower chooses a node that does not lead, or nil.
func (s *stage) follower() *member {
	leader := s.leader()
	return pick(s, s.nodes, func(m *member) bool { return m != leader && isUsable(m) })
}

// mayHurt reports whether a node may be kept from its work: it works, and a majority is left.
func (s *stage) mayHurt(m *member) bool {
	if m == nil || !isUsable(m) || m.proc.ended() {
		return false
	}
	hurt, voters := 0, 0
	for _, other := range s.nodes {
		if other.voter {
			voters++
		}
		if !isUsable(other) {
			hurt++
		}
	}
	return s.o.MajorityLoss || hurt < (voters-1)/2
}

// hurt makes a fault that keeps a node from its work until it is healed.
func (s *stage) hurt(m *member, heal func(*active) error) *active {
	m.impaired++
	a := &active{hurts: m}
	a.heal = func() error {
		m.impaired--
		return heal(a)
	}
	return a
}

// start begins a fault of that kind, if there is something to break now.
func (s *stage) start(k kind) bool {
	d := 300*time.Millisecond + time.Duration(s.rng.Int64N(int64(maxFault)))
	at := now()
	s.busy = s.busy || k.long
	target, a := k.begin(s, d)
	s.busy = s.busy && !k.long
	if a == nil {
		return false
	}
	a.until, a.entry = time.Now().Add(d), s.out.fault(k.name, target, cmp.Or(a.from, at))
	if a.over {
		s.out.over(a.entry, a.outcome)
		return true
	}
	s.active = append(s.active, a)
	s.relink()
	return true
}

// maxFault is how long a fault lasts at most: several elections, and longer than leases live.
const maxFault = 4 * time.Second

// healDue heals the faults whose time is over, or all.
func (s *stage) healDue(all bool) {
	var left []*active
	for _, a := range s.active {
		if !all && time.Now().Before(a.until) {
			left = append(left, a)
			continue
		}
		if err := a.heal(); err != nil {
			s.fail(judgeHarness, "heal: %v", err)
		}
		s.out.over(a.entry, a.outcome)
	}
	s.active = left
	s.relink()
}

// relink has the wire do what the active faults say, and nothing else.
func (s *stage) relink() {
	if s.wire == nil {
		return
	}
	s.wire.heal()
	for _, a := range s.active {
		if a.net != nil {
			a.net()
		}
	}
}
