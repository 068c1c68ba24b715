package twin

import (
	"testing"

	"github.com/leased-io/leased/trace"
)

// threeSlots is three of a second each.
func (w *world) threeSlots() *policy {
	return w.putPolicy(&policy{budget: "work", metric: "jobs", shape: KindSlots, per: second,
		amount: 3, span: second}, 0)
}

// take is a whole request for more slots, which keeps some of from, all others of which were given
// up; nil: there is none. Its answer takes late.
func (h *holder) take(p *policy, from *held, keep, more, late int64) *held {
	h.seq++
	attempt := h.send()
	h.w.lastLease++
	l := &held{id: h.w.lastLease, limit: p, amount: keep + more, left: keep + more, ttl: p.per}
	e := trace.Event{Kind: trace.KindGrant, Session: h.id, Seq: h.seq, Limit: p.serial,
		Key: h.key, Amount: l.amount, Lease: l.id, TTL: l.ttl, Kept: keep}
	if from != nil {
		e.From = from.id
	}
	h.w.entry(func() {
		l.window, e.Window, l.end = p.window, p.window, h.w.t+p.per
		h.w.emit(e)
	})
	h.w.sleep(late)
	at := h.w.now
	h.accept(attempt, l)
	h.w.now = at // the old lease is over at the same instant
	if from != nil {
		h.expire(from)
	}
	h.w.sleep(ms)
	return l
}

func (h *holder) slotEvent(kind trace.Kind, l *held, n int64) {
	h.w.record(h.file, trace.Event{Kind: kind, Session: h.id, Lease: l.id, Window: l.window, N: n})
}

// work takes n slots of a lease into use.
func (h *holder) work(l *held, n int64) {
	h.w.record(h.file, trace.Event{Kind: trace.KindAdmit, Session: h.id, Lease: l.id,
		Window: l.window, N: n, Count: 1, First: h.w.now, Last: h.w.now})
	h.w.sleep(ms)
}

func (h *holder) release(l *held, n int64) {
	h.slotEvent(trace.KindRelease, l, n)
	h.w.sleep(ms)
}

// drops gives slots up that the next heartbeat does not keep.
func (h *holder) drops(l *held, n int64) {
	l.left -= n
	h.slotEvent(trace.KindGiveUp, l, n)
}

func (h *holder) denySlots(p *policy, left, ttl int64) {
	h.seq++
	h.send()
	h.w.entry(func() {
		h.w.emit(trace.Event{Kind: trace.KindDeny, Session: h.id, Seq: h.seq, Limit: p.serial,
			Key: h.key, Amount: left, TTL: ttl - h.w.t})
	})
}

// The leases of work, by what becomes of them.
const (
	firstOfA = 1 // 2, in use; a heartbeat keeps one
	firstOfB = 2 // 1: all are in use
	againOfA = 3 // 1, whose holder falls silent
	moreOfB  = 4 // 2: one is kept
	lastOfB  = 5 // 3, when a's slot is free: released, and given back
)

// work is a run of slots.
func work() *world {
	w := newWorld(1)
	w.stateEvery = 1 << 30
	w.elect(0)
	p := w.threeSlots()
	a, b := w.open(w.process("app"), "work", ""), w.open(w.process("web"), "work", "")
	w.until(600 * ms)
	first := a.take(p, nil, 0, 2, 30*ms)
	a.work(first, 2)
	other := b.take(p, nil, 0, 1, 0)
	b.work(other, 1)
	b.seq++
	b.send()
	w.entry(func() { // it is worth asking again soon
		w.emit(trace.Event{Kind: trace.KindDeny, Session: b.id, Seq: b.seq, Limit: p.serial,
			TTL: 125 * ms})
	})
	w.until(1200 * ms)
	a.release(first, 1)
	a.drops(first, 1)
	kept := a.take(p, first, 1, 0, 30*ms)
	more := b.take(p, other, 1, 1, 0)
	b.work(more, 1)
	w.until(2100 * ms)
	b.denySlots(p, 0, kept.end) // a's is free then, if it stays silent
	w.now += life(kept.ttl) - (w.now - kept.sent)
	a.expire(kept)
	b.release(more, 1)
	w.until(kept.end)
	last := b.take(p, more, 2, 1, 0)
	b.work(last, 2)
	b.release(last, 3)
	b.drops(last, 3)
	w.entry(func() { b.takeBack(last, 3) })
	b.expire(last)
	a.end()
	b.end()
	w.until(4 * second)
	w.resign()
	return w
}

// TestSlotsAreValid: the run that the plants change is sound, and all slots are held at an instant.
func TestSlotsAreValid(t *testing.T) {
	r, err := checkFiles(t, work().files, Options{})
	if err != nil || r.Verdict != Valid || r.Credits != 6 {
		t.Fatalf("got %v %v %v, %d credits: %v", r.Verdict, r.Violation, r.Reasons, r.Credits, err)
	}
	if f := r.FullestInterval; f == nil || f.Kind != KindSlots || f.Admitted != 3 || f.Bound != 3 {
		t.Errorf("the fullest instant is %+v, want one with all three", f)
	}
}

// event returns a change of a lease's first event of a kind.
func event(kind trace.Kind, lease uint64, change func(e *trace.Event)) func(*recording) {
	return func(r *recording) { r.edit(r.find(kind, 1, of(lease)), change) }
}

