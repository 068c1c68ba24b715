package fsm

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// maxAccountBytes is what an account may take of the heap, its key included.
const maxAccountBytes = 200

// tenants returns a state with n accounts of current windows that no session is left of, and how
// many bytes of the heap it takes.
func tenants(tb testing.TB, n int, limit budget.Limit) (*State, int64) {
	tb.Helper()
	before := heapBytes()
	s := New(nil)
	s.Apply(1, 1, Entry{Open: true})
	c := put("b", limit)
	c.PutBudget.Budget.Keyed = true
	s.Apply(2, 1, Entry{Epoch: 1, Commands: []Command{c}})
	for i := range n {
		s.visit(tb, fmt.Sprintf("tenant-%08d", i))
	}
	if got := s.Counts(); got.Accounts != n || got.Sessions != 0 {
		tb.Fatalf("got %+v, want %d accounts", got, n)
	}
	return s, heapBytes() - before
}

// visit charges one credit to key, by a session that is closed again.
func (s *State) visit(tb testing.TB, key string) {
	session := s.last.Session + 1
	got := s.Apply(s.index+1, 1, Entry{Epoch: 1, Stamp: s.t, Commands: []Command{
		{OpenSession: &OpenSession{Budget: "b", Key: key}},
		{Acquire: &lease.Request{Session: session, Seq: 1, Revision: 1,
			Asks: []lease.Ask{{Need: 1, Want: 1}}}},
		{Return: &Return{Session: session, Close: true}},
	}})
	if got[1].Code != CodeDone || got[2].Code != CodeDone {
		tb.Fatalf("key %s: got %+v", key, got)
	}
}

func heapBytes() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// scaleKinds are limits whose accounts are compared.
var scaleKinds = []budget.Limit{
	{Metric: "m", Kind: budget.KindWindow, Amount: 100, Per: time.Hour},
	{Metric: "m", Kind: budget.KindSliding, Amount: 100, Per: 10 * time.Hour, Slots: 10},
	{Metric: "m", Kind: budget.KindBucket, Amount: 100, Per: 16 * time.Hour, Burst: 100},
	{Metric: "m", Kind: budget.KindSlots, Amount: 100, Per: 5 * time.Minute},
}

// TestMemoryPerAccount: an account takes no more than it may, whatever its kind.
func TestMemoryPerAccount(t *testing.T) {
	if raceEnabled {
		t.Log("the race detector's own memory is not counted apart, so there is nothing to see")
		return
	}
	const n = 100_000
	for _, limit := range scaleKinds {
		_, bytes := tenants(t, n, limit)
		t.Logf("%s: %d bytes an account", limit.Kind, bytes/n)
		if bytes > n*maxAccountBytes {
			t.Errorf("%s: %d bytes an account, at most %d", limit.Kind, bytes/n, maxAccountBytes)
		}
	}
}

// BenchmarkAccounts is a visit, which is three commands: of a new key, and of one that is there;
// with so many accounts. Beside it stand what an account takes, and what a snapshot and its
// restore take.
func BenchmarkAccounts(b *testing.B) {
	for _, n := range []int{1000, 1_000_000} {
		limit := scaleKinds[0]
		limit.Amount = budget.MaxAmount
		s, size := tenants(b, n, limit)
		b.Run(fmt.Sprintf("accounts=%d/visit", n), func(b *testing.B) {
			i := 0
			for b.Loop() {
				s.visit(b, fmt.Sprintf("tenant-%08d", i%n))
				i += 7919
			}
			b.ReportMetric(float64(size)/float64(n), "B/account")
		})
		b.Run(fmt.Sprintf("accounts=%d/snapshot", n), func(b *testing.B) {
			for b.Loop() {
				if err := s.Snapshot(io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
		data := snapshotOf(b, s)
		b.Run(fmt.Sprintf("accounts=%d/restore", n), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := Restore(bytes.NewReader(data), nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
