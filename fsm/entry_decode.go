package fsm

import (
	"encoding/binary"
	"math"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// reader reads an entry of Acquires as appendEntry writes it. It knows nothing else: what it does
// not know to the byte sets off, and is left to decoding, which says what it is, or what is wrong
// with it. Every replica reads every entry, so this is the part of the log's cost that no other
// work hides.
type reader struct {
	b   []byte
	off bool // this is not for the reader; what it returns from then on means nothing

	asks    arena[lease.Ask]
	returns arena[lease.Return]
}

// arena hands out short slices of long ones, so that an entry's parts are a few allocations.
// What is handed out keeps the whole alive: the state keeps none of it beyond the entry.
type arena[T any] struct {
	free []T
	next int // how many to make at least when there are too few
}

func (a *arena[T]) take(n int) []T {
	if n > len(a.free) {
		a.free = make([]T, max(n, a.next))
	}
	got := a.free[:n:n]
	a.free = a.free[n:]
	return got
}

// readEntry reads an entry that opens no epoch and has only Acquires. It reports false for others.
func readEntry(b []byte) (Entry, bool) {
	r := reader{b: b}
	pairs := r.head(mapItem)
	var e Entry
	if pairs > 0 && r.key(2) {
		e.Epoch, pairs = r.head(unsignedItem), pairs-1
	}
	if pairs > 0 && r.key(3) {
		e.Stamp, pairs = budget.Instant(r.integer()), pairs-1
	}
	if pairs != 1 || !r.key(4) {
		return Entry{}, false
	}
	n := r.length(arrayItem)
	if n > MaxCommands {
		return Entry{}, false
	}
	e.Commands = make([]Command, n)
	requests := make([]lease.Request, n)
	r.asks.next, r.returns.next = n, n
	for i := range requests {
		if r.head(mapItem) != 1 || !r.key(2) || r.off {
			return Entry{}, false
		}
		r.request(&requests[i])
		e.Commands[i].Acquire = &requests[i]
	}
	return e, n > 0 && !r.off && len(r.b) == 0
}

func (r *reader) request(into *lease.Request) {
	pairs := r.head(mapItem)
	into.Session = lease.SessionID(r.unsigned(1))
	into.Seq = r.unsigned(2)
	into.Revision = r.unsigned(3)
	left := pairs - 3
	if left > 0 && r.key(4) {
		into.Asks = r.asks.take(r.length(arrayItem))
		for i := range into.Asks {
			r.ask(&into.Asks[i])
		}
		left--
	}
	if left > 0 && r.key(5) {
		into.Returns = r.returns.take(r.length(arrayItem))
		for i := range into.Returns {
			give := &into.Returns[i]
			r.off = r.off || r.head(mapItem) != 3
			give.Lease = lease.ID(r.unsigned(1))
			give.Window = budget.Window(r.signed(2))
			give.Amount = budget.Credits(r.signed(3))
		}
		left--
	}
	r.off = r.off || left != 0
}

func (r *reader) ask(into *lease.Ask) {
	pairs := r.head(mapItem)
	limit := r.signed(1)
	into.Limit = int(limit)
	into.Need = budget.Credits(r.signed(2))
	into.Want = budget.Credits(r.signed(3))
	left := pairs - 3
	if left > 0 && r.key(4) {
		into.Lease, left = lease.ID(r.head(unsignedItem)), left-1
	}
	if left > 0 && r.key(5) {
		into.Keep, left = budget.Credits(r.integer()), left-1
	}
	r.off = r.off || left != 0 || int64(into.Limit) != limit
}

// key takes a map's key, if it comes next.
func (r *reader) key(k byte) bool {
	if len(r.b) == 0 || r.b[0] != k {
		return false
	}
	r.b = r.b[1:]
	return true
}

// unsigned and signed take a pair whose key must be there.
func (r *reader) unsigned(key byte) uint64 {
	r.off = !r.key(key) || r.off
	return r.head(unsignedItem)
}

func (r *reader) signed(key byte) int64 {
	r.off = !r.key(key) || r.off
	return r.integer()
}

// integer takes a number of either sign.
func (r *reader) integer() int64 {
	if len(r.b) > 0 && r.b[0]>>5 == negativeItem>>5 {
		n := r.head(negativeItem)
		r.off = r.off || n > math.MaxInt64
		return ^int64(n)
	}
	n := r.head(unsignedItem)
	r.off = r.off || n > math.MaxInt64
	return int64(n)
}

// length takes the head of an array that is not empty. Each of its items has a byte, at least, so
// no room is made for what is not there.
func (r *reader) length(major byte) int {
	n := r.head(major)
	if n == 0 || n > uint64(len(r.b)) {
		r.off = true
		return 0
	}
	return int(n)
}

// head takes an item's first byte and its number, which must be in the shortest form.
func (r *reader) head(major byte) uint64 {
	if len(r.b) > 0 && r.b[0]-major < 24 {
		n := r.b[0] - major
		r.b = r.b[1:]
		return uint64(n)
	}
	return r.longHead(major)
}

// longHead takes a head whose number follows its first byte.
func (r *reader) longHead(major byte) uint64 {
	if len(r.b) == 0 || r.b[0]-major > 27 {
		r.off = true
		return 0
	}
	n := uint64(r.b[0] - major)
	size := 1 << (n - 24)
	if len(r.b) <= size {
		r.off = true
		return 0
	}
	b := r.b[1:]
	r.b = b[size:]
	least := uint64(24)
	switch size {
	case 1:
		n = uint64(b[0])
	case 2:
		n, least = uint64(binary.BigEndian.Uint16(b)), 1<<8
	case 4:
		n, least = uint64(binary.BigEndian.Uint32(b)), 1<<16
	default:
		n, least = binary.BigEndian.Uint64(b), 1<<32
	}
	r.off = r.off || n < least
	return n
}
