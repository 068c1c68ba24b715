package client

import (
	"runtime"
	"time"
	"unsafe"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

const (
	// lendWithin is how soon one decision must follow another under the lock to make it worth while
	// to lend a purse to those that follow.
	lendWithin = 100 * time.Microsecond
	// stripesPerProcessor bounds the stripes of a purse: with so many, few callers meet by chance.
	stripesPerProcessor = 4
)

// hot is what decides without the limiter's lock while it is lent.
type hot struct {
	purse *lease.Purse
	lay   *layout
	// plain says that n credits cost just that of the only limit.
	plain bool
	// refusal is the decision of a purse of refusals, which stands until then; nil: it has credits.
	refusal *Decision
	until   int64 // Mono
}

// spend spends n credits of the only metric without the lock, and says when; false: nothing was
// spent, and the holder is to decide.
func (h *hot) spend(l *Limiter, n int64) (mono int64, spent bool) {
	if h == nil || !h.plain {
		return 0, false
	}
	now := l.clock.now() // R10: after the grant was loaded
	return now.Mono, h.purse.Spend(now, callerHint(), budget.Credits(n))
}

// spendCost is spend for a cost by metrics.
func (h *hot) spendCost(l *Limiter, byMetric Cost) (mono int64, spent bool) {
	if h == nil {
		return 0, false
	}
	var places [lease.MaxPurseLimits]budget.Credits
	cost := lease.Cost(places[:len(h.lay.limits)])
	if h.lay.mapped(cost, byMetric) != nil {
		return 0, false
	}
	now := l.clock.now() // R10
	return now.Mono, h.purse.SpendCost(now, callerHint(), cost)
}

// spendAsk is spend for any ask. Whoever waits is not refused.
func (h *hot) spendAsk(l *Limiter, a ask, waits bool) (mono int64, spent bool) {
	switch {
	case h == nil || a.slot != nil || waits && h.refusal != nil:
		return 0, false
	case a.byMetric == nil:
		return h.spend(l, a.n)
	default:
		return h.spendCost(l, a.byMetric)
	}
}

// decision is that on what was spent.
func (h *hot) decision(l *Limiter, mono int64) Decision {
	if h.refusal == nil {
		return Decision{Verdict: Allowed, Decider: l.by}
	}
	return h.refused(mono)
}

// refused is the decision of a purse of refusals.
func (h *hot) refused(mono int64) Decision {
	d := *h.refusal
	d.RetryAfter = time.Duration(h.until - mono)
	return d
}

// lendLocked lends a purse to those who come next, if they come thick and fast.
func (l *Limiter) lendLocked(now lease.Reading) {
	soon := now.Mono-l.decidedAt <= int64(lendWithin)
	l.decidedAt = now.Mono
	if !soon {
		return
	}
	purse := l.holder.Lend(now, lookEvery, l.client.stripes)
	if purse == nil {
		return
	}
	h := &hot{purse: purse, lay: l.lay, plain: l.lay.plain()}
	if purse.Refuses() {
		if l.denial.remaining(now) <= 0 {
			return
		}
		d := l.deniedLocked(now)
		h.refusal, h.until = &d, l.denial.until
	}
	l.hot.Store(h)
}

// stripes is how many stripes a purse may have.
func stripes() int { return min(lease.MaxStripes, stripesPerProcessor*runtime.GOMAXPROCS(0)) }

// callerHint is a number that callers who run at the same time seldom share: where the stack of the
// caller's goroutine lies. To be mistaken costs some time, and nothing else.
func callerHint() uint64 {
	var here byte
	return uint64(uintptr(unsafe.Pointer(&here)))
}
