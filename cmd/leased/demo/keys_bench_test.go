package demo

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/client"
)

const (
	// manyKeys is what a process with very many users has.
	manyKeys = 100_000
	// keyRounds is how often each of them is asked.
	keyRounds = 5
	// keyCallers ask at once.
	keyCallers = 4096
)

// BenchmarkManyKeys asks each of 100,000 keys five times, of three nodes on loopback that sync
// their logs, all in this process. Run it with -benchtime 1x.
func BenchmarkManyKeys(b *testing.B) {
	for b.Loop() {
		playManyKeys(b)
	}
}

func playManyKeys(b *testing.B) {
	ctx := b.Context()
	nodes, err := startCluster(ctx, 3, "", "keys")
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := nodes.stop(b.Context()); err != nil {
			b.Error(err)
		}
	}()
	c, err := client.New(nodes.endpoints())
	if err != nil {
		b.Fatal(err)
	}
	limit := budget.Limit{
		Metric: "requests", Kind: budget.KindWindow, Amount: 10_000, Per: time.Hour,
	}
	_, err = c.PutBudget(ctx, budget.Budget{
		Name: "users", Keyed: true, Limits: []budget.Limit{limit},
	})
	if err != nil {
		b.Fatal(err)
	}
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	k, err := c.Keyed(ctx, "users", client.MaxKeys(manyKeys), client.ForgetAfter(time.Hour))
	if err != nil {
		b.Fatal(err)
	}
	keys := make([]string, manyKeys)
	for i := range keys {
		keys[i] = fmt.Sprintf("user-%06d", i)
	}

	began := time.Now()
	for round := range keyRounds {
		sweep(b, k, keys)
		if round == 0 {
			b.ReportMetric(time.Since(began).Seconds(), "s/first-credits")
		}
	}
	calls := c.Calls()
	b.ReportMetric(time.Since(began).Seconds(), "s/all")
	b.ReportMetric(float64(calls.Calls)*1000/(manyKeys*keyRounds), "calls/1000-admissions")
	b.ReportMetric(float64(calls.Requests)/float64(calls.Calls), "requests/call")
	var after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/manyKeys, "B/key-with-three-nodes")

	began = time.Now()
	if err := c.Close(ctx); err != nil {
		b.Error(err)
	}
	b.ReportMetric(time.Since(began).Seconds(), "s/close")
	b.ReportMetric(0, "ns/op") // it says nothing here
}

// sweep asks each key until it is admitted once.
func sweep(b *testing.B, k *client.KeyedLimiter, keys []string) {
	next := make(chan string)
	var callers sync.WaitGroup
	for range keyCallers {
		callers.Go(func() {
			for key := range next {
				if err := k.WaitKey(b.Context(), key, 1); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for _, key := range keys {
		next <- key
	}
	close(next)
	callers.Wait()
}
