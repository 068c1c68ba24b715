package fsm

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// The scale that is promised, and what it is compared with.
const (
	manyAccounts  = 1_000_000
	fewAccounts   = 1000
	scaleSessions = 10_000
	scaleGrants   = 64 // of an entry
)

// scaled is a state of n accounts and 10,000 sessions, spread over all of them.
type scaled struct {
	s        *State
	r        *rand.Rand
	requests []*lease.Request // of each session, the next one
}

func newScaled(tb testing.TB, n int) *scaled {
	limit := scaleKinds[0]
	limit.Amount = budget.MaxAmount
	s, _ := tenants(tb, n, limit)
	w := &scaled{s: s, r: rand.New(rand.NewPCG(1, 2))}
	for i := range scaleSessions {
		key := fmt.Sprintf("tenant-%08d", i*(n/1000)%n+i/1000%n)
		got := w.do(Command{OpenSession: &OpenSession{Budget: "b", Key: key}})
		w.requests = append(w.requests, &lease.Request{Session: got[0].Session, Revision: 1,
			Asks: []lease.Ask{{Need: 1, Want: 1}}})
	}
	return w
}

func (w *scaled) do(commands ...Command) []Result {
	return w.s.Apply(w.s.index+1, 1, Entry{Epoch: 1, Stamp: w.s.t, Commands: commands})
}

// grants has 64 sessions renew their leases, which is what most entries do, and returns what it
// took to apply the entry.
func (w *scaled) grants(tb testing.TB, f *FSM, commands []Command) time.Duration {
	for i := range commands {
		request := w.requests[w.r.IntN(len(w.requests))]
		request.Seq++
		commands[i].Acquire = request
	}
	log := w.log(tb, Entry{Epoch: 1, Stamp: w.s.t, Commands: commands})
	start := time.Now()
	applied := f.Apply(log).(Applied)
	took := time.Since(start)
	for i, r := range applied.Results {
		if r.Code != CodeDone {
			tb.Fatalf("got %+v", r)
		}
		g := r.Grants[0]
		commands[i].Acquire.Returns = []lease.Return{
			{Lease: g.Lease, Window: g.Window, Amount: g.Amount}}
	}
	return took
}

// log is the next entry of raft's log.
func (w *scaled) log(tb testing.TB, e Entry) *raft.Log {
	data, err := EncodeEntry(e)
	if err != nil {
		tb.Fatal(err)
	}
	return &raft.Log{Index: w.s.index + 1, Term: 1, Type: raft.LogCommand, Data: data}
}

// BenchmarkScale is what raft's goroutine pays with a thousand and with a million accounts, and
// 10,000 sessions: for a grant to one of these, in entries of 64; and for a visit, three commands
// that need not be decoded, of any account.
func BenchmarkScale(b *testing.B) {
	for _, n := range []int{fewAccounts, manyAccounts} {
		w := newScaled(b, n)
		b.Run(fmt.Sprintf("accounts=%d/grant", n), func(b *testing.B) {
			commands, f := make([]Command, scaleGrants), &FSM{state: w.s}
			took := time.Duration(0)
			for b.Loop() {
				took += w.grants(b, f, commands)
			}
			b.ReportMetric(float64(took.Nanoseconds())/float64(b.N*scaleGrants), "ns/grant")
		})
		b.Run(fmt.Sprintf("accounts=%d/visit", n), func(b *testing.B) {
			for b.Loop() {
				w.s.visit(b, fmt.Sprintf("tenant-%08d", w.r.IntN(n)))
			}
		})
	}
}

// BenchmarkScalePause applies entries of 64 visits to any of a million accounts, while a snapshot
// is written, over and over: what an entry waits at most, and what one in a hundred does; and the
// same without a snapshot.
func BenchmarkScalePause(b *testing.B) {
	w := newScaled(b, manyAccounts)
	f := &FSM{state: w.s}
	for _, snapshots := range []bool{false, true} {
		b.Run(fmt.Sprintf("snapshot=%t", snapshots), func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				took = append(took, pauses(b, f, w, snapshots)...)
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)-1].Nanoseconds()), "max-pause-ns")
			b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
			b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
		})
	}
}

