package lease

import (
	"time"

	"github.com/leased-io/leased/budget"
)

// KeepAlive is how long after the last answer the holder asks for nothing at all, just so that
// its session is not forgotten: less than half of the time that the coordinator remembers one.
const KeepAlive = 4 * time.Minute

// MaxReturns bounds the returns of one request, as the coordinator does.
const MaxReturns = 64

// minWake is the shortest wait that WakeAfter tells, so that no rounding makes a loop spin.
const minWake = time.Millisecond

// plan is what the next request is about. Its slices are reused.
type plan struct {
	asks  []Ask
	gives []give
}

// give is n credits of a line's lease, to be given up.
type give struct {
	limit, lease int
	n            budget.Credits
}

// ask adds an ask; a want below the need, or below 1, counts as that.
func (p *plan) ask(limit int, need, want budget.Credits) {
	p.asks = append(p.asks, Ask{Limit: limit, Need: need, Want: max(1, need, want)})
}

// give adds a return, if there is room for it, and says how much it gives.
func (p *plan) give(limit, lease int, n budget.Credits) budget.Credits {
	if len(p.gives) >= MaxReturns {
		return 0
	}
	p.gives = append(p.gives, give{limit, lease, n})
	return n
}

// decide plans the next request and reports whether one is due. Of several reasons to send
// one, the first counts. It changes nothing but the plan. The caller has ended the leases that
// are over.
func (h *Holder) decide(now Reading) bool {
	h.plan.asks, h.plan.gives = h.plan.asks[:0], h.plan.gives[:0]
	r := &h.request
	if h.state == Closed || h.state == Lost || r.outstanding {
		return false
	}
	if r.quiet && now.Mono < r.resume {
		return false
	}
	return h.planBeats(now) || h.planRenewals(now) || h.planNeed(now) || h.planRefresh(now) ||
		h.planReturns(now) || h.planTold() || elapsed(r.decided, now.Mono) >= KeepAlive
}

// planNeed plans to ask for what the head misses, and on that occasion, without a need, for
// what else runs low: a limit that has nothing left shall not refuse the others.
func (h *Holder) planNeed(now Reading) bool {
	if !h.wanted || !h.waits && h.stale(now) || h.fitsLive(h.head) ||
		h.precheck(h.head) != Admitted || h.barred(now, h.head) {
		return false
	}
	for i := range h.lines {
		l := &h.lines[i]
		if need := min(l.shortfall(h.head[i]), l.ceiling); need > 0 {
			given := h.planRoom(i)
			target := l.target(now, h.backlog[i], h.request.rtt)
			h.ask(i, need+given, target-l.live+given)
		} else {
			h.refresh(now, i)
		}
	}
	return true
}

// planRoom plans to return the smallest lease of a full line, so that a new one does not end it
// with what it has left, and returns how much that is.
func (h *Holder) planRoom(i int) budget.Credits {
	l := &h.lines[i]
	if l.slots() || len(l.leases) < MaxLeasesPerLimit {
		return 0
	}
	least := -1
	for j := range l.leases {
		d := &l.leases[j]
		if !d.returned && (least < 0 || d.left < l.leases[least].left) {
			least = j
		}
	}
	if least < 0 {
		return 0
	}
	return h.plan.give(i, least, l.leases[least].left)
}

// barred reports whether a cached denial covers cost, and it is not time to ask again.
func (h *Holder) barred(now Reading, cost Cost) bool {
	for i, n := range cost {
		l := &h.lines[i]
		if again := h.waits && now.Mono >= l.denial.retry; !again &&
			l.refuses(now, n) && l.denial.bars(now) {
			return true
		}
	}
	return false
}

// fitsLive reports whether cost can be admitted as it is.
func (h *Holder) fitsLive(cost Cost) bool {
	for i, n := range cost {
		if h.lines[i].live < n {
			return false
		}
	}
	return true
}

