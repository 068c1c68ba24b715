package twin

import (
	"strings"
	"testing"

	"github.com/leased-io/leased/spec/twin/refine"
	"github.com/leased-io/leased/trace"
)

// relate tells how a budget's keys are made, and what is above it.
func (w *world) relate(name, template, parent string) {
	w.entry(func() {
		w.emit(trace.Event{Kind: trace.KindBudget, Budget: name, Template: template, Parent: parent})
	})
}

// openFor is open with labels, which make the key.
func (w *world) openFor(f *file, budget, labels, key string) *holder {
	w.lastSession++
	h := &holder{w: w, file: f, id: w.lastSession, budget: budget, key: key,
		sent: map[uint64]int64{}}
	w.entry(func() {
		w.emit(trace.Event{Kind: trace.KindSession, Session: h.id, Budget: budget, Key: key,
			Labels: labels})
	})
	return h
}

// under is the same holder with the key of a budget above.
func (h *holder) under(key string) *holder {
	above := *h
	above.key = key
	return &above
}

// part is a level that a request draws on: a limit, and the key there.
type part struct {
	*policy
	key string
}

// through is a whole request for n credits of each level.
func (h *holder) through(n int64, parts ...part) []*held {
	h.seq++
	attempt := h.send()
	var leases []*held
	h.w.entry(func() {
		for _, p := range parts {
			leases = append(leases, h.under(p.key).charge(n, p.policy)...)
		}
	})
	h.accept(attempt, leases...)
	return leases
}

// spend admits n credits of each lease.
func (h *holder) spend(n int64, leases ...*held) {
	for _, l := range leases {
		h.admit(l, n)
	}
}

// The leases of kin, by what they are of.
const (
	redOrg  = 2 // 30 each, all admitted; of the organisation 10 are left
	blueOrg = 5 // 60 each, of which 20 are given back
)

// kin is a run with three levels: teams share what their organisation may, and an organisation what
// all may.
func kin() *world {
	w := newWorld(3)
	w.elect(0)
	all := w.put("all", "requests", 500, second, 0)
	org := w.put("org", "requests", 100, second, 0)
	team := w.put("team", "requests", 60, second, 0)
	w.relate("all", "", "")
	w.relate("org", "o/{org}", "all")
	w.relate("team", "{org}/{team}", "org")
	app, web := w.process("app"), w.process("web")
	red := w.openFor(app, "team", "org=a,team=red", "a/red")
	blue := w.openFor(web, "team", "org=a,team=blue", "a/blue")
	alone := w.openFor(web, "org", "org=b", "o/b")

	up, top := part{org, "o/a"}, part{all, ""}
	lr := red.through(30, part{team, "a/red"}, up, top)
	red.spend(30, lr...)
	lb := blue.through(60, part{team, "a/blue"}, up, top)
	blue.spend(40, lb...)
	red.seq++
	red.send()
	w.entry(func() { red.under("o/a").deny(org) })
	for i, p := range []part{{team, "a/blue"}, up, top} {
		blue.under(p.key).giveBack(lb[i], 20)
	}
	again := red.through(20, part{team, "a/red"}, up, top)
	red.spend(20, again...)
	la := alone.through(100, part{org, "o/b"}, top)
	alone.spend(100, la...)
	w.sleep(2 * second)
	w.entry(nil)
	red.expire(append(lr, again...)...)
	blue.expire(lb...)
	alone.expire(la...)
	red.end()
	blue.end()
	alone.end()
	w.resign()
	return w
}

