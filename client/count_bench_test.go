package client

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leased-io/leased/lease"
)

// Benchmarks for bench/baseline.tsv, which counts instructions of the whole process: what they
// prepare is little, and the same each time.

// counted is a clock that shows how often it was read: what is due each millisecond would be
// counted more often on a slower machine.
func counted() func() lease.Reading {
	var reads atomic.Int64
	return func() lease.Reading {
		n := reads.Add(1) + int64(time.Hour)
		return lease.Reading{Mono: n, Wall: n}
	}
}

// BenchmarkCountAllow is an admission on a lease that is held.
func BenchmarkCountAllow(b *testing.B) {
	allow(b, plentyWith(b, []Option{WithClock(counted())}, perMinute("requests", 1)))
}

// BenchmarkCountCostThree is one of three limits.
func BenchmarkCountCostThree(b *testing.B) {
	l := plentyWith(b, []Option{WithClock(counted())},
		perMinute("a", 1), perMinute("b", 1), perMinute("c", 1))
	cost := Cost{"a": 1, "b": 20, "c": 300}
	b.ReportAllocs()
	for b.Loop() {
		if !l.AllowCost(cost).Allowed() {
			b.Fatal("not allowed")
		}
	}
}

// BenchmarkCountDenied is a denial that is cached.
func BenchmarkCountDenied(b *testing.B) {
	f := newCluster(b, 1)
	limit := perMinute("requests", 1)
	limit.Per = 24 * time.Hour
	f.put("llm", limit)
	l := open(b, f.client(b, WithClock(counted())), "llm")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		d, err := l.Decide(ctx, 1)
		if err != nil {
			b.Fatal(err)
		}
		if d.Verdict == Denied {
			break
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if d := l.Allow(); d.Verdict != Denied {
			b.Fatal(d.Verdict)
		}
	}
}

// BenchmarkCountKey admits on each of 100 keys in turn.
func BenchmarkCountKey(b *testing.B) {
	k, keys := heldKeys(b, 100, aDay("requests"))
	k.client.clock.custom = counted()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if d := k.AllowKey(keys[i%len(keys)], 1); d.Verdict != Allowed {
			b.Fatal(d.Err())
		}
	}
}
