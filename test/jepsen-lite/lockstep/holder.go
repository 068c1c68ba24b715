package lockstep

import (
	"encoding/json"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/trace"
)

// holder is one lease.Holder, and what the harness knows of it by its events.
type holder struct {
	y       *system
	key     int
	core    *lease.Holder // nil: its process is gone
	session lease.SessionID

	now    int64 // on the holder's clock, from 0
	clocks clocks

	asked bool // whether the request was polled, and is not closed
	req   lease.Request
	// moved says that the session has got past the request: it has decided a later one.
	moved, closed bool
	ended         bool // the coordinator has closed the request's session
	busy          bool // a return that was polled is not answered
	ending        bool // its leases end now for another reason than time
	firstTTL      time.Duration

	sends    map[uint64]int64 // when each attempt was sent
	lease    record           // the last one accepted
	accepted uint64           // the attempt of the last accept event
	late     []letter         // answers that the request was closed without
}

// clocks says which of a process's two clocks run. Either suffices to end a lease (R6).
type clocks int

const (
	bothRun clocks = iota
	monoRuns
	wallRuns
	clockKinds
)

// letter is an answer on its way.
type letter struct {
	attempt uint64
	answer  lease.Answer
	past    bool // its request is not the one that is asked now
}

// record is one lease, by the holder's events.
type record struct {
	id                 lease.ID
	window             int64
	amount             int
	life, start        int64
	admitted, returned int
	ended              bool
}

// cred is what is left to spend.
func (r *record) cred() int { return r.amount - r.admitted - r.returned }

// left is what is left of the life, in units, rounded up.
func (r *record) left(now int64) int64 {
	rest := r.life - (now - r.start)
	if rest <= 0 {
		return 0
	}
	return (rest + int64(unit) - 1) / int64(unit)
}

// attempt is one send of a request.
type attempt struct {
	st      int8
	id      uint64
	request lease.Request
	giveID  uint64        // of the attempt that carries the Return, if a request does
	answer  *lease.Answer // with leases: the one that it will take, if any
	nothing *lease.Answer // without any: a denial, or leases that are over
	window  int64         // of the lease that was accepted
	back    int
	giving  fsm.Command // the Return
}

// maxLate bounds the late answers that are kept.
const maxLate = 8

// newHolder starts a process with a session of its own.
func (y *system) newHolder(k int) *holder {
	h := &holder{y: y, key: k, sends: map[uint64]int64{}, clocks: clocks(y.rng.IntN(int(clockKinds)))}
	opened := h.open()
	drift := int64(driftPPM)
	if y.broken == NoMargin || y.driftTold() {
		drift = 0
	}
	h.core = lease.NewHolder(lease.Config{
		Session: h.session, Revision: opened.Revision, Limits: opened.Limits,
		DriftPPM: drift, Sink: h.see,
	})
	return h
}

// driftTold says whether the answers tell the drift, and the holder's configuration does not.
func (y *system) driftTold() bool { return y.term%2 == 0 }

// open opens a session.
func (h *holder) open() fsm.Result {
	r := h.y.command(fsm.Command{OpenSession: &fsm.OpenSession{Budget: budgetName}})
	if r.Code != fsm.CodeDone {
		h.y.failf("no session is opened: %v", r.Code)
	}
	h.session = r.Session
	h.closed, h.busy, h.asked = false, false, false
	return r
}

// reset gives the process another session.
func (h *holder) reset() {
	r := h.open()
	drift := int64(driftPPM)
	if h.y.broken == NoMargin {
		drift = 0
	}
	h.ending = true
	h.core.Reset(h.reading(), h.session, r.Revision, r.Limits, drift)
	h.ending = false
}

// reading reads the holder's clocks.
func (h *holder) reading() lease.Reading {
	now := h.now
	if h.y.broken == ClockStands {
		now = 0
	}
	const mono, wall = 1_000_000_007, 1_700_000_000_000_000_000
	r := lease.Reading{Mono: mono, Wall: wall}
	if h.clocks != wallRuns {
		r.Mono += now
	}
	if h.clocks != monoRuns {
		r.Wall += now
	}
	return r
}

// see takes the holder's events.
func (h *holder) see(e trace.Event) {
	if e.Kind == trace.KindSend {
		h.sends[e.Attempt] = h.now
		return
	}
	if e.Kind == trace.KindDrop {
		return
	}
	l := &h.lease
	if e.Kind == trace.KindAccept {
		start, ok := h.sends[e.Attempt]
		if !ok {
			h.y.failf("an answer to an attempt that was never sent: %s", told(e))
		}
		*l = record{id: lease.ID(e.Lease), window: e.Window, amount: int(e.Amount),
			life: e.Life, start: start}
		h.accepted = e.Attempt
		return
	}
	if lease.ID(e.Lease) != l.id || l.ended {
		h.y.failf("of a lease that is not held: %s", told(e))
		return
	}
	switch e.Kind {
	case trace.KindAdmit:
		l.admitted += int(e.N)
	case trace.KindGiveUp:
		l.returned += int(e.N)
	case trace.KindExpire:
		l.ended = true
		if int(e.N) != l.cred() {
			h.y.failf("%s: %d credits were left", told(e), l.cred())
		}
		if l.cred() > 0 && l.left(h.now) > 0 && !h.ending {
			h.y.failf("%s: ended with %d units of life left", told(e), l.left(h.now))
		}
	}
}

// told is an event as a trace tells it.
func told(e trace.Event) string {
	text, err := json.Marshal(e)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// one is the cost of an admission here.
var one = lease.Cost{1}

// offer offers one credit's worth.
func (h *holder) offer() lease.Verdict {
	v := h.core.Admit(h.reading(), one)
	h.core.Flush(h.reading())
	return v
}

// answerOf is the transport: what a holder is told of a result.
func (y *system) answerOf(r fsm.Result) lease.Answer {
	a := lease.Answer{Grants: r.Grants, Denial: r.Denial, Revision: r.Revision, Limits: r.Limits,
		Limit: r.Limit, DriftPPM: driftPPM}
	if y.broken == NoMargin {
		a.DriftPPM = 0
	}
	switch r.Code {
	case fsm.CodeDone:
		a.Outcome = lease.Granted
	case fsm.CodeDenied:
		a.Outcome = lease.Denied
	case fsm.CodeUnknownSession:
		a.Outcome = lease.UnknownSession
	case fsm.CodeStale:
		a.Outcome = lease.Stale
	default:
		y.failf("a command was answered %v %s", r.Code, r.Detail)
	}
	return a
}

// post keeps an answer that may come after its request is closed.
func (h *holder) post(answer lease.Answer, attempt uint64) {
	if len(h.late) < maxLate {
		h.late = append(h.late, letter{attempt: attempt, answer: answer})
	}
}

// size makes a request ask for just n credits.
func size(r lease.Request, n int) *lease.Request {
	r.Asks = []lease.Ask{{Limit: 0, Need: budget.Credits(n), Want: budget.Credits(n)}}
	return &r
}
