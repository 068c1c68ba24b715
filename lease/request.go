package lease

import "time"

// MaxAttempts bounds the attempts of which the send is remembered. An answer to an older one
// is dropped, which is always safe; it is never timed from another attempt (R7).
const MaxAttempts = 16

// rttWeight is one over the weight of the latest round trip in the usual one, and maxRTT what
// one answer that took its time may teach about it.
const (
	rttWeight = 8
	maxRTT    = 5 * time.Second
)

// attempt is one send of a request.
type attempt struct {
	id      uint64
	session SessionID
	seq     uint64
	start   Reading // read just before the send (R7)
}

// request is the outstanding request, or the last one.
type request struct {
	seq         uint64
	asks        []Ask
	outstanding bool
	// first is the id of its first attempt. Ids are never reused, not even by the next
	// incarnation, whose requests are numbered from 1 again: an answer to an attempt of an
	// earlier request can thus not be taken for one to this.
	first uint64
	sent  uint64 // the id of the latest attempt of all
	// attempts holds the latest MaxAttempts, by id modulo MaxAttempts.
	attempts [MaxAttempts]attempt

	decided int64         // monotonic reading of the last answer taken
	rtt     time.Duration // usual time from send to answer; zero before the first
	quiet   bool          // nothing is sent before resume
	resume  int64
}

// ask returns what the request asks of a limit, if it does.
func (r *request) ask(limit int) (Ask, bool) {
	for _, a := range r.asks {
		if a.Limit == limit {
			return a, true
		}
	}
	return Ask{}, false
}

// Poll returns the next request to send, if one is due and none is outstanding. What it
// returns to the coordinator is given up with this call. The caller sends the request until an
// answer is taken, and must not change its slices.
func (h *Holder) Poll(now Reading) (Request, bool) {
	now = h.observe(now)
	for i := range h.lines {
		h.lines[i].expire(now, &h.rec)
	}
	if !h.decide(now) {
		return Request{}, false
	}
	r := &h.request
	r.seq++
	r.outstanding, r.quiet, h.told = true, false, false
	r.first = r.sent + 1
	r.asks = append([]Ask(nil), h.plan.asks...)
	req := Request{Session: h.rec.session, Seq: r.seq, Revision: h.revision, Asks: r.asks}
	h.shrink()
	for _, g := range h.plan.gives {
		req.Returns = append(req.Returns, h.lines[g.limit].giveUp(g.lease, g.n, &h.rec))
	}
	for _, g := range h.plan.gives {
		h.lines[g.limit].endSpent(&h.rec)
	}
	return req, true
}

// Sent notes that the outstanding request is about to be sent (TLA+ Send), and returns the
// attempt that its answer is to be taken with. The life of what is granted counts from now, so
// it must be read before the send, for each send anew (R7). Zero: nothing is outstanding.
func (h *Holder) Sent(now Reading) (id uint64) {
	now = h.observe(now)
	r := &h.request
	if !r.outstanding {
		return 0
	}
	r.sent++
	a := attempt{id: r.sent, session: h.rec.session, seq: r.seq, start: now}
	r.attempts[a.id%MaxAttempts] = a
	h.rec.sent(a)
	return a.id
}

// Take takes the answer to an attempt (TLA+ Accept). The first answer to any attempt of the
// outstanding request closes it with all its attempts; every other answer is dropped (R9), and
// so is one to an attempt that is not known any more. A malformed answer closes the request
// too, and what of it makes no sense is not used.
func (h *Holder) Take(now Reading, id uint64, answer Answer) {
	now = h.observe(now)
	r := &h.request
	a := r.attempts[id%MaxAttempts]
	if a.id != id {
		a = attempt{}
	}
	if !r.outstanding || a.id < r.first {
		h.rec.dropped(id, a)
		return
	}
	r.outstanding, r.decided = false, now.Mono
	r.timed(elapsed(a.start.Mono, now.Mono))
	h.settle(now, a, answer)
}

// timed counts one round trip.
func (r *request) timed(d time.Duration) {
	d = min(d, maxRTT)
	if r.rtt == 0 {
		r.rtt = d
	}
	r.rtt += (d - r.rtt) / rttWeight
}

// pause keeps the holder from sending anything before d from now.
func (r *request) pause(now Reading, d time.Duration) {
	r.quiet, r.resume = true, after(now.Mono, d)
}
