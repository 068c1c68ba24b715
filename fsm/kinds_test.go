package fsm

import (
	"bytes"
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// kindWorld runs random asks, returns, changes and passing time on one account of one limit, and
// keeps a list of all that was ever granted, from which it computes what may be granted.
type kindWorld struct {
	s       *State
	index   uint64
	limit   budget.Limit // in force
	session lease.SessionID
	rev     uint64
	seq     uint64
	born    budget.Instant
	grants  []kindGrant
	changes []kindChange // what the limit was until then
}

type kindGrant struct {
	lease.Grant
	session  lease.SessionID
	at, ends budget.Instant
	back     budget.Credits
	backAt   budget.Instant
}

type kindChange struct {
	until budget.Instant
	limit budget.Limit
}

// do applies one command at an instant.
func (w *kindWorld) do(t *rapid.T, at budget.Instant, c Command) Result {
	w.index++
	res := w.s.Apply(w.index, 1, Entry{Epoch: 1, Stamp: at, Commands: []Command{c}})[0]
	if err := Check(w.s); err != nil {
		t.Fatal(err)
	}
	return res
}

func newKindWorld(t *rapid.T, l budget.Limit) *kindWorld {
	w := &kindWorld{s: New(nil), index: 1}
	w.s.Apply(1, 1, Entry{Open: true})
	w.put(t, budget.Instant(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "born")), l)
	w.born = w.s.T()
	w.awake(t, w.born)
	return w
}

// awake opens a session if there is none at an instant: the last one may have expired.
func (w *kindWorld) awake(t *rapid.T, at budget.Instant) {
	w.do(t, at, Command{OpenSession: &OpenSession{Budget: "none"}}) // lets time pass
	if w.s.sessions[w.session] == nil {
		w.session = w.do(t, at, Command{OpenSession: &OpenSession{Budget: "b"}}).Session
		w.seq = 0
	}
}

func (w *kindWorld) put(t *rapid.T, at budget.Instant, l budget.Limit) {
	b := budget.Budget{Name: "b", Limits: []budget.Limit{l}}
	res := w.do(t, at, Command{PutBudget: &PutBudget{Budget: b}})
	if res.Code != CodeDone {
		t.Fatalf("put %+v: %+v", l, res)
	}
	if w.rev > 0 && res.Changed {
		w.changes = append(w.changes, kindChange{at, w.limit})
	}
	st, _ := w.s.Budget("b", "")
	w.rev, w.limit = res.Revision, st.Limits[0].Limit
}

// out is what is granted, not taken back and not over at t.
func (w *kindWorld) out(t budget.Instant) (n budget.Credits) {
	for _, g := range w.grants {
		if g.at <= t && g.ends > t {
			n += g.Amount
			if g.back > 0 && g.backAt <= t {
				n -= g.back
			}
		}
	}
	return n
}

// left computes what may be granted at t from the list.
func (w *kindWorld) left(t budget.Instant) budget.Credits {
	switch w.limit.Kind {
	case budget.KindBucket:
		return w.poured(t)
	case budget.KindSlots:
		return max(0, w.limit.Amount-w.out(t))
	}
	sum, now := budget.Credits(0), int64(t)/int64(w.limit.Span())
	for _, g := range w.grants {
		if int64(g.Window) >= now-int64(w.limit.Slots) {
			sum += g.Amount - g.back
		}
	}
	return max(0, w.limit.Amount-sum)
}

// poured lets a full bucket run from the limit's birth to t, in exact arithmetic, through every
// instant at which anything changed.
func (w *kindWorld) poured(t budget.Instant) budget.Credits {
	limit := func(at budget.Instant) budget.Limit {
		for _, c := range w.changes {
			if at < c.until {
				return c.limit
			}
		}
		return w.limit
	}
	first := w.limit
	if len(w.changes) > 0 {
		first = w.changes[0].limit
	}
	tokens := new(big.Rat).SetInt64(int64(first.Burst))
	for at := w.born; ; {
		next := t
		sooner := func(i budget.Instant) {
			if i > at {
				next = min(next, i)
			}
		}
		for _, g := range w.grants {
			sooner(g.at)
			sooner(g.ends)
			if g.back > 0 {
				sooner(g.backAt)
			}
			if g.at == at {
				tokens.Sub(tokens, new(big.Rat).SetInt64(int64(g.Amount)))
			}
			if g.back > 0 && g.backAt == at {
				tokens.Add(tokens, new(big.Rat).SetInt64(int64(g.back)))
			}
		}
		for _, c := range w.changes {
			sooner(c.until)
		}
		room := limit(at).Burst - w.out(at)
		if at >= t {
			whole := budget.Credits(new(big.Int).Quo(tokens.Num(), tokens.Denom()).Int64())
			return max(0, min(whole, room))
		}
		per := int64(w.limit.Per)
		refill := new(big.Rat).SetFrac(
			new(big.Int).Mul(big.NewInt(int64(next-at)), big.NewInt(int64(limit(at).Amount))),
			big.NewInt(per+(per+199)/200))
		tokens.Add(tokens, refill)
		if most := new(big.Rat).SetInt64(int64(max(0, room))); tokens.Cmp(most) > 0 {
			tokens.Set(most)
		}
		at = next
	}
}

