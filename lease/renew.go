package lease

import (
	"time"

	"github.com/leased-io/leased/budget"
)

// The drift margin ends a lease before its window: of 60 s at 5,000 ppm it takes 0.6 s. A
// renewal gives a lease back shortly before it ends, and asks for as much again in the same
// command. The new lease's margin is that of the little time that is left, so after two or three
// renewals it is not worth a round trip.
const (
	// leadFraction: a renewal is sent when this fraction of a life remains (one over it), or
	// two round trips, if these are longer.
	leadFraction = 10
	// worthRTTs and worthLeast: a margin of no more than so many round trips, or of less than
	// a millisecond, is not worth it.
	worthRTTs  = 4
	worthLeast = time.Millisecond
)

// renewable reports whether the margin of d is worth a renewal and d can still be returned.
func (d *held) renewable(rtt time.Duration) bool {
	margin := d.ttl - d.life
	return !d.returned && margin > worthRTTs*rtt && margin > worthLeast
}

// due reports whether it is time to renew d.
func (d *held) due(now Reading, rtt time.Duration) bool {
	return d.renewable(rtt) && d.remaining(now) <= d.lead(rtt)
}

// lead returns how long before the end of its life d is renewed.
func (d *held) lead(rtt time.Duration) time.Duration { return max(2*rtt, d.life/leadFraction) }

// planRenewals plans to renew the leases of each line that has one that is due, and reports
// whether there is any.
func (h *Holder) planRenewals(now Reading) bool {
	rtt := h.request.rtt
	for i := range h.lines {
		l := &h.lines[i]
		if l.bare || l.idle(now) && !h.queued {
			continue
		}
		for j := range l.leases {
			if l.leases[j].due(now, rtt) {
				h.planRenewal(now, i)
				break
			}
		}
	}
	return len(h.plan.gives) > 0
}

// planRenewal plans to give back what line i will not spend within two round trips of its leases
// that are due, and to ask for it again. What is kept stays spendable until its lease ends, and a
// fresh lease is not given back in its place: the one that is due would still be. The need is all
// that is given back: it is taken first, so it is there to be granted.
func (h *Holder) planRenewal(now Reading, i int) {
	l := &h.lines[i]
	keep := max(l.demand.unit, l.demand.expect(2*h.request.rtt))
	var given budget.Credits
	for j := range l.leases {
		d := &l.leases[j]
		kept := min(keep, d.left)
		keep -= kept
		if n := d.left - kept; n > 0 && d.due(now, h.request.rtt) {
			given += h.plan.give(i, j, n)
		}
	}
	if given > 0 {
		target := l.target(now, h.backlog[i], h.request.rtt)
		if l.sizer != nil {
			target = l.live // what a sizer orders is not due yet
		}
		h.plan.ask(i, min(given, l.ceiling), target-(l.live-given))
	}
}
