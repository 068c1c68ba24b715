package fsm

import "github.com/leased-io/leased/budget"

// An account or a session is encoded by hand if it is like most of them, which spares a look at its
// types; others are left to encoding. The bytes are the same.

func (out *itemWriter) account(r *row) (err error) {
	if out.item, err = appendAccount(out.item[:0], r); err != nil {
		return err
	}
	_, err = out.w.Write(out.item)
	return err
}

func (out *itemWriter) session(ss *session) (err error) {
	if out.item, err = appendSession(out.item[:0], ss); err != nil {
		return err
	}
	_, err = out.w.Write(out.item)
	return err
}

// appendAccount appends r as an accountItem.
func appendAccount(b []byte, r *row) ([]byte, error) {
	if len(r.Out) > 0 || r.Tenants != nil {
		rest, err := encoding.Marshal(accountItem{r.key, r.Account})
		return append(b, rest...), err
	}
	if r.key == "" {
		b = append(b, mapItem+1, 2)
	} else {
		b = append(b, mapItem+2, 1)
		b = appendText(b, r.key)
		b = append(b, 2)
	}
	start := len(b)
	b = append(b, mapItem+2, 1)
	b = appendInt(b, int64(r.Used))
	b = appendInt(append(b, 2), int64(r.Peak))
	b = appendPair(b, start, 3, uint64(r.Askers))
	b = appendPair(b, start, 4, uint64(r.PrevAskers))
	b = appendIntPair(b, start, 5, int64(r.Tokens))
	b = appendPair(b, start, 6, r.Parts)
	return appendIntPair(b, start, 7, int64(r.At)), nil
}

// appendSession appends ss.
func appendSession(b []byte, ss *session) ([]byte, error) {
	if len(ss.Labels) > 0 || ss.Priority != budget.PriorityNormal {
		rest, err := encoding.Marshal(ss)
		return append(b, rest...), err
	}
	start := len(b)
	b = append(b, mapItem+2, 1)
	b = appendHead(b, unsignedItem, uint64(ss.ID))
	b = appendText(append(b, 2), ss.Budget)
	if ss.Key != "" {
		b[start]++
		b = appendText(append(b, 3), ss.Key)
	}
	b = appendPair(b, start, 4, ss.Seq)
	b[start] += 2
	b = append(b, 5, mapItem+2, 1)
	b = appendInt(b, int64(ss.Decided.At))
	var err error
	if b, err = appendResult(append(b, 2), &ss.Decided.Result); err != nil {
		return nil, err
	}
	b = appendInt(append(b, 6), int64(ss.Touched))
	if len(ss.Asked) > 0 {
		b[start]++
		b = appendHead(append(b, 7), arrayItem, uint64(len(ss.Asked)))
		for _, m := range ss.Asked {
			b = append(b, mapItem+2, 1)
			b = appendHead(b, unsignedItem, m.Limit)
			b = appendInt(append(b, 2), int64(m.Window))
		}
	}
	if len(ss.Leases) > 0 {
		b[start]++
		b = appendHead(append(b, 8), arrayItem, uint64(len(ss.Leases)))
		for i := range ss.Leases {
			b = appendHeld(b, &ss.Leases[i])
		}
	}
	return b, nil
}

func appendHeld(b []byte, h *held) []byte {
	start := len(b)
	b = append(b, mapItem+4, 1)
	b = appendHead(b, unsignedItem, uint64(h.Lease))
	b = appendHead(append(b, 2), unsignedItem, h.Limit)
	b = appendInt(append(b, 3), int64(h.Window))
	b = appendInt(append(b, 4), int64(h.Amount))
	return appendIntPair(b, start, 5, int64(h.Until))
}

// appendPair appends a pair to the map that starts there, unless n is 0: such fields are left out.
func appendPair(b []byte, start int, key byte, n uint64) []byte {
	if n == 0 {
		return b
	}
	b[start]++
	return appendHead(append(b, key), unsignedItem, n)
}

func appendIntPair(b []byte, start int, key byte, n int64) []byte {
	if n == 0 {
		return b
	}
	b[start]++
	return appendInt(append(b, key), n)
}

func appendText(b []byte, s string) []byte {
	return append(appendHead(b, textItem, uint64(len(s))), s...)
}
