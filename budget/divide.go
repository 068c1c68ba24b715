package budget

import (
	"math/bits"
	"time"
)

// The division of what is left of an account among its tenants.
//
// Entitled is what weighted max-min fairness gives: a level rises, and each tenant gets credits
// until what it was granted in the window is its weight times the level, or all that it wants, and
// never less than its guarantee, until nothing is left. So whoever is behind comes first, and what
// some do not want is for the others. What a tenant may be granted is all that is left but what is
// withheld for the others, which is what they get in the division, as long as they can still
// come for it: late in the window what they would need twice their pace to use is free for all
// (work conservation). A guarantee is withheld to the window's end.

const (
	// levelParts is into how many parts of a credit levels are cut: a step of the level gives each
	// tenant one credit at most, so that fewer credits stay undivided than there are tenants.
	levelParts = 1 << 10
	// paceFactor is at how many times its pace a tenant is believed to catch up.
	paceFactor = 2
	// lastPart of a window (one over it) nothing but guarantees is withheld: leases end a drift
	// margin before it, and what is free then only comes too late.
	lastPart = 32
	// retryParts is in how many parts of a window a denied tenant asks again, at most.
	retryParts = 32
	// refillParts is in how many of a bucket's window, which is refilled all the time.
	refillParts = 8
)

const _ = uint(levelParts - MaxShareWeight) // does not compile if it is negative

// claim is one tenant in a division.
type claim struct {
	weight int64
	used   Credits // granted before
	floor  Credits // what it gets first: guaranteed, and not granted yet
	most   Credits // what it wants beside used, at least floor
	gets   Credits
}

// Division is what the tenants of one account may be granted at an instant.
type Division struct {
	l      Limit
	left   Credits
	free   Credits // of left, for the priority that asks
	others []claim
	end    Instant
}

// Divide divides what is left of an account of l in the window that ends at end, for a tenant that
// asks with a priority. It costs time in proportion to the tenants.
func (s *Sharing) Divide(
	l Limit, t *Tenants, tenant string, p Priority, left Credits, end Instant,
) Division {
	reserved := percentOf(l.Bound(), s.Reserved)
	d := Division{l: l, left: left, free: left, end: end}
	switch p {
	case PriorityHigh:
	case PriorityLow:
		d.free -= 2 * reserved
	default:
		d.free -= reserved
	}
	own, found := t.at(tenant)
	claims, mine := make([]claim, 0, len(t.Rows)+1), -1
	for i := range t.Rows {
		if r := &t.Rows[i]; r.active() {
			if found && i == own {
				mine = len(claims)
			}
			claims = append(claims, s.claim(l, r))
		}
	}
	if r := t.Rest; r != nil && r.active() {
		if !found {
			mine = len(claims)
		}
		claims = append(claims, s.claim(l, r))
	}
	divide(claims, max(0, left-reserved))
	if mine >= 0 {
		claims = append(claims[:mine], claims[mine+1:]...)
	}
	d.others = claims
	return d
}

// claim returns what a tenant wants of a window. Nothing in its row is believed beyond its range.
func (s *Sharing) claim(l Limit, r *Tenant) claim {
	c := claim{weight: 1, used: min(max(0, r.Granted), MaxAmount)}
	if n, ok := portion(s.Weights, r.Name); ok {
		c.weight = n
	}
	if percent, ok := portion(s.Guaranteed, r.Name); ok {
		c.floor = max(0, percentOf(l.perWindow(), percent)-c.used)
	}
	c.most = max(c.floor, min(max(r.Asked, r.Before), l.Bound())-c.used)
	return c
}

// divide gives left to the claims: the floors first, or parts of them in proportion, and then what
// the largest level gives that does not exceed it.
func divide(claims []claim, left Credits) {
	floors, most, top := Credits(0), Credits(0), Credits(0)
	for i := range claims {
		c := &claims[i]
		floors, most, top = floors+c.floor, most+c.most, max(top, c.used+c.most)
	}
	if most <= left {
		for i := range claims {
			claims[i].gets = claims[i].most
		}
		return
	}
	if floors > left {
		for i := range claims {
			claims[i].gets = mulDiv(claims[i].floor, int64(left), int64(floors))
		}
		return
	}
	// No tenant gets more at any higher level: its weight is 1 at least.
	low, high := uint64(0), uint64(top)*levelParts
	for low < high {
		level := low + (high-low+1)/2
		if sum := rise(claims, level); sum <= left {
			low = level
		} else {
			high = level - 1
		}
	}
	rise(claims, low)
}

// rise gives each claim what it gets at a level, and returns the sum.
func rise(claims []claim, level uint64) (sum Credits) {
	for i := range claims {
		c := &claims[i]
		hi, lo := bits.Mul64(level, uint64(c.weight))
		whole, _ := bits.Div64(hi, lo, levelParts)
		c.gets = min(c.most, max(c.floor, Credits(whole)-c.used))
		sum += c.gets
	}
	return sum
}

// May returns how much the tenant may be granted at an instant of the window: 0..left.
func (d *Division) May(now Instant) Credits {
	span := d.l.Span()
	rest := span
	if d.l.Kind == KindWindow {
		rest = min(max(0, d.end.Sub(now)-span/lastPart), span)
	}
	may := d.free
	for i := range d.others {
		may -= d.others[i].withheld(rest, span)
	}
	return min(max(0, may), max(0, d.left))
}

// withheld is what others may not take of a claim while rest is left of a window.
func (c *claim) withheld(rest, span time.Duration) Credits {
	pace := mulDiv(c.used+c.gets, int64(rest), int64(span))
	return max(min(c.gets, paceFactor*pace), min(c.gets, c.floor))
}

// Opens returns when the tenant may be granted need, if nothing is granted or returned until then:
// to a part of the window, and rather later. The window's end: not within it.
func (d *Division) Opens(now Instant, need Credits) Instant {
	span := d.l.Span()
	if d.l.Kind == KindBucket {
		return min(d.end, now.Add(max(1, span/refillParts)))
	}
	step, all := max(1, span/retryParts), d.end.Add(-span/lastPart)
	for at := now.Add(step); at < d.end; at = at.Add(step) {
		if at > all && at.Sub(all) < step {
			at = max(all, now+1)
		}
		if d.May(at) >= max(1, need) {
			return at
		}
	}
	return d.end
}

// perWindow is what tenants divide in one of the limit's windows, in the long run.
func (l Limit) perWindow() Credits {
	switch l.Kind {
	case KindSliding:
		return (l.Amount + Credits(l.Slots) - 1) / Credits(l.Slots)
	case KindBucket:
		hi, lo := bits.Mul64(uint64(l.Amount), uint64(l.Lease))
		if pace := uint64(l.pace()); hi < pace {
			refilled, _ := bits.Div64(hi, lo, pace)
			return Credits(min(uint64(l.Burst), refilled))
		}
		return l.Burst
	default:
		return l.Amount
	}
}

func percentOf(n Credits, percent int64) Credits { return mulDiv(n, percent, 100) }

// mulDiv returns n*times/by, rounded down, or 0 where that makes no sense: n or times is below 0,
// or by below 1. Times is at most by.
func mulDiv(n Credits, times, by int64) Credits {
	if n < 0 || times < 0 || by < 1 {
		return 0
	}
	hi, lo := bits.Mul64(uint64(n), uint64(min(times, by)))
	q, _ := bits.Div64(hi, lo, uint64(by))
	return Credits(q)
}
