package report

import (
	"math/bits"

	"github.com/leased-io/leased/trace"
)

// shape is what a limit bounds, but for the amount: its kind, and how long the windows are that
// its credits are leased in. The other kinds than windows bound intervals that reach over several
// of them; here each window is looked at alone, and the checker judges intervals.
type shape struct {
	kind string // "", of window limits, "sliding", "bucket" or "slots"
	span int64
	// pace is the period in cluster time, half a percent longer where it is not the window.
	pace int64
}

const (
	bucket = "bucket"
	slots  = "slots"
)

// shapeOf reads the event of a limit that comes into force or changes.
func shapeOf(e *trace.Event) shape {
	if e.Shape == "" {
		return shape{span: max(1, e.Per), pace: max(1, e.Per)}
	}
	pace := max(1, e.Per+(e.Per+199)/200)
	return shape{kind: e.Shape, span: max(1, e.Span), pace: pace}
}

// level is a limit's amount, and a bucket's burst. An amount that is not positive: none.
type level struct{ amount, burst int64 }

// most is the most that one window may admit: the amount, or what is in a full bucket and what
// runs into it in the meantime.
func (s shape) most(l level) int64 {
	if s.kind != bucket {
		return l.amount
	}
	hi, lo := bits.Mul64(uint64(max(0, l.amount)), uint64(s.span))
	lo, carry := bits.Add64(lo, uint64(s.pace-1), 0)
	if hi += carry; hi >= uint64(s.pace) {
		return l.burst
	}
	refilled, _ := bits.Div64(hi, lo, uint64(s.pace))
	return l.burst + int64(refilled)
}

// parts are what a credit is counted in where a window's share is not a whole number.
const parts = 1_000

// share is what one window of many may admit in the long run, in parts of credits: the part of
// the amount that the window is of the period.
func (s shape) share(amount int64) int64 {
	hi, lo := bits.Mul64(uint64(amount)*parts, uint64(s.span))
	if hi >= uint64(s.pace) {
		return amount * parts
	}
	share, _ := bits.Div64(hi, lo, uint64(s.pace))
	return int64(share)
}
