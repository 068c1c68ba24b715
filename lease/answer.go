package lease

import (
	"time"

	"github.com/leased-io/leased/budget"
)

// UnknownBudgetRetry is how long the holder waits before it asks again for a budget that does
// not exist, so that one that is created again heals; and before it asks again a coordinator
// whose answer made no sense.
const UnknownBudgetRetry = time.Second

// settle acts on the answer that closed the request. It trusts nothing in it: what makes no
// sense is not used, and costs a pause so that it is not repeated at once.
func (h *Holder) settle(now Reading, a attempt, answer Answer) {
	sense := true
	switch answer.Outcome {
	case Granted:
		sense = h.takeGrants(now, a, answer)
		h.forgetMiss()
		h.takeDenial(now, answer.Denial) // of an ask without a need, if there is one
	case Denied:
		if sense = h.takeDenial(now, answer.Denial); sense {
			h.refusedBy = answer.Denial.Limit
			h.refuse(answer.Denial.Limit)
		}
	case TooLarge:
		sense = h.takeCeiling(answer.Limit)
		h.forgetMiss()
	case Changed:
		if sense = sane(answer.Limits, answer.Levels, answer.Rules); sense {
			h.revision, h.rules = answer.Revision, answer.Rules
			h.setLimits(answer.Limits, answer.Levels)
		}
	case UnknownBudget:
		// The leases were granted and could be spent, but nobody wants that any more.
		h.endAll()
		h.request.pause(now, UnknownBudgetRetry)
		h.state = NoBudget
		return
	case UnknownSession:
		h.endAll()
		h.state = Lost
		return
	case Stale:
		// It had no effect. If there is still need, Poll asks under the next Seq.
	default:
		sense = false
	}
	if !sense {
		h.request.pause(now, UnknownBudgetRetry)
		return
	}
	h.state = 0
}

// takeGrants takes at most one lease per ask and reports whether the answer had any, or had to.
func (h *Holder) takeGrants(now Reading, a attempt, answer Answer) bool {
	drift := max(h.driftPPM, answer.DriftPPM)
	taken := 0
	for _, ask := range h.request.asks {
		g, ok := grantFor(answer.Grants, ask.Limit)
		if !ok || h.holds(g.Lease) || g.Amount < ask.Keep ||
			h.lines[g.Limit].slots() && g.Amount > budget.MaxSlotHolders {
			continue
		}
		taken++
		l := &h.lines[g.Limit]
		ttl := min(max(0, g.TTL), l.limit.Span())
		life := Life(ttl, drift)
		d := held{
			id: g.Lease, window: g.Window, left: g.Amount,
			ttl: ttl, life: life, until: a.start.plus(life),
		}
		h.rec.accepted(a, g, d.life)
		if l.slots() {
			l.renewed(now, d, ask.Lease, &h.rec)
		} else if !l.add(now, d, a.start.plus(ttl), &h.rec) {
			// The window was ending. What is left of it is of no use: wait for the next.
			wait := min(max(minWake, l.windowLeft(now)), UnknownBudgetRetry)
			h.request.pause(now, wait)
		}
		l.denial.left = max(0, l.denial.left-g.Amount)
	}
	return taken > 0 || len(h.request.asks) == 0
}

// grantFor returns the grant that answers an ask of limit, if it is one at all and there is
// no other grant of the same lease.
func grantFor(grants []Grant, limit int) (Grant, bool) {
	var found Grant
	for _, g := range grants {
		if g.Limit == limit {
			found = g
			break
		}
	}
	if found.Lease == 0 || found.Amount < 1 || found.Amount > budget.MaxAmount {
		return Grant{}, false
	}
	same := 0
	for _, g := range grants {
		if g.Lease == found.Lease {
			same++
		}
	}
	return found, same == 1
}

// holds reports whether a lease is live already.
func (h *Holder) holds(id ID) bool {
	for i := range h.lines {
		for j := range h.lines[i].leases {
			if h.lines[i].leases[j].id == id {
				return true
			}
		}
	}
	return false
}

// takeCeiling remembers that what was asked of a limit can never be granted, and reports
// whether it was needed. It is forgotten when the limits change.
func (h *Holder) takeCeiling(limit int) bool {
	ask, ok := h.request.ask(limit)
	if !ok || ask.Need < 1 {
		return false
	}
	h.lines[limit].ceiling = ask.Need - 1
	return true
}

// forgetMiss forgets the offer that missed: it was answered, and is not waiting.
func (h *Holder) forgetMiss() {
	if !h.waits {
		h.wanted = false
	}
}

// sane reports whether limits and rules can be those of a budget and of those above it.
func sane(limits []budget.Limit, levels budget.Levels, rules budget.Rules) bool {
	for _, l := range limits {
		if l.Validate() != nil {
			return false
		}
	}
	return rules.Validate() == nil && levels.Validate(limits) == nil &&
		len(limits) <= budget.MaxLimits && (len(limits) > 0 || len(rules.Unlimited) > 0)
}
