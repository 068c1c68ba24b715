package client

import (
	"hash/maphash"
	"strings"
	"sync"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

const (
	// keyShards is how many parts the table of keys has, each with a lock of its own: several times
	// the processors of a large machine, so that two callers seldom meet.
	keyShards = 64
	// evictAfter is how long a key must not have been used to make room for another.
	evictAfter = lease.IdleAfter
	// maxPassed bounds the keys of a shard that are passed over when room is made, because they are
	// not idle after all.
	maxPassed = 8
	// maxLeaving bounds the keys that were given up and have not given everything back yet. While
	// there are so many, no further one is given up for a new one.
	maxLeaving = 16_384
)

// keyShard is a part of the table of keys.
type keyShard struct {
	mu    sync.Mutex
	byKey map[string]*keyed
	// The keys from the least to the most recently used.
	oldest, newest *keyed
}

// push puts e at the end of those most recently used.
func (s *keyShard) push(e *keyed) {
	e.older, e.newer = s.newest, nil
	if s.newest != nil {
		s.newest.newer = e
	} else {
		s.oldest = e
	}
	s.newest = e
}

// take takes e out of the order.
func (s *keyShard) take(e *keyed) {
	if e.older != nil {
		e.older.newer = e.newer
	} else {
		s.oldest = e.newer
	}
	if e.newer != nil {
		e.newer.older = e.older
	} else {
		s.newest = e.older
	}
	e.older, e.newer = nil, nil
}

func (k *KeyedLimiter) hash(key string) uint64 { return maphash.String(k.seed, key) }

func (k *KeyedLimiter) shard(hash uint64) *keyShard { return &k.shards[hash%keyShards] }

// find returns the limiter of a key, and makes it if there is none. Nil: the decision says why
// there can be none.
func (k *KeyedLimiter) find(key string) (*keyed, Decision) {
	hash := k.hash(key)
	s := k.shard(hash)
	s.mu.Lock()
	if e := s.byKey[key]; e != nil {
		k.near.put(hash, e)
		if s.newest != e {
			s.take(e)
			s.push(e)
		}
		s.mu.Unlock()
		return e, Decision{}
	}
	s.mu.Unlock()
	if err := budget.ValidateKey(true, key); err != nil {
		return nil, Decision{Verdict: Invalid, Decider: &Decider{Budget: k.budget, cause: err}}
	}
	return k.open(s, strings.Clone(key))
}

// open makes the limiter of a key, unless somebody was faster. It asks for a session at once, and
// does not wait for it.
func (k *KeyedLimiter) open(s *keyShard, key string) (*keyed, Decision) {
	if !k.reserve() {
		k.kept.refused.Add(1)
		return nil, Decision{Verdict: TooManyKeys, Decider: k.by}
	}
	k.mu.Lock()
	known := k.known
	k.mu.Unlock()
	s.mu.Lock()
	e := s.byKey[key]
	if e != nil || k.closed.Load() {
		s.mu.Unlock()
		k.live.Add(-1)
		return e, Decision{Verdict: Closed, Decider: k.by}
	}
	e = k.newKeyed(key, known)
	s.byKey[key] = e
	s.push(e)
	s.mu.Unlock()
	e.rouse()
	return e, Decision{}
}

// reserve makes room for one key, and reports whether there is: if need be, the one that was idle
// for longest goes.
func (k *KeyedLimiter) reserve() bool {
	for {
		if k.live.Add(1) <= int64(k.o.maxKeys) {
			return true
		}
		k.live.Add(-1)
		if !k.evict() {
			return false
		}
	}
}

// evict gives up the key that was idle for longest, of those at which nobody waits. It reports
// false if there is none that was idle for evictAfter.
func (k *KeyedLimiter) evict() bool {
	if k.drive.leaving.Load() >= maxLeaving {
		return false
	}
	var longest *keyed
	var since int64
	for i := range k.shards {
		s := &k.shards[i]
		s.mu.Lock()
		e := s.oldest
		for range maxPassed {
			if e == nil {
				break
			}
			if used, idle := e.idleFor(evictAfter); idle {
				if longest == nil || used < since {
					longest, since = e, used
				}
				break
			}
			s.take(e) // it was used since it was looked up in the table: it is not the oldest
			s.push(e)
			e = s.oldest
		}
		s.mu.Unlock()
	}
	return longest != nil && k.giveUp(longest, evictAfter, &k.kept.evicted)
}

// giveUp takes e out of the table if it was idle for so long, and has it give back what it has. It
// reports false if e was used just now and reports true if it is gone, whoever did it.
func (k *KeyedLimiter) giveUp(e *keyed, idle time.Duration, count *counter) bool {
	hash := k.hash(e.account.key)
	s := k.shard(hash)
	s.mu.Lock()
	if s.byKey[e.account.key] != e {
		s.mu.Unlock()
		return true
	}
	if !e.shutIf(idle) {
		s.mu.Unlock()
		return false
	}
	delete(s.byKey, e.account.key)
	k.near.drop(hash, e)
	s.take(e)
	s.mu.Unlock()
	k.drive.leaving.Add(1)
	k.live.Add(-1)
	count.Add(1)
	e.rouse()
	return true
}
