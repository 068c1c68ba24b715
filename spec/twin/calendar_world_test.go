package twin

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/trace"
)

// toyZone is a zone whose clocks are so many hours ahead of UTC: TZif, version 1, in base64.
func toyZone(hours int) string {
	seconds := hours * 3600
	return base64.StdEncoding.EncodeToString([]byte("TZif\x00" + strings.Repeat("\x00", 15+19) +
		"\x01\x00\x00\x00\x04\x00" +
		string([]byte{byte(seconds >> 16), byte(seconds >> 8), byte(seconds)}) + "\x00\x00CET\x00"))
}

// calendarWorld is a world with one aligned limit, the calendar of which is told by hand.
type calendarWorld struct {
	*world
	p   *policy
	off int64
}

// lease is a whole request for n credits, on a lease that ends after a minute or earlier.
func (w *calendarWorld) lease(h *holder, n, until int64) *held {
	h.seq++
	attempt := h.send()
	w.lastLease++
	l := &held{id: w.lastLease, limit: w.p, window: w.p.window, amount: n, left: n, end: until}
	w.entry(func() {
		l.ttl = min(until, w.t+longestAligned) - w.t
		l.end = w.t + l.ttl
		w.emit(trace.Event{Kind: trace.KindGrant, Session: h.id, Seq: h.seq, Limit: w.p.serial,
			Window: l.window, Amount: n, Lease: l.id, TTL: l.ttl})
	})
	h.accept(attempt, l)
	return l
}

// midnight is the end of the toy zone's day in which the world's calendar is set.
var midnight = time.Date(2026, 3, 1, 23, 0, 0, 0, time.UTC)

const leapBy = 2 * 3600 * second

// days is a run of a limit that follows the days of a zone: leases are cut at a minute, at a leap
// that enters the next day, and at midnight, which comes later, since calendar time is slowed down.
func days() *world {
	w := &calendarWorld{world: newWorld(1), p: &policy{serial: 1, per: 24 * 3600 * second, amount: 10}}
	w.stateEvery = 1 << 30
	w.elect(0)
	w.entry(func() {
		w.off = midnight.Add(-time.Hour).UnixNano() - w.t
		w.emit(trace.Event{Kind: trace.KindLeap, OK: true, By: w.off, Off: w.off})
		w.emit(trace.Event{Kind: trace.KindZone, Zone: "Toy", Hash: "1", Data: toyZone(1)})
		w.lastLimit = 1
		w.p.window = midnight.Add(-24 * time.Hour).Unix()
		w.emit(trace.Event{Kind: trace.KindLimit, Limit: 1, Budget: "daily", Metric: "tokens",
			Per: w.p.per, Amount: 10, OK: true, Align: "day", Zone: "Toy"})
	})
	h := w.open(w.process("app"), "daily", "")
	first := w.lease(h, 4, never)
	h.admit(first, 4)
	w.until(2 * second)
	leapAt := int64(0)
	w.entry(func() {
		leapAt = w.t + longestAligned
		w.emit(trace.Event{Kind: trace.KindLeap, Until: leapAt, By: leapBy, Off: w.off})
	})
	w.until(30 * second)
	next := w.lease(h, 5, leapAt)
	h.admit(next, 4)
	h.seq++
	h.send()
	w.entry(func() {
		w.emit(trace.Event{Kind: trace.KindDeny, Session: h.id, Seq: h.seq, Limit: 1, Amount: 1,
			TTL: leapAt - w.t})
	})
	w.sleep(leapAt - w.clock())
	w.entry(func() {
		w.off += leapBy
		w.p.window = midnight.Unix()
		w.emit(trace.Event{Kind: trace.KindLeap, OK: true, By: leapBy, Off: w.off})
		w.emit(trace.Event{Kind: trace.KindRoll, Limit: 1, Window: w.p.window})
	})
	h.expire(first, next)
	w.sleep(10 * second)
	w.entry(func() {
		w.off -= 5 * second
		w.emit(trace.Event{Kind: trace.KindSlow, By: 5 * second, Off: w.off})
	})
	last := w.lease(h, 10, never)
	h.admit(last, 10)
	h.expire(last)
	h.end()
	w.resign()
	return w.world
}

