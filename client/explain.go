package client

import (
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// denial is the coordinator's last refusal. Its zero value is none.
type denial struct {
	limit int
	left  budget.Credits
	until int64    // Mono
	by    *Decider // the limit; nil: it was not told yet
}

// remaining returns how long the denial still stands. Zero or less: it does not.
func (d denial) remaining(now lease.Reading) time.Duration {
	return time.Duration(d.until - now.Mono)
}

// silence is how long the coordinator has owed a decision.
type silence struct {
	owed   bool
	since  int64 // Mono of the first attempt that was not decided
	warned bool
}

// behindLocked decides on a cost that has the queue before it: it gets nothing now.
func (l *Limiter) behindLocked(now lease.Reading, cost lease.Cost) Decision {
	if l.tooLargeLocked(cost) >= 0 {
		return l.explainLocked(now, lease.Oversized, cost)
	}
	if l.denial.remaining(now) > 0 {
		return l.deniedLocked(now)
	}
	return l.explainLocked(now, lease.Pending, cost)
}

// explainLocked turns a verdict other than Admitted into a Decision, or admits by FailOpen.
func (l *Limiter) explainLocked(now lease.Reading, v lease.Verdict, cost lease.Cost) Decision {
	d := Decision{Decider: l.by}
	switch v {
	case lease.Refused:
		l.noteDenialLocked(now)
		return l.deniedLocked(now)
	case lease.Oversized:
		d.Verdict = TooLarge
		i := l.tooLargeLocked(cost)
		if i < 0 {
			i = l.tooLarge
		}
		d.Decider = l.decider(i)
		d.Cost = cost[i]
	case lease.NoBudget:
		d.Verdict = UnknownBudget
	case lease.Closed:
		d.Verdict = Closed
	default: // Pending, or Lost: another session is being opened
		switch {
		case !l.unavailableLocked(now):
			d.Verdict = Pending
		case l.degradeLocked(now, cost):
			d.Verdict = FailedOpen
		default:
			d.Verdict = Unavailable
		}
	}
	return d
}

func (l *Limiter) deniedLocked(now lease.Reading) Decision {
	if l.denial.by == nil {
		l.denial.by = l.decider(l.denial.limit)
		l.denial.by.Left = l.denial.left
	}
	return Decision{
		Verdict:    Denied,
		RetryAfter: l.denial.remaining(now),
		Decider:    l.denial.by,
	}
}

// decider says that limit i has decided.
func (l *Limiter) decider(i int) *Decider {
	limit := l.lay.limits[i]
	return &Decider{Budget: l.budget, LimitOf: l.lay.owner(i, l.budget), Metric: limit.Metric,
		Kind: limit.Kind, Per: limit.Per, Amount: limit.Bound()}
}

func (l *Limiter) invalid(cause error) Decision {
	return Decision{Verdict: Invalid, Decider: &Decider{Budget: l.budget, cause: cause}}
}

// noteDenialLocked remembers what the holder just refused by.
func (l *Limiter) noteDenialLocked(now lease.Reading) {
	limit, retryAfter := l.holder.Denial(now)
	if limit != l.denial.limit {
		l.denial.left, l.denial.by = 0, nil
	}
	l.denial.limit, l.denial.until = limit, now.Mono+int64(retryAfter)
}

// tooLargeLocked returns the first limit that cost exceeds, or -1.
func (l *Limiter) tooLargeLocked(cost lease.Cost) int {
	for i, n := range cost {
		if n > l.lay.limits[i].Bound() {
			return i
		}
	}
	return -1
}

// unavailableLocked reports whether the coordinator has owed a decision for too long.
func (l *Limiter) unavailableLocked(now lease.Reading) bool {
	return l.silent.owed && now.Mono-l.silent.since >= int64(l.unavailableAfter)
}