// plantedInKin are violations, each one change of kin.
var plantedInKin = []plantedViolation{
	{"a grant was charged to another parent's account", OneHolder, func(r *recording) {
		r.edit(r.find(trace.KindGrant, 1, of(redOrg)), func(e *trace.Event) { e.Key = "o/b" })
	}},
	{"a grant was charged to the parent by the child's key", OneHolder, func(r *recording) {
		r.edit(r.find(trace.KindGrant, 1, of(redOrg)), func(e *trace.Event) { e.Key = "a/red" })
	}},
	{"a denial is of another parent's account", OneHolder, func(r *recording) {
		r.edit(r.find(trace.KindDeny, 1, nil), func(e *trace.Event) { e.Key = "o/b" })
	}},
	{"a grant was charged to a budget that is not above", OneHolder, func(r *recording) {
		id := r.find(trace.KindBudget, 1, func(e trace.Event) bool { return e.Budget == "team" })
		r.edit(id, func(e *trace.Event) { e.Parent = "all" })
	}},
	{"a session has another key than its labels make", OneHolder, func(r *recording) {
		r.edit(r.find(trace.KindSession, 1, nil), func(e *trace.Event) { e.Labels = "org=a,team=green" })
	}},
	{"a parent was never told of", OneHolder, func(r *recording) {
		r.drop(r.find(trace.KindBudget, 2, nil))
	}},
	{"a child was granted what its parent had no more", NoOverGrant, func(r *recording) {
		r.drop(r.find(trace.KindReturn, 1, of(blueOrg)))
	}},
	{"a child was granted more than its parent had left", NoOverGrant, func(r *recording) {
		for _, kind := range []trace.Kind{trace.KindGrant, trace.KindAccept} {
			r.edit(r.find(kind, 1, of(blueOrg)), func(e *trace.Event) { e.Amount += 11 })
		}
	}},
	{"an admission drew less on the parent", EveryLevel, func(r *recording) {
		r.edit(r.find(trace.KindAdmit, 1, of(redOrg)), func(e *trace.Event) { e.N -= 5 })
		r.edit(r.find(trace.KindExpire, 1, of(redOrg)), func(e *trace.Event) { e.N += 5 })
	}},
	{"admissions drew nothing on the parent", EveryLevel, func(r *recording) {
		n := r.event(r.find(trace.KindAdmit, 1, of(blueOrg))).N
		r.drop(r.find(trace.KindAdmit, 1, of(blueOrg)))
		r.edit(r.find(trace.KindExpire, 1, of(blueOrg)), func(e *trace.Event) { e.N += n })
	}},
	{"half of a request was charged, and the other half denied", RequestOnce, func(r *recording) {
		id := r.find(trace.KindGrant, 1, of(blueOrg))
		deny := r.event(id)
		r.edit(id, func(e *trace.Event) {
			*e = trace.Event{Kind: trace.KindDeny, Session: deny.Session, Seq: deny.Seq, Limit: deny.Limit,
				Key: deny.Key, Amount: 70, TTL: deny.TTL}
		})
	}},
}

// TestKinIsValid: the recording that the plants change is a good one.
func TestKinIsValid(t *testing.T) {
	r, err := checkFiles(t, kin().files, Options{})
	if err != nil || r.Verdict != Valid {
		t.Fatalf("got %v, %v %v", err, r.Verdict, r.Violation)
	}
	if !has(r.Kinds, trace.KindBudget) || r.Fullest == nil || r.Fullest.Admitted != 100 {
		t.Errorf("got %+v", r.Fullest)
	}
}

// TestKeysOfFamilies: the checker makes keys as it is written, whatever the product does.
func TestKeysOfFamilies(t *testing.T) {
	fs := refine.Families{}
	for _, e := range []trace.Event{
		{Budget: "all"}, {Budget: "org", Template: "{org}", Parent: "all"},
		{Budget: "team", Template: "{org}/{team}", Parent: "org"},
	} {
		if guard, why := fs.Learn(&e); guard != "" {
			t.Fatal(why)
		}
	}
	w := refine.WhoIs(&trace.Event{Budget: "team", Labels: "org=a/%2C%25,team=x"})
	for in, want := range map[string]string{"all": "", "org": "a/,%", "team": "a%2F%2C%25/x"} {
		if key, ok := fs.Key(w, in); !ok || key != want {
			t.Errorf("in %s the key is %q, %t, want %q", in, key, ok, want)
		}
	}
	if _, ok := fs.Key(w, "other"); ok {
		t.Error("a budget that is not above has a key")
	}
	if line := strings.Join(fs.Line("team"), " "); line != "team org all" {
		t.Errorf("the line is %s", line)
	}
}
