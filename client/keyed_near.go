package client

import "sync/atomic"

// nearPlaces is how many keys can be found without the table's locks.
const nearPlaces = 4096

// nearKeys has some of the keys that were used lately, each in the one place that its hash says, so
// that a busy key is found without a lock. What it has is in the table as well: a key is put here,
// and dropped, under the lock of its shard.
//
// A key that is found here does not move up in its shard's order of use. Who looks there for the
// oldest moves it up then.
type nearKeys struct {
	places [nearPlaces]atomic.Pointer[keyed]
}

// place is another part of the hash than the number of the shard.
func (n *nearKeys) place(hash uint64) *atomic.Pointer[keyed] {
	return &n.places[hash/keyShards%nearPlaces]
}

// find returns the limiter of a key, if it is here.
func (n *nearKeys) find(hash uint64, key string) *keyed {
	if e := n.place(hash).Load(); e != nil && e.account.key == key {
		return e
	}
	return nil
}

func (n *nearKeys) put(hash uint64, e *keyed) { n.place(hash).Store(e) }

func (n *nearKeys) drop(hash uint64, e *keyed) { n.place(hash).CompareAndSwap(e, nil) }
