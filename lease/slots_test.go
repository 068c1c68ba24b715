package lease

import (
	"reflect"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/trace"
)

func slotsOf(amounts ...budget.Credits) []budget.Limit {
	limits := perMinute(amounts...)
	for i := range limits {
		limits[i].Kind = budget.KindSlots
	}
	return limits
}

// slotLife is for how long a holder uses a lease of slots of a minute.
var slotLife = Life(time.Minute, DefaultMaxClockDriftPPM)

// takes admits n slots of the only limit, which it must ask for and is granted.
func (r *rig) takes(n budget.Credits) []Use {
	r.Helper()
	r.h.AdmitWaiting(r.now, Cost{n})
	r.h.SetBacklog(Cost{n})
	req := r.asks()
	r.answers(0, r.grants(time.Minute, req.Asks[0].Keep+n))
	r.waiting(Admitted, n)
	r.h.SetBacklog(nil)
	return r.h.Uses(Cost{n})
}

func (r *rig) waiting(want Verdict, cost ...budget.Credits) {
	r.Helper()
	if got := r.h.AdmitWaiting(r.now, cost); got != want {
		r.Fatalf("AdmitWaiting(%v) = %v, want %v", cost, got, want)
	}
}

func (r *rig) inUse(used, idle budget.Credits) {
	r.Helper()
	if l := r.h.Status(r.now).Limits[0]; l.InUse != used || l.Live != idle {
		r.Fatalf("%d slots are in use and %d idle, want %d and %d", l.InUse, l.Live, used, idle)
	}
}

// only is the ask that a request must be, without returns.
func (r *rig) only(req Request, want Ask) {
	r.Helper()
	if !reflect.DeepEqual(req.Asks, []Ask{want}) || req.Returns != nil {
		r.Fatalf("got %+v, want %+v alone", req, want)
	}
}

// A slot that is in use is kept by heartbeats, three in a life, each from its own send.
func TestHeartbeats(t *testing.T) {
	r := newRig(t, slotsOf(5)...)
	uses := r.takes(1)
	since := time.Duration(0) // the send of the last heartbeat
	for beat := range ID(6) {
		r.h.Flush(r.now)
		in, ok := r.h.WakeAfter(r.now)
		if !ok || in != slotLife/beatsPerLife-since {
			t.Fatalf("wakes after %v (%t), want %v", in, ok, slotLife/beatsPerLife-since)
		}
		r.tick(in - 1)
		r.asksNothing()
		r.tick(1)
		r.only(r.asks(), Ask{Lease: beat + 1, Keep: 1})
		r.answers(time.Second, r.grants(time.Minute, 1))
		if left, used := r.h.LostIn(r.now); !used || left != slotLife-time.Second {
			t.Fatalf("lost in %v (%t) after a heartbeat that took a second", left, used)
		}
		since = time.Second
	}
	r.inUse(1, 0)
	r.h.Release(r.now, r.h.Losses(), uses)
	r.inUse(0, 1)
	if _, used := r.h.LostIn(r.now); used {
		t.Error("a slot is in use after its release")
	}
}

// Slots are lost when their lease's life is over, as either clock has it, and that is said.
func TestSlotsAreLost(t *testing.T) {
	for name, sleep := range map[string]int64{"awake": 0, "suspended": int64(time.Hour)} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, slotsOf(5)...)
			uses := r.takes(2)
			before := r.h.Losses()
			r.tick(slotLife - 1)
			r.inUse(2, 0)
			if r.h.Losses() != before {
				t.Fatal("lost too early")
			}
			r.now.Wall += sleep
			if sleep == 0 {
				r.tick(1)
			}
			r.inUse(0, 0)
			if r.h.Losses() == before {
				t.Fatal("nobody says that the slots are lost")
			}
			r.h.Release(r.now, before, uses)
			r.inUse(0, 0)
			if got := r.took(trace.KindRelease); got != nil {
				t.Errorf("released what was lost: %+v", got)
			}
		})
	}
}

// A request is in flight while slots are released, admitted and given up.
func TestSlotsMoveWhileAHeartbeatIsAway(t *testing.T) {
	r := newRig(t, slotsOf(9)...)
	one, two := r.takes(1), r.takes(2)
	r.inUse(3, 0)
	r.h.Release(r.now, r.h.Losses(), one)
	r.tick(slotLife / beatsPerLife) // long enough to be idle
	r.only(r.asks(), Ask{Lease: 2, Keep: 2})
	r.inUse(2, 0)
	r.h.Release(r.now, r.h.Losses(), two)
	r.inUse(0, 2)
	r.admits(Admitted, 1)
	r.answers(0, r.grants(time.Minute, 2))
	r.inUse(1, 1)
	r.h.Flush(r.now)
	sums := map[trace.Kind]int64{}
	for _, e := range r.events {
		sums[e.Kind] += e.N + e.Amount
	}
	want := map[trace.Kind]int64{trace.KindSend: 0, trace.KindAccept: 1 + 3 + 2,
		trace.KindAdmit: 1 + 2 + 1, trace.KindRelease: 3, trace.KindGiveUp: 1, trace.KindExpire: 1 + 2}
	if !reflect.DeepEqual(sums, want) {
		t.Errorf("got %v, want %v", sums, want)
	}
}

