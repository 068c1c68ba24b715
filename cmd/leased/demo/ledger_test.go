package demo

import (
	"slices"
	"testing"

	"github.com/leased-io/leased/trace"
)

// node1 is a leader's file: two limits, a window that runs out of tokens, a return; then the
// leader dies. node2 has applied the same entries a little later, and leads after it.
var (
	node1 = []trace.Event{
		{Kind: trace.KindHeader, Role: trace.RoleNode},
		{Kind: trace.KindEntry, At: 10, Index: 1},
		{Kind: trace.KindEpoch, At: 10, Epoch: 2},
		{Kind: trace.KindEntry, At: 20, Index: 2, OK: true},
		{Kind: trace.KindLimit, At: 20, Metric: metricRequests, Limit: 1, Amount: 10, Per: 100},
		{Kind: trace.KindLimit, At: 20, Metric: metricTokens, Limit: 2, Amount: 1000, Per: 100},
		{Kind: trace.KindEntry, At: 30, Index: 3, OK: true},
		{Kind: trace.KindGrant, At: 30, Limit: 1, Window: 0, Lease: 1, Amount: 4},
		{Kind: trace.KindGrant, At: 30, Limit: 2, Window: 0, Lease: 2, Amount: 900},
		{Kind: trace.KindEntry, At: 40, Index: 4, OK: true, T: 99},
		{Kind: trace.KindReturn, At: 40, Lease: 2, Amount: 100, OK: true},
		{Kind: trace.KindReturn, At: 40, Lease: 1, Amount: 4},
		{Kind: trace.KindDeny, At: 40, Limit: 2, Amount: 200},
	}
	node2 = append(later(node1, 5),
		trace.Event{Kind: trace.KindEntry, At: 100, Index: 5},
		trace.Event{Kind: trace.KindEpoch, At: 100, Epoch: 3},
		trace.Event{Kind: trace.KindEntry, At: 110, Index: 6, OK: true, T: 100},
		trace.Event{Kind: trace.KindRoll, At: 110, Limit: 1, Window: 1},
		trace.Event{Kind: trace.KindRoll, At: 110, Limit: 2, Window: 1},
		trace.Event{Kind: trace.KindGrant, At: 110, Limit: 1, Window: 1, Lease: 3, Amount: 10},
	)
	limiters = []trace.Event{
		{Kind: trace.KindHeader, Role: trace.RoleFleet},
		{Kind: trace.KindSend, At: 25},
		{Kind: trace.KindAdmit, Lease: 1, N: 2, Count: 2, First: 35, Last: 39},
		{Kind: trace.KindAdmit, Lease: 2, N: 700, Count: 2, First: 35, Last: 39},
		{Kind: trace.KindAdmit, Lease: 1, N: 1, Count: 1, First: 60, Last: 60},
		{Kind: trace.KindAdmit, Lease: 2, N: 50, Count: 1, First: 60, Last: 60},
		{Kind: trace.KindSend, At: 50},
		{Kind: trace.KindAdmit, Lease: 1, N: 1, Count: 1, First: 100, Last: 120},
		{Kind: trace.KindGap, N: 3},
	}
)

func later(events []trace.Event, by int64) []trace.Event {
	events = slices.Clone(events)
	for i := range events {
		events[i].At += by
	}
	return events
}

func book(files ...[]trace.Event) *Ledger {
	l := NewLedger()
	for _, file := range files {
		r := recorder{ledger: l}
		for _, e := range file {
			r.take(e)
		}
	}
	return l
}

func TestLedger(t *testing.T) {
	want := [][]Use{
		{
			{Metric: metricRequests, Amount: 10, Charged: 4, Most: 4, Admitted: 4},
			{Metric: metricTokens, Amount: 1000, Charged: 800, Most: 900, Denials: 1, Admitted: 750},
		},
		{
			{Metric: metricRequests, Window: 1, Amount: 10, Charged: 10, Most: 10},
			{Metric: metricTokens, Window: 1, Amount: 1000},
		},
	}
	full := [][]bool{{false, true}, {true, false}}
	// Files may come in any order, and replicas repeat each other.
	for name, l := range map[string]*Ledger{
		"nodes first":    book(node1, node2, limiters),
		"limiters first": book(limiters, node2, node1),
		"one node":       book(node2, limiters),
	} {
		windows := l.Windows()
		if len(windows) != len(want) {
			t.Fatalf("%s: got %d windows, want %d: %+v", name, len(windows), len(want), windows)
		}
		for i, uses := range windows {
			if !slices.Equal(uses, want[i]) {
				t.Errorf("%s: window %d: got %+v, want %+v", name, i, uses, want[i])
			}
			for j, use := range uses {
				if use.Full() != full[i][j] {
					t.Errorf("%s: window %d %s: full %t", name, i, use.Metric, use.Full())
				}
			}
		}
		if l.Sends != 2 || l.Grants != 3 || l.Gaps != 3 {
			t.Errorf("%s: sends %d, grants %d, gaps %d", name, l.Sends, l.Grants, l.Gaps)
		}
	}
}

func TestFailover(t *testing.T) {
	l := book(node1, node2, limiters)
	got, ok := l.Failover(50)
	// The last grant of epoch 2 was at 30, the first of epoch 3 at 110. Three requests were
	// surely admitted between them; the event of 100..120 reaches across the end.
	want := Failover{LastGrant: 30, FirstGrant: 110, Admitted: 3}
	if !ok || got != want {
		t.Errorf("got %+v %t, want %+v", got, ok, want)
	}
	// What the old leader had committed may take effect elsewhere after its death. That ends
	// no gap.
	late := slices.Insert(slices.Clone(node2), len(node1),
		trace.Event{Kind: trace.KindEntry, At: 99, Index: 5, OK: true},
		trace.Event{Kind: trace.KindGrant, At: 99, Limit: 1, Lease: 4, Amount: 1})
	if got, ok := book(node1, late, limiters).Failover(50); !ok || got != want {
		t.Errorf("with a late grant: got %+v %t, want %+v", got, ok, want)
	}
	if _, ok := book(node1, limiters).Failover(50); ok {
		t.Error("a failover without a grant after it")
	}
}
