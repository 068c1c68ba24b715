package sim

import (
	"slices"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
)

// ask sends what the holder has to ask, or sets the timer for when it may have.
func (p *process) ask(now lease.Reading) {
	p.holder.SetBacklog(p.backlog())
	if req, ok := p.holder.Poll(now); ok {
		p.pending = p.w.requests.one()
		*p.pending = p.resize(req)
		p.transmit()
		return
	}
	if d, ok := p.holder.WakeAfter(now); ok && p.pending == nil {
		// Some timers are exact, and have a request come at the very instant at which something
		// ends: it is over then, not still good (R6).
		p.exact = p.w.odds(p.w.o.Exact)
		if !p.exact {
			d += d/10 + time.Microsecond
		}
		p.alarm.set(d)
	}
}

// resize makes some requests ask for other sizes than the holder's, such as one credit or twice the
// limit: how large leases are is to be a matter of efficiency alone.
func (p *process) resize(req lease.Request) lease.Request {
	if !p.w.odds(p.w.o.Odd) {
		return req
	}
	p.w.count(Odd)
	req.Asks = slices.Clone(req.Asks) // the holder has the others
	for i := range req.Asks {
		a := &req.Asks[i]
		amount := p.w.o.Limits[min(a.Limit, len(p.w.o.Limits)-1)].Amount
		if p.w.rng.IntN(2) == 0 {
			a.Need = min(a.Need, 1)
		}
		a.Want = max(1, a.Need, budget.Credits(p.w.rng.Int64N(2*int64(amount)+1)))
	}
	return req
}

// ring is what a process does when its alarm goes off.
type ring process

func (r *ring) run(n int) {
	switch p := (*process)(r); {
	case p.alarm.n != n: // while the process was asleep, it was set again
	case p.exact:
		p.offer()
	default:
		p.step()
	}
}

// transmit is one attempt of the pending request; another follows if no answer comes (R7, R9).
func (p *process) transmit() {
	l := p.letter(fsm.Command{Acquire: p.pending})
	l.life, l.holder, l.attempt = p.life, p.holder, p.sending(p.reading())
	p.w.send(l)
	p.patience.set(5*time.Millisecond + p.w.spread(p.w.o.Patience))
}

// sending tells the holder of an attempt.
func (p *process) sending(now lease.Reading) uint64 {
	p.latest = p.holder.Sent(now)
	p.starts[p.latest%lease.MaxAttempts] = now
	return p.latest
}

// retry is what a process does when it has lost patience with an attempt.
type retry process

func (r *retry) run(n int) {
	if p := (*process)(r); p.pending != nil && p.patience.n == n {
		p.transmit()
	}
}

// answered takes the result of an attempt.
func (p *process) answered(l *letter, r *fsm.Result) {
	a, ok := answerOf(r, p.toldDrift())
	if !ok || p.life != l.life || p.holder != l.holder {
		return
	}
	h, now, seq := p.holder, p.reading(), l.cmd.Acquire.Seq
	if p.w.o.Broken == TimeFromReceipt && p.pending != nil && p.pending.Seq == seq {
		l.attempt = p.sending(now)
	}
	h.Take(now, l.attempt, a)
	// An answer to an attempt that the holder has forgotten closes nothing.
	if p.pending != nil && p.pending.Seq == seq && l.attempt+lease.MaxAttempts > p.latest {
		p.pending = nil
	}
	p.step()
}

// answerOf is what a holder is told of a result. False: nothing, and it will ask again.
func answerOf(r *fsm.Result, drift int64) (lease.Answer, bool) {
	outcome, ok := outcomeOf(r.Code)
	return lease.Answer{
		Outcome: outcome, Grants: r.Grants, Denial: r.Denial, Revision: r.Revision,
		Limits: r.Limits, Levels: r.Levels, Limit: r.Limit, DriftPPM: drift,
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
