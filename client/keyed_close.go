package client

import (
	"context"
	"fmt"
	"time"
)

// Close ends the limiter for all keys: waiters get ErrClosed, requests that are under way get their
// decisions, and every credit held goes back to its account. It blocks until the coordinator has
// taken them, until ctx ends, or for a few call timeouts and a while for each 512 keys. An error
// that matches ErrUnavailable says that some may still be charged: until their window ends, nobody
// can use them. Closing again waits for the first Close and returns its error.
func (k *KeyedLimiter) Close(ctx context.Context) error {
	if k.closed.Swap(true) {
		select {
		case <-k.ended:
			return k.closeErr
		case <-ctx.Done():
			return named("close limiter on", k.budget, ctx.Err())
		}
	}
	ctx, cancel := context.WithTimeout(ctx, k.patienceFor(k.live.Load()+k.drive.leaving.Load()))
	defer cancel()
	before := k.kept.unreturned.Load()
	keys := k.shutAll()
	defer func() { // what was not given back in time is still recorded
		for _, e := range keys {
			e.mu.Lock()
			e.flushLocked()
			e.mu.Unlock()
		}
	}()
	k.awaitLeaving(ctx)
	close(k.stop)
	k.tasks.Wait()
	if n := uint64(k.drive.leaving.Load()) + k.kept.unreturned.Load() - before; n > 0 {
		k.closeErr = named("close limiter on", k.budget,
			fmt.Errorf("%w: %d keys have not surely given back what they had", ErrUnavailable, n))
	}
	k.client.forget(k)
	close(k.ended)
	return k.closeErr
}

// shutAll has every key give back what it has, and empties the table.
func (k *KeyedLimiter) shutAll() []*keyed {
	var keys []*keyed
	for i := range k.shards {
		s := &k.shards[i]
		s.mu.Lock()
		for _, e := range s.byKey {
			keys = append(keys, e)
			k.near.drop(k.hash(e.account.key), e)
			e.mu.Lock()
			e.shutLocked()
			e.failAllLocked(Decision{Verdict: Closed, Decider: k.by})
			e.mu.Unlock()
		}
		k.drive.leaving.Add(int64(len(s.byKey)))
		k.live.Add(-int64(len(s.byKey)))
		clear(s.byKey)
		s.oldest, s.newest = nil, nil
		s.mu.Unlock()
	}
	for _, e := range keys {
		e.rouse()
	}
	return keys
}

// lookLeaving is how often Close looks whether all is given back.
const lookLeaving = 5 * time.Millisecond

// awaitLeaving waits until every key has given back what it has, or ctx ends.
func (k *KeyedLimiter) awaitLeaving(ctx context.Context) {
	ticker := time.NewTicker(lookLeaving)
	defer ticker.Stop()
	for k.drive.leaving.Load() > 0 {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
