package lockstep

import (
	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/spec/twin/explore"
)

// The steps of a holder. Each does what the twin's step says, by the calls that a limiter makes.

// send sends an attempt of the request, which is asked for with its first one.
func (y *system) send(a int) {
	k := y.scope.KeyOf[a]
	h := y.holders[k]
	if !h.asked {
		y.begin(k)
		h = y.holders[k]
	}
	id := h.core.Sent(h.reading())
	if id == 0 {
		y.failf("nothing is outstanding, and a request was asked for")
	}
	y.attempts[a] = attempt{st: explore.ClientSent, id: id, request: h.req, window: noWindow}
}

// begin has the holder ask: an offer misses, and Poll returns a request. A holder that would
// rather wait, since it was just denied, gets another session.
func (y *system) begin(k int) {
	h := y.holders[k]
	if h.core == nil || h.closed {
		h = y.newHolder(k)
		y.holders[k] = h
	}
	h.firstTTL = 0
	for i := range h.late {
		h.late[i].past = true
	}
	for range 2 {
		if v := h.offer(); v == lease.Admitted {
			y.failf("admitted without a lease")
		}
		req, ok := h.core.Poll(h.reading())
		if ok && len(req.Asks) == 1 && len(req.Returns) == 0 {
			h.req, h.asked, h.moved, h.ended = req, true, false, false
			y.note("session %d asks: seq %d", req.Session, req.Seq)
			return
		}
		h.reset()
	}
	y.failf("a holder that missed has nothing to ask")
}

// accept takes the answer that arrived, which closes the request.
func (y *system) accept(a int) {
	at, h := &y.attempts[a], y.holders[y.scope.KeyOf[a]]
	answer, id := *at.answer, at.id
	if y.broken == FromReceipt {
		id = h.core.Sent(h.reading())
	}
	h.accepted = 0
	h.core.Take(h.reading(), id, answer)
	if h.accepted != id {
		y.failf("an answer was not accepted")
	}
	h.asked = false
	for b, key := range y.scope.KeyOf {
		if key != h.key {
			continue
		}
		other := &y.attempts[b]
		if b != a && other.answer != nil {
			h.post(*other.answer, other.id)
		}
		if b != a {
			// The copies of a request are alike, whichever attempt they were sent by, if any.
			*other = attempt{st: explore.ClientGone, id: other.id, request: at.request,
				window: noWindow}
		}
	}
	at.st, at.answer, at.nothing = explore.ClientHeld, nil, nil
	at.window = h.lease.window
}

// admit admits on the lease.
func (y *system) admit(a int) {
	k := y.scope.KeyOf[a]
	h := y.holders[k]
	before := h.lease.cred()
	if v := h.offer(); v != lease.Admitted {
		y.failf("an offer is answered %v, and the lease has %d credits and %d units left",
			v, before, h.lease.left(h.now))
	}
	if h.lease.cred() != before-1 {
		y.failf("an admission took %d credits", before-h.lease.cred())
	}
	y.adm++
	if c := &y.tab[k]; c.amount > 0 && c.window == h.lease.window {
		c.spent++
	}
}

// giveUp gives up all that is left, and makes the Return: by Close, or as an idle holder does.
func (y *system) giveUp(a int) {
	at, h := &y.attempts[a], y.holders[y.scope.KeyOf[a]]
	r := h.lease.cred()
	at.back = r
	if y.idleReturn(at, h) {
		y.note("idle: returned by a request, seq %d", at.giving.Acquire.Seq)
		return
	}
	returns := []lease.Return{{Lease: h.lease.id, Window: budget.Window(h.lease.window),
		Amount: budget.Credits(r)}}
	if y.broken == SpentReturn {
		h.lease.returned += r
	} else {
		h.ending = true
		returns = h.core.Close(h.reading())
		h.ending, h.closed = false, true
	}
	if len(returns) != 1 || returns[0].Lease != h.lease.id || returns[0].Amount != budget.Credits(r) {
		y.failf("Close returned %+v of a lease with %d credits", returns, r)
	}
	if y.broken == OtherWindow {
		returns[0].Window++
	}
	at.giving = fsm.Command{Return: &fsm.Return{Session: h.session, Returns: returns,
		Close: y.odds(2)}}
}