// ask acquires up to want credits, and holds the decision against the list.
func (w *kindWorld) ask(t *rapid.T, at budget.Instant, need, want budget.Credits) {
	w.awake(t, at)
	w.seq++
	left := w.left(at)
	a := lease.Ask{Need: need, Want: want}
	kept := w.keep(t, at, &a)
	res := w.do(t, at, Command{Acquire: &lease.Request{Session: w.session, Seq: w.seq,
		Revision: w.rev, Asks: []lease.Ask{a}}})
	if a.Keep > 0 && kept == nil { // late: like any other ask
		need += a.Keep
	}
	switch {
	case a.Need > w.limit.Bound():
		if res.Code != CodeTooLarge {
			t.Fatalf("need %d of %+v: got %+v", need, w.limit, res)
		}
	case kept != nil && left >= need:
		g := res.Grants[0]
		most := a.Keep + min(left, max(need, want))
		if res.Code != CodeDone || g.Amount < a.Keep+need || g.Amount > most || g.TTL != w.limit.Per {
			t.Fatalf("%+v of %+v with %d left: got %+v", a, *kept, left, res)
		}
		kept.ends = at
		w.grants = append(w.grants, kindGrant{Grant: g, session: w.session, at: at, ends: at.Add(g.TTL)})
	case left < max(1, need):
		if res.Code != CodeDenied || res.Denial.Left != left {
			t.Fatalf("need %d with %d left: got %+v %+v", need, left, res, res.Denial)
		}
		w.waits(t, at, need, res.Denial.RetryAfter)
	default:
		if res.Code != CodeDone || len(res.Grants) != 1 || res.Grants[0].Amount > left {
			t.Fatalf("need %d with %d left: got %+v", need, left, res)
		}
		g := res.Grants[0]
		ends := at.Add(g.TTL)
		if ends != w.limit.Until(at) || w.limit.WindowAt(at) != g.Window {
			t.Fatalf("at %d: got %+v of %+v", at, g, w.limit)
		}
		w.grants = append(w.grants, kindGrant{Grant: g, session: w.session, at: at, ends: ends})
	}
}

// keep makes a, at times, a heartbeat of a lease that may be over, and returns that lease if it is
// not, and has as many slots.
func (w *kindWorld) keep(t *rapid.T, at budget.Instant, a *lease.Ask) *kindGrant {
	if w.limit.Kind != budget.KindSlots || len(w.grants) == 0 || !rapid.Bool().Draw(t, "keeps") {
		return nil
	}
	g := &w.grants[rapid.IntRange(max(0, len(w.grants)-3), len(w.grants)-1).Draw(t, "kept")]
	a.Lease = g.Lease
	a.Keep = budget.Credits(rapid.Int64Range(1, int64(g.Amount)+1).Draw(t, "keep"))
	if a.Need == 0 && rapid.Bool().Draw(t, "alone") {
		a.Want = 0
	}
	if g.session == w.session && g.back == 0 && at < g.ends && a.Keep <= g.Amount {
		return g
	}
	return nil
}

// waits: after a denial's time there is more than before; and, but for a bucket whose leases may
// only be over, as much as was needed, and no earlier.
func (w *kindWorld) waits(t *rapid.T, at budget.Instant, need budget.Credits, retry time.Duration) {
	then := at.Add(retry)
	enough := w.left(then) >= max(1, need)
	switch {
	case retry <= 0:
		t.Fatalf("told to wait %v", retry)
	case w.limit.Kind == budget.KindSlots && retry == w.limit.Per/asksAgain:
	case w.left(then-1) >= max(1, need):
		t.Fatalf("told to wait %v, and a nanosecond less would do for %d", retry, need)
	case !enough && (w.limit.Kind != budget.KindBucket || then != w.limit.End(w.limit.WindowAt(at))):
		t.Fatalf("told to wait %v for %d of %+v, and there are %d then",
			retry, need, w.limit, w.left(then))
	}
}

// giveBack returns a part of a lease, perhaps too late, or twice.
func (w *kindWorld) giveBack(t *rapid.T, at budget.Instant) {
	if len(w.grants) == 0 {
		return
	}
	g := &w.grants[rapid.IntRange(max(0, len(w.grants)-3), len(w.grants)-1).Draw(t, "lease")]
	n := budget.Credits(rapid.Int64Range(1, int64(g.Amount)).Draw(t, "back"))
	res := w.do(t, at, Command{Return: &Return{Session: g.session,
		Returns: []lease.Return{{Lease: g.Lease, Window: g.Window, Amount: n}}}})
	if res.Code == CodeUnknownSession {
		return
	}
	ok := g.back == 0 && at < g.ends
	if taken := res.Taken[0]; ok != (taken > 0) || taken > 0 && taken != n {
		t.Fatalf("return of %d of %+v at %d: got %+v", n, *g, at, res)
	}
	if ok {
		g.back, g.backAt = n, at
	}
}

