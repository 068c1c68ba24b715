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
	if cost == nil {
		cost = noCost
	}
	return l.wait(ctx, ask{byMetric: cost})
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
	return l.enqueue(a)
}

// stay waits in line until w is served, or ctx ends.
func (l *Limiter) stay(ctx context.Context, w *waiter) error {
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
		return l.leave(w, ctx.Err())
	}
}

// enqueue admits a, refuses it for good, or puts it in line and returns its place.
func (l *Limiter) enqueue(a ask) (*waiter, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock() // R10: after the lock
	switch d := l.decideLocked(now, a); d.Verdict {
	case Pending, Unavailable, Denied:
	default:
		l.decided[d.Verdict]++
		if l.dueLocked(now, d.Verdict) {
			l.rouse()
		}
		return nil, d.Err()
	}
	if l.queue.length >= MaxWaiters {
		return nil, fmt.Errorf("budget %q: %w", l.budget, ErrOverloaded)
	}
	a.byMetric = maps.Clone(a.byMetric)
	l.counts.Waited++
	w := &waiter{ask: a, done: make(chan struct{}), cost: make(lease.Cost, len(l.scratch))}
	copy(w.cost, l.scratch)
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
		return w.err
	}
	l.queue.remove(w)
	l.backlogLocked()
	l.serveLocked()
	l.rouse() // the next one may need less than is left
	if why := l.whyLocked(); why != nil {
		return fmt.Errorf("budget %q: %w: %w", l.budget, cause, why)
	}
	return fmt.Errorf("budget %q: %w", l.budget, cause)
}

// whyLocked returns why credits are missing, or nil where the coordinator was just asked.
func (l *Limiter) whyLocked() error {
	now := l.clock()
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
	for l.queue.head != nil && l.serveHeadLocked() {
	}
	if l.queue.length != before {
		l.backlogLocked()
	}
}

// serveHeadLocked decides on the head of the queue and reports whether it left.
func (l *Limiter) serveHeadLocked() bool {
	w := l.queue.head
	now := l.clock() // R10, and again for each: the queue may be long
	v := l.holder.AdmitWaiting(now, w.cost)
	switch v {
	case lease.Admitted:
		l.decided[Allowed]++
		l.beginLocked(w.ask.slot, w.cost, false)
		l.queue.settle(w, nil)
		return true
	case lease.Refused:
		l.noteDenialLocked(now)
		return false
	case lease.Pending, lease.Lost:
		if !l.failOpen || !l.unavailableLocked(now) {
			return false
		}
		l.openLocked(now, w.cost)
		l.decided[FailedOpen]++
		l.beginLocked(w.ask.slot, w.cost, true)
		l.queue.settle(w, nil)
		return true
	default:
		l.queue.settle(w, l.explainLocked(now, v, w.cost).Err())
		return true
	}
}

// failAllLocked ends all waiting with err.
func (l *Limiter) failAllLocked(err error) {
	if l.queue.length == 0 {
		return
	}
	for l.queue.head != nil {
		l.queue.settle(l.queue.head, err)
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