// idleReturn has a holder that nobody has come to for long enough give its credits back, and
// reports whether there was such a one.
func (y *system) idleReturn(at *attempt, h *holder) bool {
	// A round trip that took time makes it renew instead, which is more than a Return.
	if h.core.Status(h.reading()).RTT != 0 || y.broken != Sound {
		return false
	}
	req, ok := h.core.Poll(h.reading())
	if !ok {
		return false
	}
	h.busy = true // though it may never be sent
	if len(req.Returns) == 0 {
		return false
	}
	if len(req.Asks) > 0 || len(req.Returns) != 1 || req.Returns[0].Lease != h.lease.id ||
		req.Returns[0].Amount != budget.Credits(at.back) {
		y.failf("an idle holder asks %+v and returns %+v", req.Asks, req.Returns)
	}
	at.giveID = h.core.Sent(h.reading())
	at.giving = fsm.Command{Acquire: &req}
	return true
}

// crash loses the holder of an attempt; or the attempt alone, if that changes nothing but what
// it waited for.
func (y *system) crash(a int) {
	k := y.scope.KeyOf[a]
	at, h := &y.attempts[a], y.holders[k]
	if c := &y.tab[k]; at.st == explore.ClientHeld && c.amount > 0 && c.window == at.window {
		c.lost += h.lease.cred()
	}
	switch {
	case at.st == explore.ClientSent && y.waits(k) > 1:
		y.note("nothing more arrives of this attempt")
		if at.answer != nil {
			h.post(*at.answer, at.id)
		}
	case at.st == explore.ClientSent && at.nothing != nil && y.odds(2):
		y.note("the request is closed by an answer without a lease")
		h.core.Take(h.reading(), at.id, *at.nothing)
		h.asked = false
	case at.st == explore.ClientHeld && (h.closed || h.lease.cred() == 0 ||
		h.lease.left(h.now) == 0) && y.odds(2):
		y.note("the lease is over, the process lives on")
	case !h.closed && y.odds(3):
		y.note("the process goes on with another session, and without the lease")
		h.reset()
	default:
		h.core, h.asked = nil, false
	}
	at.st, at.answer, at.nothing = explore.ClientGone, nil, nil
}

// waits counts the attempts of a request that wait for an answer.
func (y *system) waits(k int) (n int) {
	for a, key := range y.scope.KeyOf {
		if key == k && y.attempts[a].st == explore.ClientSent {
			n++
		}
	}
	return n
}

// recycle starts over with a request's name: its holder goes on to its next request, is given
// another session, or is another process.
func (y *system) recycle(k int, wasDecided bool) {
	for a, key := range y.scope.KeyOf {
		if key != k {
			continue
		}
		at := &y.attempts[a]
		if wasDecided && at.request.Seq > 0 {
			r := at.request
			y.keep(fsm.Command{Acquire: size(r, 1)})
		}
		if at.back > 0 {
			y.keep(at.giving)
		}
		*at = attempt{window: noWindow}
	}
	h := y.holders[k]
	switch {
	case h.core == nil || h.closed || y.odds(4):
		y.holders[k] = y.newHolder(k)
		y.note("another process")
	case h.asked || !wasDecided || y.odds(4):
		h.reset()
		y.note("the same process, another session")
	default:
		y.note("the same session")
	}
}

// tick lets time pass, for each clock at its rate.
func (y *system) tick(g *graph, from, to *node) {
	y.earlier = y.clock
	if y.up {
		y.clock += int64(to.s.C-from.s.C) * int64(unit)
	}
	for k, h := range y.holders {
		rate, _ := g.rate(&from.s, &to.s, k)
		if rate == 0 {
			rate = y.scope.CRate[y.rng.IntN(len(y.scope.CRate))]
		}
		h.now += int64(rate) * int64(unit)
	}
}
