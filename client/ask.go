package client

import (
	"context"
	"errors"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/transport/leasedv1"
)

// acquire sends request until it is decided, takes the decision, and reports whether it was
// useful. Close does not end this, but its ctx does: what the request was charged for can only
// be given back once it is known.
func (l *Limiter) acquire(ctx context.Context, request lease.Request) bool {
	e := l.asking(request)
	err := l.client.conns.repeat(ctx, tries{failed: l.failed}, func(ctx context.Context) error {
		return l.client.post.deliver(ctx, &e.errand)
	})
	if err != nil {
		l.refused(err)
		return false
	}
	l.take(e.attempt, e.answer)
	return useful(e.answer)
}

// asker is an errand that acquires, with the attempt that was answered.
type asker struct {
	errand
	limiter *Limiter
	request lease.Request
	attempt uint64
	answer  lease.Answer
}

func (l *Limiter) asking(request lease.Request) *asker {
	a := &asker{limiter: l, request: request}
	a.errand = errand{
		way: acquiring, wire: fromRequest(request), patience: l.patience(),
		sending: a.send, read: a.take,
	}
	return a
}

// send notes that the request is about to be sent. Each of a batch has an attempt of its own.
func (a *asker) send() { a.attempt = a.limiter.sending() }

func (a *asker) take(answer proto.Message) (err error) {
	a.answer, err = toAnswer(answer.(*leasedv1.AcquireResponse), a.request)
	return err
}

// sending notes a send that happens next, of the request that is outstanding: time spent on
// the wire counts from here (R7).
func (l *Limiter) sending() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.now()
	attempt := l.holder.Sent(now)
	l.callingLocked(now)
	return attempt
}

func (l *Limiter) callingLocked(now lease.Reading) {
	l.counts.Calls++
	if l.silent.owed {
		l.counts.Retries++
		return
	}
	l.silent = silence{owed: true, since: now.Mono}
}

// take hands a decision to the holder, and what it brought to the queue.
func (l *Limiter) take(attempt uint64, a lease.Answer) {
	l.mu.Lock()
	recovered := l.answeredLocked()
	l.takeLocked(attempt, a)
	l.serveLocked()
	lost := l.lost
	l.mu.Unlock()
	if recovered {
		l.log.Info("coordinator available again")
	}
	if lost {
		l.log.Warn("session lost", keySession, uint64(l.session))
	}
	if l.first == nil {
		return
	}
	select {
	case <-l.first:
	default:
		close(l.first) // only the loop comes here
	}
}

func (l *Limiter) takeLocked(attempt uint64, a lease.Answer) {
	now := l.clock.now()
	l.holder.Take(now, attempt, a)
	l.tellLostLocked()
	l.guard()
	switch a.Outcome {
	case lease.Granted:
		l.denial = denial{}
	case lease.Denied:
		l.denial = denial{limit: a.Denial.Limit, left: a.Denial.Left}
		l.noteDenialLocked(now)
	case lease.Changed:
		l.layOutLocked()
	case lease.TooLarge:
		l.tooLarge = a.Limit
	case lease.UnknownBudget:
		l.failAllLocked(Decision{Verdict: UnknownBudget, Decider: l.by})
	case lease.UnknownSession, lease.Stale:
		// Stale means that somebody else speaks for this session, as in a cloned process.
		l.lost = true
	}
}

// useful reports whether a decision lets the holder spend, or rest until a given time.
func useful(a lease.Answer) bool {
	switch a.Outcome {
	case lease.Granted:
		return !slices.ContainsFunc(a.Grants, func(g lease.Grant) bool { return g.TTL <= 0 })
	case lease.Denied:
		return a.Denial.RetryAfter > 0
	default:
		return false
	}
}

// answeredLocked notes that the coordinator decided, and reports whether that is news.
func (l *Limiter) answeredLocked() bool {
	recovered := l.silent.warned
	l.silent, l.last = silence{}, nil
	return recovered
}

// failed notes an attempt that was not decided.
func (l *Limiter) failed(err *callError) {
	l.mu.Lock()
	l.last = err
	if !err.harmless {
		l.counts.Unknown++
	}
	warn := l.unavailableLocked(l.clock.now()) && !l.silent.warned
	l.silent.warned = l.silent.warned || warn
	l.serveLocked() // a limiter that fails open may do so from now on
	l.mu.Unlock()
	if warn {
		l.log.Warn("coordinator unavailable", keyError, err)
	}
}

// refused notes a request that will not be decided. One that the coordinator finds malformed
// should not have been made: a new session starts over without it.
func (l *Limiter) refused(err error) {
	if errors.Is(err, ErrClosed) || errors.Is(err, context.Canceled) {
		return
	}
	l.mu.Lock()
	l.answeredLocked()
	l.last, l.lost = err, true
	l.mu.Unlock()
	l.log.Error("request refused", keyError, err)
}

// reopen starts a new incarnation after the session was lost. What was held is forgotten: it
// stays charged until its window ends. It reports whether a session was opened.
func (l *Limiter) reopen(ctx context.Context) bool {
	l.mu.Lock()
	l.callingLocked(l.clock.now())
	l.mu.Unlock()
	opened, err := l.client.openSession(ctx, tries{stop: l.stop, failed: l.failed},
		l.budget, l.account)
	if err == nil {
		l.restart(opened)
		l.log.Info("session opened", keySession, uint64(opened.session))
		return true
	}
	l.notReopened(err)
	return false
}

// notReopened tells those who wait that the coordinator refused a session.
func (l *Limiter) notReopened(err error) {
	if !errors.Is(err, ErrUnknownBudget) && !errors.Is(err, ErrInvalid) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answeredLocked()
	l.last = err
	d := l.invalid(err)
	if errors.Is(err, ErrUnknownBudget) {
		d = Decision{Verdict: UnknownBudget, Decider: l.by}
	}
	l.failAllLocked(d)
}

func (l *Limiter) restart(o opened) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answeredLocked()
	l.holder.Reset(l.clock.now(), o.session, o.revision, o.limits,
		max(o.driftPPM, l.client.driftPPM), o.levels...)
	l.holder.SetRules(o.rules)
	l.tellLostLocked()
	l.layOutLocked() // records what is not recorded yet as the old session's
	l.session, l.lost = o.session, false
}
