package sim

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// maxWaiting bounds the offers that queue at one process.
const maxWaiting = 16

// busiest is how many requests of a process there are in a window, at most, as a mean.
const busiest = 400

// gap is the mean time between two requests of a process.
func (o Options) gap() time.Duration {
	limit := o.Limits[0]
	gap := int64(limit.Per) * int64(o.Holders) * 100 / int64(o.Overload) / int64(limit.Amount)
	return time.Duration(max(gap, int64(limit.Per)/busiest))
}

// waves are what the mean time between requests is multiplied by, in eighths, with Waves: a part of
// the time has 2.7 times the usual demand, others four fifths, a half and a quarter of it.
var waves = [...]int64{3, 10, 16, 32}

// arrival draws how long it is until a process's next request.
func (w *world) arrival(gap time.Duration) time.Duration {
	if !w.o.Waves {
		return w.spread(gap)
	}
	for at := w.now; ; {
		wave, until := w.wave(at)
		next := at + int64(w.rng.ExpFloat64()*float64(int64(gap)*wave/8))
		if next < until {
			return time.Duration(next - w.now)
		}
		at = until
	}
}

// wave is the one of an instant, and when it is over: after three eighths of a window, so that it
// keeps no step with windows. It goes by the seed and the instant alone: whoever plays the
// schedule, and however, has the same demand.
func (w *world) wave(at int64) (wave, until int64) {
	length := int64(w.o.Limits[0].Per) * 3 / 8
	part := at / length
	var draw rand.PCG
	draw.Seed(w.o.Seed, uint64(part))
	return waves[draw.Uint64()%uint64(len(waves))], (part + 1) * length
}

// arrival is one request of the application, and the next one's coming; use is when the process
// is awake to take it.
type (
	arrival process
	use     process
)

func (p *arrival) run(int) {
	p.w.after(p.w.arrival(p.gap), p, 0)
	(*process)(p).awake((*use)(p), 0)
}

func (u *use) run(int) {
	p := (*process)(u)
	if p.holder == nil {
		return
	}
	if p.w.healed {
		p.queue = p.queue[:min(1, len(p.queue))]
		if len(p.queue) > 0 && slices.Max(p.queue[0]) > 1 {
			p.queue = p.queue[:0] // of before: a bucket sets nothing aside for who needs much
		}
	}
	p.offer()
}

// offer is one request of the application, now. Some come with a reading that was taken earlier,
// after the holder has seen a later one: it must not go back (R10). The wall clock is read too late
// only where nothing else depends on it: a suspend shows on no other clock, and the holder cannot
// know of a wall clock whether it was read early or set back.
func (p *process) offer() {
	now := p.reading()
	if p.late != (lease.Reading{}) && p.w.odds(p.w.o.Late) {
		p.w.count(Late)
		p.holder.Admit(now, nil) // an invalid offer: it only shows the reading
		now.Mono = p.late.Mono
		if p.w.o.Local && !p.sleepy { // without Local, the wall clock is truer than it may be
			now.Wall = p.late.Wall
		}
	} else {
		p.late = now
	}
	cost := p.cost()
	if len(p.queue) == 0 && (p.spend(now, cost) || p.holder.Admit(now, cost) == lease.Admitted) {
		p.took(cost)
	} else if len(p.queue) < maxWaiting {
		p.queue = append(p.queue, cost)
	}
	p.step()
	if p.holder != nil { // what is lent is there for the next offer, unless something happens first
		p.purse = p.holder.Lend(p.reading(), budget.MaxPer, 1)
	}
}

// spend serves an offer from what was lent, if it can.
func (p *process) spend(now lease.Reading, cost lease.Cost) bool {
	return p.purse != nil && !p.purse.Refuses() && p.purse.SpendCost(now, 0, cost)
}

// cost draws what one request costs: one of the first limit, much of any other; little of it
// in the healed phase, so that everybody can be served.
func (p *process) cost() lease.Cost {
	limits := p.holder.Limits()
	cost := lease.Cost(p.w.costs.several(len(limits)))
	for i, l := range limits {
		if cost[i] = 1; i > 0 && !p.w.healed {
			cost[i] = 1 + budget.Credits(p.w.rng.Int64N(int64(l.Amount)/8+1))
		}
	}
	p.weigh(cost)
	return cost
}

func (p *process) took(cost lease.Cost) {
	if p.w.healed && p.healedAt == 0 {
		p.healedAt = p.w.now
	}
	p.holder.Flush(p.reading())
	p.drew(cost)
	p.works(cost)
}

// step serves the queue and sends what the holder has to say. It is the limiter's loop.
func (p *process) step() {
	if p.holder == nil {
		return
	}
	if p.slots {
		p.saysSo()
	}
	now := p.reading()
	for len(p.queue) > 0 {
		switch p.holder.AdmitWaiting(now, p.queue[0]) {
		case lease.Admitted:
			p.took(p.queue[0])
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

// backlog sums what is queued. It is good until the next call.
func (p *process) backlog() lease.Cost {
	if len(p.queue) == 0 {
		return nil
	}
	total := append(p.total[:0], p.queue[0]...)
	for _, cost := range p.queue[1:] {
		for i := range total {
			total[i] += cost[i]
		}
	}
	p.total = total
	return total
}
