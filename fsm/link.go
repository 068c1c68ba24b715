package fsm

import (
	"encoding/binary"

	"github.com/leased-io/leased/lease"
)

// CBOR's major types, where an item's first byte has them (RFC 8949, section 3), and true.
const (
	unsignedItem = 0 << 5
	negativeItem = 1 << 5
	bytesItem    = 2 << 5
	textItem     = 3 << 5
	arrayItem    = 4 << 5
	mapItem      = 5 << 5
	trueItem     = 7<<5 | 21
)

// appendLink appends what the digest after an entry is the hash of: what encoding would write of
// the same, without a look at its types. Every entry has one, so it is worth a page.
func (s *State) appendLink(b []byte, results []Result) ([]byte, error) {
	b = appendHead(b, arrayItem, 5)
	b = appendHead(b, bytesItem, digestSize)
	b = append(b, s.digest[:]...)
	b = appendHead(b, unsignedItem, s.index)
	b = appendInt(b, int64(s.t))
	b = appendHead(b, unsignedItem, s.epoch)
	if results == nil {
		return append(b, 0xf6), nil // null
	}
	b = appendHead(b, arrayItem, uint64(len(results)))
	for i := range results {
		var err error
		if b, err = appendResult(b, &results[i]); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// appendResult appends the result of an Acquire, which most are, and leaves others to encoding.
func appendResult(b []byte, r *Result) ([]byte, error) {
	if r.Detail != "" || r.Session != 0 || len(r.Limits) > 0 || r.Rules != nil ||
		r.Created || r.Changed {
		rest, err := encoding.Marshal(r)
		return append(b, rest...), err
	}
	start := len(b)
	b = append(b, mapItem) // the number of its pairs follows
	pair := func(key byte) { b[start]++; b = append(b, key) }
	pair(1)
	b = appendHead(b, unsignedItem, uint64(r.Code))
	if r.Revision != 0 {
		pair(4)
		b = appendHead(b, unsignedItem, r.Revision)
	}
	if len(r.Grants) > 0 {
		pair(6)
		b = appendHead(b, arrayItem, uint64(len(r.Grants)))
		for i := range r.Grants {
			b = appendGrant(b, &r.Grants[i])
		}
	}
	if d := r.Denial; d != nil {
		pair(7)
		b = append(b, mapItem+3, 1)
		b = appendInt(b, int64(d.Limit))
		b = appendInt(append(b, 2), int64(d.Left))
		b = appendInt(append(b, 3), int64(d.RetryAfter))
	}
	if r.Limit != 0 {
		pair(8)
		b = appendInt(b, int64(r.Limit))
	}
	if len(r.Taken) > 0 {
		pair(9)
		b = appendHead(b, arrayItem, uint64(len(r.Taken)))
		for _, n := range r.Taken {
			b = appendInt(b, int64(n))
		}
	}
	return b, nil
}

func appendGrant(b []byte, g *lease.Grant) []byte {
	b = append(b, mapItem+5, 1)
	b = appendHead(b, unsignedItem, uint64(g.Lease))
	b = appendInt(append(b, 2), int64(g.Limit))
	b = appendInt(append(b, 3), int64(g.Window))
	b = appendInt(append(b, 4), int64(g.Amount))
	return appendInt(append(b, 5), int64(g.TTL))
}

// appendInt appends an integer in the shortest form.
func appendInt(b []byte, n int64) []byte {
	if n < 0 {
		return appendHead(b, negativeItem, uint64(^n))
	}
	return appendHead(b, unsignedItem, uint64(n))
}

// appendHead appends an item's first byte and its number, in the shortest form.
func appendHead(b []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(b, major|byte(n))
	case n < 1<<8:
		return append(b, major|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, major|25), uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(b, major|26), uint32(n))
	default:
		return binary.BigEndian.AppendUint64(append(b, major|27), n)
	}
}
