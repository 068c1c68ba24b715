package report

import (
	"testing"

	"github.com/leased-io/leased/trace"
)

func TestShapes(t *testing.T) {
	window := trace.Event{Per: sec, Amount: 10}
	sliding := trace.Event{Per: sec, Amount: 10, Shape: "sliding", Slots: 4, Span: 251250000}
	bucket := trace.Event{Per: sec, Amount: 10, Shape: "bucket", Burst: 30, Span: 201 * ms}
	for _, tt := range []struct {
		e           *trace.Event
		most, share int64
	}{
		{&window, 10, 10_000}, {&sliding, 10, 2_500},
		{&bucket, 32, 2_000}, // 10 in 1005 ms: 2 in 201
	} {
		s := shapeOf(tt.e)
		if most := s.most(level{tt.e.Amount, tt.e.Burst}); most != tt.most {
			t.Errorf("%+v: a window admits %d, want %d", tt.e, most, tt.most)
		}
		if share := s.share(tt.e.Amount); share != tt.share {
			t.Errorf("%+v: a window's share is %d parts, want %d", tt.e, share, tt.share)
		}
	}
}

// buckets is a run of one bucket of 30 that is refilled with 10 in a second, and with 100 between
// two grants of its second window.
func buckets() *tape {
	p := &tape{}
	limit := func(at, amount int64) trace.Event {
		return trace.Event{Kind: trace.KindLimit, At: at, Limit: 1, Budget: "b", Metric: "requests",
			Per: sec, Amount: amount, Shape: "bucket", Burst: 30, Span: 201 * ms, OK: true}
	}
	grant := func(at int64, lease uint64, window, amount int64) trace.Event {
		e := grantOf(at, lease, window, amount)
		e.Key = ""
		return e
	}
	p.add("n1", trace.RoleNode, "boot", entry(10*sec, 1, 2), limit(10*sec, 10),
		grant(10*sec, 1, 0, 30), entry(11*sec, 2, 2),
		trace.Event{Kind: trace.KindRoll, At: 11 * sec, Limit: 1, Window: 4}, grant(11*sec, 2, 4, 5),
		limit(11*sec, 100), entry(11*sec+100*ms, 3, 2), limit(11*sec+100*ms, 10),
		grant(11*sec+100*ms, 3, 4, 4))
	admit := func(lease uint64, n int64) trace.Event {
		return trace.Event{Kind: trace.KindAdmit, At: 12 * sec, Lease: lease, N: n, Count: n,
			First: 12 * sec, Last: 12 * sec}
	}
	p.add("f1", trace.RoleFleet, "boot", admit(1, 30), admit(2, 5), admit(3, 4))
	return p
}

// TestBuckets: a bucket's window may admit what fills it and what runs in, at the highest rate
// between its grants; and all its windows, what was in it at first and each one's share.
func TestBuckets(t *testing.T) {
	s := read(t, buckets())
	if len(s.Bands) != 2 || s.Bands[0].Bound != 32 || s.Bands[1].Bound != 50 || s.Overshoot != 0 {
		t.Errorf("got windows %+v, an overshoot of %d; want bounds of 32 and 50", s.Bands, s.Overshoot)
	}
	if s.Bound != 30+2+20 || s.Admitted != 39 {
		t.Errorf("got %d admitted of %d, want 39 of 52", s.Admitted, s.Bound)
	}
	p := buckets()
	p.lines["f1"][1].N = 34 // of the first window
	if s := read(t, p); s.Overshoot != 2 {
		t.Errorf("planted: got an overshoot of %d, want 2", s.Overshoot)
	}
}
