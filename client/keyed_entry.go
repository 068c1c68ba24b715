package client

import (
	"errors"
	"log/slog"
	"time"

	"github.com/leased-io/leased/lease"
)

// keyed is a key's limiter without loops of its own: the drive's loop looks at it when something is
// to be done, and never waits for what it has sent.
type keyed struct {
	Limiter
	owner *KeyedLimiter

	older, newer *keyed // guarded by its shard's mu

	// Guarded by the drive's mu.
	state state
	again bool // it was roused since the loop began to look at it
	due   time.Duration
	place int // in the timetable, from 1; 0: it is not there

	// Of the loop; while an errand is under way, of who ends it.
	errand       *errand // under way, or to be sent again
	asker        *asker  // that, if it acquires
	opener       *opener // that, if it opens a session
	pace, faults backoff // of the errand, and of what came to nothing
	leaveBy      time.Duration
	returned     int64 // credits that the errand gives back
}

// silent is the log of a key: what happens to all keys at once is told once, by their owner.
var silent = slog.New(slog.DiscardHandler)

// newKeyed makes a key's limiter, which has to open its session first.
func (k *KeyedLimiter) newKeyed(key string, known opened) *keyed {
	e := &keyed{owner: k, faults: backoff{most: faultMax}}
	e.log = silent
	o := k.o
	known.of = account{key: key}
	if o.sizing != nil { // keys draw differently, as sessions do
		own := *o.sizing
		own.Seed += k.opened.Add(1)
		o.sizing = &own
	}
	e.driven = e
	o.by = k.by
	e.init(k.client, k.budget, o, known)
	e.lost = true
	e.used = e.clock.now().Mono
	k.drive.put(e)
	return e
}

// idleFor returns when e was last used, and reports whether that is so long ago, and nobody waits.
func (e *keyed) idleFor(idle time.Duration) (used int64, is bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	idles := e.idleLocked(idle)
	return e.used, idles
}

func (e *keyed) idleLocked(idle time.Duration) bool {
	return e.queue.length == 0 && e.idleTimeLocked() >= idle
}

// idleTimeLocked returns how long e has not been used.
func (e *keyed) idleTimeLocked() time.Duration {
	now := e.clock.now()
	e.used = max(e.used, e.holder.Recall(now).Last)
	return time.Duration(now.Mono - e.used)
}

// shutIf has every further decision be Closed if e was idle for so long, and reports that.
func (e *keyed) shutIf(idle time.Duration) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || !e.idleLocked(idle) {
		return false
	}
	e.shutLocked()
	return true
}

func (e *keyed) isShut() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.closed
}

// look does what is to be done for e now. Only the loop calls it.
func (k *KeyedLimiter) look(e *keyed) {
	if e.isShut() && !k.leave(e) {
		return
	}
	if e.errand != nil {
		k.send(e)
		return
	}
	switch next := e.next(); {
	case next.reopen:
		e.mu.Lock()
		e.callingLocked(e.clock.now())
		e.mu.Unlock()
		e.opener = newOpener(e.budget, e.account)
		e.errand = &e.opener.errand
	case next.send:
		e.asker = e.asking(next.request)
		e.errand = &e.asker.errand
	default:
		k.rest(e, next.sleep)
		return
	}
	k.send(e)
}

// rest has e looked at again when there is something to do, or when it is to be forgotten.
func (k *KeyedLimiter) rest(e *keyed, sleep time.Duration) {
	e.mu.Lock()
	if e.admitsOutsideLocked() {
		e.flushLocked()
	}
	idle := e.idleTimeLocked()
	waited := e.queue.length > 0
	e.mu.Unlock()
	if left := k.o.forgetAfter - idle; left > 0 {
		sleep = min(sleep, left)
	} else if !waited && k.giveUp(e, k.o.forgetAfter, &k.kept.forgotten) {
		k.drive.put(e)
		return
	}
	k.drive.sleep(e, asleep, max(sleep, idleLeast))
}

// send sends e's errand. done is called when it is decided, or is not.
func (k *KeyedLimiter) send(e *keyed) {
	k.drive.set(e, calling)
	if e.errand.done == nil {
		e.errand.done = func(err error) { k.done(e, err) }
	}
	k.client.post.hand(e.errand)
}

// done takes what came of e's errand. The post calls it.
func (k *KeyedLimiter) done(e *keyed, err error) {
	if undecided, ok := errors.AsType[*callError](err); ok {
		e.failed(undecided)
		k.silence(undecided)
		k.drive.sleep(e, pausing, max(e.pace.after(undecided), 0))
		return
	}
	k.heard()
	worked := true
	switch {
	case e.opener != nil && err == nil:
		e.restart(e.opener.opened)
		k.learn(e.opener.opened)
	case e.opener != nil:
		e.notReopened(err)
		worked = false
	case e.asker != nil && err == nil:
		e.take(e.asker.attempt, e.asker.answer)
		if a := e.asker.answer; a.Outcome == lease.Changed {
			k.learn(opened{revision: a.Revision, limits: a.Limits, driftPPM: a.DriftPPM})
		}
		worked = useful(e.asker.answer)
	case e.asker != nil:
		e.refused(err)
		worked = false
	default:
		k.left(e, err)
		return
	}
	e.errand, e.asker, e.opener, e.pace = nil, nil, nil, backoff{}
	if worked {
		e.faults = backoff{most: faultMax}
		k.drive.put(e)
		return
	}
	k.drive.sleep(e, pausing, e.faults.next(false))
}

// silence notes that nobody has decided, and says so once it has lasted.
func (k *KeyedLimiter) silence(err *callError) {
	now := k.client.clock.now()
	k.mu.Lock()
	s := &k.kept.silent
	if !s.owed {
		*s = silence{owed: true, since: now.Mono}
	}
	k.kept.last = err
	warn := !s.warned && now.Mono-s.since >= int64(k.o.unavailableAfter)
	s.warned = s.warned || warn
	k.mu.Unlock()
	if warn {
		k.log.Warn("coordinator unavailable", keyError, err)
	}
}

// heard notes that something was decided.
func (k *KeyedLimiter) heard() {
	k.mu.Lock()
	recovered := k.kept.silent.warned
	k.kept.silent, k.kept.last = silence{}, nil
	k.mu.Unlock()
	if recovered {
		k.log.Info("coordinator available again")
	}
}
