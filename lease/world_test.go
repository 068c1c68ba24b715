package lease

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/trace"
)

// ablation switches one rule off, to show that the world notices.
type ablation string

const (
	intact      ablation = ""
	noMargin    ablation = "R6: the whole ttl is used"
	noWallClock ablation = "R6: the monotonic clock alone is asked"
	fromReceipt ablation = "R7: elapsed counts from the receipt"
	fromLatest  ablation = "R7: any answer is timed from the latest attempt"
	oldTTL      ablation = "R5: a retry's answer carries the ttl that there was"
	cachedClock ablation = "R10: a purse is spent from by the reading that it was lent at"
	twiceTaken  ablation = "R8: a return is taken again with every retry"
)

// world is one holder, its coordinator and what is between them, at the mercy of pick. The
// coordinator keeps the rules R1 to R5 and R8 but grants, denies and answers as it pleases; the
// network loses, delays, duplicates and reorders; the clocks drift as far as rho allows, the
// machine suspends and the wall clock jumps.
//
// world keeps the books of its own and notes in broken the first admission after its window's
// end in cluster time, credit too many, or lease that does not add up.
type world struct {
	pick   func(n int) int // 0..n-1
	broken error
	rule   ablation
	rho    int64 // parts per million, a multiple of 100: steps of 10 us stay exact
	sleeps bool  // the machine suspends; else the wall clock may be set back

	cluster, mono, wall int64
	limits              []budget.Limit
	revision            uint64
	accounts            []modelAccount
	leases              map[ID]*modelLease
	lastLease           ID
	session             SessionID
	lastSeq             uint64 // of the session
	last                Answer // the answer to lastSeq

	h        *Holder
	purses   []*Purse // the latest that were lent, most of them taken back since
	req      Request  // outstanding, or the last one
	pending  bool
	attempts map[uint64]uint64 // attempt -> seq, of all sessions
	closedBy map[uint64]uint64 // seq of this session -> the attempt whose answer was taken
	toServer []message
	toHolder []message

	admitted, spent, grantsTaken, drops, renewals int
}

type modelAccount struct {
	window   budget.Window
	used     budget.Credits // charged to the holder or to others
	others   budget.Credits // of used, what others took: spent at once
	admitted budget.Credits // by the holder, on leases of the window
}

type modelLease struct {
	limit                     int
	window                    budget.Window
	granted                   budget.Credits
	accepted, returned, ended bool
	admitted, gaveUp, expired int64
	session                   SessionID
}

type message struct {
	attempt uint64
	req     Request
	answer  Answer
}

func newWorld(rule ablation, rho int64, pick func(int) int) *world {
	return newSizedWorld(rule, rho, pick, nil)
}

// newSizedWorld is newWorld with a holder that is told sizes.
func newSizedWorld(rule ablation, rho int64, pick func(int) int, sizing Sizing) *world {
	w := &world{
		pick: pick, rule: rule, rho: rho, sleeps: pick(2) == 0 || rule == noWallClock,
		mono: 1_000_000_007, wall: 1_700_000_000_000_000_000, revision: 1, session: 1,
		limits: []budget.Limit{
			{Metric: "requests", Kind: budget.KindWindow, Amount: 20, Per: 100 * time.Millisecond},
			{Metric: "tokens", Kind: budget.KindWindow, Amount: 600, Per: 2 * time.Second},
		},
		leases: map[ID]*modelLease{}, attempts: map[uint64]uint64{},
		closedBy: map[uint64]uint64{},
	}
	w.accounts = make([]modelAccount, len(w.limits))
	w.h = NewHolder(Config{
		Session: w.session, Revision: w.revision, Limits: w.limits,
		DriftPPM: w.drift(), Sink: w.observe, Sizing: sizing,
	})
	return w
}

func (w *world) drift() int64 {
	if w.rule == noMargin {
		return 0
	}
	return w.rho
}

func (w *world) reading() Reading {
	if w.rule == noWallClock {
		return Reading{Mono: w.mono, Wall: w.mono}
	}
	return Reading{Mono: w.mono, Wall: w.wall}
}

func (w *world) breakf(format string, args ...any) {
	if w.broken == nil {
		w.broken = fmt.Errorf(format, args...)
	}
}

