package node

import (
	"slices"
	"time"
)

// median is what is known of the median of all voters' clocks, of which some may not have told
// theirs. It lies between low and high, if these are known: whoever did not answer may be off by
// anything. One clock of three that is wrong by hours moves neither bound by more than a right one
// would allow, and two answers that disagree leave the calendar as it is.
type median struct {
	low, high           time.Duration
	knowsLow, knowsHigh bool
}

// medianOf returns the bounds of the median of voters' clocks, of which those are known.
func medianOf(known []time.Duration, voters int) (m median) {
	known = slices.Sorted(slices.Values(known))
	missing := voters - len(known)
	// If all who are silent are far behind, or far ahead. Of an even number the lower or the upper
	// of the two in the middle.
	if i := (voters-1)/2 - missing; i >= 0 && i < len(known) {
		m.low, m.knowsLow = known[i], true
	}
	if i := voters / 2; i < len(known) {
		m.high, m.knowsHigh = known[i], true
	}
	return m
}

// correction is by how much calendar time must be advanced, if it is positive, or slowed down, when
// it is so far ahead of this node's wall clock: nothing while it lies where the median may be.
func (m median) correction(ahead time.Duration) time.Duration {
	switch {
	case m.knowsLow && m.low-ahead > calendarTolerance:
		return m.low - ahead
	case m.knowsHigh && m.high-ahead < -calendarTolerance:
		return m.high - ahead
	default:
		return 0
	}
}
