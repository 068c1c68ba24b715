package client

import (
	"context"
	"fmt"
	"maps"

	"github.com/leased-io/leased/lease"
)

// Wait blocks until n credits of the budget's only metric are spent, and returns nil. Callers
// are served in the order they came; one that leaves because its ctx ended frees its place at
// once.
//
// When ctx ends first, the error matches ctx's error and, where the cause is known, ErrDenied
// (a *DeniedError) or ErrUnavailable. A deadline before the known end of the window does not
// fail at once: another holder may return credits earlier.
//
// A coordinator that is unavailable does not end the waiting: ctx does.
//
// Errors that come without waiting, or while waiting because the budget changed, match
// ErrTooLarge (a *TooLargeError), ErrCost, ErrUnknownBudget, ErrClosed or ErrOverloaded.
func (l *Limiter) Wait(ctx context.Context, n int64) error { return l.wait(ctx, ask{n: n}) }

// WaitCost is Wait for all of cost, or none of it.
func (l *Limiter) WaitCost(ctx context.Context, cost Cost) error {
	return l.wait(ctx, cost.ask())
}

func (l *Limiter) wait(ctx context.Context, a ask) error {
	w, err := l.arrive(ctx, a)
	if w == nil {
		return err
	}
	return l.stay(ctx, w)
}

// arrive is enqueue, for a caller who has not left already.
func (l *Limiter) arrive(ctx context.Context, a ask) (*waiter, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("budget %q: %w", l.budget, err)
	}
	h := l.hot.Load()
	if _, spent := h.spendAsk(l, a, true); spent {
		return nil, nil
	}
	return l.enqueue(a, h)
}

// stay waits in line until w is served, or ctx ends.
func (l *Limiter) stay(ctx context.Context, w *waiter) error {
	select {
	case <-w.done:
		return w.decision.Err()
	case <-ctx.Done():
		return l.leave(w, ctx.Err())
	}
}

// enqueue admits a, refuses it for good, or puts it in line and returns its place.
func (l *Limiter) enqueue(a ask, tried *hot) (*waiter, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h := l.hot.Load(); h != tried {
		if _, spent := h.spendAsk(l, a, true); spent {
			return nil, nil
		}
	}
	now := l.clock.now() // R10: after the lock
	switch d := l.decideLocked(now, a); d.Verdict {
	case Pending, Unavailable, Denied:
	default:
		l.countLocked(now, d)
		l.lendLocked(now)
		return nil, d.Err()
	}
	return l.queueLocked(a, false)
}

// queueLocked puts a, which was decided on last, in line.
func (l *Limiter) queueLocked(a ask, decides bool) (*waiter, error) {
	if l.queue.length >= MaxWaiters {
		return nil, fmt.Errorf("budget %q: %w", l.budget, ErrOverloaded)
	}
	a.byMetric = maps.Clone(a.byMetric)
	l.counts.Waited++
	w := &waiter{ask: a, decides: decides, done: make(chan struct{}),
		cost: make(lease.Cost, len(l.scratch))}
	copy(w.cost, l.scratch)
	if l.queue.length > 0 {
		l.holder.Offer(l.clock.now(), w.cost) // nobody has decided on it, and it is demand all the same
	}
	l.queue.push(w)
	l.backlogLocked()
	l.rouse()
	return w, nil
}

// leave takes w out of the line, and lets those behind it move up. If w was served meanwhile,
// that stands.
func (l *Limiter) leave(w *waiter, cause error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !w.queued {
		return w.decision.Err()
	}
	l.leaveLocked(w)
	if why := l.whyLocked(); why != nil {
		return fmt.Errorf("budget %q: %w: %w", l.budget, cause, why)
	}
	return fmt.Errorf("budget %q: %w", l.budget, cause)
}

func (l *Limiter) leaveLocked(w *waiter) {
	l.queue.remove(w)
	l.backlogLocked()
	l.serveLocked()
	l.rouse() // the next one may need less than is left
}

// whyLocked returns why credits are missing, or nil where the coordinator was just asked.
func (l *Limiter) whyLocked() error {
	now := l.clock.now()
	switch {
	case l.denial.remaining(now) > 0:
		return l.deniedLocked(now).Err()
	case l.unavailableLocked(now):
		return ErrUnavailable
	}
	return nil
}

// serveLocked admits waiters in order until one has to wait on.
func (l *Limiter) serveLocked() {
	before := l.queue.length
	var left Decision // the head's that stays
	for l.queue.head != nil && left.Verdict == 0 {
		left = l.serveHeadLocked()
	}
	l.answerLocked(left)
	if l.queue.length != before {
		l.backlogLocked()
	}
}

// serveHeadLocked decides on the head of the queue. It returns the decision if it stays in line
// nevertheless, and none if it left.
func (l *Limiter) serveHeadLocked() Decision {
	w := l.queue.head
	now := l.clock.now() // R10, and again for each: the queue may be long
	v := l.holder.AdmitWaiting(now, w.cost)
	d := Decision{Verdict: Allowed, Decider: l.by}
	if v != lease.Admitted {
		d = l.shadeLocked(now, l.explainLocked(now, v, w.cost), w.cost)
	}
	switch d.Verdict {
	case Denied, Pending, Unavailable:
		return d
	}
	if d.Allowed() {
		l.decided[d.Verdict]++
		l.beginLocked(w.ask.slot, w.cost, d.Verdict)
	}
	l.queue.settle(w, d)
	return Decision{}
}

// failAllLocked ends all waiting with d.
func (l *Limiter) failAllLocked(d Decision) {
	if l.queue.length == 0 {
		return
	}
	for l.queue.head != nil {
		l.queue.settle(l.queue.head, d)
	}
	l.backlogLocked()
}

// backlogLocked tells the holder what the line wants in sum.
func (l *Limiter) backlogLocked() {
	if l.queue.length == 0 {
		l.holder.SetBacklog(nil)
		return
	}
	l.holder.SetBacklog(l.queue.total)
}
