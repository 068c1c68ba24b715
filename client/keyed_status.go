package client

import (
	"sync/atomic"
)

// KeyedStatus is what a KeyedLimiter has done, for all keys in sum.
type KeyedStatus struct {
	Budget  string
	Keys    int // that it has now
	Opening int // of these, how many have no session yet
	Leaving int // given up, but not rid of yet what they have to give back
	Waiting int // callers of WaitKey in line
	// Endpoint is whom the client calls next: the leader, once it is known.
	Endpoint string
	// Unavailable says that no key has had a decision for too long, though one was asked for.
	Unavailable bool
	// LastError is of the last call that was not decided; nil once another was.
	LastError error
	Counters  Counters // of all keys that there ever were
	// Evicted keys made room for others; Forgotten ones were idle; Refused decisions found no room.
	Evicted, Forgotten, Refused uint64
	// Unreturned keys were given up and have not surely given back what they had.
	Unreturned uint64
}

type counter = atomic.Uint64

// keptCounts is what outlives the keys.
type keptCounts struct {
	evicted, forgotten, refused, unreturned counter

	// Guarded by the limiter's mu.
	silent silence
	last   error
	gone   Counters // of the keys that were given up
}

// keep takes over the counts of a key that is given up, which is locked.
func (k *KeyedLimiter) keep(e *keyed) {
	counters := e.countersLocked()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept.gone.add(counters)
}

// Status looks at every key: it takes milliseconds where there are very many. It does not block on
// the network.
func (k *KeyedLimiter) Status() KeyedStatus {
	now := k.client.clock.now()
	k.mu.Lock()
	s := KeyedStatus{
		Budget:     k.budget,
		Leaving:    int(k.drive.leaving.Load()),
		Endpoint:   k.client.conns.leader(),
		LastError:  k.kept.last,
		Counters:   k.kept.gone,
		Evicted:    k.kept.evicted.Load(),
		Forgotten:  k.kept.forgotten.Load(),
		Refused:    k.kept.refused.Load(),
		Unreturned: k.kept.unreturned.Load(),
	}
	silent := k.kept.silent
	s.Unavailable = silent.owed && now.Mono-silent.since >= int64(k.o.unavailableAfter)
	k.mu.Unlock()
	for i := range k.shards {
		shard := &k.shards[i]
		shard.mu.Lock()
		for _, e := range shard.byKey {
			e.mu.Lock()
			s.Keys++
			s.Waiting += e.queue.length
			if e.lost {
				s.Opening++
			}
			s.Counters.add(e.countersLocked())
			e.mu.Unlock()
		}
		shard.mu.Unlock()
	}
	return s
}

// Key returns the status of one key, and false if it is not there: it was not used for a while, if
// ever.
func (k *KeyedLimiter) Key(key string) (Status, bool) {
	s := k.shard(k.hash(key))
	s.mu.Lock()
	e := s.byKey[key]
	s.mu.Unlock()
	if e == nil {
		return Status{}, false
	}
	return e.Status(), true
}

// add adds the counts of another limiter.
func (c *Counters) add(o Counters) {
	c.Admitted += o.Admitted
	c.Denied += o.Denied
	c.Pending += o.Pending
	c.Unavailable += o.Unavailable
	c.TooLarge += o.TooLarge
	c.Invalid += o.Invalid
	c.FailedOpen += o.FailedOpen
	c.Waited += o.Waited
	c.SlotsLost += o.SlotsLost
	c.Calls += o.Calls
	c.Retries += o.Retries
	c.Unknown += o.Unknown
}