// actions are the steps that a run draws from, those that matter more several times.
func (w *world) actions() map[string]func() {
	steps := map[string]func(){}
	for _, s := range []struct {
		name   string
		weight int
		step   func()
	}{
		{"admit", 12, w.admit}, {"lend", 2, w.lend}, {"spend", 2, w.spend},
		{"waiting", 2, w.admitWaiting}, {"backlog", 1, w.backlog},
		{"poll", 8, w.poll}, {"resend", 2, w.send}, {"serve", 8, w.serve},
		{"deliver", 8, w.deliver}, {"lose", 1, w.lose}, {"blink", 10, w.blink}, {"pass", 1, w.pass},
		{"sleep", 1, w.sleep}, {"jump", 1, w.jump}, {"others", 1, w.others},
		{"crash", 1, w.crash}, {"change", 1, w.change}, {"look", 2, w.look},
	} {
		for i := range s.weight {
			steps[fmt.Sprintf("%s%d", s.name, i)] = s.step
		}
	}
	return steps
}

// blink lets a little time go by, pass much: each clock runs at a rate within the drift.
func (w *world) blink() { w.elapse(10_000, 50_000, 500_000, 2_000_000) }

func (w *world) pass() { w.elapse(7_000_000, 20_000_000, 60_000_000, 300_000_000) }

func (w *world) elapse(nanos ...int64) {
	w.advance(nanos[w.pick(len(nanos))], w.rate(), w.rate(), w.rate())
}

// rate prefers the extremes, where the bounds are tight.
func (w *world) rate() int64 { return []int64{-w.rho, w.rho, 0}[w.pick(3)] }

func (w *world) advance(dt, cluster, mono, wall int64) {
	w.cluster += dt + dt/100*cluster/10_000
	w.mono += dt + dt/100*mono/10_000
	w.wall += dt + dt/100*wall/10_000
}

// sleep suspends the holder's machine: its monotonic clock stands still.
func (w *world) sleep() {
	if !w.sleeps {
		return
	}
	mono := w.mono
	w.pass()
	w.mono = mono
}

// jump steps the wall clock, now and then out of all proportion. It steps back only in a world
// whose machine never sleeps: a sleep that a step back hides is beyond any pair of clocks.
func (w *world) jump() {
	if w.pick(4) > 0 {
		return
	}
	jumps := []int64{1, 50_000_000, 0, -1_000_000, -1_000_000_000_000}
	if w.sleeps {
		jumps = jumps[:2]
	}
	switch i := w.pick(len(jumps) + 1); {
	case i < len(jumps):
		w.wall += jumps[i]
	case w.wall < 1<<61:
		w.wall = 1 << 62
	case !w.sleeps:
		w.wall = []int64{math.MinInt64, math.MaxInt64, 0}[w.pick(3)]
	}
}

func (w *world) cost() Cost {
	cost := make(Cost, len(w.limits))
	for i, l := range w.limits {
		if w.pick(3) > 0 {
			cost[i] = budget.Credits(w.pick(int(l.Amount)/[]int{4, 16, 20}[w.pick(3)]) + 1)
		}
	}
	return cost
}

func (w *world) admit() {
	w.judge(w.h.Admit(w.reading(), w.cost()))
	w.h.Flush(w.reading())
}

// lend has the holder lend a purse, and keeps it whatever becomes of it.
func (w *world) lend() {
	spans := []time.Duration{time.Millisecond, 50 * time.Millisecond, time.Hour}
	p := w.h.Lend(w.reading(), spans[w.pick(len(spans))], 1<<w.pick(3))
	if p == nil {
		return
	}
	if w.purses = append(w.purses, p); len(w.purses) > 3 {
		w.purses = w.purses[1:]
	}
	[]func(){w.blink, w.pass, w.sleep, w.jump}[min(3, w.pick(8))]()
	w.spendFrom(p)
}

// spend has somebody spend from any purse that there ever was.
func (w *world) spend() {
	if len(w.purses) > 0 {
		w.spendFrom(w.purses[w.pick(len(w.purses))])
	}
}

// spendFrom has some callers spend at one moment, at which what they took is reported.
func (w *world) spendFrom(p *Purse) {
	now := w.reading()
	if w.rule == cachedClock {
		now = Reading{Mono: p.from, Wall: p.until.Wall - 1}
	}
	for range w.pick(4) {
		cost := w.cost()
		if slices.Max(cost) > 0 && p.SpendCost(now, uint64(w.pick(8))<<11, cost) && !p.Refuses() {
			w.spent++
		}
	}
	w.h.Flush(w.reading())
}

