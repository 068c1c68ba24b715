package sim

import (
	"time"

	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
)

// ask sends what the holder has to ask, or sets the timer for when it may have.
func (p *process) ask(now lease.Reading) {
	p.holder.SetBacklog(p.backlog())
	if req, ok := p.holder.Poll(now); ok {
		p.pending = p.w.requests.next()
		*p.pending = req
		p.transmit(p.life, p.pending)
		return
	}
	if d, ok := p.holder.WakeAfter(now); ok && p.pending == nil {
		p.timer++
		// Some timers are exact, and have a request come at the very instant at which something
		// ends: it is over then, not still good (R6).
		p.exact = p.w.odds(p.w.o.Exact)
		if !p.exact {
			d += d/10 + time.Microsecond
		}
		p.w.after(d, (*alarm)(p), p.timer)
	}
}

// alarm is when timer n goes off, and ring when the process is awake to hear it.
type (
	alarm process
	ring  process
)

func (p *alarm) run(n int) { (*process)(p).awake((*ring)(p), n) }

func (r *ring) run(n int) {
	switch p := (*process)(r); {
	case p.timer != n: // another one was set since
	case p.exact:
		p.offer()
	default:
		p.step()
	}
}

// transmit is one attempt of a request; another follows if no answer comes (R7, R9).
func (p *process) transmit(life int, req *lease.Request) {
	if p.life != life || !p.waitsFor(req) {
		return
	}
	l := p.letter(fsm.Command{Acquire: req})
	l.life, l.holder, l.attempt = life, p.holder, p.holder.Sent(p.reading())
	p.w.send(l)
	p.w.after(5*time.Millisecond+p.w.spread(p.w.o.Patience), (*retry)(l), 0)
}

// waitsFor reports whether req is the request that an answer is awaited to.
func (p *process) waitsFor(req *lease.Request) bool {
	return p.pending != nil && p.pending.Seq == req.Seq && p.pending.Session == req.Session
}

// retry is when a process loses patience with an attempt, and retrying when it is awake to do so.
type (
	retry    letter
	retrying letter
)

func (l *retry) run(int) { l.from.(*process).awake((*retrying)(l), 0) }

func (l *retrying) run(int) { l.from.(*process).transmit(l.life, l.cmd.Acquire) }

// answered takes the result of an attempt.
func (p *process) answered(l *letter, r *fsm.Result) {
	a, ok := answerOf(r, p.toldDrift())
	if !ok || p.life != l.life || p.holder != l.holder {
		return
	}
	h, now, seq := p.holder, p.reading(), l.cmd.Acquire.Seq
	if p.w.o.Broken == TimeFromReceipt && p.pending != nil && p.pending.Seq == seq {
		l.attempt = h.Sent(now)
	}
	h.Take(now, l.attempt, a)
	// An answer to an attempt that the holder has forgotten closes nothing.
	if p.pending != nil && p.pending.Seq == seq && !h.Status(now).Outstanding {
		p.pending = nil
	}
	p.step()
}

// answerOf is what a holder is told of a result. False: nothing, and it will ask again.
func answerOf(r *fsm.Result, drift int64) (lease.Answer, bool) {
	outcome, ok := outcomeOf(r.Code)
	return lease.Answer{
		Outcome: outcome, Grants: r.Grants, Denial: r.Denial, Revision: r.Revision,
		Limits: r.Limits, Limit: r.Limit, DriftPPM: drift,
	}, ok
}

func outcomeOf(code fsm.Code) (lease.Outcome, bool) {
	switch code {
	case fsm.CodeDone:
		return lease.Granted, true
	case fsm.CodeDenied:
		return lease.Denied, true
	case fsm.CodeTooLarge:
		return lease.TooLarge, true
	case fsm.CodeChanged:
		return lease.Changed, true
	case fsm.CodeUnknownBudget:
		return lease.UnknownBudget, true
	case fsm.CodeUnknownSession:
		return lease.UnknownSession, true
	case fsm.CodeStale:
		return lease.Stale, true
	}
	return 0, false
}
