package twin

import (
	"testing"

	"github.com/leased-io/leased/trace"
)

// takeOver is the first entry of a cluster that takes another one's place.
func (w *world) takeOver() int64 {
	w.lastSession, w.lastLimit, w.lastLease = leftOut+100, leftOut+3, leftOut+5000
	w.entry(func() {
		w.emit(trace.Event{Kind: trace.KindTakeOver, T: w.t, Hash: "the backup",
			Session: w.lastSession, Limit: w.lastLimit, Lease: w.lastLease})
	})
	return w.t
}

// heirs is a run of a cluster that took another one's place: a limit that is put at once, one
// that is put when its period is over, and one that takes the first one's place while that
// still waits for the old cluster's leases.
func heirs() *world {
	w := newWorld(1)
	w.stateEvery = 1 << 30
	w.elect(0)
	app := w.process("app")
	w.sleep(500 * ms)
	t := w.takeOver()
	p := w.put("team", "requests", 100, second, t+second)
	long := w.put("team", "tokens", 100, 10*second, t+10*second)
	h := w.open(app, "team", "")
	h.seq++
	h.send()
	w.entry(func() { h.deny(p) })
	w.sleep(second) // the next window began before the old leases were over
	w.entry(nil)
	h.seq++
	h.send()
	w.entry(func() { h.deny(p) })
	w.sleep(second)
	w.entry(nil)
	l := h.acquire(60, p)
	h.admit(l[0], 60)
	h.expire(l...)
	w.remove(long)
	short := w.put("team", "tokens", 100, second, t+10*second)
	w.sleep(9*second - w.t)
	w.entry(nil)
	h.seq++
	h.send()
	w.entry(func() { h.deny(short) })
	w.sleep(2 * second)
	w.entry(nil)
	late := w.put("team", "calls", 100, 3*second, 0)
	m := h.acquire(50, short)
	h.admit(m[0], 50)
	n := h.acquire(40, late)
	h.admit(n[0], 40)
	h.expire(m[0], n[0])
	h.end()
	w.resign()
	return w
}

// own is an event's number of limit, session or lease, of the successor's own.
func own(n uint64) func(trace.Event) bool {
	return func(e trace.Event) bool { return e.Limit == leftOut+3+n }
}

