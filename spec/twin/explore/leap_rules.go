package explore

// leapParams are the constants of a configuration of CalendarLeap.
type leapParams struct {
	windowParams

	MaxLease int   // longest duration in an answer, at most W
	LeapBy   []int // by how much a leap may advance calendar time, ascending
	Later    []int // by how much it may be announced earlier than it must be, ascending
	Slow     []int // by how much one command may slow calendar time down, ascending
}

// leapRules is what safety hangs on beyond WindowLease's rules, which hold as they are. Each
// ablation replaces one of them. t is the elapsed time of a command's effect, x the calendar
// that is in force after it.
type leapRules struct {
	// ResumeOff, K1: the offset that a new leader goes on with.
	ResumeOff func(m *leapModel, off int16) []int16
	// LeapAts, K2: when a leap that is announced by a command may take effect.
	LeapAts func(m *leapModel, t int, announced leap) []int
	// TTL, K3: the duration in the answer to a new grant.
	TTL func(m *leapModel, t int, x calendar) int
	// DupTTL, K4: the duration in the answer to a retry.
	DupTTL func(m *leapModel, t int, x calendar) int
	// MaySlow, K5: whether a command may take as much from calendar time.
	MaySlow func(s *leapState, slow, t int) bool
	// MayAnnounce, K6: whether a leap may be announced beside the one that is.
	MayAnnounce func(announced leap) bool
}

// theLeapRules are the rules of the specification.
func theLeapRules() leapRules {
	return leapRules{
		ResumeOff:   resumeOffset,
		LeapAts:     leapAfterNotice,
		TTL:         ttlToBoundary,
		DupTTL:      ttlToBoundary,
		MaySlow:     slowToStanding,
		MayAnnounce: oneLeapAtATime,
	}
}

// K1. The offset is replicated, and so is the leap. A leader's wall clock that is ahead would
// be a leap without notice, one that is behind would enter a window twice.
func resumeOffset(_ *leapModel, off int16) []int16 { return []int16{off} }

// K2. A leap is at least the longest lease away from the command that announces it: the leases
// that are out know nothing of it, and are over by then.
func leapAfterNotice(m *leapModel, t int, _ leap) []int {
	ats := make([]int, 0, len(m.p.Later))
	for _, later := range m.p.Later {
		ats = append(ats, t+m.p.MaxLease+later)
	}
	return ats
}

// K3. A lease ends at the window's end, as if nothing slowed calendar time down; after the
// longest lease; or at the leap, if one is announced: whichever comes first. K4. So does what
// the answer to a retry gives, since that is a lease that begins now.
func ttlToBoundary(m *leapModel, t int, x calendar) int {
	ttl := min(m.p.MaxLease, m.toEnd(t, x))
	if x.leap != noLeap {
		ttl = min(ttl, int(x.leap.At)-t)
	}
	return ttl
}

// K5. A correction backwards takes no more from calendar time than has elapsed since the last
// command: it stands still, at most.
func slowToStanding(s *leapState, slow, t int) bool { return slow <= t-int(s.T) }

// K6. A second leap that comes nearer would break the promise to those that were capped at
// the first.
func oneLeapAtATime(announced leap) bool { return announced == noLeap }