// change draws another amount, or a bucket another burst, within what its windows bear.
func (w *kindWorld) change(t *rapid.T, at budget.Instant) {
	if len(w.changes) >= maxPaces { // with more of them the state need not be exact
		return
	}
	next := w.limit
	part := func(n budget.Credits, name string) budget.Credits {
		return max(1, n*budget.Credits(rapid.Int64Range(60, 160).Draw(t, name))/100)
	}
	next.Amount, next.Lease = part(next.Amount, "amount"), 0
	if next.Kind == budget.KindBucket {
		next.Burst = part(next.Burst, "burst")
	}
	b := budget.Budget{Name: "b", Limits: []budget.Limit{next}}.Canonical()
	if b.Validate() != nil || !w.s.budgets["b"].lives[0].takes(b.Limits[0].Adopt(w.limit), at) {
		return // another limit takes its place
	}
	w.put(t, at, next)
}

// restart replaces the state by what its snapshot restores.
func (w *kindWorld) restart(t *rapid.T) {
	var data bytes.Buffer
	if err := w.s.Snapshot(&data); err != nil {
		t.Fatal(err)
	}
	s, err := Restore(&data, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.s = s
}

// TestKinds holds sliding limits, buckets and slots against a list of all grants.
func TestKinds(t *testing.T) { rapid.Check(t, randomKind) }

// FuzzKinds lets the fuzzer choose.
func FuzzKinds(f *testing.F) { f.Fuzz(rapid.MakeFuzz(randomKind)) }

func randomKind(t *rapid.T) {
	l := budget.Limit{Metric: "m", Kind: budget.KindSliding,
		Amount: budget.Credits(rapid.Int64Range(1, 60).Draw(t, "amount")),
		Per:    time.Duration(rapid.Int64Range(int64(time.Second), int64(time.Hour)).Draw(t, "per"))}
	switch l.Kind = rapid.SampledFrom([]budget.Kind{budget.KindSliding, budget.KindBucket,
		budget.KindSlots}).Draw(t, "kind"); l.Kind {
	case budget.KindBucket:
		l.Burst = budget.Credits(rapid.Int64Range(1, 100).Draw(t, "burst"))
	case budget.KindSliding:
		l.Slots = rapid.IntRange(1, 12).Draw(t, "slots")
	default:
		l.Per = time.Second + l.Per%(budget.MaxSlotPer-time.Second)
	}
	if l.Validate() != nil {
		t.Skip("not a valid limit")
	}
	w := newKindWorld(t, l)
	step := func(t *rapid.T) budget.Instant {
		span := int64(w.limit.Span())
		wait := rapid.SampledFrom([]int64{0, 1, span / 7, span, 3 * span}).Draw(t, "scale")
		return w.s.T().Add(time.Duration(rapid.Int64Range(0, wait).Draw(t, "wait")))
	}
	t.Repeat(map[string]func(*rapid.T){
		"ask": func(t *rapid.T) {
			need := budget.Credits(rapid.Int64Range(0, int64(w.limit.Bound())+1).Draw(t, "need"))
			w.ask(t, step(t), need, max(1, need)+budget.Credits(rapid.Int64Range(0, 50).Draw(t, "want")))
		},
		"return":  func(t *rapid.T) { w.giveBack(t, step(t)) },
		"change":  func(t *rapid.T) { w.change(t, step(t)) },
		"restart": func(t *rapid.T) { w.restart(t) },
		"": func(t *rapid.T) {
			now := w.s.T()
			st, _ := w.s.Budget("b", "")
			if got, want := st.Limits[0].Left, w.left(now); got != want {
				t.Fatalf("at %d: got %d left, want %d", now, got, want)
			}
			later := now.Add(w.limit.Span() * 2)
			st, _ = w.s.BudgetAt("b", "", later)
			if got, want := st.Limits[0].Left, w.left(later); got != want {
				t.Fatalf("seen from %d at %d: got %d left, want %d", now, later, got, want)
			}
		},
	})
}

// TestManyChanges: a bucket that is changed more often than is remembered refills no faster than
// it may.
func TestManyChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newKindWorld(t, budget.Limit{Metric: "m", Kind: budget.KindBucket, Amount: 60,
			Per: time.Minute, Burst: 60})
		w.ask(t, w.born, 50, 50)
		for range 2 * maxPaces {
			l := w.limit
			l.Amount = budget.Credits(rapid.Int64Range(30, 120).Draw(t, "amount"))
			l.Burst = budget.Credits(rapid.Int64Range(30, 120).Draw(t, "burst"))
			l.Lease = 0
			w.put(t, w.s.T().Add(time.Duration(rapid.Int64Range(0, 1e9).Draw(t, "wait"))), l)
			if st, _ := w.s.Budget("b", ""); st.Limits[0].Left > w.left(w.s.T()) ||
				st.Limits[0].Serial != 1 {
				t.Fatalf("got %+v, of which %d may be left", st, w.left(w.s.T()))
			}
		}
	})
}
