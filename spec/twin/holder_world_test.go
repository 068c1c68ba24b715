package twin

import (
	"fmt"
	"testing"

	"github.com/leased-io/leased/trace"
)

// holder is a session of the world, in a process of the fleet.
type holder struct {
	w           *world
	file        *file
	id          uint64
	budget, key string
	seq         uint64
	attempt     uint64
	sent        map[uint64]int64 // attempt -> when
}

// held is a lease of a holder.
type held struct {
	id           uint64
	limit        *policy
	window       int64
	amount, left int64
	ttl, sent    int64
	end          int64
}

func (w *world) process(name string) *file { return w.file(trace.RoleFleet, name) }

func (w *world) open(f *file, budget, key string) *holder {
	w.lastSession++
	h := &holder{w: w, file: f, id: w.lastSession, budget: budget, key: key,
		sent: map[uint64]int64{}}
	w.entry(func() {
		w.emit(trace.Event{Kind: trace.KindSession, Session: h.id, Budget: budget, Key: key})
	})
	return h
}

func (h *holder) end() {
	h.w.entry(func() {
		h.w.emit(trace.Event{Kind: trace.KindSessionEnd, Session: h.id, OK: true})
	})
}

// send starts an attempt of the current request.
func (h *holder) send() uint64 {
	h.attempt++
	h.sent[h.attempt] = h.w.now
	h.w.record(h.file, trace.Event{Kind: trace.KindSend, Session: h.id, Seq: h.seq,
		Attempt: h.attempt})
	h.w.sleep(ms)
	return h.attempt
}

// charge is what an entry does for the current request: n credits of each limit.
func (h *holder) charge(n int64, limits ...*policy) []*held {
	var leases []*held
	for _, p := range limits {
		h.w.lastLease++
		p.used[h.key] += n
		p.enter(entryOf{at: h.w.t, key: h.key, n: n, end: p.end()})
		l := &held{id: h.w.lastLease, limit: p, window: p.window, amount: n, left: n,
			ttl: p.end() - h.w.t, end: p.end()}
		h.w.emit(trace.Event{Kind: trace.KindGrant, Session: h.id, Seq: h.seq, Limit: p.serial,
			Key: h.key, Window: p.window, Amount: n, Lease: l.id, TTL: l.ttl})
		leases = append(leases, l)
	}
	return leases
}

// again is what an entry does for a retry of the current request.
func (h *holder) again(leases []*held) {
	for _, l := range leases {
		l.ttl = l.end - h.w.t
		h.w.emit(trace.Event{Kind: trace.KindReplay, Session: h.id, Seq: h.seq, Lease: l.id,
			Window: l.window, Amount: l.amount, TTL: l.ttl})
	}
}

func (h *holder) deny(p *policy) {
	left, opens := max(0, p.amount-p.used[h.key]), p.end()
	if p.empty {
		left, opens = 0, ((p.until-1)/p.span+1)*p.span
	}
	h.w.emit(trace.Event{Kind: trace.KindDeny, Session: h.id, Seq: h.seq, Limit: p.serial,
		Key: h.key, Amount: left, TTL: opens - h.w.t})
}

// accept takes the answer to an attempt (R6, R7).
func (h *holder) accept(attempt uint64, leases ...*held) {
	for _, l := range leases {
		l.sent = h.sent[attempt]
		h.w.record(h.file, trace.Event{Kind: trace.KindAccept, Session: h.id, Seq: h.seq,
			Attempt: attempt, Lease: l.id, Window: l.window, Amount: l.amount, TTL: l.ttl,
			Life: life(l.ttl)})
	}
	h.w.sleep(ms)
}

func life(ttl int64) int64 { return max(0, scale(ttl, million-ppm, million+ppm)) }

// acquire is a whole request: sent, charged, accepted.
func (h *holder) acquire(n int64, limits ...*policy) []*held {
	h.seq++
	attempt := h.send()
	var leases []*held
	h.w.entry(func() { leases = h.charge(n, limits...) })
	h.accept(attempt, leases...)
	return leases
}

