package twin

import (
	"testing"

	"github.com/leased-io/leased/trace"
)

// deny returns a change of the nth denial.
func deny(nth int, change func(e *trace.Event)) func(*recording) {
	return func(r *recording) { r.edit(r.find(trace.KindDeny, nth, nil), change) }
}

// granted returns a change of a lease's grant, and of what its holder says it got.
func granted(lease uint64, more int64) func(*recording) {
	return func(r *recording) {
		for _, kind := range []trace.Kind{trace.KindGrant, trace.KindAccept} {
			r.edit(r.find(kind, 1, of(lease)), func(e *trace.Event) { e.Amount += more })
		}
	}
}

// limitOf returns a change of the nth event of a limit.
func limitOf(limit uint64, nth int, change func(e *trace.Event)) func(*recording) {
	return func(r *recording) {
		r.edit(r.find(trace.KindLimit, nth, func(e trace.Event) bool { return e.Limit == limit }), change)
	}
}

// grantInstead makes the nth denial a grant of n credits of a window.
func grantInstead(nth int, limit uint64, window, n, ends int64) func(*recording) {
	return func(r *recording) {
		last, now, left := uint64(0), int64(0), nth
		for _, f := range r.files {
			for i := range f.events {
				e := &f.events[i].event
				switch e.Kind {
				case trace.KindGrant:
					last = e.Lease
				case trace.KindEntry:
					now = e.T
				}
				if e.Kind != trace.KindDeny {
					continue
				}
				if left--; left == 0 {
					*e = trace.Event{Kind: trace.KindGrant, At: e.At, Session: e.Session, Seq: e.Seq,
						Limit: limit, Window: window, Amount: n, Lease: last + 1, TTL: ends - now}
				}
			}
		}
	}
}

// The denials of kinds, in their order.
const (
	forTheEnd    = 1 + iota // of 500: the window ends in 250 ms - T
	withoutRoom             // of 105
	forARefill              // of 20
	forWindow0              // of 16 calls
	forNoCalls              // none is left
	forOneMore              // in window 3, where window 0 counts for the last time
	whileItWaits            // of the limit that starts empty
)

