package twin

import (
	"slices"
	"strings"
	"testing"

	"github.com/leased-io/leased/trace"
)

// crossed is a run in which two requests of one process are decided one after the other and
// answered the other way round: the process waits for the second decision when the log is at the
// first, which decide makes of b's.
func crossed(decide func(b *holder, p *policy)) *recording {
	w := newWorld(1)
	w.elect(0)
	p := w.put("team", "requests", 100, second, 0)
	app := w.process("app")
	a, b := w.open(app, "team", ""), w.open(app, "team", "")
	a.acquire(1, p)
	lb := b.acquire(9, p)
	a.seq++
	b.seq++
	at := a.send()
	b.send()
	w.entry(func() { decide(b, p) })
	var la []*held
	w.entry(func() { la = a.charge(10, p) })
	a.accept(at, la...)
	b.giveBack(lb[0], 9)
	b.seq++
	more := b.send()
	w.entry(func() { lb = b.charge(5, p) })
	b.accept(more, lb...)
	b.admit(lb[0], 5)
	a.admit(la[0], 10)
	w.resign()
	return &recording{files: w.files}
}

// TestWhoIsWrongWhileAProcessWaits: what the log rests on and a waiting process did not record is
// its file's fault if the process goes on, and the fault of the event that waits if it never does.
func TestWhoIsWrongWhileAProcessWaits(t *testing.T) {
	sends := func(session, seq uint64) func(*recording) {
		return func(r *recording) { r.drop(r.find(trace.KindSend, 1, ofSession(session, seq))) }
	}
	for _, test := range []struct {
		name, want, guard string
		plant             func(r *recording)
	}{
		{"nothing", string(Valid), "", func(*recording) {}},
		{"the send of a denied request is left out", Behaviour, "Deny.Sent", sends(2, 2)},
		{"so it is, and the log is cut", Behaviour, "Deny.Sent", func(r *recording) {
			sends(2, 2)(r)
			grant := r.find(trace.KindGrant, 1, of(3))
			n := r.files[0]
			i := slices.IndexFunc(n.events, func(e recorded) bool { return e.id == grant })
			n.events, n.complete = n.events[:i-1], false
		}},
		{"a TTL that no answer told, before a return", LeaseCover, "", func(r *recording) {
			r.edit(r.find(trace.KindAccept, 1, of(3)), func(e *trace.Event) { e.TTL++ })
		}},
		{"so it is, and the log is cut", LeaseCover, "", func(r *recording) {
			r.edit(r.find(trace.KindAccept, 1, of(3)), func(e *trace.Event) { e.TTL++ })
			n := r.files[0]
			n.events, n.complete = n.events[:len(n.events)-1], false
		}},
		{"a lease that was never granted, before a return", OneHolder, "", func(r *recording) {
			r.edit(r.find(trace.KindAccept, 1, of(3)), func(e *trace.Event) { e.Lease = 77 })
		}},
		{"a send is left out, and then the log breaks", Behaviour, "Deny.Sent", func(r *recording) {
			sends(2, 2)(r)
			r.edit(r.find(trace.KindGrant, 1, of(3)), func(e *trace.Event) { e.TTL++ })
		}},
		{"credits are returned that nobody gave up", ReturnOnce, "", func(r *recording) {
			r.drop(r.find(trace.KindGiveUp, 1, nil))
		}},
	} {
		r := recordingOf(t, crossed((*holder).deny).files)
		test.plant(r)
		report, got := r.check()
		if got != test.want {
			t.Errorf("%s: got %s (%v), want %s", test.name, got, report.Violation, test.want)
			continue
		}
		if v := report.Violation; test.guard != "" && v.Action+"."+v.Guard != test.guard {
			t.Errorf("%s: got %v, want %s", test.name, v, test.guard)
		}
	}
	r := recordingOf(t, crossed(func(b *holder, p *policy) { b.charge(3, p) }).files)
	sends(2, 2)(r)
	if report, got := r.check(); got != Behaviour || report.Violation.Guard != "Sent" {
		t.Errorf("the send of a charged request is left out: got %s (%v)", got, report.Violation)
	}
}

// TestAnEntryThatAllLeaveOut: where a proposal may have become an entry that no file has, the
// verdict is unknown; where it cannot have, or the place is taken by one of Raft's own, valid.
func TestAnEntryThatAllLeaveOut(t *testing.T) {
	const reason = "which no file holds"
	for _, test := range []struct {
		name    string
		reasons int
		happen  func(w *world)
	}{
		{"a proposal that Raft did not take", 0, func(w *world) { w.propose() }},
		{"a change of members", 0, func(w *world) { w.index++ }},
		{"an entry left out, or both of these", 1, func(w *world) { w.propose(); w.index++ }},
		{"a leadership that ends with a proposal", 0, func(w *world) {
			w.propose()
			w.sleep(ms)
			w.index++ // Raft's own entry
			w.elect(1)
		}},
		{"leaderships that open no epoch", 0, func(w *world) {
			w.propose()
			w.sleep(ms)
			w.resign()
			w.term += 2
			w.index += 3
			w.elect(1)
		}},
		{"a leadership's last entry left out", 1, func(w *world) {
			w.propose()
			w.sleep(ms)
			w.index += 2
			w.elect(1)
		}},
	} {
		w := newWorld(2)
		w.elect(0)
		p := w.put("team", "requests", 100, second, 0)
		h := w.open(w.process("app"), "team", "")
		test.happen(w)
		w.sleep(ms)
		h.admit(h.acquire(10, p)[0], 10)
		report, err := checkFiles(t, w.files, Options{})
		if err != nil || report.Violation != nil || len(report.Reasons) != test.reasons ||
			test.reasons > 0 && !strings.Contains(report.Reasons[0], reason) {
			t.Errorf("%s: got %s, %v, %v, %v, want %d reasons", test.name, report.Verdict,
				report.Violation, report.Reasons, err, test.reasons)
		}
	}
}
