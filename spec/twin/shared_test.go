package twin

import (
	"testing"

	"github.com/leased-io/leased/trace"
)

// share makes a limit one that is shared.
func share(r *recording, limit uint64) {
	for _, f := range r.files {
		for i := range f.events {
			if e := &f.events[i].event; e.Kind == trace.KindLimit && e.Limit == limit && e.Amount > 0 {
				e.Shares = true
			}
		}
	}
}

// TestSharesMayBeWithheld: the same denial, which says less than is left, is a violation unless its
// limit says that it is shared; and then one that says more, or waits too long, is.
func TestSharesMayBeWithheld(t *testing.T) {
	for _, c := range []struct {
		name  string
		files []*file
		nth   int
		rule  string
	}{
		{"sliding", kinds().files, forWindow0, InBudget},
		{"bucket", kinds().files, forTheEnd, Whole},
	} {
		limit := recordingOf(t, c.files)
		of := limit.event(limit.find(trace.KindDeny, c.nth, nil))
		if of.Amount < 1 {
			t.Fatalf("%s: the denial leaves nothing to withhold: %+v", c.name, of)
		}
		for _, p := range []struct {
			shared      bool
			amount, ttl int64
			want        string
		}{
			{false, of.Amount - 1, of.TTL, c.rule},
			{true, of.Amount, of.TTL, string(Valid)},
			{true, of.Amount - 1, of.TTL, string(Valid)},
			{true, 0, 1, string(Valid)},
			{true, of.Amount + 1, of.TTL, c.rule},
			{true, -1, of.TTL, c.rule},
			{true, 0, 0, TTL},
			{true, 0, of.TTL + 4*second, TTL},
		} {
			r := recordingOf(t, c.files)
			if p.shared {
				share(r, of.Limit)
			}
			deny(c.nth, func(e *trace.Event) { e.Amount, e.TTL = p.amount, p.ttl })(r)
			if report, got := r.check(); got != p.want {
				t.Errorf("%s %+v: got %s (%v)", c.name, p, got, report.Violation)
			}
		}
	}
}
