package sim

import (
	"fmt"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/trace"
)

// maxWaiting bounds the offers that queue at one process.
const maxWaiting = 16

// process is one limiter of the fleet: a real Holder, its clocks, its traffic, its network.
type process struct {
	w    *world
	c    *cluster
	name string
	key  string

	holder *lease.Holder
	life   int // counts incarnations: messages to an earlier one are not for this one
	mono   clock
	wall   int64 // the wall clock's offset from true time
	asleep int64 // suspended until this true instant
	// sleepy processes are suspended, and their wall clocks are never set back: a suspend and a
	// step back of the wall clock within one lease would hide each other (R6's stated edge).
	sleepy  bool
	timer   int // the latest one; earlier ones are void
	pending *lease.Request
	queue   []lease.Cost

	served     int64 // requests admitted
	lastServed int64 // true instant of the last one
}

func newProcess(w *world, c *cluster, i int) *process {
	p := &process{w: w, c: c, name: fmt.Sprintf("p%d", i), sleepy: i%2 == 0}
	if w.o.Keys > 0 {
		p.key = fmt.Sprintf("k%d", i%w.o.Keys)
	}
	p.mono = clock{ppm: w.drift()}
	p.start()
	w.after(w.spread(w.o.Limits[0].Per), p.arrive)
	return p
}

func (p *process) reading() lease.Reading {
	return lease.Reading{Mono: p.mono.at(p.w.now), Wall: p.w.now + p.wall}
}

// sink records the holder's events at their true instants. Admissions are flushed one by one,
// so their clock readings are now.
func (p *process) sink(e trace.Event) {
	e.At = p.w.now
	if e.Kind == trace.KindAdmit {
		e.First, e.Last = p.w.now, p.w.now
	}
	p.w.record(p.name, e)
}

// start begins an incarnation: it opens a session, again and again until it is told one.
func (p *process) start() {
	p.life++
	p.holder, p.pending, p.queue = nil, nil, nil
	p.timer++
	p.open(p.life)
}

func (p *process) open(life int) {
	if life != p.life || p.holder != nil {
		return
	}
	cmd := fsm.Command{OpenSession: &fsm.OpenSession{Budget: "b", Key: p.key}}
	p.call(cmd, func(r fsm.Result) {
		if life != p.life || p.holder != nil || r.Code != fsm.CodeDone {
			return
		}
		p.holder = lease.NewHolder(lease.Config{
			Session: r.Session, Revision: r.Revision, Limits: r.Limits,
			DriftPPM: p.drift(), Sink: p.sink,
		})
		p.pending = nil
		p.step()
	})
	p.w.after(20*time.Millisecond+p.w.spread(p.w.o.Limits[0].Per), func() { p.open(life) })
}

func (p *process) drift() int64 {
	if p.w.o.Broken == NoMargin {
		return 0
	}
	return p.w.o.DriftPPM
}

// call sends a command to the leader and its result back, over the network both ways.
func (p *process) call(cmd fsm.Command, answer func(fsm.Result)) {
	p.w.send(func() {
		p.c.propose(cmd, func(r fsm.Result) {
			p.w.send(func() { p.awake(func() { answer(r) }) })
		})
	})
}

// awake does f now, or when the process wakes up.
func (p *process) awake(f func()) {
	if p.asleep > p.w.now {
		p.w.after(time.Duration(p.asleep-p.w.now), f)
		return
	}
	f()
}

// arrive is one request of the application, and the next one's coming.
func (p *process) arrive() {
	limit := p.w.o.Limits[0]
	mean := int64(limit.Per) * int64(p.w.o.Holders) * 100 / int64(p.w.o.Overload) / int64(limit.Amount)
	p.w.after(p.w.spread(time.Duration(max(mean, int64(limit.Per)/400))), p.arrive)
	p.awake(func() {
		if p.holder == nil {
			return
		}
		if p.w.healed {
			p.queue = p.queue[:min(1, len(p.queue))]
		}
		cost := p.cost()
		if len(p.queue) == 0 && p.holder.Admit(p.reading(), cost) == lease.Admitted {
			p.took()
		} else if len(p.queue) < maxWaiting {
			p.queue = append(p.queue, cost)
		}
		p.step()
	})
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
	p.served++
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
		p.w.after(d+d/10+time.Microsecond, func() {
			p.awake(func() {
				if p.timer == timer {
					p.step()
				}
			})
		})
	}
}

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

// transmit is one attempt of a request; another follows if no answer comes (R7, R9).
func (p *process) transmit(life int, req lease.Request) {
	if p.life != life || p.pending == nil || p.pending.Seq != req.Seq ||
		p.pending.Session != req.Session {
		return
	}
	h := p.holder
	attempt := h.Sent(p.reading())
	p.call(fsm.Command{Acquire: &req}, func(r fsm.Result) {
		a, ok := answerOf(r, p.drift())
		if !ok || p.life != life || p.holder != h {
			return
		}
		now := p.reading()
		if p.w.o.Broken == TimeFromReceipt && p.pending != nil && p.pending.Seq == req.Seq {
			attempt = h.Sent(now)
		}
		h.Take(now, attempt, a)
		if p.pending != nil && p.pending.Seq == req.Seq {
			p.pending = nil
		}
		p.step()
	})
	p.w.after(5*time.Millisecond+p.w.spread(p.w.o.Limits[0].Per/4), func() {
		p.awake(func() { p.transmit(life, req) })
	})
}

// crash forgets everything; a new incarnation follows.
func (p *process) crash() { p.start() }

// suspend stops the process and its monotonic clock, not the world and not the wall clock.
func (p *process) suspend(d time.Duration) {
	if p.asleep > p.w.now {
		return
	}
	p.mono.local, p.mono.real = p.mono.at(p.w.now), p.w.now+int64(d)
	p.asleep = p.w.now + int64(d)
}
