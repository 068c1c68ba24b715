package client

import (
	"fmt"
	"hash/maphash"
	"runtime"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// heldKeys returns n keys that each hold more than a test spends, with no loop and no cluster: what
// is measured is theirs alone.
func heldKeys(tb testing.TB, n int, limits ...budget.Limit) (*KeyedLimiter, []string) {
	tb.Helper()
	conns, err := newConns([]string{"a:1"}, options{callTimeout: time.Second})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(conns.close)
	c := &Client{conns: conns, post: newPost(conns), clock: newClock(options{})}
	k := &KeyedLimiter{
		client: c, budget: "llm", by: &Decider{Budget: "llm"}, seed: maphash.MakeSeed(),
		o:     limiterOptions{maxKeys: n, forgetAfter: time.Hour, unavailableAfter: time.Second},
		drive: drive{born: time.Now(), wake: make(chan struct{}, 1)},
		known: opened{revision: 1, limits: limits},
	}
	for i := range k.shards {
		k.shards[i].byKey = make(map[string]*keyed)
	}
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("tenant-%06d", i)
	}
	for i, key := range keys {
		k.AllowKey(key, 1)
		e, _ := k.find(key)
		e.restart(opened{session: lease.SessionID(i + 1), revision: 1, limits: limits})
		next := e.next()
		if !next.send {
			tb.Fatal("a key without credits asks for none")
		}
		answer := lease.Answer{Outcome: lease.Granted, Revision: 1}
		for j, ask := range next.request.Asks {
			answer.Grants = append(answer.Grants, lease.Grant{
				Lease: lease.ID(i*len(limits) + j + 1), Limit: ask.Limit,
				Amount: 1 << 30, TTL: 23 * time.Hour,
			})
		}
		e.take(e.sending(), answer)
		now, _ := k.drive.gather(nil)
		for _, e := range now {
			k.drive.sleep(e, asleep, time.Hour)
		}
	}
	return k, keys
}

func aDay(metric string) budget.Limit {
	return budget.Limit{
		Metric: metric, Kind: budget.KindWindow, Amount: budget.MaxAmount, Per: 24 * time.Hour,
	}
}

// maxKeyBytes is what a key with one limit may take: 100,000 of them then take 300 MB.
const maxKeyBytes = 3000

// keyBytes measures what a key takes, its name's 13 bytes included.
func keyBytes(tb testing.TB, n int, limits ...budget.Limit) float64 {
	tb.Helper()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	k, keys := heldKeys(tb, n, limits...)
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(k)
	runtime.KeepAlive(keys)
	return float64(after.HeapAlloc-before.HeapAlloc) / float64(n)
}

func TestAKeyIsSmall(t *testing.T) {
	if got := keyBytes(t, 5000, aDay("requests")); got > maxKeyBytes {
		t.Errorf("a key takes %.0f bytes, want at most %d", got, maxKeyBytes)
	}
}

func TestAllowKeyDoesNotAllocate(t *testing.T) {
	k, keys := heldKeys(t, 100, aDay("requests"))
	i := 0
	if got := testing.AllocsPerRun(1000, func() {
		want(t, k.AllowKey(keys[i%len(keys)], 1), Allowed)
		i++
	}); got != 0 {
		t.Errorf("%v allocations, want 0", got)
	}
}

const benchKeys = 100_000

// BenchmarkKeyBytes is what one of 100,000 keys takes.
func BenchmarkKeyBytes(b *testing.B) {
	for limits := 1; limits <= 2; limits++ {
		b.Run(fmt.Sprintf("limits=%d", limits), func(b *testing.B) {
			two := aDay("requests")
			two.Per *= 2
			all := []budget.Limit{aDay("requests"), two}[:limits]
			for b.Loop() {
				b.ReportMetric(keyBytes(b, benchKeys, all...), "B/key")
			}
		})
	}
}

// BenchmarkAllowKey admits on each of 100,000 keys in turn, of which none is in a cache.
func BenchmarkAllowKey(b *testing.B) {
	k, keys := heldKeys(b, benchKeys, aDay("requests"))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if d := k.AllowKey(keys[i*7919%benchKeys], 1); d.Verdict != Allowed {
			b.Fatal(d.Err())
		}
	}
}

// BenchmarkAllowKeyOne admits on one key of 100,000.
func BenchmarkAllowKeyOne(b *testing.B) {
	k, keys := heldKeys(b, benchKeys, aDay("requests"))
	b.ReportAllocs()
	for b.Loop() {
		if d := k.AllowKey(keys[7], 1); d.Verdict != Allowed {
			b.Fatal(d.Err())
		}
	}
}

// BenchmarkAllowKeyParallel admits on many keys from several goroutines at once.
func BenchmarkAllowKeyParallel(b *testing.B) {
	k, keys := heldKeys(b, benchKeys, aDay("requests"))
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if d := k.AllowKey(keys[i*7919%benchKeys], 1); d.Verdict != Allowed {
				b.Error(d.Err())
				return
			}
		}
	})
}
