package lease

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/trace"
)

// bytesOf reads a fuzzer's bytes as numbers; zeros when they end.
type bytesOf []byte

func (b *bytesOf) small(n int) int {
	if len(*b) == 0 {
		return 0
	}
	v := int((*b)[0]) % n
	*b = (*b)[1:]
	return v
}

// wide returns small numbers and any others.
func (b *bytesOf) wide() int64 {
	if b.small(2) == 0 {
		return int64(b.small(256)) - 8
	}
	var raw [8]byte
	*b = (*b)[copy(raw[:], *b):]
	return int64(binary.LittleEndian.Uint64(raw[:]))
}

func (b *bytesOf) answer() Answer {
	a := Answer{
		Outcome: Outcome(b.small(9)), Revision: uint64(b.wide()), Limit: int(b.wide()),
		DriftPPM: b.wide(),
	}
	for range b.small(4) {
		a.Grants = append(a.Grants, Grant{
			Lease: ID(b.wide()), Limit: b.small(5) - 1, Window: budget.Window(b.wide()),
			Amount: budget.Credits(b.wide()), TTL: time.Duration(b.wide()),
		})
	}
	if b.small(2) == 1 {
		a.Denial = &Denial{
			Limit: b.small(5) - 1, Left: budget.Credits(b.wide()),
			RetryAfter: time.Duration(b.wide()),
		}
	}
	for range b.small(4) {
		a.Limits = append(a.Limits, budget.Limit{
			Metric: "m", Kind: budget.KindWindow, Amount: budget.Credits(b.wide()),
			Per: time.Duration(b.wide()),
		})
	}
	return a
}

// FuzzTake has the coordinator say anything and the clocks and callers do anything. The holder
// must not panic, ask for nonsense, hold a credit that it was not granted, or lose one.
func FuzzTake(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 0, 9, 2, 3, 1, 1, 0, 0, 9, 0, 9, 0, 50, 1, 0, 9, 0, 9, 0, 60})
	f.Add([]byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b := bytesOf(data)
		var granted, gone int64 // wrap around alike
		h := NewHolder(Config{
			Session: 1, Limits: perMinute(100, budget.MaxAmount, budget.Credits(b.wide())),
			DriftPPM: b.wide(), Sizing: hostileButFirst,
			Sink: func(e trace.Event) {
				switch e.Kind {
				case trace.KindAccept:
					granted += e.Amount
				case trace.KindAdmit, trace.KindGiveUp, trace.KindExpire:
					if gone += e.N; e.N < 0 {
						t.Fatalf("negative %+v", e)
					}
				}
			},
		})
		now := Reading{Mono: b.wide(), Wall: b.wide()}
		for len(b) > 0 {
			cost := make(Cost, len(h.Limits()))
			for i := range cost {
				cost[i] = budget.Credits(b.wide())
			}
			switch b.small(7) {
			case 0:
				h.Admit(now, cost)
			case 1:
				h.AdmitWaiting(now, cost)
			case 2:
				h.SetBacklog(cost)
			case 3:
				now = Reading{Mono: b.wide(), Wall: b.wide()}
			case 4:
				now.Mono += int64(b.small(100)) * int64(time.Millisecond)
			default:
				if req, ok := h.Poll(now); ok {
					checkRequest(t, req)
				}
				h.Take(now, h.Sent(now)-uint64(b.small(2)), b.answer())
			}
			if d, ok := h.WakeAfter(now); ok && d < minWake {
				t.Fatalf("WakeAfter() = %v", d)
			}
			for _, l := range h.Status(now).Limits {
				if l.Live < 0 || l.Leases > MaxLeasesPerLimit {
					t.Fatalf("holds %+v", l)
				}
			}
		}
		for _, r := range h.Close(now) {
			if r.Amount < 1 {
				t.Fatalf("returns %+v", r)
			}
		}
		if granted != gone {
			t.Fatalf("%d credits granted, %d accounted for", granted, gone)
		}
	})
}

func checkRequest(t *testing.T, req Request) {
	t.Helper()
	for i, a := range req.Asks {
		if a.Need < 0 || a.Want < max(1, a.Need) || a.Want > budget.MaxAmount ||
			i > 0 && a.Limit <= req.Asks[i-1].Limit {
			t.Fatalf("malformed asks %+v", req.Asks)
		}
	}
	if len(req.Returns) > MaxReturns {
		t.Fatalf("%d returns", len(req.Returns))
	}
	for _, r := range req.Returns {
		if r.Amount < 1 || r.Lease == 0 {
			t.Fatalf("malformed returns %+v", req.Returns)
		}
	}
}