// plantedInSlots are violations, each one change of work.
var plantedInSlots = []plantedViolation{
	{"one slot too many", Granted, granted(firstOfB, 1)},
	{"one slot too many beside those that are kept", Granted, granted(moreOfB, 1)},
	{"slots kept of another session's lease", Granted,
		event(trace.KindGrant, againOfA, func(e *trace.Event) { e.From = firstOfB })},
	{"more slots kept than there were", Granted,
		event(trace.KindGrant, againOfA, func(e *trace.Event) { e.Kept, e.Amount = 3, 3 })},
	{"more slots kept than the lease has", Granted,
		event(trace.KindGrant, againOfA, func(e *trace.Event) { e.Kept = 2 })},
	{"slots kept of a lease that was replaced", Granted,
		event(trace.KindGrant, lastOfB, func(e *trace.Event) { e.From = firstOfB })},
	{"slots kept of a lease that is over", Granted, func(r *recording) {
		// The one before the last is kept by nobody else, and the last is granted after its end.
		event(trace.KindGrant, moreOfB, func(e *trace.Event) { e.From, e.Kept, e.Amount = 0, 0, 1 })(r)
		event(trace.KindAccept, moreOfB, func(e *trace.Event) { e.Amount = 1 })(r)
		event(trace.KindGrant, lastOfB, func(e *trace.Event) { e.From = firstOfB })(r)
	}},
	{"slots kept of no lease", Granted,
		event(trace.KindGrant, firstOfB, func(e *trace.Event) { e.Kept = 1 })},
	{"a denial that is wrong about what is left", Granted,
		deny(2, func(e *trace.Event) { e.Amount = 1 })},
	{"a denial that waits for no lease's end", TTL, deny(2, func(e *trace.Event) { e.TTL++ })},
	{"a denial that waits for longer than it must", TTL, deny(1, func(e *trace.Event) { e.TTL++ })},
	{"a lease that ends with its window", TTL,
		event(trace.KindGrant, firstOfA, func(e *trace.Event) { e.TTL = second - 602*ms })},
	{"slots with windows of another length", Granted,
		limitOf(1, 1, func(e *trace.Event) { e.Span-- })},
	{"slots with a burst", Granted, limitOf(1, 1, func(e *trace.Event) { e.Burst = 3 })},
	{"a slot that its holder has is not kept", NeverEarly, func(r *recording) {
		r.drop(r.find(trace.KindRelease, 1, of(firstOfA)))
		r.drop(r.find(trace.KindGiveUp, 1, of(firstOfA)))
		event(trace.KindExpire, firstOfA, func(e *trace.Event) { e.N = 2 })(r)
	}},
	{"a heartbeat that is timed from its answer", NeverEarly, func(r *recording) {
		at := r.event(r.find(trace.KindAccept, 1, of(againOfA))).At
		r.edit(r.find(trace.KindSend, 1, ofSession(1, 2)), func(e *trace.Event) { e.At = at })
		event(trace.KindExpire, againOfA, func(e *trace.Event) { e.At += 60 * ms })(r)
	}},
	{"a slot is in use before its grant was proposed", NeverEarly,
		event(trace.KindAdmit, firstOfA, func(e *trace.Event) { e.First -= 33*ms + ms/2 })},
	{"two leases are believed in, one in place of the other", AtMostL, func(r *recording) {
		later(r, r.find(trace.KindExpire, 1, of(firstOfA)), 60*ms)
	}},
	{"slots are taken when the lease's life is over", LeaseCover,
		event(trace.KindAdmit, moreOfB, func(e *trace.Event) { e.Last += second })},
	{"more slots are in use than the lease has", Books,
		event(trace.KindAdmit, firstOfB, func(e *trace.Event) { e.N = 2 })},
	{"more slots are in use than were kept", Books, func(r *recording) {
		r.drop(r.find(trace.KindRelease, 1, of(firstOfA)))
		event(trace.KindGiveUp, firstOfA, func(e *trace.Event) { e.N = 1 })(r)
	}},
	{"slots are released that are not in use", Books,
		event(trace.KindRelease, moreOfB, func(e *trace.Event) { e.N = 3 })},
	{"slots that are lost without a word", Books,
		event(trace.KindExpire, againOfA, func(e *trace.Event) { e.N = 0 })},
	{"slots that are given back and were not given up", ReturnOnce, func(r *recording) {
		event(trace.KindGiveUp, lastOfB, func(e *trace.Event) { e.N = 2 })(r)
		event(trace.KindExpire, lastOfB, func(e *trace.Event) { e.N = 1 })(r)
	}},
	{"slots that are given back of a lease that was replaced", ReturnOnce,
		event(trace.KindReturn, lastOfB, func(e *trace.Event) { e.Lease, e.Window = moreOfB, 1 })},
}

// later moves an event to so much later in its file.
func later(r *recording, id int, by int64) {
	e := r.event(id)
	for _, f := range r.files {
		for i := range f.events {
			if f.events[i].id != id {
				continue
			}
			moved := f.events[i]
			moved.event.At += by
			j := i
			for ; j+1 < len(f.events) && f.events[j+1].event.At <= moved.event.At; j++ {
				f.events[j] = f.events[j+1]
			}
			f.events[j] = moved
			return
		}
	}
	panic("no event " + string(e.Kind))
}
