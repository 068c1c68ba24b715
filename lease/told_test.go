package lease

import (
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
)

func toldHolder() *Holder {
	return NewHolder(Config{Session: 1, Revision: 5,
		Limits: []budget.Limit{{Metric: "m", Kind: budget.KindWindow, Amount: 10, Per: time.Minute}}})
}

func reading(d time.Duration) Reading { return Reading{Mono: int64(d), Wall: int64(d)} }

// answered takes an answer to the request that is due at an instant.
func answered(t *testing.T, h *Holder, at time.Duration, a Answer) Request {
	t.Helper()
	r, due := h.Poll(reading(at))
	if !due {
		t.Fatal("no request is due")
	}
	h.Take(reading(at), h.Sent(reading(at)), a)
	return r
}

// TestToldAsksAtOnce: news has a holder ask that needs nothing, once.
func TestToldAsksAtOnce(t *testing.T) {
	h := toldHolder()
	if _, due := h.Poll(reading(time.Second)); due {
		t.Fatal("a holder that needs nothing asks")
	}
	for _, old := range []uint64{4, 5} {
		if h.Told(reading(time.Second), old) {
			t.Errorf("revision %d is news", old)
		}
	}
	for range 2 {
		if !h.Told(reading(time.Second), 6) {
			t.Error("revision 6 is no news")
		}
	}
	if in, ok := h.WakeAfter(reading(time.Second)); !ok || in != minWake {
		t.Errorf("it wakes after %v, %t", in, ok)
	}
	changed := Answer{Outcome: Changed, Revision: 6, Limits: []budget.Limit{
		{Metric: "m", Kind: budget.KindWindow, Amount: 3, Per: time.Minute}}}
	if r := answered(t, h, time.Second, changed); r.Revision != 5 || len(r.Asks) != 0 {
		t.Errorf("got %+v, want one that asks for nothing under the old revision", r)
	}
	if _, due := h.Poll(reading(time.Second)); due || h.Limits()[0].Amount != 3 {
		t.Errorf("it asks again: %t; limits %+v", due, h.Limits())
	}
}

// TestToldWhileARequestIsOut: its answer may be older than what was told, or newer.
func TestToldWhileARequestIsOut(t *testing.T) {
	for answer, again := range map[uint64]bool{5: true, 6: false} {
		h := toldHolder()
		h.Admit(reading(0), Cost{1})
		if _, due := h.Poll(reading(0)); !due {
			t.Fatal("it does not ask for what it misses")
		}
		id := h.Sent(reading(0))
		h.Told(reading(1), 6)
		a := Answer{Outcome: Granted, Revision: 5, Grants: []Grant{
			{Lease: 1, Window: 0, Amount: 10, TTL: time.Minute}}}
		if answer == 6 {
			a = Answer{Outcome: Changed, Revision: 6, Limits: h.Limits()}
		}
		h.Take(reading(2), id, a)
		h.Admit(reading(3), Cost{1})
		if r, due := h.Poll(reading(4)); answer == 5 && (due != again || len(r.Asks) != 0) {
			t.Errorf("answered under revision %d: it asks again: %t %+v", answer, due, r)
		} else if answer == 6 && len(r.Asks) == 0 {
			t.Errorf("it asks for what it was told, and knows it: %+v", r)
		}
	}
}

// TestToldThatABudgetIsBack: who has no budget does not wait until it is time to ask for one.
func TestToldThatABudgetIsBack(t *testing.T) {
	h := toldHolder()
	if !h.Told(reading(0), 0) {
		t.Fatal("that the budget is gone is no news")
	}
	answered(t, h, 0, Answer{Outcome: UnknownBudget})
	if h.Told(reading(1), 0) {
		t.Error("that the budget is gone is news again")
	}
	if _, due := h.Poll(reading(2)); due {
		t.Error("it asks at once")
	}
	if !h.Told(reading(3), 4) { // of a restored cluster, perhaps
		t.Error("that the budget is back is no news")
	}
	if _, due := h.Poll(reading(4)); !due {
		t.Error("it waits")
	}
	h.Close(reading(5))
	if h.Told(reading(6), 9) {
		t.Error("a closed holder hears")
	}
}
