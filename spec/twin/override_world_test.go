package twin

import (
	"testing"

	"github.com/leased-io/leased/trace"
)

// override sets a limit for key, or for all, until lapse; an amount of 0 ends what was set for key.
func (w *world) override(p *policy, key string, amount, lapse int64) {
	w.entry(func() {
		e := trace.Event{Kind: trace.KindLimit, Limit: p.serial, Budget: p.budget, Metric: p.metric,
			Per: p.per, Amount: amount, Key: key, Lapse: lapse, TTL: p.end() - w.t, OK: true}
		if key == "" {
			p.amount = amount
		}
		w.emit(e)
	})
}

// The leases of overrides, by what becomes of them.
const (
	ownCredits    = 1 // 8, all that the key has of its own
	othersCredits = 2 // 2 of 6
	laterCredits  = 3 // 8, when all have 10 again
	nextCredits   = 4 // 10, of the next window
)

// overrides is a run of a limit of 10 that is lowered to 6 for a time, and for one key to 8.
func overrides() *world {
	w := newWorld(1)
	w.stateEvery = 1 << 30
	w.elect(0)
	app := w.process("app")
	p := w.put("team", "requests", 10, second, 0)
	w.bucket(500, 0)
	k, j := w.open(app, "team", "k"), w.open(app, "team", "j")
	w.until(20 * ms)
	w.override(p, "", 6, 500*ms)
	w.override(p, "k", 8, 600*ms)
	l := k.acquire(8, p)
	k.admit(l[0], 8)
	m := j.acquire(2, p)
	j.admit(m[0], 2)
	j.refusedEmpty(p)
	w.sleep(510*ms - w.clock())
	w.override(p, "", 10, 0)
	w.sleep(610*ms - w.clock())
	w.override(p, "k", 0, 0)
	n := j.acquire(8, p)
	j.admit(n[0], 8)
	w.until(1010 * ms)
	k.expire(l[0])
	j.expire(m[0], n[0])
	q := k.acquire(10, p)
	k.admit(q[0], 10)
	k.expire(q[0])
	k.end()
	j.end()
	w.resign()
	return w
}

// The limit's events in overrides, in their order.
const (
	setForAll = 2 + iota
	setForKey
	overForAll
	overForKey
)

// plantedInOverrides are violations, each one change of overrides.
var plantedInOverrides = []plantedViolation{
	{"a key is granted more than it has of its own", NoOverGrant, granted(ownCredits, 1)},
	{"a key is granted what another has of its own", NoOverGrant, granted(othersCredits, 5)},
	{"a key is granted what it had of its own", NoOverGrant, granted(nextCredits, 1)},
	{"a key is denied by what another has of its own", NoOverGrant,
		deny(1, func(e *trace.Event) { e.Amount += 2 })},
	{"a limit is lowered, and grants as before", NoOverGrant,
		limitOf(1, setForAll, func(e *trace.Event) { e.Amount = 1 })},
	{"what was set for a time stays", Lapse, func(r *recording) {
		r.drop(r.find(trace.KindLimit, overForAll, func(e trace.Event) bool { return e.Limit == 1 }))
	}},
	{"what was set for a key and a time stays", Lapse, func(r *recording) {
		r.drop(r.find(trace.KindLimit, overForKey, func(e trace.Event) bool { return e.Limit == 1 }))
	}},
	{"what was set for a time ends only after a grant", Lapse,
		limitOf(1, setForAll, func(e *trace.Event) { e.Lapse = 22 * ms })},
	{"a limit is set until an instant that is past", Lapse,
		limitOf(1, setForKey, func(e *trace.Event) { e.Lapse = 1 })},
	{"what is over is said to last", Lapse,
		limitOf(1, overForKey, func(e *trace.Event) { e.Lapse = 900 * ms })},
	{"a limit is said to be complied with too early", TTL,
		limitOf(1, setForAll, func(e *trace.Event) { e.TTL-- })},
	{"a key's limit is said to be complied with too late", TTL,
		limitOf(1, setForKey, func(e *trace.Event) { e.TTL++ })},
	{"credits are spent after their limit is complied with", LeaseCover, func(r *recording) {
		r.edit(r.find(trace.KindAdmit, 1, of(ownCredits)), func(e *trace.Event) {
			e.First, e.Last = e.First+second, e.Last+second
		})
	}},
	{"a limit comes into force for a key", NoOverGrant,
		limitOf(1, 1, func(e *trace.Event) { e.Key = "k" })},
	{"a key has a bucket of its own", Whole, func(r *recording) {
		e := r.event(r.find(trace.KindLimit, 1, func(e trace.Event) bool { return e.Limit == 2 }))
		e.Key = "k"
		r.insert(r.find(trace.KindLimit, 3, nil), e)
	}},
}

// TestOverridesAreValid: the run that the plants change is sound, and not an empty one.
func TestOverridesAreValid(t *testing.T) {
	bounds := map[string]int64{}
	r, err := checkFiles(t, overrides().files, Options{OnWindow: func(w WindowTally) {
		if w.Window == 0 {
			bounds[w.Key] = w.Bound
		}
	}})
	if err != nil || r.Verdict != Valid || r.Credits != 28 {
		t.Fatalf("got %v %v, %d credits: %v", r.Verdict, r.Violation, r.Credits, err)
	}
	if bounds["k"] != 8 || bounds["j"] != 10 {
		t.Errorf("the first windows are bounded by %v, want 8 for k and 10 for j", bounds)
	}
}

// TestOldTracesDoNotSay: a recorder that does not say when a change is complied with is believed.
func TestOldTracesDoNotSay(t *testing.T) {
	r := recordingOf(t, overrides().files)
	for nth := setForAll; nth <= overForKey; nth++ {
		limitOf(1, nth, func(e *trace.Event) { e.TTL = 0 })(r)
	}
	if report, _ := r.check(); report.Verdict != Valid {
		t.Errorf("got %v", report.Violation)
	}
}
