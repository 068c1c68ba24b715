package sim

import (
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/trace"
)

const (
	milli = int64(time.Millisecond)
	sec   = int64(time.Second)
)

// limitEvent is a sliding limit of 10 in a second, of four slots, or a bucket of that rate.
func limitEvent(at, amount, burst int64) trace.Event {
	l := budget.Limit{Kind: budget.KindSliding, Amount: 10, Per: time.Second, Slots: 4}
	e := trace.Event{Kind: trace.KindLimit, At: at, Limit: 1, Per: sec, Amount: amount, OK: true}
	if burst > 0 {
		l.Kind, l.Slots, l.Burst = budget.KindBucket, 0, budget.Credits(burst)
		l = l.Adopt(budget.Limit{})
	}
	e.Shape, e.Slots, e.Burst, e.Span = string(l.Kind), int64(l.Slots), burst, int64(l.Span())
	return e
}

// told is what happens to a limit: an admission of n, or with an amount a change.
type told struct{ at, n, amount, burst int64 }

// TestIntervals: what is too much in an interval is told, to the credit and to the nanosecond; and
// what was admitted on leases of before a change is not.
func TestIntervals(t *testing.T) {
	for name, tt := range map[string]struct {
		drift int64
		story []told
		over  int64 // of the last admission; nothing is of those before
	}{
		"sliding, all at once":  {5_000, []told{{amount: 10}, {at: sec, n: 10}}, 0},
		"sliding, one too many": {5_000, []told{{amount: 10}, {at: sec, n: 11}}, 1},
		"sliding, a period later": {5_000, []told{{amount: 10}, {at: 0, n: 10},
			{at: sec + 1, n: 10}}, 0},
		"sliding, and no sooner": {5_000, []told{{amount: 10}, {at: 0, n: 10}, {at: sec, n: 3}}, 3},
		"sliding, of a fast clock": {105_000, []told{{amount: 10}, {at: 0, n: 10},
			{at: 910 * milli, n: 1}}, 0},
		"sliding, made smaller": {5_000, []told{{amount: 10}, {at: 0, n: 6}, {at: milli, amount: 5},
			{at: 2 * milli, n: 4}}, 0},
		"sliding, and long ago": {5_000, []told{{amount: 10}, {at: 0, n: 6}, {at: milli, amount: 5},
			{at: 2 * sec, n: 6}}, 1},
		"bucket, all at once":  {5_000, []told{{amount: 10, burst: 5}, {at: sec, n: 5}}, 0},
		"bucket, one too many": {5_000, []told{{amount: 10, burst: 5}, {at: sec, n: 6}}, 1},
		"bucket, what has run in": {5_000, []told{{amount: 10, burst: 5}, {at: 0, n: 5},
			{at: 300 * milli, n: 3}}, 0},
		"bucket, before it has": {5_000, []told{{amount: 10, burst: 5}, {at: 0, n: 5},
			{at: 299 * milli, n: 3}}, 1},
		"bucket, long empty": {5_000, []told{{amount: 10, burst: 5}, {at: 0, n: 5},
			{at: 200 * milli, n: 2}, {at: 400 * milli, n: 2}, {at: 500 * milli, n: 3}}, 2},
		"bucket, no more than full": {5_000, []told{{amount: 10, burst: 5}, {at: 0, n: 5},
			{at: 60 * sec, n: 6}}, 1},
		"bucket, made smaller": {5_000, []told{{amount: 10, burst: 8}, {at: milli, amount: 10, burst: 4},
			{at: 2 * milli, n: 8}}, 0},
		"bucket, and a window later": {5_000, []told{{amount: 10, burst: 8},
			{at: milli, amount: 10, burst: 4}, {at: sec, n: 8}}, 4},
		"bucket, made larger": {5_000, []told{{amount: 10, burst: 4}, {at: 0, n: 4},
			{at: milli, amount: 10, burst: 12}, {at: 2 * milli, n: 8}}, 0},
		"bucket, removed": {5_000, []told{{amount: 10, burst: 5}, {at: 0, n: 5}, {at: 200 * milli},
			{at: 210 * milli, n: 2}}, 0},
		"bucket, and what never ran in": {5_000, []told{{amount: 10, burst: 5}, {at: 0, n: 5},
			{at: 200 * milli}, {at: 310 * milli, n: 3}}, 1},
	} {
		var l terms
		var v intervals
		for i, s := range tt.story {
			if s.n == 0 {
				e := limitEvent(s.at, s.amount, s.burst)
				l.learn(&e, s.at, tt.drift)
				continue
			}
			want := int64(0)
			if i == len(tt.story)-1 {
				want = tt.over
			}
			e := trace.Event{Kind: trace.KindAdmit, At: s.at, N: s.n}
			if got := v.take(&l, &e, l.amount, s.at); got != want {
				t.Errorf("%s: admission %d: %d too many, want %d", name, i, got, want)
			}
		}
	}
}

// TestOracleKnowsTheKinds: grants beyond what the slots or the burst leave, and admissions beyond
// what an interval may have, are violations.
func TestOracleKnowsTheKinds(t *testing.T) {
	slot := limitEvent(0, 10, 0).Span
	lease := func(n uint64, window, amount int64) trace.Event {
		return trace.Event{Kind: trace.KindGrant, At: window * slot, Limit: 1, Lease: n, Window: window,
			Amount: amount}
	}
	admit := func(at int64, n uint64, amount int64) trace.Event {
		return trace.Event{Kind: trace.KindAdmit, At: at, Lease: n, N: amount, Count: 1}
	}
	for name, tt := range map[string]struct {
		burst  int64
		events []trace.Event
		want   string
	}{
		"in order": {0, []trace.Event{lease(1, 0, 6), lease(2, 4, 4), lease(3, 5, 6)}, ""},
		"one more slot": {0, []trace.Event{lease(1, 0, 6), lease(2, 4, 5)},
			"grant of lease 2: 11 charged of 10"},
		"a bucket's burst":  {5, []trace.Event{lease(1, 0, 5)}, ""},
		"more than a burst": {5, []trace.Event{lease(1, 0, 6)}, "grant of lease 1: 6 charged of 5"},
		"an interval's end": {5, []trace.Event{lease(1, 0, 5), admit(9, 1, 5)}, ""},
		"credits of nowhere": {5, []trace.Event{lease(1, 0, 5), admit(9, 1, 6)},
			"an interval of limit 1"},
		"a window's overfull": {0, []trace.Event{lease(1, 0, 9), lease(2, 0, 1), admit(9, 1, 11)},
			"window 0 of limit 1"},
	} {
		var o oracle
		o.reset(5_000)
		o.first = true
		limit := limitEvent(0, 10, tt.burst)
		o.see(&limit)
		for i := range tt.events {
			e := &tt.events[i]
			if e.Kind == trace.KindGrant {
				o.t = e.At
			}
			o.see(e)
		}
		got := strings.Join(o.violations, "; ")
		if !strings.Contains(got, tt.want) || (tt.want == "") != (got == "") {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
		if over := o.books.Overshoot; strings.Contains(tt.want, "limit 1") && over < 1 {
			t.Errorf("%s: an overshoot of %d", name, over)
		}
	}
}