// plantedInHeirs are violations, each one change of heirs.
var plantedInHeirs = []plantedViolation{
	{"a cluster takes another one's place twice", TakeOver, func(r *recording) {
		r.twice(r.find(trace.KindTakeOver, 1, nil))
	}},
	{"a cluster that has limits takes another one's place", TakeOver, func(r *recording) {
		id := r.find(trace.KindTakeOver, 1, nil)
		r.splice(id, func(e trace.Event) []trace.Event {
			return []trace.Event{{Kind: trace.KindLimit, At: e.At, Limit: 1, Budget: "b", Metric: "m",
				Per: second, Amount: 1, OK: true}, e}
		})
	}},
	{"the old leases are counted from before", TakeOver, func(r *recording) {
		r.edit(r.find(trace.KindTakeOver, 1, nil), func(e *trace.Event) { e.T -= ms })
	}},
	{"sessions may be those of the old cluster", TakeOver, func(r *recording) {
		r.edit(r.find(trace.KindTakeOver, 1, nil), func(e *trace.Event) { e.Session = leftOut - 1 })
	}},
	{"limits may be those of the old cluster", TakeOver, func(r *recording) {
		r.edit(r.find(trace.KindTakeOver, 1, nil), func(e *trace.Event) { e.Limit = 3 })
	}},
	{"leases may be those of the old cluster", TakeOver, func(r *recording) {
		r.edit(r.find(trace.KindTakeOver, 1, nil), func(e *trace.Event) { e.Lease = 5000 })
	}},
	{"numbers beyond all", TakeOver, func(r *recording) {
		r.edit(r.find(trace.KindTakeOver, 1, nil), func(e *trace.Event) { e.Lease = greatest + 1 })
	}},
	{"a limit does not wait for the old leases", TakeOver, func(r *recording) {
		r.edit(r.find(trace.KindLimit, 1, own(1)), func(e *trace.Event) { e.OK, e.Until = true, 0 })
	}},
	{"a limit waits too shortly for the old leases", TakeOver, func(r *recording) {
		r.edit(r.find(trace.KindLimit, 1, own(2)), func(e *trace.Event) { e.Until-- })
	}},
	{"a limit grants while the old leases live", TakeOver, func(r *recording) {
		// Its event says that it waits; but the denial in its second window is a grant.
		deny := r.find(trace.KindDeny, 2, nil)
		r.edit(deny, func(e *trace.Event) {
			*e = trace.Event{Kind: trace.KindGrant, At: e.At, Session: e.Session, Seq: e.Seq,
				Limit: e.Limit, Window: 1, Amount: 1, Lease: leftOut + 5001,
				TTL: e.TTL}
		})
	}},
	{"a limit takes the place of one that waits, and waits less", NoOverGrant,
		func(r *recording) {
			r.edit(r.find(trace.KindLimit, 1, own(3)), func(e *trace.Event) { e.Until -= second })
		}},
	{"a session has a number of the old cluster's", FencingMonotonic, func(r *recording) {
		r.edit(r.find(trace.KindSession, 1, nil), func(e *trace.Event) { e.Session -= 50 })
	}},
	{"a limit has a number of the old cluster's", FencingMonotonic, func(r *recording) {
		r.edit(r.find(trace.KindLimit, 1, own(1)), func(e *trace.Event) { e.Limit -= 2 })
	}},
	{"a lease has a number of the old cluster's", FencingMonotonic, func(r *recording) {
		r.edit(r.find(trace.KindGrant, 1, nil), func(e *trace.Event) { e.Lease -= 2000 })
	}},
	{"a limit waits shorter than it says", Behaviour, func(r *recording) {
		r.edit(r.find(trace.KindDeny, 1, nil), func(e *trace.Event) { e.TTL -= second })
	}},
}

// TestHeirsAreValid: a cluster that takes another one's place in order is.
func TestHeirsAreValid(t *testing.T) {
	r, err := checkFiles(t, heirs().files, Options{})
	if err != nil || r.Verdict != Valid || r.Credits != 150 {
		t.Fatalf("got %v %v, %d credits: %v", r.Verdict, r.Violation, r.Credits, err)
	}
	for _, step := range r.Coverage.Steps {
		if step.Name == "TakeOver" && step.Count != 1 {
			t.Errorf("another one's place was taken %d times", step.Count)
		}
	}
}

