package explore

// slotParams are the constants of a configuration of SlotLease.
type slotParams struct {
	Holders  int
	Owner    []int // the holder of each heartbeat
	L        int   // slots
	TTL      int   // units of cluster time
	LRate    []int // units that a leader's clock may advance in a tick, ascending
	CRate    []int // the same of a holder's
	MaxAhead int   // bound: how far the leader's clock is ahead of T
	Jump     int   // ablation: how far a new leader's wall clock is ahead
}

func (p *slotParams) lMax() int { return p.LRate[len(p.LRate)-1] }
func (p *slotParams) cMin() int { return p.CRate[0] }

// slotRules is what safety hangs on. Each ablation replaces one of them.
type slotRules struct {
	// Life, R6: how much of a TTL the holder uses, on its own clock.
	Life func(m *slotModel, ttl int) int
	// LeftOnAnswer, R7: what is left of that when heartbeat b is answered.
	LeftOnAnswer func(m *slotModel, s *slotState, b int) int
	// Resume, R2: where a new leader's clock may start.
	Resume func(m *slotModel, s *slotState) []int16
	// FreshID: whether a new acquisition has a new id, which old Releases miss.
	FreshID func() bool
}

// theSlotRules are the rules of the specification.
func theSlotRules() slotRules {
	return slotRules{
		Life:         slotLifeWithMargin,
		LeftOnAnswer: slotLeftSinceSend,
		Resume:       slotResumeAtT,
		FreshID:      slotNewID,
	}
}

// R6. The slowest holder's clock must run out before the fastest cluster clock gets there.
func slotLifeWithMargin(m *slotModel, ttl int) int {
	return floorDiv(ttl*m.p.cMin(), m.p.lMax())
}

// R7. Every heartbeat is timed from its own send.
func slotLeftSinceSend(m *slotModel, s *slotState, b int) int {
	return m.life() - int(s.Beat[b].Age)
}

// R2. A new leader resumes from committed cluster time.
func slotResumeAtT(_ *slotModel, s *slotState) []int16 { return []int16{s.T} }

// A new acquisition has a new id: an old Release that arrives late misses it.
func slotNewID() bool { return true }

// Ablation: no margin for drift.
func slotLifeInFull(_ *slotModel, ttl int) int { return ttl }

// Ablation: the hold counts from the receipt of the answer.
func slotLeftSinceReceipt(m *slotModel, _ *slotState, _ int) int { return m.life() }

// Ablation: an old heartbeat's answer is timed from the newest heartbeat.
func slotLeftSinceLastSend(m *slotModel, s *slotState, b int) int {
	youngest := s.Beat[b].Age
	for x, owner := range m.p.Owner {
		if owner == m.p.Owner[b] && s.Beat[x].St != beatFree {
			youngest = min(youngest, s.Beat[x].Age)
		}
	}
	return m.life() - int(youngest)
}

// Ablation: a new leader may adopt its wall clock.
func slotResumeAtWall(m *slotModel, s *slotState) []int16 {
	return set2(s.T, s.T+int16(m.p.Jump))
}

// Ablation: one id for all acquisitions of a process.
func slotSameID() bool { return false }