// admit spends n credits one by one, as far as the lease's life allows.
func (h *holder) admit(l *held, n int64) {
	if h.w.now-l.sent >= life(l.ttl) || n > l.left {
		panic("the world's holder may not admit")
	}
	l.left -= n
	first := h.w.now
	if h.w.now+ms/2-l.sent < life(l.ttl) {
		h.w.sleep(ms / 2)
	}
	h.w.record(h.file, trace.Event{Kind: trace.KindAdmit, Session: h.id, Lease: l.id,
		Window: l.window, N: n, Count: n, First: first, Last: h.w.now})
}

// giveBack gives up n credits and returns them (R8).
func (h *holder) giveBack(l *held, n int64) {
	l.left -= n
	h.w.record(h.file, trace.Event{Kind: trace.KindGiveUp, Session: h.id, Lease: l.id,
		Window: l.window, N: n})
	h.w.sleep(ms)
	h.w.entry(func() { h.takeBack(l, n) })
}

// refuseBack is a return that is not taken.
func (h *holder) refuseBack(l *held, n int64) {
	h.w.emit(trace.Event{Kind: trace.KindReturn, Session: h.id, Lease: l.id, Window: l.window,
		Amount: n})
}

func (h *holder) takeBack(l *held, n int64) {
	l.limit.used[h.key] -= n
	l.limit.enter(entryOf{at: h.w.t, key: h.key, n: -n, end: l.end})
	h.w.emit(trace.Event{Kind: trace.KindReturn, Session: h.id, Lease: l.id,
		Limit: l.limit.serial, Key: h.key, Window: l.window, Amount: n, OK: true})
}

func (h *holder) expire(leases ...*held) {
	for _, l := range leases {
		h.w.record(h.file, trace.Event{Kind: trace.KindExpire, Session: h.id, Lease: l.id,
			Window: l.window, N: l.left})
		l.left = 0
	}
}

// TestTheWorldIsValid checks that the recording that the other tests change is a good one, and
// that it is not an empty one.
func TestTheWorldIsValid(t *testing.T) {
	var windows []WindowTally
	r, err := checkFiles(t, story().files, Options{OnWindow: func(w WindowTally) {
		windows = append(windows, w)
	}})
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict != Valid {
		t.Fatalf("got %s %v %v, want valid", r.Verdict, r.Violation, r.Reasons)
	}
	if !r.RealTimeChecked || r.Incomparable != 0 || r.Gaps != 0 {
		t.Errorf("real time checked %v, incomparable %d, gaps %d",
			r.RealTimeChecked, r.Incomparable, r.Gaps)
	}
	got := fmt.Sprint(r.Epochs, r.Stale, r.Restores, r.Sessions, r.Grants, r.Granted, r.Returned,
		r.Replays, r.Denials, r.Windows, r.Credits, r.FailOpen, r.Shadow, r.Unrecorded, r.Untraced)
	want := "4 1 1 11 15 376 45 3 4 9 248 2 3 1 0"
	if got != want {
		t.Errorf("figures: got %s, want %s", got, want)
	}
	if int64(len(windows)) != r.Windows {
		t.Errorf("OnWindow was called %d times for %d windows", len(windows), r.Windows)
	}
	var credits int64
	for _, w := range windows {
		credits += w.Admitted
		if w.Admitted > w.Bound || w.Granted-w.Returned > w.Bound {
			t.Errorf("window %+v is over its bound", w)
		}
	}
	if credits != r.Credits {
		t.Errorf("windows admitted %d, the report says %d", credits, r.Credits)
	}
	if f := r.Fullest; f == nil || f.Admitted != f.Bound || f.Bound != 100 {
		t.Errorf("fullest window %+v, want one with all of 100", f)
	}
	for _, k := range kindsInOrder {
		// Nothing is lost in the story, heirs has the cluster that takes another one's place, work
		// has slots, kin budgets of several levels, and days a calendar.
		switch k {
		case trace.KindGap, trace.KindTakeOver, trace.KindRelease, trace.KindBudget, trace.KindLeap,
			trace.KindSlow, trace.KindZone:
			continue
		}
		if !has(r.Kinds, k) {
			t.Errorf("the story has no %s event", k)
		}
	}
}

func has(counts []KindCount, k trace.Kind) bool {
	for _, c := range counts {
		if c.Kind == k {
			return c.Count > 0
		}
	}
	return false
}

