package sim

import (
	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// maxWaiting bounds the offers that queue at one process.
const maxWaiting = 16

// arrival is one request of the application, and the next one's coming; use is when the process
// is awake to take it.
type (
	arrival process
	use     process
)

func (p *arrival) run(int) {
	p.w.after(p.w.spread(p.gap), p, 0)
	(*process)(p).awake((*use)(p), 0)
}

func (u *use) run(int) {
	p := (*process)(u)
	if p.holder == nil {
		return
	}
	if p.w.healed {
		p.queue = p.queue[:min(1, len(p.queue))]
	}
	p.offer()
}

// offer is one request of the application, now. Some come with a reading that was taken earlier,
// after the holder has seen a later one: it must not go back (R10).
func (p *process) offer() {
	now := p.reading()
	if p.late != (lease.Reading{}) && p.w.odds(p.w.o.Late) {
		p.holder.Admit(now, nil)                 // an invalid offer: it only shows the reading
		if now.Mono = p.late.Mono; p.w.o.Local { // else the wall clock is truer than it may be
			now.Wall = p.late.Wall
		}
	} else {
		p.late = now
	}
	cost := p.cost()
	if len(p.queue) == 0 && p.holder.Admit(now, cost) == lease.Admitted {
		p.took()
	} else if len(p.queue) < maxWaiting {
		p.queue = append(p.queue, cost)
	}
	p.step()
}

// cost draws what one request costs: one of the first limit, much of any other; little of it
// in the healed phase, so that everybody can be served.
func (p *process) cost() lease.Cost {
	cost := make(lease.Cost, len(p.holder.Limits()))
	for i, l := range p.holder.Limits() {
		if cost[i] = 1; i > 0 && !p.w.healed {
			cost[i] = 1 + budget.Credits(p.w.rng.Int64N(int64(l.Amount)/8+1))
		}
	}
	return cost
}

func (p *process) took() {
	p.lastServed = p.w.now
	p.holder.Flush()
}

// step serves the queue and sends what the holder has to say. It is the limiter's loop.
func (p *process) step() {
	if p.holder == nil {
		return
	}
	now := p.reading()
	for len(p.queue) > 0 {
		switch p.holder.AdmitWaiting(now, p.queue[0]) {
		case lease.Admitted:
			p.took()
		case lease.Oversized, lease.Invalid: // nothing will ever admit it
		case lease.Lost:
			p.start()
			return
		default:
			p.ask(now)
			return
		}
		p.queue = p.queue[1:]
	}
	p.ask(now)
}

// backlog sums what is queued.
func (p *process) backlog() lease.Cost {
	if len(p.queue) == 0 {
		return nil
	}
	total := make(lease.Cost, len(p.queue[0]))
	for _, cost := range p.queue {
		for i := range total {
			total[i] += cost[i]
		}
	}
	return total
}