func (w *world) admitWaiting() {
	w.judge(w.h.AdmitWaiting(w.reading(), w.cost()))
	w.h.Flush(w.reading())
}

func (w *world) judge(v Verdict) {
	switch v {
	case Admitted:
		w.admitted++
	case Closed:
		w.breakf("verdict %v of a holder that is open", v)
	case Lost:
		w.crash()
	}
}

func (w *world) backlog() {
	if w.pick(2) == 0 {
		w.h.SetBacklog(nil)
	} else {
		w.h.SetBacklog(w.cost())
	}
}

func (w *world) poll() {
	req, ok := w.h.Poll(w.reading())
	if !ok {
		return
	}
	if w.pending {
		w.breakf("Poll returned seq %d while %d was outstanding", req.Seq, w.req.Seq)
	}
	if req.Seq != w.req.Seq+1 {
		w.breakf("seq %d follows %d", req.Seq, w.req.Seq)
	}
	if len(req.Asks) > 0 && len(req.Returns) > 0 {
		w.renewals++
	}
	w.req, w.pending = req, true
	w.send()
}

func (w *world) send() {
	if !w.pending {
		return
	}
	m := message{req: w.req}
	if w.rule != fromReceipt {
		m.attempt = w.sent()
	}
	w.toServer = append(w.toServer, m)
}

func (w *world) sent() uint64 {
	id := w.h.Sent(w.reading())
	w.attempts[id] = w.req.Seq
	return id
}

// take draws one message out of a bag; it may stay in it, to be delivered again.
func (w *world) take(bag *[]message) (message, bool) {
	if len(*bag) == 0 {
		return message{}, false
	}
	i := w.pick(len(*bag))
	m := (*bag)[i]
	if w.pick(6) > 0 || len(*bag) > 6 {
		*bag = slices.Delete(*bag, i, i+1)
	}
	return m, true
}

func (w *world) lose() {
	if w.pick(2) == 0 {
		w.take(&w.toServer)
	} else {
		w.take(&w.toHolder)
	}
}

func (w *world) deliver() {
	m, ok := w.take(&w.toHolder)
	if !ok {
		return
	}
	if w.pending && m.req.Session == w.session && m.req.Seq == w.req.Seq {
		switch w.rule {
		case fromReceipt:
			m.attempt = w.sent()
		case fromLatest:
			m.attempt = w.h.request.sent
		}
	}
	open := w.pending && w.h.request.outstanding
	w.h.Take(w.reading(), m.attempt, m.answer)
	if open && !w.h.request.outstanding {
		w.pending = false
		if m.req.Session != w.session || m.req.Seq != w.req.Seq {
			w.breakf("the answer to seq %d closed seq %d", m.req.Seq, w.req.Seq)
		}
		if by, dup := w.closedBy[w.req.Seq]; dup {
			w.breakf("seq %d was closed by attempts %d and %d", w.req.Seq, by, m.attempt)
		}
		w.closedBy[w.req.Seq] = m.attempt
	}
}

// serve has the coordinator decide one request, at its clock's present reading (R1, R4).
func (w *world) serve() {
	m, ok := w.take(&w.toServer)
	if !ok {
		return
	}
	w.roll()
	m.answer = w.decide(m.req)
	m.answer.DriftPPM = w.drift()
	if w.pick(80) == 0 {
		m.answer = w.garble(m.answer)
	}
	w.toHolder = append(w.toHolder, m)
}

func (w *world) roll() {
	for i := range w.accounts {
		if win := w.limits[i].WindowAt(budget.Instant(w.cluster)); win > w.accounts[i].window {
			w.accounts[i] = modelAccount{window: win}
		}
	}
}

func (w *world) ttl(limit int, win budget.Window) time.Duration {
	return w.limits[limit].End(win).Sub(budget.Instant(w.cluster))
}

