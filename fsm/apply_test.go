package fsm

import (
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/trace"
)

// TestStateHashIsTracedNowAndThen: after every StateHashEvery entries, counted as they are
// applied, so that replicas do it at the same ones.
func TestStateHashIsTracedNowAndThen(t *testing.T) {
	var got []trace.Event
	s := New(func(e trace.Event) {
		if e.Kind == trace.KindState {
			got = append(got, e)
		}
	})
	for i := range uint64(2 * StateHashEvery) {
		s.Apply(10*i+1, 1, Entry{})
	}
	if len(got) != 2 || got[0].Index != 10*(StateHashEvery-1)+1 || got[1].Hash != s.Hash() {
		t.Errorf("got %+v, want the hashes after %d entries and twice that", got, StateHashEvery)
	}
}

// TestALargeStateTellsItsSize: one that is too large to be hashed while entries wait is not left
// out of the trace in silence, neither after an entry nor at a snapshot.
func TestALargeStateTellsItsSize(t *testing.T) {
	var got []trace.Event
	f := NewFSM(func(e trace.Event) {
		if e.Kind == trace.KindState {
			got = append(got, e)
		}
	})
	s := f.state
	s.bounds.hashed = 1
	s.Apply(1, 1, Entry{Open: true})
	s.Apply(2, 1, Entry{Epoch: 1, Commands: []Command{
		put("b", budget.Limit{Metric: "m", Amount: 1, Per: time.Second}),
		{OpenSession: &OpenSession{Budget: "b"}}, {OpenSession: &OpenSession{Budget: "b"}}}})
	for i := range uint64(StateHashEvery - 2) {
		s.Apply(3+i, 1, Entry{})
	}
	if _, err := f.Snapshot(); err != nil {
		t.Fatal(err)
	}
	want := trace.Event{Kind: trace.KindState, Index: StateHashEvery, N: 2}
	if len(got) != 2 || got[0] != want || got[1] != want {
		t.Errorf("got %+v, want %+v twice", got, want)
	}
}

// TestEventsComeAfterTheirEntry, and nothing is left over for the next one.
func TestEventsComeAfterTheirEntry(t *testing.T) {
	var kinds []trace.Kind
	s := New(func(e trace.Event) { kinds = append(kinds, e.Kind) })
	s.Apply(1, 1, Entry{Open: true})
	s.Apply(2, 1, Entry{Epoch: 1, Commands: []Command{
		put("b", budget.Limit{Metric: "m", Amount: 1, Per: time.Second})}})
	s.Apply(3, 1, Entry{Epoch: 1})
	want := []trace.Kind{trace.KindEntry, trace.KindEpoch, trace.KindEntry, trace.KindLimit,
		trace.KindEntry}
	if len(kinds) != len(want) {
		t.Fatalf("got %v, want %v", kinds, want)
	}
	for i := range want {
		if kinds[i] != want[i] {
			t.Fatalf("got %v, want %v", kinds, want)
		}
	}
}

// TestResultsAreNotTheState: a caller that writes to what it was given does no harm to a retry.
func TestResultsAreNotTheState(t *testing.T) {
	s := busy(t)
	retry := func(id lease.SessionID, seq uint64) Result {
		return s.Apply(s.index+1, s.term, Entry{Epoch: s.epoch, Stamp: s.t, Commands: []Command{
			{Acquire: &lease.Request{Session: id, Seq: seq}}}})[0]
	}
	if g := retry(1, 1); len(g.Grants) == 2 {
		g.Grants[0].Amount = 99
	}
	if g := retry(1, 1); len(g.Grants) != 2 || g.Grants[0].Amount != 10 {
		t.Errorf("got %+v, want the grant of 10 as it was", g)
	}
	if d := retry(5, 1); d.Denial != nil {
		d.Denial.Left = 99
	}
	if d := retry(5, 1); d.Denial == nil || d.Denial.Left != 90 {
		t.Errorf("got %+v, want the denial with 90 left as it was", d)
	}
}

// TestStatusIsOfOneKey reads what operators see.
func TestStatusIsOfOneKey(t *testing.T) {
	s := busy(t)
	got, ok := s.Budget("org", "k")
	want := LimitStatus{Limit: got.Budget.Limits[0], Serial: 3, Window: 2,
		Used: 2, Left: 8, Ends: 21e9, Opens: 21e9}
	if !ok || got.Revision != 2 || len(got.Limits) != 1 || got.Limits[0] != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, _ := s.Budget("org", "nobody"); got.Limits[0].Used != 0 || got.Limits[0].Left != 10 {
		t.Errorf("an account that nothing was asked of: got %+v, want it unused", got.Limits[0])
	}
	if _, ok := s.Budget("nope", ""); ok {
		t.Error("there is a budget that was never put")
	}
	all := s.Budgets(s.T())
	if len(all) != 2 || all[0].Budget.Name != "chat" || all[1].Budget.Name != "org" {
		t.Errorf("got %+v, want chat and org", all)
	}
	all[0].Budget.Limits[0].Amount = 7
	if err := Check(s); err != nil {
		t.Errorf("a caller that writes to a status breaks the state: %v", err)
	}
	wantCounts := Counts{Budgets: 2, Limits: 3, Sessions: 5, Graves: 1, Accounts: 2}
	if got := s.Counts(); got != wantCounts {
		t.Errorf("got %+v, want %+v", got, wantCounts)
	}
}
