package lease

import (
	"fmt"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/trace"
)

// loaded returns a holder of n limits with plenty on each, and a cost of one of each. Unless
// there is plenty of it, the coordinator denies.
func loaded(n int, plenty bool, sink trace.Sink) (*Holder, Reading, Cost) {
	amounts, cost := make([]budget.Credits, n), make(Cost, n)
	for i := range amounts {
		amounts[i], cost[i] = budget.MaxAmount, 1
	}
	h := NewHolder(Config{Session: 1, Limits: perMinute(amounts...), Sink: sink})
	now := Reading{Mono: 1, Wall: 1}
	if v := h.Admit(now, cost); v != Pending {
		panic(v)
	}
	req, _ := h.Poll(now)
	a := Answer{Outcome: Denied, Denial: &Denial{RetryAfter: time.Minute}}
	if plenty {
		a = Answer{Outcome: Granted}
		for _, ask := range req.Asks {
			a.Grants = append(a.Grants, Grant{
				Lease: ID(ask.Limit + 1), Limit: ask.Limit, Amount: amounts[0], TTL: time.Minute,
			})
		}
	}
	h.Take(now, h.Sent(now), a)
	return h, now, cost
}

// Neither the admitted path nor that of a miss allocates, whoever listens; nor does a Poll and
// a WakeAfter that find nothing to do, which may follow every offer.
func TestNothingIsAllocated(t *testing.T) {
	events := 0
	for _, sink := range []trace.Sink{nil, func(trace.Event) { events++ }} {
		for _, plenty := range []bool{true, false} {
			h, now, cost := loaded(3, plenty, sink)
			want := Refused
			if plenty {
				want = Admitted
			}
			allocs := testing.AllocsPerRun(1000, func() {
				now.Mono += int64(time.Millisecond)
				if got := h.Admit(now, cost); got != want {
					t.Fatalf("got %v, want %v", got, want)
				}
				if req, ok := h.Poll(now); ok {
					t.Fatalf("asks %+v", req)
				}
				h.WakeAfter(now)
			})
			if allocs != 0 {
				t.Errorf("%v, sink %v: %v allocations", want, sink != nil, allocs)
			}
		}
	}
	if events < 30 {
		t.Errorf("only %d events: reporting was not measured", events)
	}
}

func BenchmarkAdmit(b *testing.B) {
	for _, limits := range []int{1, 3} {
		for name, plenty := range map[string]bool{"admitted": true, "refused": false} {
			b.Run(fmt.Sprintf("%s/limits=%d", name, limits), func(b *testing.B) {
				h, now, cost := loaded(limits, plenty, nil)
				b.ReportAllocs()
				for b.Loop() {
					now.Mono += 10
					h.Admit(now, cost)
				}
			})
		}
	}
}

func BenchmarkPollNothing(b *testing.B) {
	h, now, cost := loaded(3, true, nil)
	b.ReportAllocs()
	for b.Loop() {
		now.Mono += 10
		h.Admit(now, cost)
		h.Poll(now)
	}
}
