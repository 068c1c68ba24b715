package sim

import (
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/trace"
)

// work is what a process does with slots: it has them for a while, and releases them.
type work struct {
	p      *process
	life   int
	losses uint64
	uses   []lease.Use
}

// works begins the work that slots of a cost were taken for: mostly for a part of a period, at
// times for several, which takes heartbeats.
func (p *process) works(cost lease.Cost) {
	uses := p.holder.Uses(cost)
	if uses == nil {
		return
	}
	d := p.w.spread(p.w.o.Limits[0].Per / 4)
	if p.w.rng.IntN(4) == 0 && !p.w.healed {
		d = p.w.spread(3 * p.w.o.Limits[0].Per)
	}
	p.w.after(d, &work{p, p.life, p.holder.Losses(), uses}, 0)
}

func (k *work) run(int) { k.p.awake((*release)(k), 0) }

// release is the end of some work, when its process is awake.
type release work

func (k *release) run(int) {
	if k.life == k.p.life && k.p.holder != nil {
		k.p.holder.Release(k.p.reading(), k.losses, k.uses)
		k.p.step()
	}
}

// lent is a lease of slots, in the log and at its holder.
type lent struct {
	ends, out int64
	bound     int64
	from      *lent
	inUse     int64
	over      bool        // replaced at its holder, or told to be over
	held      int64       // what its holder believes to have, while believed says so
	believed  func() bool // nil until it is accepted
}

// lend files a grant of slots, and holds it against what is leased on leases that are not over
// (SlotLease!Granted). Whoever had one that is over must know.
func (o *oracle) lend(e *trace.Event, t *tally) {
	l := t.limit
	g := &lent{ends: o.t + l.per, out: e.Amount, bound: l.of(e.Key)}
	if c := o.claim(e.From); e.From != 0 && c != nil && c.lent != nil {
		g.from, c.lent.out = c.lent, 0
		g.bound = max(g.bound, c.lent.bound)
	}
	sum := e.Amount
	live := t.lent[:0]
	for _, h := range t.lent {
		if h.ends <= o.t && h.out > 0 && h.held > 0 && h.believed() {
			o.violate(e, "slots of limit %d key %q are free while their holder has them", t.serial, t.key)
		}
		if h.ends > o.t && h.out > 0 {
			sum += h.out
			live = append(live, h)
		}
	}
	t.lent = append(live, g)
	if e.Amount > e.Kept && sum > l.of(e.Key) {
		o.violate(e, "grant of lease %d: %d slots leased of %d", e.Lease, sum, l.of(e.Key))
	}
	o.books.Windows++
	o.file(e.Lease, claim{t, e.Window, e.Amount, g.bound, g})
}

// holds is a lease of slots that its holder has from now on, for as long as it believes so. Nobody
// has more at any other instant than at one of these, so AtMostL is judged here.
func (o *oracle) holds(e *trace.Event, believed func() bool) {
	c := o.claim(e.Lease)
	if c == nil || c.lent == nil {
		return
	}
	g, t := c.lent, c.tally
	g.held, g.believed = e.Amount, believed
	for f := g.from; f != nil && believed(); f = f.from { // of several, some were told too late
		g.inUse += f.inUse
		f.held, f.inUse, f.over = 0, 0, true
	}
	sum, bound := int64(0), int64(0)
	live := t.held[:0]
	for _, h := range append(t.held, g) {
		if h.held > 0 && h.believed() {
			live = append(live, h)
			sum, bound = sum+h.held, max(bound, h.bound)
		}
	}
	t.held = live
	if sum > bound {
		o.books.Overshoot = max(o.books.Overshoot, sum-bound)
		o.violate(e, "%d slots of limit %d key %q are held, of %d", sum, t.serial, t.key, bound)
	}
	o.fullest = max(o.fullest, float64(sum)/float64(max(1, bound)))
}

// slot is what a holder does with a lease of slots. It reports whether some that were in use are
// lost by that.
func (o *oracle) slot(e *trace.Event, g *lent) (lost bool) {
	switch e.Kind {
	case trace.KindAdmit:
		o.books.Admitted += e.N
		o.books.Admissions += e.Count
		g.inUse += e.N
		if g.held < e.N || !g.believed() {
			o.violate(e, "%d slots are taken of lease %d, which has %d", e.N, e.Lease, g.held)
		}
		if g.ends <= o.t {
			o.violate(e, "slots are taken of lease %d, which was over", e.Lease)
		}
	case trace.KindRelease:
		g.inUse -= e.N
	case trace.KindGiveUp:
		g.held -= e.N
	case trace.KindExpire:
		lost = g.inUse > 0
		g.held, g.inUse, g.over = 0, 0, true
	}
	if g.inUse < 0 || g.inUse > g.held && !g.over {
		o.violate(e, "%d slots of lease %d are in use, of %d", g.inUse, e.Lease, g.held)
	}
	return lost
}

// hears has the oracle see what a holder does with slots, and notes that some in use are lost: the
// holder must say so.
func (p *process) hears(e *trace.Event) {
	if e.Kind == trace.KindAccept {
		p.w.judge.holds(e, p.believes(e.Attempt, time.Duration(e.Life)))
		return
	}
	if c := p.w.judge.claim(e.Lease); c == nil || c.lent == nil || !p.w.judge.slot(e, c.lent) {
		return
	}
	p.owed = p.holder != nil
}

// saysSo checks that the holder has said that slots are lost, since it was last asked.
func (p *process) saysSo() {
	if said := p.holder.Losses(); said != p.losses {
		p.losses, p.owed = said, false
	}
	if p.owed {
		p.owed = false
		p.w.judge.violate(&trace.Event{At: p.w.now}, "%s does not say that slots are lost", p.name)
	}
}

// believes returns whether the process has what attempt brought, at any instant to come: by
// either of its clocks, and until it is another life's.
func (p *process) believes(attempt uint64, d time.Duration) func() bool {
	life, start := p.life, p.starts[attempt%lease.MaxAttempts]
	return func() bool {
		now := p.reading()
		return p.life == life && max(now.Mono-start.Mono, now.Wall-start.Wall) < int64(d)
	}
}

// slots reports whether some limit is one of slots.
func (o Options) slots() bool { return o.has(budget.KindSlots) }
