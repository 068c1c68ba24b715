package lease

import (
	"time"

	"github.com/leased-io/leased/budget"
)

// Slots are credits that are not spent but in use, until they are released. A line of slots keeps
// the one lease that it has by heartbeats (SlotLease!SendBeat): requests that replace it by a new
// lease, of the slots that are in use or wanted, and of more where there is need. Slots that are
// in use when their lease is over are lost: others may have them, though nobody can stop the work.

// beatsPerLife is how many heartbeats a life has room for: the first is sent when that part of it
// (one over it) has passed, so that a slot outlives a heartbeat that is lost.
const beatsPerLife = 3

// Use is how many slots of a limit are in use by one admission.
type Use struct {
	Limit budget.Limit
	N     budget.Credits
}

// Uses returns what of a cost is in use once it was admitted, and until it is released: its
// slots. Nil: it has none.
func (h *Holder) Uses(cost Cost) (uses []Use) {
	for i, n := range cost {
		if n > 0 && h.lines[i].slots() {
			uses = append(uses, Use{h.limits[i], n})
		}
	}
	return uses
}

// Losses changes whenever slots in use are lost: with their lease, or, of a budget with several
// limits of slots, with the lease of another one. All that are in use at that time are lost.
func (h *Holder) Losses() uint64 { return h.rec.losses }

// Release gives slots back that have been in use since Losses was as told. Slots that were lost
// since then are not there to be released.
func (h *Holder) Release(now Reading, losses uint64, uses []Use) {
	h.observe(now)
	if losses != h.rec.losses {
		return
	}
	for _, u := range uses {
		for i := range h.lines {
			if l := &h.lines[i]; l.limit.Same(u.Limit) {
				l.release(u.N, &h.rec)
			}
		}
	}
}

// LostIn returns for how long the slots that are in use are surely there, if no heartbeat is
// answered until then; false: none are in use.
func (h *Holder) LostIn(now Reading) (in time.Duration, used bool) {
	now = h.observe(now)
	for i := range h.lines {
		for j := range h.lines[i].leases {
			if d := &h.lines[i].leases[j]; d.used > 0 && (!used || d.remaining(now) < in) {
				in, used = d.remaining(now), true
			}
		}
	}
	return in, used
}

// lapse ends the leases of slots that are over, so that whatever is called next finds none of
// them in use, and frees what a loss leaves in use of other limits.
func (h *Holder) lapse(now Reading) {
	if !h.slotted {
		return
	}
	for i := range h.lines {
		if l := &h.lines[i]; l.slots() {
			l.expire(now, &h.rec)
		}
	}
	if h.lost == h.rec.losses {
		return
	}
	h.lost = h.rec.losses
	for i := range h.lines {
		h.lines[i].release(budget.MaxAmount, &h.rec)
	}
}

func (l *line) slots() bool { return l.limit.Kind == budget.KindSlots }

// release puts n slots that are in use, or as many as are, where they may be admitted again.
func (l *line) release(n budget.Credits, rec *recorder) {
	for j := range l.leases {
		d := &l.leases[j]
		freed := min(n, d.used)
		if freed == 0 {
			continue
		}
		n -= freed
		d.used -= freed
		rec.released(d, freed)
		if d.refused {
			rec.gaveUp(d, int64(freed)) // it was replaced: nothing is admitted on it any more
			continue
		}
		d.left += freed
		l.live += freed
	}
	l.endSpent(rec)
}

// kept returns the lease of a line of slots that heartbeats keep, or nil.
func (l *line) kept() *held {
	if !l.slots() {
		return nil
	}
	for j := range l.leases {
		if d := &l.leases[j]; !d.refused && !d.returned {
			return d
		}
	}
	return nil
}

// ask plans to ask for credits of line i; of slots, in a heartbeat of all that it has.
func (h *Holder) ask(i int, need, want budget.Credits) {
	h.plan.ask(i, need, want)
	if d := h.lines[i].kept(); d != nil {
		a := &h.plan.asks[len(h.plan.asks)-1]
		a.Lease, a.Keep = d.name, d.left+d.used
	}
}

// planBeats plans the heartbeats that are due, in a request of their own: one that also has a
// need may be denied.
func (h *Holder) planBeats(now Reading) bool {
	for i := range h.lines {
		l := &h.lines[i]
		if d := l.kept(); d != nil && d.remaining(now) <= d.beat() {
			h.planBeat(now, i, d)
		}
	}
	return len(h.plan.asks) > 0
}

// beat returns how long before the end of its life d's heartbeat is sent.
func (d *held) beat() time.Duration { return d.life - d.life/beatsPerLife }

// planBeat plans to keep what is in use of d, and what is not unless the line is idle; at least
// something, since a lease of which nothing is kept is returned.
func (h *Holder) planBeat(now Reading, i int, d *held) {
	keep := d.used
	if !h.lines[i].idle(now) || h.queued {
		keep += d.left
	}
	if keep > 0 {
		h.plan.asks = append(h.plan.asks, Ask{Limit: i, Lease: d.name, Keep: keep})
	}
}

// shrink gives up what the request that is about to be sent does not keep.
func (h *Holder) shrink() {
	for _, a := range h.request.asks {
		if a.Keep == 0 {
			continue
		}
		l := &h.lines[a.Limit]
		if d := l.kept(); d.left+d.used > a.Keep {
			n := d.left + d.used - a.Keep
			d.left -= n
			l.live -= n
			h.rec.gaveUp(d, int64(n))
		}
	}
}

// renewed puts d in place of the lease that its request kept, if that is not over yet: what is in
// use stays in use. If d itself is over, what there is goes on, and is d to the coordinator.
func (l *line) renewed(now Reading, d held, from ID, rec *recorder) {
	d.name = d.id
	over := !now.before(d.until)
	if over {
		rec.expired(&d)
	}
	for j := range l.leases {
		old := &l.leases[j]
		if old.name != from {
			continue
		}
		if over {
			old.name = d.id
			continue
		}
		d.used = min(old.used, d.left)
		d.left -= d.used
		rec.admitted(old)
		l.live += old.used // which ends with the rest of the old lease, and is not lost
		old.left, old.used = old.left+old.used, 0
	}
	if over {
		return
	}
	if from > 0 {
		l.endIf(rec, func(o *held) bool { return o.name == from })
	}
	if len(l.leases) == MaxLeasesPerLimit {
		first := l.leases[0].id // which was refused, or it would have been kept
		l.endIf(rec, func(o *held) bool { return o.id == first })
	}
	l.leases = append(l.leases, d)
	l.live += d.left
}

// refuse notes that the coordinator does not know a lease any more that was to be kept, and has
// no room: what is in use is there until the lease's life is over, and not a moment longer.
func (h *Holder) refuse(limit int) {
	ask, asked := h.request.ask(limit)
	l := &h.lines[limit]
	d := l.kept()
	if !asked || ask.Keep == 0 || ask.Need > 0 || d == nil {
		return
	}
	d.refused = true
	if d.left > 0 {
		h.rec.gaveUp(d, int64(d.left))
		l.live -= d.left
		d.left = 0
	}
	l.endSpent(&h.rec)
}
