package explore

import "math/bits"

// noParent is the parent of an initial state.
const noParent = ^uint32(0)

const (
	// pageBits is the size of a page of states: large enough to be rare, small enough that a
	// small exploration stays small.
	pageBits = 12
	pageSize = 1 << pageBits
	// firstTable is the first size of the table, a power of two.
	firstTable = 1 << 14
)

// stateSet is the set of known states, numbered in the order in which they were met. Equality
// is exact, unlike TLC's, which compares fingerprints: a hash only says where to look.
type stateSet[S comparable] struct {
	fold func(S) S // nil: the identity
	hash func(S) uint64

	pages   [][]S    // the states, by number
	parents []uint32 // the state from which each was first met

	// table is open-addressed. A slot is 0, or the high half of a hash and a number plus one.
	table []uint64
}

func newStateSet[S comparable](fold func(S) S, hash func(S) uint64) *stateSet[S] {
	return &stateSet[S]{fold: fold, hash: hash, table: make([]uint64, firstTable)}
}

func (t *stateSet[S]) len() int { return len(t.parents) }

func (t *stateSet[S]) at(i uint32) S { return t.pages[i>>pageBits][i&(pageSize-1)] }

// key returns what s is compared by.
func (t *stateSet[S]) key(s S) S {
	if t.fold == nil {
		return s
	}
	return t.fold(s)
}

// add reports whether s was new, and if so keeps it.
func (t *stateSet[S]) add(s S, parent uint32) bool {
	key := t.key(s)
	h := t.hash(key)
	mask := uint64(len(t.table) - 1)
	slot := h & mask
	for ; t.table[slot] != 0; slot = (slot + 1) & mask {
		e := t.table[slot]
		if e>>32 == h>>32 && t.key(t.at(uint32(e)-1)) == key {
			return false
		}
	}
	n := len(t.parents)
	if n>>pageBits == len(t.pages) {
		t.pages = append(t.pages, make([]S, pageSize))
	}
	t.pages[n>>pageBits][n&(pageSize-1)] = s
	t.parents = append(t.parents, parent)
	t.table[slot] = h>>32<<32 | uint64(n+1)
	if 2*len(t.parents) > len(t.table) {
		t.grow()
	}
	return true
}

// grow doubles the table. Hashes are computed again, which costs less than keeping them.
func (t *stateSet[S]) grow() {
	t.table = make([]uint64, 2*len(t.table))
	mask := uint64(len(t.table) - 1)
	for n := range t.parents {
		h := t.hash(t.key(t.at(uint32(n))))
		slot := h & mask
		for t.table[slot] != 0 {
			slot = (slot + 1) & mask
		}
		t.table[slot] = h>>32<<32 | uint64(n+1)
	}
}

// mix adds a word to a hash: the two halves of a product, folded.
func mix(h, word uint64) uint64 {
	hi, lo := bits.Mul64(h^word^0x9e3779b97f4a7c15, 0xd6e8feb86659fd93)
	return hi ^ lo
}

// pack makes one word of up to eight small numbers.
func pack(bytes ...int8) uint64 {
	var w uint64
	for _, b := range bytes {
		w = w<<8 | uint64(uint8(b))
	}
	return w
}