// stale reports whether the head, which does not wait, is a miss that nobody repeats.
func (h *Holder) stale(now Reading) bool {
	for i, n := range h.head {
		if n > 0 && !h.lines[i].idle(now) {
			return false
		}
	}
	return true
}

// planRefresh plans to ask for what runs low before callers miss it, or before the queue
// behind the head does. While the head is refused by one limit, credits of the others would only
// lie there.
func (h *Holder) planRefresh(now Reading) bool {
	if h.wanted && h.barred(now, h.head) {
		return false
	}
	for i := range h.lines {
		h.refresh(now, i)
	}
	return len(h.plan.asks) > 0
}

// refresh plans an ask without a need for line i, if it runs low.
func (h *Holder) refresh(now Reading, i int) {
	l := &h.lines[i]
	if l.denial.bars(now) || len(l.leases) == MaxLeasesPerLimit {
		return
	}
	rtt := h.request.rtt
	if l.live >= min(h.backlog[i], l.ceiling) {
		if l.bare || l.live >= l.lowWater(now, rtt) || l.idle(now) {
			return
		}
		// What arrives after the window's end is wasted; after it, ask for the next.
		if left := l.windowLeft(now); left > 0 && left < 2*rtt {
			return
		}
	}
	h.ask(i, 0, l.target(now, h.backlog[i], rtt)-l.live)
}

// planReturns plans to return credits that are of no use here, if they can arrive in time: those
// that nobody has come for, and all of them while the head of the queue is refused, since it
// goes before everybody else until the limit rolls.
func (h *Holder) planReturns(now Reading) bool {
	blocked := h.waits && h.barred(now, h.head)
	for i := range h.lines {
		l := &h.lines[i]
		if !blocked && (h.queued || !l.idle(now)) {
			continue
		}
		for j := range l.leases {
			d := &l.leases[j]
			if d.returned || d.left == 0 || d.remaining(now) <= 2*h.request.rtt {
				continue
			}
			if d.used > 0 {
				h.plan.asks = append(h.plan.asks, Ask{Limit: i, Lease: d.name, Keep: d.used})
			} else {
				h.plan.give(i, j, d.left)
			}
		}
	}
	return len(h.plan.gives)+len(h.plan.asks) > 0
}

// WakeAfter returns how long until Poll may have a request though nothing else happens, at
// least a millisecond; false: it will not. With a sink, a wake may also only be for Poll to
// report admissions.
func (h *Holder) WakeAfter(now Reading) (time.Duration, bool) {
	now = h.observe(now)
	r := &h.request
	if h.state == Closed || h.state == Lost || r.outstanding {
		return 0, false
	}
	if r.quiet && now.Mono < r.resume {
		return max(minWake, elapsed(now.Mono, r.resume)), true
	}
	for i := range h.lines {
		h.lines[i].expire(now, &h.rec)
	}
	if h.decide(now) {
		return minWake, true
	}
	w := wake{in: elapsed(now.Mono, after(r.decided, KeepAlive))}
	if h.rec.dirty {
		w.at(FlushEvery - elapsed(h.rec.since, now.Mono))
	}
	for i := range h.lines {
		l := &h.lines[i]
		w.at(l.windowLeft(now))
		if l.denial.set {
			w.at(elapsed(now.Mono, l.denial.until))
			w.at(elapsed(now.Mono, l.denial.probe))
			if h.waits {
				w.at(elapsed(now.Mono, l.denial.retry))
			}
		}
		if l.live > 0 {
			w.at(l.idleAfter() - elapsed(l.demand.last, now.Mono))
		}
		for j := range l.leases {
			d := &l.leases[j]
			w.at(d.remaining(now))
			if l.slots() {
				w.at(d.remaining(now) - d.beat())
			} else if d.renewable(r.rtt) {
				w.at(d.remaining(now) - d.lead(r.rtt))
			}
		}
	}
	return max(minWake, w.in), true
}

// wake is the earliest of some times to come.
type wake struct{ in time.Duration }

func (w *wake) at(d time.Duration) {
	if d > 0 {
		w.in = min(w.in, d)
	}
}