func (w *world) decide(req Request) Answer {
	switch {
	case req.Session != w.session && w.pick(2) == 0:
		return Answer{Outcome: UnknownSession}
	case req.Session != w.session: // not forgotten yet: charged, to nobody's use
		return w.acquire(req)
	case req.Seq < w.lastSeq:
		return Answer{Outcome: Stale}
	case req.Seq == w.lastSeq:
		if w.rule == twiceTaken {
			w.takeBack(req.Returns)
		}
		return w.again()
	}
	w.lastSeq = req.Seq
	w.checkReturns(req.Returns)
	w.takeBack(req.Returns)
	switch p := w.pick(200); {
	case req.Revision != w.revision:
		w.last = Answer{Outcome: Changed, Revision: w.revision, Limits: w.limits}
	case p == 0:
		w.last = Answer{Outcome: UnknownBudget}
	case p == 1:
		w.last = Answer{Outcome: Stale}
	case p == 2 && len(req.Asks) > 0:
		w.last = Answer{Outcome: TooLarge, Limit: req.Asks[0].Limit}
	default:
		w.last = w.acquire(req)
	}
	return w.last
}

// again replays the last decision with the ttl that is left of it (R5).
func (w *world) again() Answer {
	a := w.last
	if w.rule != oldTTL {
		a.Grants = slices.Clone(a.Grants)
		for i := range a.Grants {
			a.Grants[i].TTL = w.ttl(a.Grants[i].Limit, a.Grants[i].Window)
		}
	}
	return a
}

// checkReturns notes returns of credits that were not given up, or a second one of a lease.
func (w *world) checkReturns(returns []Return) {
	for _, r := range returns {
		l, ok := w.leases[r.Lease]
		if !ok || l.session != w.session || l.returned || r.Window != l.window ||
			int64(r.Amount) != l.gaveUp {
			w.breakf("bad return %+v of %+v", r, l)
			continue
		}
		l.returned = true
	}
}

// takeBack uncharges returns, while their window lasts (R8).
func (w *world) takeBack(returns []Return) {
	for _, r := range returns {
		l := w.leases[r.Lease]
		if a := &w.accounts[l.limit]; l.window == a.window {
			a.used -= r.Amount
		}
	}
}

// acquire grants what it likes of need to what is left, or denies.
func (w *world) acquire(req Request) Answer {
	for _, ask := range req.Asks {
		if ask.Need < 0 || ask.Want < max(1, ask.Need) || ask.Want > budget.MaxAmount {
			w.breakf("malformed ask %+v", ask)
		}
		left := w.limits[ask.Limit].Amount - w.accounts[ask.Limit].used
		if left < ask.Need || w.pick(30) == 0 {
			return Answer{Outcome: Denied, Denial: &Denial{
				Limit: ask.Limit, Left: max(0, left),
				RetryAfter: w.ttl(ask.Limit, w.accounts[ask.Limit].window),
			}}
		}
	}
	a := Answer{Outcome: Granted}
	for _, ask := range req.Asks {
		acct := &w.accounts[ask.Limit]
		left := w.limits[ask.Limit].Amount - acct.used
		if ask.Need == 0 && (left == 0 || w.pick(4) == 0) {
			a.Denial = &Denial{Limit: ask.Limit, RetryAfter: w.ttl(ask.Limit, acct.window)}
			continue
		}
		least := max(1, ask.Need)
		n := least + budget.Credits(w.pick(int(left-least)+1))
		acct.used += n
		w.lastLease++
		w.leases[w.lastLease] = &modelLease{
			limit: ask.Limit, window: acct.window, granted: n, session: w.session,
		}
		a.Grants = append(a.Grants, Grant{
			Lease: w.lastLease, Limit: ask.Limit, Window: acct.window, Amount: n,
			TTL: w.ttl(ask.Limit, acct.window),
		})
	}
	if len(a.Grants) == 0 && a.Denial != nil {
		a.Outcome = Denied
	}
	return a
}

// garble makes an answer say less than it did, or nonsense; never more than was granted.
func (w *world) garble(a Answer) Answer {
	a.Grants = slices.Clone(a.Grants)
	switch k := w.pick(7); {
	case k == 0:
		return Answer{}
	case k == 1:
		return Answer{Outcome: Denied, Denial: &Denial{Limit: w.pick(5) - 1, RetryAfter: -1}}
	case k == 2:
		return Answer{Outcome: TooLarge, Limit: w.pick(5) - 1}
	case k == 3:
		return Answer{Outcome: Changed, Limits: []budget.Limit{{}}}
	case k == 4 && len(a.Grants) > 0:
		a.Grants = append(a.Grants, a.Grants[0])
	case k == 5 && len(a.Grants) > 0:
		a.Grants[0].TTL = time.Duration(w.pick(3) - 1)
	case k == 6 && len(a.Grants) > 0:
		a.Grants[0].Limit = w.pick(2)*100 - 1
	}
	return a
}

