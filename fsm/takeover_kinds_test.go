package fsm

import (
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

func slidingLimit(amount budget.Credits) budget.Limit {
	return budget.Limit{Metric: "slides", Kind: budget.KindSliding, Amount: amount,
		Per: time.Minute, Slots: 6}
}

func bucketLimit(amount budget.Credits) budget.Limit {
	return budget.Limit{Metric: "runs", Kind: budget.KindBucket, Amount: amount, Per: time.Minute,
		Burst: amount}
}

func slotsLimit(amount budget.Credits) budget.Limit {
	return budget.Limit{Metric: "jobs", Kind: budget.KindSlots, Amount: amount, Per: time.Minute}
}

// life is a cluster of one budget with one limit, at the level of its state.
type life struct {
	*State
	session lease.SessionID
	seq     uint64
}

func (l *life) do(t budget.Instant, c Command) Result {
	return l.Apply(l.Index()+1, 1, Entry{Epoch: 1, Stamp: t, Commands: []Command{c}})[0]
}

// begin returns a cluster at t, which takes another one's place or not.
func begin(t budget.Instant, heir bool) *life {
	l := &life{State: New(nil)}
	l.Apply(1, 1, Entry{Open: true})
	if heir {
		l.do(t, Command{TakeOver: &TakeOver{Backup: backupID('a')}})
	}
	return l
}

// all asks for all that the limit can ever grant at once.
func (l *life) all(t budget.Instant) Result {
	if l.session == 0 {
		l.session = l.do(t, Command{OpenSession: &OpenSession{Budget: "b"}}).Session
	}
	l.seq++
	st, _ := l.Budget("b", "")
	n := st.Budget.Limits[0].Bound()
	return l.do(t, Command{Acquire: &lease.Request{Session: l.session, Seq: l.seq,
		Revision: st.Revision, Asks: []lease.Ask{{Need: n, Want: n}}}})
}

// TestTakeOverKeepsEveryInterval: a cluster is lost just after it granted all that a limit had, and
// its holder spends that at the lease's last instant. The cluster in its place grants as much again
// only when an interval of both may have it: for a sliding limit a period later, for a bucket when
// it is full again; also where the old bucket, which was made smaller, had leases four times as
// long as those that a new one has.
func TestTakeOverKeepsEveryInterval(t *testing.T) {
	smaller := bucketLimit(40)
	smaller.Burst = 10
	for name, tt := range map[string]struct {
		was, limit budget.Limit
		clear      time.Duration // between what the old cluster admits and what the new one does
		leases     time.Duration // of the old cluster
	}{
		"sliding": {slidingLimit(40), slidingLimit(40), time.Minute, slidingLimit(40).Span()},
		"one slot": {budget.Limit{Kind: budget.KindSliding, Metric: "m", Amount: 3, Per: time.Second,
			Slots: 1}, budget.Limit{Kind: budget.KindSliding, Metric: "m", Amount: 3, Per: time.Second,
			Slots: 1}, time.Second, 1005 * time.Millisecond},
		"bucket":         {bucketLimit(40), bucketLimit(40), time.Minute, time.Minute * 1005 / 16000},
		"slots":          {slotsLimit(3), slotsLimit(3), 0, time.Minute},
		"smaller bucket": {bucketLimit(40), smaller, time.Minute / 4, time.Minute * 1005 / 16000},
	} {
		for _, at := range []budget.Instant{0, 1, 20e9, 60_299_999_999, 60_300_000_000, 77e9} {
			old := begin(at, false)
			old.do(at, put("b", tt.was))
			old.do(at, put("b", tt.limit))
			st, _ := old.Budget("b", "")
			start := st.Limits[0].Limit.End(st.Limits[0].Window) // a whole lease
			granted := old.all(start)
			if granted.Code != CodeDone || granted.Grants[0].TTL.Round(time.Microsecond) !=
				tt.leases.Round(time.Microsecond) {
				t.Fatalf("%s: got %+v, want a lease of %v", name, granted, tt.leases)
			}
			fresh := begin(at, true)
			fresh.do(at, put("b", tt.limit))
			denied := fresh.all(at)
			if denied.Code != CodeDenied {
				t.Fatalf("%s, restored at %d: got %+v, want a denial", name, at, denied)
			}
			opens := denied.Denial.RetryAfter
			if got := opens - granted.Grants[0].TTL; got < tt.clear {
				t.Errorf("%s, restored at %d: grants %v after the last old lease, want %v",
					name, at, got, tt.clear)
			}
			if got := fresh.all(at.Add(opens) - 1); got.Code != CodeDenied {
				t.Errorf("%s, restored at %d: a nanosecond before it opens: got %+v", name, at, got)
			}
			if got := fresh.all(at.Add(opens)); got.Code != CodeDone {
				t.Errorf("%s, restored at %d: after %v got %+v, want a grant", name, at, opens, got)
			}
			if opens > budget.MaxWait || opens > 4*tt.limit.Per {
				t.Errorf("%s, restored at %d: waits %v", name, at, opens)
			}
		}
	}
}

// TestTakeOverOfASlowerBucket: a bucket that waits for the old cluster's leases is changed to one
// that fills in longer, as it may have been in the old cluster; it waits as long as if it had been
// put so. One that is changed when it has opened goes on, and its state is a valid one for ever.
func TestTakeOverOfASlowerBucket(t *testing.T) {
	was := budget.Limit{Metric: "m", Kind: budget.KindBucket, Amount: 54, Burst: 108,
		Per: 4500 * time.Millisecond}
	slower := was
	slower.Amount, slower.Burst = 32, 109
	opens := func(puts ...budget.Instant) budget.Instant {
		l := begin(0, true)
		for i, at := range puts {
			l.do(at, put("b", []budget.Limit{was, slower}[i+2-len(puts)]))
		}
		last := puts[len(puts)-1]
		denied := l.all(last)
		if denied.Code != CodeDenied {
			t.Fatalf("put at %d: got %+v, want a denial", puts, denied)
		}
		at := last.Add(denied.Denial.RetryAfter)
		if got := l.all(at); got.Code != CodeDone || got.Grants[0].Amount > slower.Burst {
			t.Fatalf("put at %d, opens at %d: got %+v, want a grant", puts, at, got)
		}
		for range 200 {
			if at = at.Add(was.Per / 10); l.all(at).Code == 0 {
				t.Fatal("no answer")
			}
			if err := Check(l.State); err != nil {
				t.Fatalf("put at %d, at %d: %v", puts, at, err)
			}
		}
		return l.origin.At.Add(denied.Denial.RetryAfter + time.Duration(last))
	}
	const changed = budget.Instant(1_495_000_000)
	memory := slower.Adopt(budget.Limit{}).LongestLease() + slower.Memory()
	if got := opens(0, changed); got < budget.Instant(memory) {
		t.Errorf("opens at %v, want not before %v", time.Duration(got), memory)
	}
	late := begin(0, true)
	late.do(0, put("b", was))
	for at := budget.Instant(0); at < 300e9; at += 500e6 {
		if late.all(at).Code == CodeDone && at < 60e9 {
			late.do(at, put("b", slower))
		}
		if err := Check(late.State); err != nil {
			t.Fatalf("at %d: %v", at, err)
		}
	}
}