// story is a run in which everything happens that a correct run can contain.
func story() *world {
	w := newWorld(3)
	w.elect(0)
	minute := w.put("team", "requests", 100, second, 0)
	day := w.put("team", "requests", 1000, 60*second, 0)
	keyed := w.put("tenants", "tokens", 50, second, 0)
	app, web := w.process("app"), w.process("web")
	a, b := w.open(app, "team", ""), w.open(web, "team", "")
	k1, k2 := w.open(app, "tenants", "x"), w.open(app, "tenants", "y")

	la := a.acquire(60, minute, day) // fills the window with b's
	lb := b.acquire(40, minute, day)
	a.admit(la[0], 60)
	a.admit(la[1], 60)
	b.admit(lb[0], 40)
	b.admit(lb[1], 40)
	b.seq++
	b.send()
	w.entry(func() { b.deny(minute) })

	lk := k1.acquire(30, keyed)
	k1.admit(lk[0], 10)
	k1.giveBack(lk[0], 20)
	k1.expire(lk...)
	ly := k2.acquire(50, keyed)
	k2.giveBack(ly[0], 20)
	k2.admit(ly[0], 10)

	w.snap()
	w.kill(2)
	w.sleep(second)
	w.entry(nil) // everything but the day rolls
	a.expire(la[0])
	b.expire(lb[0])
	k2.expire(ly...)
	retries(w, a, minute, app)
	w.members("n1,n2") // the third one is down, and still gets to know
	w.restart(2)
	w.members("n1,n2,n3")
	takeovers(w, b, minute, web)
	replacement(w, b, minute, day)
	a.expire(la[1])
	b.expire(lb[1])
	a.end()
	rarities(w, web)
	w.resign()
	return w
}

// retries: the answer to the first attempt is lost, the second is told what is left, the third
// comes too late.
func retries(w *world, a *holder, p *policy, app *file) {
	a.seq++
	first := a.send()
	var leases []*held
	w.entry(func() { leases = a.charge(10, p) })
	w.sleep(50 * ms)
	second := a.send()
	w.entry(func() { a.again(leases) })
	w.entry(func() {
		told := *leases[0]
		a.again([]*held{&told})
	})
	a.accept(second, leases...)
	a.admit(leases[0], 10)
	w.record(app, trace.Event{Kind: trace.KindDrop, Session: a.id, Seq: a.seq,
		Attempt: first})
	w.record(app, trace.Event{Kind: trace.KindFailOpen, Session: a.id, N: 2, Count: 2,
		First: w.now, Last: w.now})
	w.record(app, trace.Event{Kind: trace.KindShadow, Session: a.id, N: 3, Count: 1,
		First: w.now, Last: w.now})
	a.expire(leases...)
}

// takeovers: leaders change, an entry of an old epoch lands in a new one, an answer is never
// taken, and a limit is lowered below what is used.
func takeovers(w *world, b *holder, p *policy, web *file) {
	epoch, stamp := w.propose()
	w.elect(1)
	w.land(epoch, stamp, nil)
	w.open(web, "team", "").acquireUnanswered(5, p)
	l := b.acquire(14, p)
	b.admit(l[0], 7)
	w.sleep(10 * ms)
	w.elect(2)
	w.setAmount(p, 5)
	b.seq++
	b.send()
	w.entry(func() { b.deny(p) })
	w.sleep(2 * second)
	w.entry(nil)
	b.expire(l...)
	w.setAmount(p, 100)
}

// acquireUnanswered is a request that is charged, and whose answers are all lost.
func (h *holder) acquireUnanswered(n int64, p *policy) {
	h.seq++
	h.send()
	h.w.entry(func() { h.charge(n, p) })
}

// replacement: a limit is removed while it is leased, and another takes its place, empty.
func replacement(w *world, b *holder, p, day *policy) {
	web2 := w.process("web2")
	c := w.open(web2, "team", "")
	l := c.acquire(5, p, day)
	c.admit(l[0], 2)
	w.remove(p)
	c.admit(l[0], 1)
	w.elect(0)
	n := w.put("team", "requests", 30, second/2, 60*second)
	d := w.open(web2, "team", "")
	w.sleep(58 * second)
	w.entry(nil)
	c.expire(l...)
	m := d.acquire(30, n)
	d.admit(m[0], 7)
	d.expire(m...)
	d.end()
}