// TestAProcessLivesOn: the file of a process that was there before and after a restore belongs to
// the checks of both clusters. Each judges its own sessions, and all of them.
func TestAProcessLivesOn(t *testing.T) {
	type runs struct {
		before, after, app *file
		old, own           *held
	}
	record := func() (r runs) {
		a := newWorld(1)
		a.elect(0)
		r.before, r.app = a.nodes[0], a.process("app")
		p := a.put("team", "requests", 100, 10*second, 0)
		h := a.open(r.app, "team", "")
		r.old = h.acquire(60, p)[0]
		h.admit(r.old, 20)
		a.resign()

		b := newWorld(1)
		b.now = a.now + second
		b.elect(0)
		r.after = b.nodes[0]
		at := b.takeOver()
		q := b.put("team", "requests", 100, second, at+second)
		a.now = b.now
		h.admit(r.old, 10) // it goes on with what it holds
		g := b.open(r.app, "team", "")
		b.sleep(2 * second)
		b.entry(nil)
		r.own = g.acquire(50, q)[0]
		g.admit(r.own, 50)
		a.now = b.now
		h.expire(r.old)
		g.expire(r.own)
		g.end()
		b.resign()
		return r
	}
	judge := func(nodes, app *file) *Report {
		t.Helper()
		r, err := checkFiles(t, []*file{app, nodes}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	overspend := func(app *file, lease uint64) {
		for i := range app.events {
			if e := &app.events[i].event; e.Kind == trace.KindExpire && e.Lease == lease {
				e.N++
			}
		}
	}
	for name, tt := range map[string]struct {
		plant         func(r runs)
		before, after Verdict
	}{
		"in order":                {func(runs) {}, Valid, Valid},
		"one too many of the old": {func(r runs) { overspend(r.app, r.old.id) }, Invalid, Valid},
		"one too many of the new": {func(r runs) { overspend(r.app, r.own.id) }, Valid, Invalid},
		"an own session unknown":  {func(r runs) { renumber(r.app, r.own, leftOut+150) }, Valid, Invalid},
		"an old session unknown":  {func(r runs) { renumber(r.app, r.old, 150) }, Invalid, Valid},
	} {
		r := record()
		tt.plant(r)
		before, after := judge(r.before, r.app), judge(r.after, r.app)
		if before.Verdict != tt.before || after.Verdict != tt.after {
			t.Errorf("%s: before %s (%v, %v), want %s; after %s (%v, %v), want %s", name,
				before.Verdict, before.Violation, before.Reasons, tt.before,
				after.Verdict, after.Violation, after.Reasons, tt.after)
		}
		if name == "in order" && (before.Credits != 30 || after.Credits != 50 ||
			len(before.Notes) != 1 || len(after.Notes) != 1) {
			t.Errorf("%d and %d credits, want 30 and 50; notes %q, %q", before.Credits,
				after.Credits, before.Notes, after.Notes)
		}
	}
}

// renumber gives a lease's session another number in a process's file.
func renumber(app *file, l *held, session uint64) {
	old := uint64(0)
	for i := range app.events {
		if app.events[i].event.Lease == l.id {
			old = app.events[i].event.Session
		}
	}
	for i := range app.events {
		if e := &app.events[i].event; e.Session == old {
			e.Session = session
		}
	}
}

// TestAWaitingBucketIsChanged: a bucket that waits for the old cluster's leases waits longer if it
// is made to fill in longer, and never shorter than it did.
func TestAWaitingBucketIsChanged(t *testing.T) {
	// It fills in 20.1 s and leases for up to 5.025 s, or in 40.2 s and up to 10.05 s.
	const usual, slow = 25_125 * ms, 50_250 * ms
	for _, tt := range []struct {
		name         string
		amount       int64
		after        int64 // of the take over, until which it waits when it is changed
		want         string
		stillWaiting bool
	}{
		{"slower", 5, slow, "", true},
		{"slower, and waits as before", 5, usual, TakeOver, true},
		{"slower, and nearly waits", 5, slow - 1, TakeOver, true},
		{"faster", 20, usual, "", true},
		{"faster, and waits less", 20, usual - 1, NoOverGrant, true},
		{"faster, and does not wait", 20, 0, NoOverGrant, false},
	} {
		w := newWorld(1)
		w.elect(0)
		at := w.takeOver()
		p := w.putPolicy(&policy{budget: "team", metric: "tokens", shape: KindBucket, per: second,
			amount: 10, burst: 200, span: second}, at+usual)
		p.until, p.empty = at+tt.after, tt.stillWaiting
		if !p.empty {
			p.until = 0
		}
		w.setAmount(p, tt.amount)
		w.resign()
		r, err := checkFiles(t, w.files, Options{})
		switch {
		case err != nil:
			t.Fatal(err)
		case tt.want == "" && r.Violation != nil, tt.want != "" &&
			(r.Violation == nil || r.Violation.Invariant != tt.want):
			t.Errorf("%s: got %v, want %q", tt.name, r.Violation, tt.want)
		}
	}
}
