package fsm

import (
	"fmt"
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
		s.visit(tb, fmt.Sprintf("tenant-%08d", i*7919%n)) // in no order
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

const (
	// maxSessionBytes is what a session with one lease may take, its share of the tables included,
	// and maxLeaseBytes what each further lease of it may.
	maxSessionBytes = 700
	maxLeaseBytes   = 64
)

// TestMemoryPerLease: a session and a lease take no more than they may. Most of a session is the
// answer that it may be told again.
func TestMemoryPerLease(t *testing.T) {
	if raceEnabled {
		t.Log("the race detector's own memory is not counted apart, so there is nothing to see")
		return
	}
	const n = 10_000
	size := map[int]int64{}
	for _, leases := range []int{1, MaxSessionLeases} {
		before := heapBytes()
		s := New(nil)
		sit(t, s, n, leases)
		size[leases] = heapBytes() - before
		if got := s.Counts().Sessions; got != n {
			t.Fatalf("got %d sessions", got)
		}
	}
	session := size[1] / n
	each := (size[MaxSessionLeases] - size[1]) / (n * (MaxSessionLeases - 1))
	t.Logf("%d bytes a session with one lease, %d bytes each lease more", session, each)
	if session > maxSessionBytes || each > maxLeaseBytes {
		t.Errorf("a session takes %d bytes, at most %d; a lease %d, at most %d",
			session, maxSessionBytes, each, maxLeaseBytes)
	}
}

// sit opens n sessions on a budget, and has each take so many leases.
func sit(tb testing.TB, s *State, n, leases int) {
	tb.Helper()
	s.Apply(1, 1, Entry{Open: true})
	s.Apply(2, 1, Entry{Epoch: 1, Commands: []Command{
		put("b", budget.Limit{Metric: "m", Amount: budget.MaxAmount, Per: time.Hour})}})
	for i := range n {
		commands := []Command{{OpenSession: &OpenSession{Budget: "b"}}}
		for seq := range leases {
			commands = append(commands, ask(lease.SessionID(i+1), uint64(seq+1), 1, 1))
		}
		for _, r := range s.Apply(s.index+1, 1, Entry{Epoch: 1, Commands: commands}) {
			if r.Code != CodeDone {
				tb.Fatalf("got %+v", r)
			}
		}
	}
}
