package client

import (
	"context"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

const (
	// idleMost is the longest sleep of the loop when nothing is due.
	idleMost = time.Minute
	// idleLeast is the shortest, so that no rounding of instants can spin it.
	idleLeast = time.Millisecond
	// lookEvery is how often the loop looks after the holder while callers are admitted: well
	// within a holder's shortest horizon, and rarely enough to cost nothing.
	lookEvery = time.Millisecond
	// tendEvery is how often admissions are handed to the trace, and how long waiters of a
	// limiter that fails open may have to wait longer than they need to.
	tendEvery = 50 * time.Millisecond
)

// start asks for the first credits and begins the loops, which Close ends and joins.
func (l *Limiter) start() {
	if l.lay.slots || len(l.lay.limits) == 0 || l.holder.Rules().Mode == budget.ModeStrict {
		close(l.first) // nobody has come yet, and others might want what would be asked for
	} else {
		one := make(lease.Cost, len(l.lay.limits))
		for i := range one {
			one[i] = 1
		}
		l.mu.Lock()
		l.holder.Admit(l.clock.now(), one) // nothing is held: this only says what is wanted
		l.mu.Unlock()
	}

	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	l.tasks.Go(func() { l.run(ctx) })
	l.tasks.Go(func() { l.watch(ctx) })
	l.mu.Lock()
	l.started = true
	l.tendLocked()
	l.mu.Unlock()
}

// tendLocked begins to tend, once there is a reason for it.
func (l *Limiter) tendLocked() {
	rules := l.holder.Rules()
	needed := l.sink != nil || l.failOpen || rules.Degraded != budget.DegradedClosed ||
		l.queue.deciding > 0
	if needed && l.started && !l.tending && !l.closed {
		l.tending = true
		l.tasks.Go(l.tend)
	}
}

// todo is what the loop does next: reopen the session, send request, or sleep.
type todo struct {
	reopen  bool
	send    bool
	request lease.Request
	sleep   time.Duration
}

// run refreshes what is held until stop is closed or ctx ends: one call at a time, each until
// it is decided. What a decision brought, the queue gets first.
func (l *Limiter) run(ctx context.Context) {
	faults := backoff{most: faultMax} // paces what came to nothing, so that no fault can spin
	for {
		useful := true
		switch next := l.next(); {
		case next.reopen:
			useful = l.reopen(ctx)
		case next.send:
			if useful = l.acquire(ctx, next.request); useful {
				faults = backoff{most: faultMax}
			}
		default:
			l.sleep(ctx, next.sleep)
		}
		pausing := time.Duration(0)
		if !useful {
			pausing = faults.next(false)
		}
		if !pause(ctx, l.stop, pausing) {
			return
		}
	}
}

// next serves the queue and says what to do then.
func (l *Limiter) next() todo {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asleep = false
	if l.lost {
		return todo{reopen: true}
	}
	l.serveLocked()
	now := l.clock.now()
	request, due := l.holder.Poll(now)
	l.tellLostLocked()
	if due {
		return todo{send: true, request: request}
	}
	after, known := l.holder.WakeAfter(now)
	if !known {
		after = idleMost
	}
	l.asleep, l.looked = true, now.Mono
	return todo{sleep: min(max(after, idleLeast), idleMost)}
}

// dueLocked reports whether to rouse the loop after a decision: at once where asking can help,
// and otherwise now and then, since spending may have brought the holder below the mark at
// which it asks for more.
func (l *Limiter) dueLocked(now lease.Reading, v Verdict) bool {
	helps := v == Pending || v == UnknownBudget
	if !l.asleep || !helps && now.Mono-l.looked < int64(lookEvery) {
		return false
	}
	if l.driven != nil && !helps && !l.holder.RunsLow(now) {
		return false // one loop looks after many: it is told only where there is something to do
	}
	l.asleep = false // one signal will do
	return true
}

// sleep waits d out, or until it is roused.
func (l *Limiter) sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-l.stop:
	case <-l.wake:
	case <-timer.C:
	}
}

// rouse makes the loop look again. It never blocks: one signal is as good as many.
func (l *Limiter) rouse() {
	if l.driven != nil {
		l.driven.owner.drive.rouse(l.driven)
		return
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// tend hands admissions to the trace, and serves waiters once the coordinator is unavailable.
func (l *Limiter) tend() {
	ticker := time.NewTicker(tendEvery)
	defer ticker.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-ticker.C:
			l.mu.Lock()
			l.serveLocked()
			l.flushLocked()
			l.mu.Unlock()
		}
	}
}