// pauses returns how long raft's goroutine was in each call of the state machine, in one second of
// entries, and until a snapshot that is begun in it is written.
func pauses(b *testing.B, f *FSM, w *scaled, snapshot bool) (took []time.Duration) {
	var written sync.WaitGroup
	done := make(chan struct{})
	timed := func(call func()) {
		start := time.Now()
		call()
		took = append(took, time.Since(start))
	}
	if snapshot {
		timed(func() {
			image, err := f.Snapshot()
			if err != nil {
				b.Fatal(err)
			}
			written.Go(func() {
				defer close(done)
				start := time.Now()
				if err := image.Persist(&memorySink{Writer: io.Discard}); err != nil {
					b.Error(err)
				}
				b.ReportMetric(time.Since(start).Seconds(), "write-s")
			})
		})
	} else {
		close(done)
	}
	for begin := time.Now(); ; {
		select {
		case <-done:
			if time.Since(begin) > time.Second {
				written.Wait()
				return took
			}
		default:
		}
		log := w.log(b, w.visits())
		timed(func() { f.Apply(log) })
	}
}

// visits is an entry of 64 visits to any accounts.
func (w *scaled) visits() Entry {
	e := Entry{Epoch: 1, Stamp: w.s.t}
	for i := range scaleGrants {
		id := w.s.last.Session + 1 + lease.SessionID(i)
		key := fmt.Sprintf("tenant-%08d", w.r.IntN(manyAccounts))
		e.Commands = append(e.Commands, Command{OpenSession: &OpenSession{Budget: "b", Key: key}},
			ask(id, 1, 1, 1), Command{Return: &Return{Session: id, Close: true}})
	}
	return e
}

// BenchmarkScaleRestore is of a million accounts and 10,000 sessions.
func BenchmarkScaleRestore(b *testing.B) {
	data := snapshotOf(b, newScaled(b, manyAccounts).s)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Restore(bytes.NewReader(data), nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/restore")
}

// BenchmarkScaleSteps are the entries that might be in proportion to a million accounts or 10,000
// sessions, each of them once, and what it takes to freeze the state.
func BenchmarkScaleSteps(b *testing.B) {
	data := snapshotOf(b, newScaled(b, manyAccounts).s)
	took := map[string]time.Duration{}
	for b.Loop() {
		s, err := Restore(bytes.NewReader(data), nil)
		if err != nil {
			b.Fatal(err)
		}
		timed := func(what string, step func()) {
			start := time.Now()
			step()
			took[what] = max(took[what], time.Since(start))
		}
		entry := func(what string, t budget.Instant, c Command) {
			e := Entry{Epoch: 1, Stamp: t, Commands: []Command{c}}
			timed(what, func() {
				if got := s.Apply(s.index+1, 1, e)[0]; got.Code != CodeDone {
					b.Fatalf("%s: got %+v", what, got)
				}
			})
		}
		timed("freeze-ns", func() { s.Freeze() })
		timed("status-ns", func() { s.Budgets(s.t) })
		entry("set-limit-ns", s.t, Command{SetLimit: &SetLimit{Budget: "b", Metric: "m", Amount: 9}})
		smaller := scaleKinds[0]
		smaller.Amount = 10
		c := put("b", smaller)
		c.PutBudget.Budget.Keyed = true
		entry("put-budget-ns", s.t, c)
		open := Command{OpenSession: &OpenSession{Budget: "b", Key: "k"}}
		for range (s.Counts().Sessions + maxExpired - 1) / maxExpired {
			entry("expire-ns", s.t.Add(SessionTTL), open)
		}
		entry("roll-ns", s.t.Add(time.Hour), open)
		entry("delete-ns", s.t, Command{DeleteBudget: &DeleteBudget{Name: "b"}})
	}
	for what, d := range took {
		b.ReportMetric(float64(d.Nanoseconds()), what)
	}
}
