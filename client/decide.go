package client

import (
	"context"
	"fmt"
)

// Decide is Allow for a caller that has the time to ask: where the credits are not held here, it
// blocks until the coordinator has decided, and so never returns Pending. It does not wait until a
// limit opens again, as Wait does. In strict mode (budget.ModeStrict) this is how admissions are
// asked for: nothing is held ahead, so that Allow finds credits only where an earlier offer that
// was Pending has asked for them.
//
// Callers are decided on in the order they came, those of Wait included: one behind a caller of
// Wait who is denied is denied as well. The error is nil if there is a decision, and otherwise
// matches ctx's error or ErrOverloaded; whether the budget has credits left is unknown then.
func (l *Limiter) Decide(ctx context.Context, n int64) (Decision, error) {
	return l.decideNow(ctx, ask{n: n})
}

// DecideCost is Decide for all of cost, or none of it.
func (l *Limiter) DecideCost(ctx context.Context, cost Cost) (Decision, error) {
	return l.decideNow(ctx, cost.ask())
}

func (l *Limiter) decideNow(ctx context.Context, a ask) (Decision, error) {
	if err := ctx.Err(); err != nil {
		return Decision{}, fmt.Errorf("budget %q: %w", l.budget, err)
	}
	h := l.hot.Load()
	if mono, spent := h.spendAsk(l, a, false); spent {
		return h.decision(l, mono), nil
	}
	w, d, err := l.offer(a, h)
	if w == nil {
		return d, err
	}
	select {
	case <-w.done:
		return w.decision, nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !w.queued {
		return w.decision, nil
	}
	l.leaveLocked(w)
	return Decision{}, fmt.Errorf("budget %q: %w", l.budget, ctx.Err())
}

// offer decides on a, or puts it in line and returns its place.
func (l *Limiter) offer(a ask, tried *hot) (*waiter, Decision, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h := l.hot.Load(); h != tried {
		if mono, spent := h.spendAsk(l, a, false); spent {
			return nil, h.decision(l, mono), nil
		}
	}
	now := l.clock.now() // R10: after the lock
	d := l.decideLocked(now, a)
	if d.Verdict != Pending {
		l.countLocked(now, d)
		l.lendLocked(now)
		return nil, d, nil
	}
	w, err := l.queueLocked(a, true)
	l.tendLocked() // the coordinator may become unavailable while the call hangs
	return w, Decision{}, err
}

// answerLocked tells those in line who wait for a decision alone that there is one: d is that of
// the first in line, and nobody overtakes.
func (l *Limiter) answerLocked(d Decision) {
	if l.queue.deciding == 0 || d.Verdict != Denied && d.Verdict != Unavailable {
		return
	}
	for w := l.queue.head; w != nil; {
		next := w.next
		if w.decides {
			l.decided[d.Verdict]++
			l.queue.settle(w, d)
		}
		w = next
	}
}
