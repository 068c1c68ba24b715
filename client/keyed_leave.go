package client

import (
	"time"

	"github.com/leased-io/leased/lease"
)

// leave goes on with a key that was given up, and reports whether its errand is to be sent: first
// it learns what its last request came to, then it gives everything back.
func (k *KeyedLimiter) leave(e *keyed) bool {
	if e.leaveBy == 0 {
		e.leaveBy = k.drive.now() + k.patienceFor(k.drive.leaving.Load())
	}
	late := k.drive.now() >= e.leaveBy
	switch {
	case e.asker != nil && !late:
		return true
	case e.errand != nil && e.opener == nil && e.asker == nil:
		if late {
			k.left(e, ErrUnavailable)
		}
		return !late
	}
	e.errand, e.asker, e.opener, e.pace = nil, nil, nil, backoff{}
	e.mu.Lock()
	now := e.clock.now()
	undecided := e.holder.Status(now).Outstanding
	returns := e.holder.Close(now)
	e.flushLocked()
	session := e.session
	if e.lost {
		session = 0 // with it, the coordinator has forgotten what it could take back
	}
	e.mu.Unlock()
	if undecided {
		k.kept.unreturned.Add(1)
	}
	if session == 0 {
		k.left(e, nil)
		return false
	}
	e.returned = credits(returns)
	e.errand = giving(session, returns, true)
	return true
}

// batchTime is how long one more batch may take, where many give back at once.
const batchTime = 200 * time.Millisecond

// patienceFor bounds the giving back of n keys: a few call timeouts, and the time of their batches.
func (k *KeyedLimiter) patienceFor(n int64) time.Duration {
	return giveBackCalls*k.client.conns.callTimeout + time.Duration(n/maxBatch)*batchTime
}

// left ends a key that was given up.
func (k *KeyedLimiter) left(e *keyed, err error) {
	if err != nil && e.returned > 0 {
		k.kept.unreturned.Add(1)
	}
	e.errand = nil
	k.drive.set(e, over)
	e.mu.Lock()
	k.keep(e)
	e.mu.Unlock()
	if k.drive.leaving.Add(-1) == 0 {
		k.drive.signal()
	}
}

func credits(returns []lease.Return) (sum int64) {
	for _, r := range returns {
		sum += int64(r.Amount)
	}
	return sum
}