// Slots that nobody uses are returned: all of a lease, or what its heartbeat does not keep.
func TestIdleSlotsAreReturned(t *testing.T) {
	r := newRig(t, slotsOf(9)...)
	one, two := r.takes(1), r.takes(2)
	r.tick(IdleAfter)
	r.asksNothing()
	r.h.Release(r.now, r.h.Losses(), one)
	r.only(r.asks(), Ask{Lease: 2, Keep: 2})
	r.answers(0, r.grants(time.Minute, 2))
	r.h.Release(r.now, r.h.Losses(), two)
	req := r.asks()
	want := []Return{{Lease: 3, Amount: 2}}
	if !reflect.DeepEqual(req.Returns, want) || req.Asks != nil {
		t.Errorf("got %+v, want %+v", req, want)
	}
	r.answers(0, Answer{Outcome: Granted})
	r.inUse(0, 0)
}

// A need is asked for with a heartbeat, and its denial leaves what there is.
func TestSlotsAreNotPrefetched(t *testing.T) {
	r := newRig(t, slotsOf(9)...)
	r.takes(2)
	r.admits(Pending, 3)
	r.only(r.asks(), Ask{Need: 3, Want: 3, Lease: 1, Keep: 2})
	r.answers(0, Answer{Outcome: Denied, Denial: &Denial{Left: 1, RetryAfter: time.Second}})
	r.inUse(2, 0)
	r.admits(Refused, 3)
	r.asksNothing()
	r.tick(slotLife / beatsPerLife)
	r.only(r.asks(), Ask{Lease: 1, Keep: 2})
}

// A heartbeat that is refused is not repeated: the slots are there until their life is over.
func TestRefusedHeartbeat(t *testing.T) {
	r := newRig(t, slotsOf(9)...)
	r.takes(2)
	r.tick(slotLife / beatsPerLife)
	r.asks()
	r.answers(0, Answer{Outcome: Denied, Denial: &Denial{RetryAfter: time.Second}})
	r.inUse(2, 0)
	r.tick(time.Second)
	r.admits(Pending, 1)
	r.only(r.asks(), Ask{Need: 1, Want: 1})
	r.answers(0, r.grants(time.Minute, 1))
	r.admits(Admitted, 1)
	r.inUse(3, 0)
	before := r.h.Losses()
	r.tick(slotLife - slotLife/beatsPerLife - time.Second)
	if r.inUse(0, 1); r.h.Losses() == before {
		t.Error("nobody says that the slots are lost")
	}
}

// An answer that keeps less than was asked makes no sense, and one that came too late is of no
// use: the lease that there is goes on until it is over.
func TestBadHeartbeats(t *testing.T) {
	for name, a := range map[string]Answer{
		"fewer slots": {Outcome: Granted, Grants: []Grant{{Lease: 9, Amount: 1, TTL: time.Minute}}},
		"over":        {Outcome: Granted, Grants: []Grant{{Lease: 9, Amount: 2}}},
		"none":        {Outcome: Granted},
		"its own":     {Outcome: Granted, Grants: []Grant{{Lease: 1, Amount: 2, TTL: time.Minute}}},
		"stale":       {Outcome: Stale},
		"nothing":     {},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, slotsOf(9)...)
			r.takes(2)
			r.tick(slotLife / beatsPerLife)
			r.asks()
			r.answers(0, a)
			r.inUse(2, 0)
			if left, _ := r.h.LostIn(r.now); left != slotLife-slotLife/beatsPerLife {
				t.Errorf("lost in %v", left)
			}
		})
	}
}

// A heartbeat that was answered too late has replaced the lease at the coordinator: the next one
// names what it is there, and not what the holder goes by.
func TestTheNextHeartbeatNamesWhatWasAnsweredLate(t *testing.T) {
	r := newRig(t, slotsOf(9)...)
	r.takes(2)
	r.tick(slotLife / beatsPerLife)
	r.only(r.asks(), Ask{Lease: 1, Keep: 2})
	r.answers(0, r.grants(0, 2))
	r.inUse(2, 0)
	r.only(r.asks(), Ask{Lease: 2, Keep: 2})
	r.answers(0, r.grants(time.Minute, 2))
	r.inUse(2, 0)
	if left, _ := r.h.LostIn(r.now); left != slotLife {
		t.Errorf("lost in %v", left)
	}
}

