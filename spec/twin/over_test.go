package twin

import (
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/trace"
)

// TestTheEndOfALeaseIsTold: a holder that was closed has told the end of each lease, whether its
// file or the log shows the closing first; and one that asks again, of those that were over when
// it asked before. A holder that does neither need not have looked.
func TestTheEndOfALeaseIsTold(t *testing.T) {
	const never = "never said that lease 1 is over"
	for _, test := range []struct {
		name, text string // "": no violation
		happen     func(w *world, h, other *holder, p *policy)
	}{
		{"closed, and its file ends before", never, func(_ *world, h, _ *holder, _ *policy) {
			h.end()
		}},
		{"closed, and its file ends after", never, func(_ *world, h, o *holder, p *policy) {
			h.end()
			o.expire(o.acquire(1, p)...)
		}},
		{"forgotten", "", func(w *world, h, o *holder, p *policy) {
			w.entry(func() { w.emit(trace.Event{Kind: trace.KindSessionEnd, Session: h.id}) })
			o.expire(o.acquire(1, p)...)
		}},
		{"not heard of again", "", func(w *world, _, o *holder, p *policy) {
			w.sleep(2 * second)
			o.expire(o.acquire(1, p)...)
		}},
		{"asked once more", "", func(w *world, h, _ *holder, p *policy) {
			w.sleep(2 * second)
			h.expire(h.acquire(1, p)...)
		}},
		{"asked twice more", "its holder had not said so", func(w *world, h, _ *holder, p *policy) {
			w.sleep(2 * second)
			h.expire(h.acquire(1, p)...)
			h.expire(h.acquire(1, p)...)
		}},
		{"asked twice more in its life", "", func(_ *world, h, _ *holder, p *policy) {
			h.expire(h.acquire(1, p)...)
			h.expire(h.acquire(1, p)...)
		}},
		{"closed, and its process died", "", func(_ *world, h, _ *holder, _ *policy) {
			h.end()
			h.file.complete = false
		}},
		{"closed, and events were lost", "", func(w *world, h, o *holder, p *policy) {
			h.end()
			w.record(h.file, trace.Event{Kind: trace.KindGap, N: 1})
			o.expire(o.acquire(1, p)...)
		}},
	} {
		w := newWorld(1)
		w.elect(0)
		p := w.put("team", "requests", 100, second, 0)
		app := w.process("app")
		h, other := w.open(app, "team", ""), w.open(app, "team", "")
		h.admit(h.acquire(10, p)[0], 10)
		test.happen(w, h, other, p)
		report, err := checkFiles(t, w.files, Options{})
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		v, want := report.Violation, test.text != ""
		if (v != nil) != want || want && (v.Invariant != Books || !strings.Contains(v.Text, test.text)) {
			t.Errorf("%s: got %v, want %q", test.name, v, test.text)
		}
	}
}

// TestALateAnswerIsTheLogs: a lease that was forgotten is taken for its own request only, and
// once.
func TestALateAnswerIsTheLogs(t *testing.T) {
	for _, test := range []struct {
		name, want string
		late       func(e *trace.Event)
	}{
		{"as it was granted", "", func(*trace.Event) {}},
		{"another lease", FirstAnswer, func(e *trace.Event) { e.Lease++ }},
		{"before its attempt was sent", LeaseCover, func(e *trace.Event) { e.Attempt++ }},
	} {
		w := newWorld(1)
		w.elect(0)
		p := w.put("team", "requests", 100, second, 0)
		f := w.process("app")
		h, other := w.open(f, "team", ""), w.open(f, "team", "")
		h.seq++
		attempt := h.send()
		var leases []*held
		w.entry(func() { leases = h.charge(10, p) })
		other.expire(other.acquire(1, p)...)
		for range 2 {
			w.sleep(5 * second)
			w.entry(nil)
		}
		l := other.acquire(5, p) // the log is known to be here when the answer is taken
		other.admit(l[0], 5)
		h.accept(attempt, leases...)
		test.late(&f.events[len(f.events)-1].event)
		report, err := checkFiles(t, w.files, Options{Horizon: time.Second})
		got := ""
		if err == nil && report.Violation != nil {
			got = report.Violation.Invariant
		}
		if err != nil || got != test.want {
			t.Errorf("%s: got %v, %v, want %q", test.name, report.Violation, err, test.want)
		}
	}
}
