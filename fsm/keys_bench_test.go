package fsm

import (
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// batchOfKeys is how many requests of different keys one call carries: transport.MaxBatch.
const batchOfKeys = 512

// BenchmarkApplyBatch is an entry of 512 requests, each of another of 100,000 keys: those that only
// keep a session, and those that ask for a credit.
func BenchmarkApplyBatch(b *testing.B) {
	for name, asks := range map[string][]lease.Ask{
		"keep-alives": nil,
		"acquires":    {{Need: 0, Want: 1}},
	} {
		b.Run(name, func(b *testing.B) {
			const keys = 100_000
			s := crowd(b, keys)
			seqs := make([]uint64, keys+1)
			e := Entry{Epoch: 1, Commands: make([]Command, batchOfKeys)}
			next := 0
			b.ReportAllocs()
			for b.Loop() {
				e.Stamp = s.T() + budget.Instant(time.Microsecond)
				for i := range e.Commands {
					next = next%keys + 1
					seqs[next]++
					e.Commands[i].Acquire = &lease.Request{
						Session: lease.SessionID(next), Seq: seqs[next] + 1, Revision: 1, Asks: asks,
					}
				}
				for _, r := range s.Apply(s.index+1, 1, e) {
					if r.Code != CodeDone && r.Code != CodeDenied {
						b.Fatalf("got %+v", r)
					}
				}
			}
		})
	}
}
