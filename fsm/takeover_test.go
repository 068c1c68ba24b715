package fsm

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// heir returns the state of a cluster that took another one's place, with one limit that grants
// and one that does not yet.
func heir(t fataler) *State {
	t.Helper()
	r := newReplicas()
	r.open(t)
	r.at(t, 10e9, Command{TakeOver: &TakeOver{Backup: backupID('a'), Last: Counters{1, 2, 3, 4}}})
	r.at(t, 21e9, put("chat", budget.Limit{Metric: "m", Amount: 10, Per: 10 * time.Second},
		budget.Limit{Metric: "n", Amount: 10, Per: time.Minute}),
		Command{OpenSession: &OpenSession{Budget: "chat"}})
	r.at(t, 21e9, put("kinds", slidingLimit(10), bucketLimit(10)))
	last := r.a.Last()
	last.Revision--
	got := r.at(t, 21e9, Command{Acquire: &lease.Request{Session: last.Session, Seq: 1,
		Revision: last.Revision, Asks: []lease.Ask{{Limit: 0, Need: 1, Want: 1}}}})
	if got[0].Code != CodeDone {
		t.Fatalf("got %+v, want a grant", got[0])
	}
	return r.a
}

// TestTakenOverCanBreak plants each way in which a successor could take what is not its own.
func TestTakenOverCanBreak(t *testing.T) {
	session := func(s *State) *session { return s.idle.oldest }
	for name, tt := range map[string]struct {
		fault func(s *State)
		want  string
	}{
		"no backup":    {func(s *State) { s.origin.Backup = "" }, `backup "" was taken over`},
		"the future":   {func(s *State) { s.origin.At = s.t + 1 }, "was taken over at 21000000001"},
		"before time":  {func(s *State) { s.origin.At = -1 }, "was taken over at -1"},
		"a short jump": {func(s *State) { s.origin.Floor.Lease = SerialJump - 1 }, "the last lease is"},
		"a long jump":  {func(s *State) { s.origin.Floor.Limit = MaxSerial + 1 }, "the last limit is"},
		"number again": {func(s *State) { s.origin.Floor.Session = s.last.Session + 1 },
			"the last session"},
		"old revision": {func(s *State) { s.origin.Floor.Revision = s.last.Revision },
			"has a revision up to"},
		"old limit":   {func(s *State) { s.origin.Floor.Limit = s.last.Limit }, "limit 175"},
		"old session": {func(s *State) { s.origin.Floor.Session = session(s).ID }, "session 175"},
		"old lease":   {func(s *State) { s.origin.Floor.Lease = s.last.Lease }, "lease 175"},
		"grants early": {func(s *State) { s.budgets["chat"].lives[1].emptyUntil = 0 },
			"is empty until 0"},
		"empty briefly": {func(s *State) { s.budgets["chat"].lives[1].emptyUntil-- }, "must be until"},
		"granted early": {func(s *State) { s.origin.At = 11e9 }, "must be until"},
		"a slot forgotten": {func(s *State) {
			l := s.budgets["kinds"].lives[1]
			l.emptyUntil = s.origin.At.Add(l.Memory())
		}, "must be until"},
		"longer leases forgotten": {func(s *State) {
			l := s.budgets["kinds"].lives[0]
			l.emptyUntil = s.origin.At.Add(l.Span() + l.Memory())
		}, "must be until"},
	} {
		s := heir(t)
		if err := Check(s); err != nil {
			t.Fatal(err)
		}
		tt.fault(s)
		err := Check(s)
		if err == nil || !strings.HasPrefix(err.Error(), "invariant TakenOver is broken: ") ||
			!strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want TakenOver broken: %s", name, err, tt.want)
		}
	}
}

// TestOldSnapshotsAreRead: the state of a cluster that took no other's place has the bytes that
// it had before there was a TakeOver: no part of the header is new.
func TestOldSnapshotsAreRead(t *testing.T) {
	data := snapshotOf(t, busy(t))
	var h map[int]any
	if err := decoding.NewDecoder(bytes.NewReader(data)).Decode(&h); err != nil {
		t.Fatal(err)
	}
	var keys []int
	for k := range h {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	if want := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}; !slices.Equal(keys, want) {
		t.Errorf("the header has the fields %v, want %v", keys, want)
	}
}

// TestTakeOverCoversTheOldLeases: whatever the period, and whenever in it the restore comes, no
// window grants that begins within a period of it, and the first that begins later does.
func TestTakeOverCoversTheOldLeases(t *testing.T) {
	for _, per := range []time.Duration{time.Second, 7 * time.Second, time.Minute} {
		for _, at := range []budget.Instant{0, 1, budget.Instant(per) - 1, budget.Instant(per),
			budget.Instant(per) + 1, budget.Instant(3*per) / 2} {
			s := New(nil)
			s.Apply(1, 1, Entry{Open: true})
			do := func(t budget.Instant, c Command) Result {
				return s.Apply(s.Index()+1, 1, Entry{Epoch: 1, Stamp: t, Commands: []Command{c}})[0]
			}
			do(at, Command{TakeOver: &TakeOver{Backup: backupID('a')}})
			limit := budget.Limit{Metric: "m", Amount: 1, Per: per}
			do(at, put("b", limit))
			session := do(at, Command{OpenSession: &OpenSession{Budget: "b"}})
			seq := uint64(0)
			ask := func(t budget.Instant) Result {
				seq++
				return do(t, Command{Acquire: &lease.Request{Session: session.Session, Seq: seq,
					Revision: session.Revision, Asks: []lease.Ask{{Need: 1, Want: 1}}}})
			}
			denied := ask(at)
			if denied.Code != CodeDenied {
				t.Fatalf("per %v, restored at %d: got %+v, want a denial", per, at, denied)
			}
			opens := at.Add(denied.Denial.RetryAfter)
			if begins := limit.End(limit.WindowAt(opens) - 1); begins != opens ||
				opens < at.Add(per) || opens >= at.Add(2*per) {
				t.Errorf("per %v, restored at %d: opens at %d", per, at, opens)
			}
			if got := ask(opens - 1); got.Code != CodeDenied {
				t.Errorf("per %v, restored at %d: at %d got %+v, want a denial", per, at, opens-1, got)
			}
			if got := ask(opens); got.Code != CodeDone {
				t.Errorf("per %v, restored at %d: at %d got %+v, want a grant", per, at, opens, got)
			}
		}
	}
}
