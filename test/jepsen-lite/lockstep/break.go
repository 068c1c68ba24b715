package lockstep

// Break names a rule that the harness breaks on purpose, around the code as it is, to show that
// a walk notices.
type Break string

// What can be broken from outside the product's code.
const (
	Sound Break = ""
	// StampEarly breaks R1: a command carries the reading of the tick before.
	StampEarly Break = "R1-stamped-early"
	// ClockAhead breaks R2-clock-ahead of T.
	ClockAhead Break = "R2-clock-ahead"
	// EpochForged breaks R3: a proposal that slept through a failover gets the new epoch.
	EpochForged Break = "R3-epoch-forged"
	// FirstTTL breaks R5: a retry is told the ttl that its request was told first.
	FirstTTL Break = "R5-first-ttl"
	// NoMargin breaks R6: the holder is told that clocks do not drift.
	NoMargin Break = "R6-no-margin"
	// FromReceipt breaks R7: an answer is taken as that of an attempt that is sent just then.
	FromReceipt Break = "R7-from-receipt"
	// NewNumber breaks R8: a copy of a request has a number of its own.
	NewNumber Break = "R8-new-number"
	// OtherWindow breaks R8: a Return names the window after its lease's.
	OtherWindow Break = "R8-other-window"
	// SpentReturn breaks R8: a Return is sent without giving the credits up.
	SpentReturn Break = "R8-spent-return"
	// ClockStands breaks R10: the holder is shown a reading that it has seen before.
	ClockStands Break = "R10-cached-reading"
)

// Breaks returns all of them.
func Breaks() []Break {
	return []Break{StampEarly, ClockAhead, EpochForged, FirstTTL, NoMargin, FromReceipt,
		NewNumber, OtherWindow, SpentReturn, ClockStands}
}