// TestDaysAreValid: the run that the plants change is sound, and all of the limit is admitted in
// each of its days.
func TestDaysAreValid(t *testing.T) {
	windows := 0
	r, err := checkFiles(t, days().files, Options{OnWindow: func(WindowTally) { windows++ }})
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict != Valid || r.Credits != 18 || windows != 2 {
		t.Fatalf("got %v %v %v, %d credits in %d windows", r.Verdict, r.Violation, r.Reasons,
			r.Credits, windows)
	}
}

// leapt returns a change of the nth leap: the one that sets the calendar, the announcement, and
// the leap.
func leapt(nth int, change func(e *trace.Event)) func(*recording) {
	return func(r *recording) { r.edit(r.find(trace.KindLeap, nth, nil), change) }
}

// toldOf returns a change of what a lease was granted for, and of what its holder says it was told.
func toldOf(lease uint64, ttl int64) func(*recording) {
	return func(r *recording) {
		r.edit(r.find(trace.KindGrant, 1, of(lease)), func(e *trace.Event) { e.TTL = ttl })
		r.edit(r.find(trace.KindAccept, 1, of(lease)), func(e *trace.Event) {
			e.TTL, e.Life = ttl, life(ttl)
		})
	}
}

// plantedInDays are violations, each one change of days.
var plantedInDays = []plantedViolation{
	{"a leap at once", LeapAhead, leapt(2, func(e *trace.Event) { e.Until -= longestAligned })},
	{"a leap that is too near", LeapAhead, leapt(2, func(e *trace.Event) { e.Until-- })},
	{"a second leap while one is announced", LeapAhead, func(r *recording) {
		r.twice(r.find(trace.KindLeap, 2, nil))
	}},
	{"a leap that nobody was told of", LeapAhead, leapt(3, func(e *trace.Event) { e.By++; e.Off++ })},
	{"a leap that does not take effect", LeapAhead, func(r *recording) {
		r.drop(r.find(trace.KindLeap, 3, nil))
	}},
	{"a calendar that is not set", CalMonotone, func(r *recording) {
		r.drop(r.find(trace.KindLeap, 1, nil))
	}},
	{"a leap backwards", CalMonotone, leapt(2, func(e *trace.Event) { e.By = -e.By })},
	{"a leap to elsewhere", CalMonotone, leapt(3, func(e *trace.Event) { e.Off += second })},
	{"calendar time goes back", CalMonotone, func(r *recording) {
		r.edit(r.find(trace.KindSlow, 1, nil), func(e *trace.Event) {
			e.By, e.Off = e.By+6*second, e.Off-6*second
		})
	}},
	{"a slow-down by something else", CalMonotone, func(r *recording) {
		r.edit(r.find(trace.KindSlow, 1, nil), func(e *trace.Event) { e.Off-- })
	}},
	{"a zone that cannot be read", CalMonotone, func(r *recording) {
		r.edit(r.find(trace.KindZone, 1, nil), func(e *trace.Event) { e.Data = "AAAA" })
	}},
	{"rules that change a window that has begun", Roll, func(r *recording) {
		limit := r.find(trace.KindLimit, 1, nil)
		r.splice(limit, func(e trace.Event) []trace.Event {
			return []trace.Event{e, {Kind: trace.KindZone, At: e.At, Zone: "Toy", Hash: "2",
				Data: toyZone(2)}}
		})
	}},
	{"a day of another zone", Roll, func(r *recording) {
		r.edit(r.find(trace.KindZone, 1, nil), func(e *trace.Event) { e.Data = toyZone(2) })
	}},
	{"a roll into another day", Roll, func(r *recording) {
		r.edit(r.find(trace.KindRoll, 1, nil), func(e *trace.Event) { e.Window += 24 * 3600 })
	}},
	{"no roll at a leap", Roll, func(r *recording) { r.drop(r.find(trace.KindRoll, 1, nil)) }},
	{"a roll before midnight", Roll, func(r *recording) {
		roll := r.event(r.find(trace.KindRoll, 1, nil))
		r.splice(r.find(trace.KindLeap, 2, nil), func(e trace.Event) []trace.Event {
			early := roll
			early.At = e.At
			return []trace.Event{e, early}
		})
	}},
	{"a lease across a leap", TTL, toldOf(2, longestAligned)},
	{"a lease that is longer than a leap's notice", TTL, toldOf(1, 600*second)},
	{"a denial that waits for midnight, and there is a leap", TTL,
		deny(1, func(e *trace.Event) { e.TTL = 3570 * second })},
	{"a day with more than its limit", NoOverGrant, granted(2, 2)},
}
