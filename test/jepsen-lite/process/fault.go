//go:build linux

package process

import (
	"slices"
	"time"
)

// Fault is one thing that was broken, in the report.
type Fault struct {
	Kind   string  `json:"kind"`
	Target string  `json:"target"`
	Into   float64 `json:"into_sec"` // the campaign
	At     int64   `json:"at"`       // on the trace's clock
	// For is how long it was meant to last; less if a healing came first.
	For float64 `json:"for_sec,omitempty"`
	// Outcome is what came of it, where that is not certain.
	Outcome string `json:"outcome,omitempty"`
}

// active is a fault that has not been healed.
type active struct {
	until time.Time
	// hurts is the node that it keeps from its work, or nil.
	hurts *member
	heal  func() error
	net   func() // does to the wire what it does; nil: nothing
	// outcome is what came of it, once it is healed.
	outcome string
	entry   int // of Report.Faults
}

// kind is a kind of fault.
type kind struct {
	name   string
	weight int
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

// kinds are all faults. The weights favour what changes leaders: it is possible less often.
var kinds = []kind{
	{"kill-leader", 6, always, func(s *stage, d time.Duration) (string, *active) {
		return s.killNode(s.leader(), d)
	}},
	{"crash-leader", 4, hasWire, func(s *stage, d time.Duration) (string, *active) {
		return s.crashNode(s.leader(), d)
	}},
	{"kill-follower", 3, always, func(s *stage, d time.Duration) (string, *active) {
		return s.killNode(s.follower(), d)
	}},
	{"kill-fleet", 2, always, (*stage).killFleet},
	{"stop-leader", 6, always, func(s *stage, d time.Duration) (string, *active) {
		return s.stopNode(s.leader(), d)
	}},
	{"stop-follower", 2, always, func(s *stage, d time.Duration) (string, *active) {
		return s.stopNode(s.follower(), d)
	}},
	{"stop-fleet", 3, always, (*stage).stopFleet},
	{"restart-rolling", 8, always, (*stage).restartRolling},
	{"isolate-leader", 4, hasWire, func(s *stage, d time.Duration) (string, *active) {
		return s.cutNode(s.leader(), d, true, true)
	}},
	{"deafen-leader", 3, hasWire, func(s *stage, d time.Duration) (string, *active) {
		return s.cutNode(s.leader(), d, true, false)
	}},
	{"mute-leader", 3, hasWire, func(s *stage, d time.Duration) (string, *active) {
		return s.cutNode(s.leader(), d, false, true)
	}},
	{"isolate-follower", 2, hasWire, func(s *stage, d time.Duration) (string, *active) {
		return s.cutNode(s.follower(), d, true, true)
	}},
	{"split", 3, hasWire, (*stage).split},
	{"cut-fleet", 2, hasWire, (*stage).cutFleet},
	{"slow-network", 1, hasWire, (*stage).slowNetwork},
	{"lossy-network", 1, hasWire, (*stage).lossyNetwork},
	{"fail-fsync", 3, hasDisks, (*stage).failDisk},
	{"stall-fsync", 3, hasDisks, (*stage).stallDisk},
	{"fill-disk", 2, hasSmall, (*stage).fillDisk},
	{"join", 2, always, (*stage).join},
}

// FaultKinds are the names of all faults.
func FaultKinds() []string {
	names := make([]string, 0, len(kinds))
	for _, k := range kinds {
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
	hurt := 0
	for _, other := range s.nodes {
		if !isUsable(other) {
			hurt++
		}
	}
	return s.o.MajorityLoss || hurt < (len(s.nodes)-1)/2
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
	target, a := k.begin(s, d)
	if a == nil {
		return false
	}
	a.until, a.entry = time.Now().Add(d), len(s.report.Faults)
	s.report.Faults = append(s.report.Faults, Fault{Kind: k.name, Target: target, At: at,
		Into: time.Since(s.begin).Seconds(), For: d.Seconds()})
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
		s.report.Faults[a.entry].Outcome = a.outcome
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
