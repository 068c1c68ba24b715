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
		p.pending = &req
		p.transmit(p.life, req)
		return
	}
	if d, ok := p.holder.WakeAfter(now); ok && p.pending == nil {
		p.timer++
		timer := p.timer
		// Some timers are exact, and have a request come at the very instant at which something
		// ends: it is over then, not still good (R6).
		exact := p.w.odds(p.w.o.Exact)
		if !exact {
			d += d/10 + time.Microsecond
		}
		p.w.after(d, func() {
			p.awake(func() {
				switch {
				case p.timer != timer:
				case exact:
					p.offer()
				default:
					p.step()
				}
			})
		})
	}
}

// transmit is one attempt of a request; another follows if no answer comes (R7, R9).
func (p *process) transmit(life int, req lease.Request) {
	if p.life != life || p.pending == nil || p.pending.Seq != req.Seq ||
		p.pending.Session != req.Session {
		return
	}
	h := p.holder
	attempt := h.Sent(p.reading())
	p.call(fsm.Command{Acquire: &req}, func(r fsm.Result) {
		a, ok := answerOf(r, p.told())
		if !ok || p.life != life || p.holder != h {
			return
		}
		now := p.reading()
		if p.w.o.Broken == TimeFromReceipt && p.pending != nil && p.pending.Seq == req.Seq {
			attempt = h.Sent(now)
		}
		h.Take(now, attempt, a)
		// An answer to an attempt that the holder has forgotten closes nothing.
		if p.pending != nil && p.pending.Seq == req.Seq && !h.Status(now).Outstanding {
			p.pending = nil
		}
		p.step()
	})
	p.w.after(5*time.Millisecond+p.w.spread(p.w.o.Patience), func() {
		p.awake(func() { p.transmit(life, req) })
	})
}
