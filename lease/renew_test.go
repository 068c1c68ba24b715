package lease

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
)

// q99 is the drift whose q is 0.99.
const q99 = 5025

// TestRenewalOutlivesTheMargin follows a holder of a 60 s window with q = 0.99 through it: it
// can admit until shortly before the window's end, though its first lease ends 0.6 s earlier.
func TestRenewalOutlivesTheMargin(t *testing.T) {
	for _, rtt := range []time.Duration{
		0, 100 * time.Microsecond, time.Millisecond, 5 * time.Millisecond,
	} {
		t.Run(rtt.String(), func(t *testing.T) {
			r := newRig(t, perMinute(1_000_000)...)
			r.h.driftPPM = q99
			start := r.now.Mono
			left := func() time.Duration { return time.Minute - time.Duration(r.now.Mono-start) }
			r.h.AdmitWaiting(r.now, Cost{1000})
			r.asks()
			r.answers(0, r.grants(time.Minute, 1_000_000))
			r.h.SetBacklog(nil)
			last, renewals := time.Minute, 0
			for left() > time.Millisecond {
				r.tick(time.Millisecond / 2)
				if v := r.h.Admit(r.now, Cost{1}); v == Admitted {
					last = left()
				}
				req, ok := r.h.Poll(r.now)
				if !ok {
					continue
				}
				if len(req.Returns) == 0 {
					break // its leases are over, and it asks for other ones
				}
				renewals++
				if req.Asks[0].Need != req.Returns[0].Amount {
					t.Fatalf("%+v does not ask for what it returns", req)
				}
				r.tick(rtt / 2)
				ttl := left()
				r.tick(-rtt / 2)
				r.answers(rtt, r.grants(ttl, req.Asks[0].Need))
				if v := r.h.Admit(r.now, Cost{1}); v != Admitted {
					t.Fatalf("%v after a renewal", v)
				}
			}
			if last >= 50*time.Millisecond || renewals < 2 || renewals > 3 {
				t.Errorf("admitted until %v before the end, with %d renewals", last, renewals)
			}
		})
	}
}

// What the callers will spend during the round trip stays on the old lease.
func TestRenewalKeepsWhatIsSpentMeanwhile(t *testing.T) {
	r := newRig(t, perMinute(10_000)...)
	r.holds(time.Minute, 3000)
	r.h.request.rtt = 10 * time.Millisecond
	r.tick(44 * time.Second)
	for range 1600 { // one credit every 5 ms
		r.admits(Admitted, 1)
		r.tick(5 * time.Millisecond)
		if _, ok := r.h.WakeAfter(r.now); !ok {
			t.Fatal("not waiting for the renewal")
		}
	}
	r.tick(1500 * time.Millisecond)
	r.admits(Admitted, 1)
	got := r.asks()
	keep := budget.Credits(3) // within 20 ms, at the rate that it has learned so far
	want := []Return{{Lease: 1, Amount: 1399 - keep}}
	if !reflect.DeepEqual(got.Returns, want) || got.Asks[0].Need != 1399-keep {
		t.Errorf("got %+v, want %+v and as much asked", got, want)
	}
	r.live(keep)
	r.admits(Admitted, 2)

	// The lease is returned once: when it is due again, nothing happens to the rest.
	r.answers(10*time.Millisecond, Answer{Outcome: Stale})
	r.h.lines[0].denial = denial{set: true, until: 1 << 62, probe: 1 << 62}
	for range 100 {
		r.tick(5 * time.Millisecond)
		if req, ok := r.h.Poll(r.now); ok {
			t.Fatalf("asks %+v", req)
		}
	}
	r.live(keep - 2)
}

func TestRenewalConditions(t *testing.T) {
	for _, c := range []struct {
		name  string
		ttl   time.Duration
		rtt   time.Duration
		tick  time.Duration
		spend budget.Credits
		want  bool
	}{
		{"due", time.Minute, time.Millisecond, 54 * time.Second, 1, true},
		{"not yet due", time.Minute, time.Millisecond, 53 * time.Second, 1, false},
		{"two round trips before the end", time.Minute, 140 * time.Millisecond,
			54 * time.Second, 1, true},
		{"margin of four round trips", time.Minute, 150 * time.Millisecond,
			59 * time.Second, 1, false},
		{"margin of a millisecond", 100 * time.Millisecond, 0, 99 * time.Millisecond, 1, false},
		{"more than a millisecond", 101 * time.Millisecond, 0, 99 * time.Millisecond, 1, true},
		{"nothing to give back", time.Minute, time.Millisecond, 54 * time.Second, 99, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, perMinute(100)...)
			r.holds(c.ttl, 100)
			r.h.request.rtt = c.rtt
			r.tick(c.tick)
			r.admits(Admitted, c.spend)
			req, ok := r.h.Poll(r.now)
			if got := ok && len(req.Returns) > 0; got != c.want {
				t.Errorf("renewed: %v (%+v), want %v", got, req, c.want)
			}
		})
	}
}

// All leases of all lines that are due go in one request, which asks each limit once.
func TestRenewalsGoTogether(t *testing.T) {
	r := newRig(t, perMinute(100, 100)...)
	r.holds(time.Minute, 10, 20)
	r.holds(time.Minute, 30, 0)
	r.tick(54 * time.Second)
	r.admits(Admitted, 1, 1)
	got := r.asks()
	want := Request{
		Session: 7, Seq: 3, Revision: 3,
		Asks:    []Ask{{Limit: 0, Need: 38, Want: 38}, {Limit: 1, Need: 18, Want: 18}},
		Returns: []Return{{1, 0, 8}, {3, 0, 30}, {2, 0, 18}},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// A limit that was lowered caps what a renewal asks for, or nothing would be granted at all.
func TestRenewalUnderALoweredLimit(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	r.holds(time.Minute, 100)
	r.admits(Admitted, 1)
	r.h.setLimits(perMinute(50), nil)
	r.tick(54 * time.Second)
	r.admits(Admitted, 1)
	if got := r.asks(); got.Asks[0].Need != 50 || got.Returns[0].Amount != 97 {
		t.Errorf("got %+v, want 97 returned and 50 asked for", got)
	}
}

// A lease that is due and will be spent within two round trips stays. Nothing else is given back
// for it: it would still be due after that, and so on without end.
func TestRenewalOfWhatIsKeptGivesBackNothingElse(t *testing.T) {
	r := newRig(t, perMinute(10_000)...)
	r.holds(time.Minute, 100)
	r.tick(50 * time.Second)
	r.admits(Admitted, 98)
	r.tick(3900 * time.Millisecond)
	r.admits(Admitted, 1)
	r.holds(time.Minute-53900*time.Millisecond, 50)
	r.tick(110 * time.Millisecond)
	first := &r.h.lines[0].leases[0]
	if first.id != 1 || first.left != 1 || !first.due(r.now, r.h.request.rtt) {
		t.Fatalf("lease %d with %d left is due: %v; want lease 1 with 1", first.id, first.left,
			first.due(r.now, r.h.request.rtt))
	}
	for range 3 {
		if req, ok := r.h.Poll(r.now); ok && len(req.Returns) > 0 {
			t.Fatalf("gives back %+v", req.Returns)
		}
	}
	r.admits(Admitted, 1)
}