// What is in use when a holder is closed may go on: it is not given back.
func TestCloseWithSlotsInUse(t *testing.T) {
	r := newRig(t, slotsOf(9)...)
	one := r.takes(1)
	r.takes(2)
	r.h.Release(r.now, r.h.Losses(), one)
	before := r.h.Losses()
	if got, want := r.h.Close(r.now), []Return{{Lease: 2, Amount: 1}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if r.h.Losses() == before {
		t.Error("nobody says that the slots are lost")
	}
}

// Of a budget with several limits of slots, those of all are free when those of one are lost; and
// what is counted by a window is never given back.
func TestSlotsOfSeveralLimits(t *testing.T) {
	limits := append(slotsOf(5, 5), perMinute(0, 0, 7)[2])
	r := newRig(t, limits...)
	r.admits(Pending, 1, 1, 1)
	r.asks()
	a := r.grants(time.Minute, 1, 1, 1)
	a.Grants[1].TTL = time.Second
	r.answers(0, a)
	r.admits(Admitted, 1, 1, 1)
	r.live(0, 0, 0)
	before := r.h.Losses()
	uses := r.h.Uses(Cost{1, 1, 1})
	if want := []Use{{limits[0], 1}, {limits[1], 1}}; !reflect.DeepEqual(uses, want) {
		t.Errorf("got %+v, want %+v", uses, want)
	}
	r.tick(time.Second)
	r.live(1, 0, 0)
	if r.h.Losses() == before {
		t.Error("nobody says that the slots are lost")
	}
	r.admits(Pending, 1, 1, 0)
	r.h.Release(r.now, before, uses)
	r.live(1, 0, 0)
}

// A limit of slots that is replaced takes those in use with it; one that is changed does not.
func TestSlotsOfChangedLimits(t *testing.T) {
	r := newRig(t, slotsOf(5)...)
	uses := r.takes(2)
	r.admits(Pending, 1)
	r.asks()
	before := r.h.Losses()
	r.answers(0, Answer{Outcome: Changed, Revision: 4, Limits: slotsOf(1)})
	r.inUse(2, 0)
	r.h.Release(r.now, before, uses[:1])
	r.inUse(0, 2)
	r.admits(Admitted, 1)
	r.tick(slotLife / beatsPerLife)
	r.asks()
	r.answers(0, Answer{Outcome: Changed, Revision: 5, Limits: perMinute(3)})
	if r.inUse(0, 0); r.h.Losses() == before {
		t.Error("nobody says that the slots are lost")
	}
}

// FuzzSlots has the coordinator say anything about slots, and the clocks and callers do anything.
// The holder must not panic, ask for nonsense, have more in use than it holds, or lose a slot
// that its lease does not end with.
func FuzzSlots(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 0, 9, 2, 3, 1, 1, 0, 0, 9, 0, 9, 0, 50, 1, 0, 9, 0, 9, 0, 60})
	f.Add([]byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b := bytesOf(data)
		sums := map[trace.Kind]int64{}
		h := NewHolder(Config{
			Session: 1, Limits: slotsOf(100, budget.MaxSlotHolders), DriftPPM: b.wide(),
			Sink: func(e trace.Event) {
				if sums[e.Kind] += e.N + e.Amount; e.N < 0 {
					t.Fatalf("negative %+v", e)
				}
			},
		})
		now := Reading{}
		var uses [][]Use
		var losses []uint64
		for len(b) > 0 {
			cost := Cost{budget.Credits(b.small(5)), budget.Credits(b.small(3))}
			switch b.small(8) {
			case 0:
				if h.Admit(now, cost) == Admitted {
					uses, losses = append(uses, h.Uses(cost)), append(losses, h.Losses())
				}
			case 1:
				h.AdmitWaiting(now, cost)
			case 2:
				h.SetBacklog(cost)
			case 3:
				now = Reading{Mono: b.wide(), Wall: b.wide()}
			case 4:
				now.Mono += int64(b.small(100)) * int64(time.Second)
			case 5:
				if len(uses) > 0 {
					h.Release(now, losses[0], uses[0])
					uses, losses = uses[1:], losses[1:]
				}
			default:
				if req, ok := h.Poll(now); ok {
					checkBeats(t, req)
				}
				a := b.answer()
				for i := range a.Limits {
					a.Limits[i].Kind = budget.KindSlots
				}
				h.Take(now, h.Sent(now)-uint64(b.small(2)), a)
			}
			for _, l := range h.Status(now).Limits {
				if l.Live < 0 || l.InUse < 0 || l.Leases > MaxLeasesPerLimit {
					t.Fatalf("holds %+v", l)
				}
			}
		}
		for _, r := range h.Close(now) {
			if r.Amount < 1 {
				t.Fatalf("returns %+v", r)
			}
		}
		got, want := sums[trace.KindGiveUp]+sums[trace.KindExpire], sums[trace.KindAccept]
		if got != want || sums[trace.KindRelease] > sums[trace.KindAdmit] {
			t.Fatalf("%d slots granted, %d accounted for: %v", want, got, sums)
		}
	})
}

// checkBeats checks that a heartbeat is one: it keeps something, and returns nothing beside.
func checkBeats(t *testing.T, req Request) {
	t.Helper()
	for i, a := range req.Asks {
		if a.Need < 0 || a.Want < a.Need || a.Keep == 0 && a.Want < 1 || a.Keep < 0 ||
			a.Want > budget.MaxAmount || (a.Keep > 0) != (a.Lease > 0) ||
			i > 0 && a.Limit <= req.Asks[i-1].Limit {
			t.Fatalf("malformed asks %+v", req.Asks)
		}
	}
	for _, r := range req.Returns {
		if r.Amount < 1 || r.Lease == 0 {
			t.Fatalf("malformed returns %+v", req.Returns)
		}
	}
}
