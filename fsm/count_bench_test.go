package fsm

import (
	"bytes"
	"io"
	"testing"

	"github.com/leased-io/leased/lease"
)

// Benchmarks for bench/baseline.tsv, which counts instructions of the whole process: small enough
// to be counted in seconds.

const countAccounts = 2_000

// BenchmarkCountSnapshot is of 2,000 accounts, sessions and leases.
func BenchmarkCountSnapshot(b *testing.B) {
	s := crowd(b, countAccounts)
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Snapshot(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCountRestore is of 2,000 accounts, sessions and leases.
func BenchmarkCountRestore(b *testing.B) {
	data := snapshotOf(b, crowd(b, countAccounts))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Restore(bytes.NewReader(data), nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEncodeEntry is of 64 acquires.
func BenchmarkEncodeEntry(b *testing.B) {
	e := Entry{Epoch: 1, Stamp: 1 << 40}
	for i := range 64 {
		e.Commands = append(e.Commands, Command{Acquire: &lease.Request{
			Session: lease.SessionID(1000 + i), Seq: 77, Revision: 3,
			Asks: []lease.Ask{{Need: 1, Want: 100}}}})
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := EncodeEntry(e); err != nil {
			b.Fatal(err)
		}
	}
}
