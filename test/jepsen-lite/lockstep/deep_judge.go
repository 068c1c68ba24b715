package lockstep

import (
	"fmt"
	"math/bits"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/trace"
)

// judge sees what nobody in a deep walk does: true time, the committed log and every holder's
// leases. It states WindowLease's invariants over them, in integers.
type judge struct {
	d      *Deep
	err    error // the first violation
	index  uint64
	fresh  bool              // the entry whose events come now was not seen before
	places map[uint64]int    // a limit's number -> its place in the budget
	books  []account         // by place
	grants map[uint64]*grant // all that ever were
	live   map[uint64]*grant // those that a holder has
}

// account is a limit's current window.
type account struct{ window, charged, spent int64 }

// grant is a lease, as its account, its holder and the network have it.
type grant struct {
	place          int
	window, amount int64
	session        uint64
	returned       bool // a Return of it was taken

	holder         *process // who accepted it
	life           int64
	start          sending
	admitted, gone int64 // gone: given up
	over, lost     bool
}

func newJudge(d *Deep) *judge {
	return &judge{d: d, places: map[uint64]int{}, books: make([]account, len(d.limits)),
		grants: map[uint64]*grant{}, live: map[uint64]*grant{}}
}

// failf notes the first violation.
func (j *judge) failf(format string, args ...any) {
	if j.err == nil {
		j.err = fmt.Errorf("lockstep: "+format, args...)
	}
}

// seeLog takes the events of every replica, and looks at those of the first.
func (j *judge) seeLog(e trace.Event) {
	switch e.Kind {
	case trace.KindEntry:
		j.fresh = e.Index > j.index
		j.index = max(j.index, e.Index)
		return
	case trace.KindLimit:
		for i, l := range j.d.limits {
			if l.Metric == e.Metric {
				j.places[e.Limit] = i
			}
		}
		return
	}
	if !j.fresh {
		return
	}
	switch e.Kind {
	case trace.KindRoll:
		j.d.tally.Rolls++
		j.books[j.places[e.Limit]] = account{window: e.Window}
	case trace.KindGrant:
		j.d.tally.Grants++
		a := &j.books[j.places[e.Limit]]
		j.grants[e.Lease] = &grant{place: j.places[e.Limit], window: e.Window, amount: e.Amount,
			session: e.Session}
		a.charged += e.Amount
		if a.charged > j.amount(j.places[e.Limit]) || e.Window != a.window {
			j.failf("NoOverGrant: %s, with %d charged to window %d", told(e), a.charged, a.window)
		}
	case trace.KindReturn:
		j.tookBack(e)
	}
}

func (j *judge) amount(place int) int64 { return int64(j.d.limits[place].Amount) }

func (j *judge) tookBack(e trace.Event) {
	if !e.OK {
		return
	}
	g := j.grants[e.Lease]
	switch {
	case g == nil || g.returned || g.session != e.Session || g.window != j.books[g.place].window:
		j.failf("ReturnOnce: %s of %+v", told(e), g)
	case !g.lost && g.gone < e.Amount:
		j.failf("ReturnOnce: %s, and %d were given up", told(e), g.gone)
	default:
		g.returned = true
		j.books[g.place].charged -= e.Amount
		if e.Amount < g.amount {
			j.d.tally.PartialReturns++
		}
	}
}