// plantedInKinds are violations, each one change of kinds.
var plantedInKinds = []plantedViolation{
	{"one credit too many in the slots before and this one", InBudget, granted(secondCalls, 1)},
	{"a charge that is forgotten when its window is over", InBudget,
		grantInstead(forNoCalls, 1, 1, 15, 670*ms)},
	{"N windows instead of N+1", InBudget, grantInstead(forOneMore, 1, 3, 1, 1340*ms)},
	{"N windows instead of N+1, in a denial", InBudget,
		deny(forOneMore, func(e *trace.Event) { e.Amount = 15 })},
	{"slots that are shorter than the period", InBudget,
		limitOf(1, 1, func(e *trace.Event) { e.Span-- })},
	{"slots of the period without half a percent", InBudget,
		limitOf(1, 1, func(e *trace.Event) { e.Span = (second + 2) / 3 })},
	{"a denial that is wrong about what the slots leave", InBudget,
		deny(forWindow0, func(e *trace.Event) { e.Amount++ })},
	{"a denial by a window's charge alone", InBudget,
		deny(forWindow0, func(e *trace.Event) { e.Amount = 30 })},
	{"a wait for a slot, one nanosecond off", TTL,
		deny(forWindow0, func(e *trace.Event) { e.TTL++ })},
	{"a wait for a slot, one nanosecond short", TTL,
		deny(forWindow0, func(e *trace.Event) { e.TTL-- })},
	{"a wait for this window's end, as a window limit's", TTL,
		deny(forWindow0, func(e *trace.Event) { e.TTL -= 3 * 335 * ms })},
	{"a wait for N windows instead of N+1", TTL,
		deny(forWindow0, func(e *trace.Event) { e.TTL -= 335 * ms })},
	{"a sliding limit that takes another's place too early", NoOverGrant,
		limitOf(3, 1, func(e *trace.Event) { e.Until-- })},
	{"a sliding limit that takes another's place when its window is over", NoOverGrant,
		limitOf(3, 1, func(e *trace.Event) { e.Until -= 3 * 335 * ms })},
	{"a late return that is taken", ReturnOnce, func(r *recording) {
		r.twice(r.find(trace.KindReturn, 1, nil)) // the first is no more
		r.drop(r.find(trace.KindReturn, 1, nil))
		late := trace.Event{Kind: trace.KindReturn, Session: 1, Lease: firstTokens, Limit: 2,
			Amount: 1, OK: true}
		r.insert(r.find(trace.KindRoll, 1, nil), late)
	}},
	{"a bucket that grants more than it has", Whole, granted(firstTokens, 101)},
	{"a bucket that forgets what is out", Whole, granted(moreTokens, 1)},
	{"a bucket that refills beyond the cap", Whole, grantInstead(withoutRoom, 2, 0, 101, 250*ms)},
	{"a bucket that keeps what was out", Whole,
		deny(forARefill, func(e *trace.Event) { e.Amount-- })},
	{"a bucket that gets back what was out when its window is over", Whole,
		deny(forARefill, func(e *trace.Event) { e.Amount = 500 })},
	{"the time before a change refilled at the new rate", Whole, func(r *recording) {
		limitOf(2, 1, func(e *trace.Event) { e.Amount = 402 })(r)
	}},
	{"a change that comes at the new rate from the start", Whole, granted(laterTokens, 3)},
	{"a full bucket of more than its burst", Whole, granted(fullTokens, 1)},
	{"a denial that is wrong about what is in the bucket", Whole,
		deny(forTheEnd, func(e *trace.Event) { e.Amount++ })},
	{"a denial that says less than is in the bucket", Whole,
		deny(forTheEnd, func(e *trace.Event) { e.Amount-- })},
	{"a wait for a refill, one nanosecond off", TTL,
		deny(forARefill, func(e *trace.Event) { e.TTL++ })},
	{"a wait for a refill, one nanosecond short", TTL,
		deny(forARefill, func(e *trace.Event) { e.TTL-- })},
	{"a wait for a refill that there is no room for", TTL,
		deny(withoutRoom, func(e *trace.Event) { e.TTL = 5 * ms })},
	{"a wait beyond the window's end", TTL, deny(forTheEnd, func(e *trace.Event) { e.TTL++ })},
	{"no wait", TTL, deny(forTheEnd, func(e *trace.Event) { e.TTL = 0 })},
	{"a bucket that takes another's place before that is full", NoOverGrant,
		limitOf(4, 1, func(e *trace.Event) { e.Until-- })},
	{"a bucket without a burst", Whole, limitOf(2, 1, func(e *trace.Event) { e.Burst = 0 })},
	{"a bucket with slots", Whole, limitOf(2, 1, func(e *trace.Event) { e.Slots = 1 })},
	{"a bucket without windows", Whole, limitOf(2, 1, func(e *trace.Event) { e.Span = 0 })},
	{"a window limit with a span", NoOverGrant, limitOf(2, 1, func(e *trace.Event) { e.Shape = "" })},
	{"a kind that there is not", NoOverGrant,
		limitOf(2, 1, func(e *trace.Event) { e.Shape = "drum" })},
	{"numbers that nobody has", Whole,
		limitOf(2, 1, func(e *trace.Event) { e.Burst = mostCredits + 1 })},
	{"a bucket that becomes one of other windows", FencingMonotonic,
		limitOf(2, 2, func(e *trace.Event) { e.Span++ })},
	{"a bucket that becomes a sliding limit", FencingMonotonic,
		limitOf(2, 2, func(e *trace.Event) { e.Shape, e.Slots, e.Burst = KindSliding, 4, 0 })},
	{"a roll into a window of the period", Roll, func(r *recording) {
		r.edit(r.find(trace.KindRoll, 1, nil), func(e *trace.Event) { e.Window-- })
	}},
	{"a sliding limit overshot in real time", AnyInterval, fast(1)},
	{"a bucket overshot in real time", AnyInterval, fast(2)},
}

// fast lets the clocks that recorded the run, all of them, be half as fast as they were, so that
// everything happened in half the time. No proposal and no leadership are recorded, so that nobody
// tells that cluster time ran too fast. Of the other limit there are no admissions.
func fast(limit uint64) func(*recording) {
	return func(r *recording) {
		base := r.files[0].header.At
		for _, f := range r.files {
			kept := f.events[:0]
			for _, e := range f.events {
				if k := e.event.Kind; k == trace.KindPropose || k == trace.KindLeader {
					continue
				}
				for _, at := range []*int64{&e.event.At, &e.event.First, &e.event.Last} {
					if *at > base {
						*at = base + (*at-base)/2
					}
				}
				kept = append(kept, e)
			}
			f.events = kept
		}
		for _, lease := range map[uint64][]uint64{
			2: {firstCalls, secondCalls, thirdCalls, lastOfKinds},
			1: {firstTokens, moreTokens, laterTokens, manyTokens, fullTokens, lastOfKinds + 1},
		}[limit] {
			left := r.event(r.find(trace.KindAdmit, 1, of(lease))).N
			r.drop(r.find(trace.KindAdmit, 1, of(lease)))
			r.edit(r.find(trace.KindExpire, 1, of(lease)), func(e *trace.Event) { e.N += left })
		}
	}
}

// TestWhatIsFastIsSeenByTheIntervalsAlone: without the admissions that overshoot, the runs that
// fast makes are valid to all other rules.
func TestWhatIsFastIsSeenByTheIntervalsAlone(t *testing.T) {
	r := recordingOf(t, kinds().files)
	fast(1)(r)
	n := r.event(r.find(trace.KindAdmit, 1, of(secondCalls))).N
	r.drop(r.find(trace.KindAdmit, 1, of(secondCalls)))
	r.edit(r.find(trace.KindExpire, 1, of(secondCalls)), func(e *trace.Event) { e.N += n })
	if report, _ := r.check(); report.Violation != nil {
		t.Errorf("got %v", report.Violation)
	}
}
