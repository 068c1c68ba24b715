package explore

// clockParams are the constants of a configuration of ClusterClock.
type clockParams struct {
	Rate    []int // units that a server's clock may advance in a tick, ascending
	MaxNow  int   // bounds: ticks,
	MaxTerm int   // terms,
	MaxLen  int   // and entries of a log
	Jump    int   // ablation: how far a new leader's wall clock is ahead
}

// clockRules is what the clock's contract hangs on. Each ablation replaces one of them.
type clockRules struct {
	// Valid, R3: whether entry i of a log has effect.
	Valid func(l *clockLog, i int) bool
	// OnReady, R2: where a new leader's clock may start.
	OnReady func(m *clockModel, v *server) []int8
	// OnElect, R3: whether a leader may stamp from its election on.
	OnElect func() bool
	// OnCopy: what a follower's clock shows when it takes the leader's log.
	OnCopy func(m *clockModel, leader, follower *server) int8
}

// theClockRules are the rules of the specification.
func theClockRules() clockRules {
	return clockRules{
		Valid:   validInEpoch,
		OnReady: readyAtLogTime,
		OnElect: electedMustWait,
		OnCopy:  copyLogTime,
	}
}

// R3. A command whose epoch is not the last one opened has no effect: its stamp was read under
// one leadership and appended under another, and clocks of two leaders do not compare.
func validInEpoch(l *clockLog, i int) bool {
	for j := i; j >= 0; j-- {
		if l.Entries[j].Bar {
			return l.Entries[i].Epoch == l.Entries[j].Epoch
		}
	}
	return false
}

// R2. A new leader's clock starts at what its log says, when its barrier is committed.
func readyAtLogTime(m *clockModel, v *server) []int8 { return []int8{m.timeOf(&v.Log)} }

// R3. A leader stamps only from its barrier's commit on.
func electedMustWait() bool { return false }

// A follower's clock is what the log says.
func copyLogTime(m *clockModel, leader, _ *server) int8 { return m.timeOf(&leader.Log) }

// timeOf is cluster time according to a log: the last stamp that counts.
func (m *clockModel) timeOf(l *clockLog) int8 {
	for i := int(l.Len) - 1; i >= 0; i-- {
		if !l.Entries[i].Bar && m.r.Valid(l, i) {
			return l.Entries[i].Stamp
		}
	}
	return 0
}

// Variant "receive", safe: a follower's clock runs on from when it received its last entry, so
// that time without a leader counts.
func readyKeepRunning(_ *clockModel, v *server) []int8 { return []int8{v.Clock} }

// ... and then a new leader may stamp at once, with no wait for the barrier's commit.
func electedAtOnce() bool { return true }

// Ablation: a new leader jumps to its wall clock.
func readyAtWall(m *clockModel, v *server) []int8 {
	t := m.timeOf(&v.Log)
	if m.p.Jump == 0 {
		return []int8{t}
	}
	return []int8{t, t + int8(m.p.Jump)}
}

// Ablation: no epoch check.
func validInAnyEpoch(*clockLog, int) bool { return true }

// Ablation of "receive": a follower never sets its clock back.
func copyNeverBack(m *clockModel, leader, follower *server) int8 {
	return max(follower.Clock, m.timeOf(&leader.Log))
}

// noPause bounds the exploration to stamps that are appended at once, to have larger bounds
// on the rest.
func noPause(s, n clockState) bool {
	for i := range s.Srv {
		if s.Srv[i].Hand == (hand{}) {
			continue
		}
		if n.Srv[i].Hand != (hand{}) {
			return false
		}
		if s.Srv[i].Lead && n.Srv[i].Log.Len != s.Srv[i].Log.Len+1 {
			return false
		}
	}
	return true
}
