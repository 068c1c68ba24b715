package fsm

import "github.com/leased-io/leased/lease"

// The largest an Acquire of one ask and one return is apt to be: what room is made for.
const usualCommand = 64

// appendEntry appends what encoding would write of e, without a look at its types: an entry that
// is sound as a whole has one encoding. Most commands are Acquires, and are written here; the
// others are left to encoding.
func appendEntry(b []byte, e *Entry) ([]byte, error) {
	start := len(b)
	b = append(b, mapItem) // the number of its pairs follows
	pair := func(key byte) { b[start]++; b = append(b, key) }
	if e.Open {
		pair(1)
		b = append(b, trueItem)
	}
	if e.Epoch != 0 {
		pair(2)
		b = appendHead(b, unsignedItem, e.Epoch)
	}
	if e.Stamp != 0 {
		pair(3)
		b = appendInt(b, int64(e.Stamp))
	}
	if len(e.Commands) == 0 {
		return b, nil
	}
	pair(4)
	b = appendHead(b, arrayItem, uint64(len(e.Commands)))
	for i := range e.Commands {
		c := &e.Commands[i]
		if c.Acquire != nil && *c == (Command{Acquire: c.Acquire}) {
			b = appendRequest(append(b, mapItem+1, 2), c.Acquire)
			continue
		}
		rest, err := encoding.Marshal(c)
		if err != nil {
			return nil, err
		}
		b = append(b, rest...)
	}
	return b, nil
}

func appendRequest(b []byte, r *lease.Request) []byte {
	pairs := 3
	if len(r.Asks) > 0 {
		pairs++
	}
	if len(r.Returns) > 0 {
		pairs++
	}
	b = append(b, mapItem+byte(pairs), 1)
	b = appendHead(b, unsignedItem, uint64(r.Session))
	b = appendHead(append(b, 2), unsignedItem, r.Seq)
	b = appendHead(append(b, 3), unsignedItem, r.Revision)
	if len(r.Asks) > 0 {
		b = appendHead(append(b, 4), arrayItem, uint64(len(r.Asks)))
		for i := range r.Asks {
			b = appendAsk(b, &r.Asks[i])
		}
	}
	if len(r.Returns) > 0 {
		b = appendHead(append(b, 5), arrayItem, uint64(len(r.Returns)))
		for i := range r.Returns {
			b = append(b, mapItem+3, 1)
			b = appendHead(b, unsignedItem, uint64(r.Returns[i].Lease))
			b = appendInt(append(b, 2), int64(r.Returns[i].Window))
			b = appendInt(append(b, 3), int64(r.Returns[i].Amount))
		}
	}
	return b
}

func appendAsk(b []byte, a *lease.Ask) []byte {
	pairs := 3
	if a.Lease != 0 {
		pairs++
	}
	if a.Keep != 0 {
		pairs++
	}
	b = appendInt(append(b, mapItem+byte(pairs), 1), int64(a.Limit))
	b = appendInt(append(b, 2), int64(a.Need))
	b = appendInt(append(b, 3), int64(a.Want))
	if a.Lease != 0 {
		b = appendHead(append(b, 4), unsignedItem, uint64(a.Lease))
	}
	if a.Keep != 0 {
		b = appendInt(append(b, 5), int64(a.Keep))
	}
	return b
}
