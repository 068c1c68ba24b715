package lease

import "fmt"

// Verdict is how a Holder decided an offer. The zero Verdict is none.
//
// Its words differ from those of Outcome on purpose: an outcome is the coordinator's decision
// on a request, a verdict the holder's on an offer, and most verdicts need no request.
type Verdict uint8

// The verdicts. Where several apply, the first of Closed, Invalid, Lost, NoBudget, Oversized
// and Admitted wins.
const (
	// Admitted: the whole cost was spent from live leases.
	Admitted Verdict = iota + 1
	// Pending: too few live credits; the coordinator was asked, or Poll is about to ask.
	Pending
	// Refused: too few live credits, and the coordinator Denied as much: Denial says by which
	// limit and for how long.
	Refused
	// Oversized: the cost is above a limit's amount. No window satisfies it before the budget
	// changes, so it is not asked for.
	Oversized
	// NoBudget: the coordinator answered UnknownBudget. Poll asks again now and then.
	NoBudget
	// Lost: the coordinator answered UnknownSession. Nothing is admitted before Reset.
	Lost
	// Closed: Close was called. Final.
	Closed
	// Invalid: the cost has not one entry per limit, or a negative one, or no positive one.
	Invalid
)

var verdictNames = [...]string{
	Admitted: "admitted", Pending: "pending", Refused: "refused", Oversized: "oversized",
	NoBudget: "no budget", Lost: "lost", Closed: "closed", Invalid: "invalid",
}

// String returns the verdict in words.
func (v Verdict) String() string {
	if v == 0 || int(v) >= len(verdictNames) {
		return fmt.Sprintf("verdict %d", uint8(v))
	}
	return verdictNames[v]
}
