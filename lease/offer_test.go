package lease

import (
	"testing"
	"time"
)

// TestQueuedOffersAreDemand: those who wait behind others are never offered to Admit, and what the
// holder asks for has to suffice for who comes after them, not for the backlog alone.
func TestQueuedOffersAreDemand(t *testing.T) {
	r := newRig(t, perMinute(1_000_000)...)
	one := Cost{1}
	r.admits(Pending, 1)
	for range 999 {
		r.tick(time.Millisecond)
		r.h.Offer(r.now, one)
	}
	r.h.AdmitWaiting(r.now, one)
	r.h.SetBacklog(Cost{1000})
	asks := r.asks().Asks
	if len(asks) != 1 || asks[0].Want < 1500 {
		t.Errorf("asks %+v, want more than the backlog of 1,000: as many come each second", asks)
	}
}

func TestOfferOfANonsense(t *testing.T) {
	r := newRig(t, perMinute(10)...)
	for _, cost := range []Cost{nil, {}, {0}, {-1}, {1, 1}, {11}} {
		r.h.Offer(r.now, cost)
	}
	if d := r.h.lines[0].demand; d.seen {
		t.Errorf("demand is %+v, want none of what cannot be admitted", d)
	}
	r.h.Close(r.now)
	r.h.Offer(r.now, Cost{1})
	if d := r.h.lines[0].demand; d.seen {
		t.Errorf("demand is %+v, want none after the end", d)
	}
}
