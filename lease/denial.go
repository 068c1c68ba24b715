package lease

import (
	"math"
	"time"

	"github.com/leased-io/leased/budget"
)

// ProbeEvery is the longest that a cached denial keeps the holder from asking again, though
// callers go on hearing Refused: in a window of hours others may give credits back, or the
// budget may be raised.
const ProbeEvery = time.Minute

// leastRetry: for a queue, which loses its turn in the window otherwise, half of the time until
// more is to be had is long enough, but not less than this fraction of the window (one over it): at
// most three times a window.
const leastRetry = 8

// denial caches the coordinator's latest refusal by one limit. Each limit has its own, or two
// that are exhausted would be asked in turn for ever, each forgetting the other's.
//
// Its times count on the monotonic clock from the receipt of the answer, not from the send as
// a lease's life does: they decide when to ask, never what to admit.
type denial struct {
	set   bool
	left  budget.Credits // a shortfall of no more than this may still be granted
	until int64          // the limit has more: it has rolled, or refilled
	probe int64          // ask again even though it has not
	retry int64          // likewise, for a queue
}

// stands reports whether the limit has not rolled since.
func (d *denial) stands(now Reading) bool { return d.set && now.Mono < d.until }

// bars reports whether the coordinator is not to be asked yet for what was denied.
func (d *denial) bars(now Reading) bool { return d.stands(now) && now.Mono < d.probe }

// refuses reports whether the denial covers a cost of n: the line is short of it by more than
// was left.
func (l *line) refuses(now Reading, n budget.Credits) bool {
	return l.denial.stands(now) && l.shortfall(n) > l.denial.left
}

// refuser returns the limit that refuses cost, of several the last one to roll.
func (h *Holder) refuser(now Reading, cost Cost) (limit int, refused bool) {
	for i, n := range cost {
		l := &h.lines[i]
		if l.refuses(now, n) && (!refused || l.denial.until > h.lines[limit].denial.until) {
			limit, refused = i, true
		}
	}
	return limit, refused
}

// takeDenial caches d and reports whether it made sense as an answer to the request.
func (h *Holder) takeDenial(now Reading, d *Denial) bool {
	if d == nil {
		return false
	}
	ask, ok := h.request.ask(d.Limit)
	if !ok {
		return false
	}
	wait := min(max(d.RetryAfter, minWake), budget.MaxPer)
	l := &h.lines[d.Limit]
	l.denial = denial{
		set:   true,
		left:  min(max(0, d.Left), max(0, ask.Need-1)),
		until: after(now.Mono, wait),
		probe: after(now.Mono, min(wait, ProbeEvery)),
		retry: after(now.Mono, min(wait, max(wait/2, l.limit.Span()/leastRetry))),
	}
	return true
}

// Denial returns the limit that the last verdict Refused or outcome Denied was by, of several
// the last one to roll, and how long until it rolls. The time counts from the receipt of the
// answer, so it errs on the late side; zero: it is over.
func (h *Holder) Denial(now Reading) (limit int, retryAfter time.Duration) {
	if h.refusedBy >= len(h.lines) {
		return 0, 0
	}
	return h.refusedBy, max(0, elapsed(now.Mono, h.lines[h.refusedBy].denial.until))
}

// after returns the reading d after t, saturated. d is not negative.
func after(t int64, d time.Duration) int64 {
	if t > math.MaxInt64-int64(d) {
		return math.MaxInt64
	}
	return t + int64(d)
}
