package client

import (
	"context"
	"testing"
	"time"
)

// Benchmarks for bench/baseline.tsv, which counts instructions of the whole process: what they
// prepare is little, and the same each time.

// BenchmarkCountDenied is a denial that is cached.
func BenchmarkCountDenied(b *testing.B) {
	f := newCluster(b, 1)
	limit := perMinute("requests", 1)
	limit.Per = 24 * time.Hour
	f.put("llm", limit)
	l := open(b, f.client(b), "llm")
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
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if d := k.AllowKey(keys[i%len(keys)], 1); d.Verdict != Allowed {
			b.Fatal(d.Err())
		}
	}
}