// others charge the budget from elsewhere, and spend at once.
func (w *world) others() {
	w.roll()
	i := w.pick(len(w.limits))
	a := &w.accounts[i]
	if left := w.limits[i].Amount - a.used; left > 0 {
		n := budget.Credits(w.pick(int(left+3)/4) + 1)
		a.used += n
		a.others += n
		w.checkAccount(i)
	}
}

func (w *world) checkAccount(i int) {
	a := &w.accounts[i]
	if a.admitted+a.others > w.limits[i].Amount {
		w.breakf("window %d of limit %d: %d admitted here and %d elsewhere, limit %d",
			a.window, i, a.admitted, a.others, w.limits[i].Amount)
	}
}

// crash gives up the incarnation; the coordinator may know the old session or not.
func (w *world) crash() {
	if w.h.state != Lost && w.pick(4) > 0 {
		return
	}
	w.session++
	w.lastSeq, w.last = 0, Answer{}
	w.req, w.pending = Request{}, false
	w.closedBy = map[uint64]uint64{}
	w.h.Reset(w.reading(), w.session, w.revision, w.limits, w.drift())
}

// change puts the budget again, so that the next request is answered Changed. The limits stay
// as they are: what a changed amount does to accounts is not the holder's to know.
func (w *world) change() {
	if w.pick(10) == 0 {
		w.revision++
	}
}

func (w *world) look() {
	if d, ok := w.h.WakeAfter(w.reading()); ok && d < minWake {
		w.breakf("WakeAfter %v", d)
	}
	for i, l := range w.h.Status(w.reading()).Limits {
		if l.Live < 0 || l.Leases > MaxLeasesPerLimit {
			w.breakf("limit %d: %+v", i, l)
		}
	}
}

// observe is the holder's sink, and the judge of what it does.
func (w *world) observe(e trace.Event) {
	if e.Kind == trace.KindDrop {
		w.drops++
	}
	if e.Kind == trace.KindSend || e.Kind == trace.KindDrop {
		return
	}
	l, ok := w.leases[ID(e.Lease)]
	if !ok {
		w.breakf("%s of lease %d, which does not exist", e.Kind, e.Lease)
		return
	}
	if l.ended || (e.Kind == trace.KindAccept) == l.accepted {
		w.breakf("%+v out of place: %+v", e, *l)
	}
	switch e.Kind {
	case trace.KindAccept:
		l.accepted = true
		w.grantsTaken++
		if e.Amount != int64(l.granted) {
			w.breakf("%+v accepts what was not granted: %+v", e, *l)
		}
	case trace.KindAdmit:
		l.admitted += e.N
		w.checkAdmit(e, l)
	case trace.KindGiveUp:
		l.gaveUp += e.N
	case trace.KindExpire:
		l.ended, l.expired = true, e.N
		if sum := l.admitted + l.gaveUp + l.expired; sum != int64(l.granted) {
			w.breakf("lease %d: %d admitted + %d given up + %d expired, granted %d",
				e.Lease, l.admitted, l.gaveUp, l.expired, l.granted)
		}
	}
}

func (w *world) checkAdmit(e trace.Event, l *modelLease) {
	if e.N < 1 || e.Count < 1 || e.First > e.Last {
		w.breakf("malformed %+v", e)
	}
	if end := w.limits[l.limit].End(l.window); w.cluster >= int64(end) {
		w.breakf("%d credits of lease %d admitted at cluster time %d, its window ended at %d",
			e.N, e.Lease, w.cluster, end)
	}
	w.roll()
	if a := &w.accounts[l.limit]; a.window == l.window {
		a.admitted += budget.Credits(e.N)
		w.checkAccount(l.limit)
	}
}

// finish closes the holder and checks that every lease has ended.
func (w *world) finish() {
	w.checkReturns(w.h.Close(w.reading()))
	for id, l := range w.leases {
		if l.accepted && !l.ended {
			w.breakf("lease %d was not ended: %+v", id, *l)
		}
	}
}