// seeHolder takes the events of every holder.
func (j *judge) seeHolder(p *process, e trace.Event) {
	if e.Kind == trace.KindSend || e.Kind == trace.KindDrop {
		return
	}
	g := j.grants[e.Lease]
	if g == nil {
		j.failf("OneHolder: %s of a lease that was never granted", told(e))
		return
	}
	if (e.Kind == trace.KindAccept) == (g.holder != nil) || g.over ||
		g.session != e.Session || g.holder != nil && g.holder != p {
		j.failf("OneHolder: %s is out of place", told(e))
		return
	}
	switch e.Kind {
	case trace.KindAccept:
		start, ok := p.sends[e.Attempt]
		if !ok || e.Amount != g.amount || e.Window != g.window {
			j.failf("FirstAnswer: %s of %+v", told(e), *g)
		}
		g.holder, g.life, g.start = p, e.Life, start
		j.live[e.Lease] = g
	case trace.KindAdmit:
		j.admit(p, g, e)
	case trace.KindGiveUp:
		g.gone += e.N
	case trace.KindExpire:
		g.over = true
		delete(j.live, e.Lease)
		if g.left() != e.N {
			j.failf("Books: %s, and %d are left of %+v", told(e), g.left(), *g)
		}
	}
}

// admit is Theorem 1: the lease is of the window that is committed now and its life is not over,
// and the window's admissions stay within the limit.
func (j *judge) admit(p *process, g *grant, e trace.Event) {
	g.admitted += e.N
	a := &j.books[g.place]
	a.spent += e.N
	switch {
	case g.left() < 0:
		j.failf("Books: %s overspends %+v", told(e), *g)
	case g.window != a.window:
		j.failf("NoCarryOver: %s in window %d", told(e), a.window)
	case a.spent > j.amount(g.place):
		j.failf("Safe: %s makes %d of %d", told(e), a.spent, j.amount(g.place))
	case g.remaining(p) <= 0:
		j.failf("LeaseCover: %s, and its life is over by %d ns", told(e), -g.remaining(p))
	}
}

func (g *grant) left() int64 { return g.amount - g.admitted - g.gone }

// remaining is what is left of the life, by the clock that says less (R6).
func (g *grant) remaining(p *process) int64 {
	return g.life - max(p.mono-g.start.mono, p.wall-g.start.wall)
}

// look is after every step: whatever could be spent is of the current window, and its holder's
// slowest clock runs out before the fastest cluster clock gets to the window's end.
func (j *judge) look() {
	if t := int64(j.d.state().T()); j.d.ready && t > j.d.clock {
		j.failf("NeverFast: T is %d, and the leader's clock %d", t, j.d.clock)
	}
	for id, g := range j.live {
		a, rest := j.books[g.place], g.remaining(g.holder)
		if g.left() == 0 || rest <= 0 {
			continue
		}
		if g.window != a.window {
			j.failf("NoCarryOver: lease %d of window %d can be spent in window %d for %d ns",
				id, g.window, a.window, rest)
		}
		clock := j.d.clock
		if !j.d.ready {
			clock = int64(j.d.state().T())
		}
		end := int64(j.d.limits[g.place].End(budget.Window(g.window)))
		if !covers(rest, 1_000_000+j.d.rho, end-clock, 1_000_000-j.d.rho) {
			j.failf("LeaseCover: lease %d has %d ns left, and its window %d ns", id, rest, end-clock)
		}
	}
}

// covers reports whether a*b <= c*d, without overflow.
func covers(a, b, c, d int64) bool {
	if c < 0 {
		return false
	}
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	top, low := bits.Mul64(uint64(c), uint64(d))
	return hi < top || hi == top && lo <= low
}

// checkReturns: a holder returns what it has given up, of leases that it has, each once.
func (j *judge) checkReturns(p *process, returns []lease.Return) {
	for _, r := range returns {
		g := j.grants[uint64(r.Lease)]
		if g == nil || g.holder != p || g.returned || int64(r.Amount) != g.gone ||
			int64(r.Window) != g.window {
			j.failf("ReturnOnce: %+v is returned of %+v", r, g)
		}
	}
}

// lose ends what a process holds that is no more.
func (j *judge) lose(p *process) {
	for id, g := range j.live {
		if g.holder == p {
			g.lost = true
			delete(j.live, id)
		}
	}
	p.d.tally.Lost++
}

// end is at the end of a walk, when all holders are closed.
func (j *judge) end() {
	for id, g := range j.live {
		j.failf("Books: lease %d has not ended: %+v", id, *g)
	}
}
