package lease

import (
	"math/bits"
	"time"

	"github.com/leased-io/leased/budget"
)

// leastShare is what a stripe has of the first limit, if that has more than one.
const leastShare = 8

// lent is what the holder has in a purse.
type lent struct {
	purse  *Purse // nil: nothing is lent
	shares [MaxStripes]shares
	// paid is what each stripe paid of the first limit in the purse before: credits are shared out
	// likewise.
	paid  [MaxStripes]budget.Credits
	width int // the stripes of the next purse: a power of two
	salt  uint64
	tally Lent
}

// shares is what a stripe began with, of each limit.
type shares [MaxPurseLimits]budget.Credits

// Lent says what was decided by purses, without the holder.
type Lent struct {
	Admitted, Refused uint64
	Last              int64 // Mono of the last of them, or a moment later; zero: there was none
}

// Recall takes back what is lent, and returns what was decided by all purses so far.
func (h *Holder) Recall(now Reading) Lent {
	h.observe(now)
	if h.lent == nil {
		return Lent{}
	}
	return h.lent.tally
}

// Lend hands out a purse, to be spent from for at most span from now, or nil: there is nothing to
// spend that fits into one, or those who wait go first. It has what is left of one lease of each
// limit that has any. Where the coordinator has said that nothing is left, and nothing is held, it
// is a purse of refusals.
//
// most is 1..MaxStripes: there are as many stripes as are needed so that callers seldom meet, but
// no more than that, rounded down to a power of two. A purse is allocated, which is worth it for
// many admissions only.
func (h *Holder) Lend(now Reading, span time.Duration, most int) *Purse {
	now = h.observe(now)
	n := len(h.lines)
	if h.state != 0 || h.slotted || h.queued || h.rules.Mode != budget.ModeLeased ||
		len(h.rules.Unlimited) > 0 || n == 0 || n > MaxPurseLimits {
		return nil
	}
	p := &Purse{
		from:   now.Mono,
		until:  Reading{Mono: after(now.Mono, span), Wall: after(now.Wall, budget.MaxPer)},
		limits: n,
	}
	if n == 1 {
		p.most = maxPursed
	}
	var total shares
	empty := true
	for i := range h.lines {
		l := &h.lines[i]
		l.expire(now, &h.rec)
		if len(l.leases) == 0 {
			continue
		}
		empty = false
		d := &l.leases[0]
		total[i] = min(d.left, maxPursed)
		p.until.Mono = min(p.until.Mono, d.until.Mono)
		p.until.Wall = min(p.until.Wall, d.until.Wall)
	}
	if empty {
		return h.lendRefusals(now, p)
	}
	h.shareOut(p, total, most)
	return p
}

// lendRefusals makes p a purse of refusals, if everybody is refused who needs anything.
func (h *Holder) lendRefusals(now Reading, p *Purse) *Purse {
	l := &h.lines[0]
	if len(h.lines) > 1 || l.live > 0 || l.denial.left > 0 || !l.denial.bars(now) {
		return nil
	}
	p.refuses, p.most = true, min(l.ceiling, maxPursed)
	p.until.Mono = min(p.until.Mono, l.denial.until, l.denial.probe)
	h.shareOut(p, shares{maxPursed}, MaxStripes)
	return p
}

// shareOut lends p: each stripe has a part like that which it paid before.
func (h *Holder) shareOut(p *Purse, total shares, most int) {
	if h.lent == nil {
		h.lent = &lent{width: 1}
	}
	t := h.lent
	width := 1
	for 2*width <= min(t.width, most, int(min(total[0]/leastShare, MaxStripes))) {
		width *= 2
	}
	t.purse = p
	p.shift, p.salt = uint8(63-bits.TrailingZeros(uint(width))), t.salt
	p.stripes = make([]stripe, width)
	sum, busiest := uint64(width), 0
	for s := range width {
		sum += uint64(t.paid[s])
		if t.paid[s] > t.paid[busiest] {
			busiest = s
		}
	}
	for i := range p.limits {
		rest := total[i]
		for s := range width {
			n := budget.Credits(mulDiv(uint64(total[i]), uint64(t.paid[s])+1, sum))
			t.shares[s][i] = n
			rest -= n
		}
		t.shares[busiest][i] += rest
	}
	for s := range width {
		p.stripes[s].fill(&t.shares[s])
	}
}

// recall takes back what is lent, and books what was spent of it, or refused.
func (h *Holder) recall(now Reading) {
	t := h.lent
	if t == nil || t.purse == nil {
		return
	}
	p := t.purse
	t.purse = nil
	var taken shares
	var counts [MaxPurseLimits]int64
	var all, used int64
	for s := range p.stripes {
		stripe := &p.stripes[s]
		word := stripe.drain()
		t.paid[s] = t.shares[s][0] - word.credits()
		taken[0] += t.paid[s]
		counts[0] += word.count() - stripe.skipped
		for i, w := range stripe.others[:p.limits-1] {
			taken[i+1] += t.shares[s][i+1] - w.credits()
			counts[i+1] += w.count()
		}
		all += word.count()
		used += min(1, word.count())
	}
	t.adapt(p, int(used))
	if p.refuses {
		t.tally.Refused += uint64(all)
	} else {
		t.tally.Admitted += uint64(all)
	}
	if all == 0 {
		return
	}
	// The purse was not over when they were made, so when is known to a moment.
	last := max(p.from, min(now.Mono, p.until.Mono-1))
	t.tally.Last = last
	for i := range p.limits {
		if counts[i] > 0 {
			h.book(p, i, taken[i], counts[i], last)
		}
	}
}

// adapt chooses the stripes of the next purse by how those of p were used.
func (t *lent) adapt(p *Purse, used int) {
	width := len(p.stripes)
	switch {
	case p.contended.Load():
		t.width = min(2*width, MaxStripes)
		t.salt++
		clear(t.paid[:])
	case used > 0 && used <= width/4:
		t.width = width / 2
		clear(t.paid[:])
	}
}

// book notes that n credits of limit i were taken from p by so many admissions, the last of them
// made at last, or refused.
func (h *Holder) book(p *Purse, i int, n budget.Credits, count, last int64) {
	l := &h.lines[i]
	l.demand.several(last, n, count)
	if l.sizer != nil {
		l.sizer.Offered(last, n)
	}
	if p.refuses {
		h.head[i], h.wanted, h.refusedBy = l.demand.unit, true, i
		return
	}
	d := &l.leases[0]
	l.live -= n
	d.left -= n
	if d.admits.count == 0 {
		d.admits.first = p.from
	}
	d.admits.n += n
	d.admits.count += count
	d.admits.last = last
	h.rec.dirtied()
	if d.left == 0 {
		l.endSpent(&h.rec)
	}
}
