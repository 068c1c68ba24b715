package budget_test

import (
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
)

// canonical returns a limit as a state machine has it.
func canonical(l budget.Limit) budget.Limit {
	return budget.Budget{Limits: []budget.Limit{l}}.Canonical().Limits[0]
}

// TestSpans: any period of real time is covered by the windows that count, though the cluster
// clock may run 0.5 % fast.
func TestSpans(t *testing.T) {
	sliding := canonical(budget.Limit{Kind: budget.KindSliding, Amount: 5, Per: time.Minute})
	bucket := canonical(budget.Limit{Kind: budget.KindBucket, Amount: 60, Per: time.Minute, Burst: 16})
	slow := canonical(budget.Limit{Kind: budget.KindBucket, Amount: 1, Per: 10 * time.Millisecond,
		Burst: 1 << 30})
	for _, tt := range []struct {
		name         string
		limit        budget.Limit
		span, memory time.Duration
		past         int
		bound        budget.Credits
	}{
		{"window", budget.Limit{Kind: budget.KindWindow, Amount: 5, Per: time.Minute},
			time.Minute, 0, 1, 5},
		{"sliding", sliding, 6030 * time.Millisecond, 60300 * time.Millisecond, 10, 5},
		// 16 credits at one a second, and 0.5 %.
		{"bucket", bucket, 1005 * time.Millisecond, 16080 * time.Millisecond, 17, 16},
		{"slots", budget.Limit{Kind: budget.KindSlots, Amount: 5, Per: time.Minute},
			time.Minute, time.Minute, 1, 5},
		{"slow bucket", slow, 10_050_000 << 26, 10_050_000 << 30, 17, 1 << 30},
	} {
		l := tt.limit
		if l.Span() != tt.span || l.Memory() != tt.memory || l.Past() != tt.past ||
			l.Bound() != tt.bound {
			t.Errorf("%s: got span %v, memory %v, past %d, bound %d; want %v, %v, %d, %d", tt.name,
				l.Span(), l.Memory(), l.Past(), l.Bound(), tt.span, tt.memory, tt.past, tt.bound)
		}
		w := l.WindowAt(1e15)
		if until := l.Until(1e15); l.Kind == budget.KindSlots && until != 1e15+60e9 ||
			l.Kind != budget.KindSlots && until != l.End(w) {
			t.Errorf("%s: a lease ends at %d", tt.name, until)
		}
		if end := l.End(w); end <= 1e15 || l.WindowAt(end) != w+1 || l.WindowAt(end-1) != w {
			t.Errorf("%s: window %d ends at %d", tt.name, w, end)
		}
	}
}

// TestAdopt: a bucket keeps its windows through changes that they still fit.
func TestAdopt(t *testing.T) {
	old := canonical(budget.Limit{Kind: budget.KindBucket, Amount: 60, Per: time.Minute, Burst: 16})
	for _, tt := range []struct {
		amount, burst budget.Credits
		kept          bool
	}{
		{60, 16, true}, {60, 4, true}, {60, 3, false}, {60, 64, true}, {60, 65, false},
		{240, 16, true}, {300, 16, false}, {15, 16, true}, {14, 16, false}, {600, 160, true},
	} {
		l := canonical(budget.Limit{Kind: budget.KindBucket, Amount: tt.amount, Per: time.Minute,
			Burst: tt.burst})
		got := budget.Budget{Limits: []budget.Limit{l}}.Adopt(
			budget.Budget{Limits: []budget.Limit{old}}).Limits[0]
		if got.Same(old) != tt.kept || !tt.kept && got != l {
			t.Errorf("%d burst %d: got %+v in place of %+v, want it kept: %t", tt.amount, tt.burst,
				got, old, tt.kept)
		}
	}
	window := budget.Limit{Metric: "m", Kind: budget.KindWindow, Amount: 1, Per: time.Minute}
	if got := window.Adopt(old); got != window {
		t.Errorf("got %+v, want it as it was", got)
	}
}
