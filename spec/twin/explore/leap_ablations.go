package explore

// As in window_ablations.go: what an engineer might have written instead of a rule of
// CalendarLeap. Each must let the exploration find a violation, except the one marked safe.

// K1. A new leader may take its wall clock's offset, which is Jump ahead.
func resumeAhead(m *leapModel, off int16) []int16 { return set2(off, off+int16(m.p.Jump)) }

// K1. Or Jump behind: as if a leap that was the old leader's secret were lost with it.
func resumeBehind(m *leapModel, off int16) []int16 { return set2(off, off-int16(m.p.Jump)) }

// K2. A leap takes effect at once.
func leapAtOnce(_ *leapModel, t int, _ leap) []int { return []int{t + 1} }

// K2. The notice is less than the longest lease.
func leapOnShortNotice(m *leapModel, t int, _ leap) []int { return []int{t + m.p.MaxLease - 2} }

// K3. A lease that is granted after the announcement may outlive the leap. K4. Or only the
// answer to a retry does.
func ttlPastLeap(m *leapModel, t int, x calendar) int {
	return min(m.p.MaxLease, m.toEnd(t, x))
}

// K3. A lease may be longer than what the notice counts on.
func ttlTooLong(m *leapModel, t int, x calendar) int {
	ttl := m.toEnd(t, x)
	if x.leap != noLeap {
		ttl = min(ttl, int(x.leap.At)-t)
	}
	return ttl
}

// K5. The calendar is set back.
func slowToAny(*leapState, int, int) bool { return true }

// K6. Safe: a second announcement, with a notice of its own, takes the place of the first.
func mayReplaceLeap(leap) bool { return true }

// K6. A second announcement brings the leap nearer.
func leapNearer(m *leapModel, t int, announced leap) []int {
	if announced == noLeap {
		return leapAfterNotice(m, t, announced)
	}
	return []int{int(announced.At) - 2}
}
