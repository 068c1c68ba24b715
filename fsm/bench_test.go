package fsm

import (
	"bytes"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/trace"
)

// BenchmarkApply is what one entry of acquires costs: per op, all of them. Each renews: it
// returns its last lease and asks for another.
func BenchmarkApply(b *testing.B) {
	for _, n := range []int{1, 64} {
		b.Run(fmt.Sprintf("acquires=%d", n), func(b *testing.B) { benchmarkApply(b, n, nil) })
		b.Run(fmt.Sprintf("acquires=%d/traced", n), func(b *testing.B) {
			benchmarkApply(b, n, func(trace.Event) {})
		})
	}
}

func benchmarkApply(b *testing.B, n int, sink trace.Sink) {
	s := New(sink)
	s.Apply(1, 1, Entry{Open: true})
	s.Apply(2, 1, Entry{Epoch: 1, Commands: []Command{
		put("b", budget.Limit{Metric: "m", Amount: budget.MaxAmount, Per: time.Second})}})
	e := Entry{Epoch: 1, Commands: make([]Command, n)}
	for i := range e.Commands {
		r := s.Apply(s.index+1, 1, Entry{Epoch: 1, Commands: []Command{
			{OpenSession: &OpenSession{Budget: "b"}}}})[0]
		e.Commands[i].Acquire = &lease.Request{Session: r.Session, Revision: 1,
			Asks:    []lease.Ask{{Need: 1, Want: 100}},
			Returns: make([]lease.Return, 1)}
	}
	b.ReportAllocs()
	for b.Loop() {
		e.Stamp += budget.Instant(time.Millisecond)
		for i := range e.Commands {
			e.Commands[i].Acquire.Seq++
		}
		for i, r := range s.Apply(s.index+1, 1, e) {
			if r.Code != CodeDone {
				b.Fatalf("got %+v", r)
			}
			g := r.Grants[0]
			e.Commands[i].Acquire.Returns[0] =
				lease.Return{Lease: g.Lease, Window: g.Window, Amount: g.Amount}
		}
	}
}

// crowd is a state of n accounts, each with a session that holds a lease.
func crowd(b *testing.B, n int) *State {
	b.Helper()
	s := New(nil)
	s.Apply(1, 1, Entry{Open: true})
	c := put("b", budget.Limit{Metric: "m", Amount: 100, Per: time.Hour})
	c.PutBudget.Budget.Keyed = true
	s.Apply(2, 1, Entry{Epoch: 1, Commands: []Command{c}})
	for i := range n {
		got := s.Apply(s.index+1, 1, Entry{Epoch: 1, Commands: []Command{
			{OpenSession: &OpenSession{Budget: "b", Key: fmt.Sprint("tenant-", i)}},
			{Acquire: &lease.Request{Session: lease.SessionID(i + 1), Seq: 1, Revision: 1,
				Asks: []lease.Ask{{Need: 1, Want: 10}}}},
		}})
		if got[1].Code != CodeDone {
			b.Fatalf("got %+v", got[1])
		}
	}
	return s
}

// BenchmarkSnapshot is of 100,000 accounts, sessions and leases.
func BenchmarkSnapshot(b *testing.B) {
	s := crowd(b, 100_000)
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Snapshot(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRestore is of 100,000 accounts, sessions and leases.
func BenchmarkRestore(b *testing.B) {
	data := snapshotOf(b, crowd(b, 100_000))
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Restore(bytes.NewReader(data), nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkExpire is an entry that ends 100,000 idle sessions at once: the longest stall there is.
func BenchmarkExpire(b *testing.B) {
	data := snapshotOf(b, crowd(b, 100_000))
	for b.Loop() {
		b.StopTimer()
		s, err := Restore(bytes.NewReader(data), nil)
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		s.Apply(s.index+1, 1, Entry{Epoch: 1, Stamp: budget.Instant(SessionTTL)})
		if len(s.sessions) != 0 {
			b.Fatal("sessions are left")
		}
	}
}

// BenchmarkDecodeEntry is of 64 acquires.
func BenchmarkDecodeEntry(b *testing.B) {
	e := Entry{Epoch: 1, Stamp: 1 << 40}
	for i := range 64 {
		e.Commands = append(e.Commands, Command{Acquire: &lease.Request{
			Session: lease.SessionID(1000 + i), Seq: 77, Revision: 3,
			Asks: []lease.Ask{{Need: 1, Want: 100}}}})
	}
	data := encoded(b, e)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeEntry(data); err != nil {
			b.Fatal(err)
		}
	}
}
