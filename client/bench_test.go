package client

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// plenty returns a limiter that holds more than a benchmark spends. It runs in real time.
func plenty(tb testing.TB, limits ...budget.Limit) *Limiter {
	tb.Helper()
	return plentyWith(tb, nil, limits...)
}

func plentyWith(tb testing.TB, opts []Option, limits ...budget.Limit) *Limiter {
	tb.Helper()
	f := newCluster(tb, 1)
	for i := range limits {
		limits[i].Amount, limits[i].Per = budget.MaxAmount, 24*time.Hour
	}
	f.put("llm", limits...)
	f.grant = func(_, _, left budget.Credits) budget.Credits { return left / 2 }
	// However slow the machine is, opening waits for the first credits.
	return open(tb, f.client(tb, append(opts, WithCallTimeout(time.Minute))...), "llm")
}

func TestAdmittedPathsDoNotAllocate(t *testing.T) {
	one := plenty(t, perMinute("requests", 1))
	three := plenty(t, perMinute("a", 1), perMinute("b", 1), perMinute("c", 1))
	cost := Cost{"a": 1, "b": 20, "c": 300}
	for name, allow := range map[string]func() Decision{
		"Allow":     one.Allow,
		"AllowN":    func() Decision { return one.AllowN(7) },
		"AllowCost": func() Decision { return three.AllowCost(cost) },
	} {
		if got := testing.AllocsPerRun(1000, func() { want(t, allow(), Allowed) }); got != 0 {
			t.Errorf("%s: got %v allocations, want 0", name, got)
		}
	}
}

// BenchmarkFloorNowAtomic is what no decision that reads both clocks can cost less than (R6, R10).
func BenchmarkFloorNowAtomic(b *testing.B) {
	var spent atomic.Int64
	var sum int64
	b.ReportAllocs()
	for b.Loop() {
		sum += time.Now().UnixNano()
		spent.Add(1)
	}
	if sum == 0 {
		b.Fatal("the clock stands")
	}
}

// BenchmarkFloorSinceAtomic is the same for one that reads the monotonic clock alone.
func BenchmarkFloorSinceAtomic(b *testing.B) {
	var spent atomic.Int64
	var sum time.Duration
	base := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		sum += time.Since(base)
		spent.Add(1)
	}
	if sum == 0 {
		b.Fatal("the clock stands")
	}
}

// BenchmarkFloorHolder is the floor and the holder's own work on one limit.
func BenchmarkFloorHolder(b *testing.B) {
	l := plenty(b, perMinute("requests", 1))
	cost := lease.Cost{1}
	b.ReportAllocs()
	for b.Loop() {
		l.mu.Lock()
		v := l.holder.Admit(l.clock.now(), cost)
		l.mu.Unlock()
		if v != lease.Admitted {
			b.Fatal(v)
		}
	}
}

func allow(b *testing.B, l *Limiter) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		if !l.Allow().Allowed() {
			b.Fatal("not allowed")
		}
	}
}

func BenchmarkLimiterAllow(b *testing.B) { allow(b, plenty(b, perMinute("requests", 1))) }

func BenchmarkLimiterAllowMonotonic(b *testing.B) {
	allow(b, plentyWith(b, []Option{MonotonicOnly()}, perMinute("requests", 1)))
}

// BenchmarkLimiterAllowParallel is one hot budget on all processors: ns/op is of the wall clock, so
// one processor's over it says how many it is worth.
func BenchmarkLimiterAllowParallel(b *testing.B) {
	l := plenty(b, perMinute("requests", 1))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if !l.Allow().Allowed() {
				b.Error("not allowed")
				return
			}
		}
	})
}

func BenchmarkLimiterAllowCostThree(b *testing.B) {
	l := plenty(b, perMinute("a", 1), perMinute("b", 1), perMinute("c", 1))
	cost := Cost{"a": 1, "b": 20, "c": 300}
	b.ReportAllocs()
	for b.Loop() {
		if d := l.AllowCost(cost); d.Verdict != Allowed {
			b.Fatal(d.Err())
		}
	}
}

func BenchmarkLimiterAllowDenied(b *testing.B) {
	f := newCluster(b, 1)
	limit := perMinute("requests", 1)
	limit.Per = 24 * time.Hour
	f.put("llm", limit)
	l := open(b, f.client(b), "llm")
	for deadline := time.Now().Add(time.Minute); l.Allow().Verdict != Denied; {
		if time.Now().After(deadline) {
			b.Fatal("not denied within a minute")
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if d := l.Allow(); d.Verdict != Denied {
			b.Fatal(d.Verdict)
		}
	}
}
