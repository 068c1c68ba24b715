package budget_test

import (
	"slices"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
)

// slotsLimit is of five slots, each good for ten nanoseconds.
var slotsLimit = budget.Limit{Metric: "jobs", Kind: budget.KindSlots, Amount: 5, Per: 10}

// TestSlots walks through an account of slots: what is leased is free again exactly a period
// later, or when it is given back.
func TestSlots(t *testing.T) {
	var a budget.Account
	charge := func(n budget.Credits) bool { return a.Charge(slotsLimit, 0, n) }
	for i, step := range []struct {
		at   budget.Instant
		do   func() bool
		ok   bool
		left budget.Credits
		out  []budget.Out
	}{
		{0, func() bool { return charge(2) }, true, 3, []budget.Out{{10, 2}}},
		{0, func() bool { return charge(1) }, true, 2, []budget.Out{{10, 3}}},
		{4, func() bool { return charge(3) }, false, 2, []budget.Out{{10, 3}}},
		{4, func() bool { return charge(2) }, true, 0, []budget.Out{{10, 3}, {14, 2}}},
		{4, func() bool { return charge(1) }, false, 0, []budget.Out{{10, 3}, {14, 2}}},
		{6, func() bool { return a.Extend(10, 16, 4) }, false, 0, []budget.Out{{10, 3}, {14, 2}}},
		{6, func() bool { return a.Extend(11, 16, 1) }, false, 0, []budget.Out{{10, 3}, {14, 2}}},
		{6, func() bool { return a.Extend(10, 16, 1) }, true, 0,
			[]budget.Out{{10, 2}, {14, 2}, {16, 1}}},
		{9, func() bool { return a.Free(14, 3) }, false, 0, []budget.Out{{10, 2}, {14, 2}, {16, 1}}},
		{9, func() bool { return a.Free(14, 0) }, false, 0, []budget.Out{{10, 2}, {14, 2}, {16, 1}}},
		{9, func() bool { return a.Free(14, 2) }, true, 2, []budget.Out{{10, 2}, {16, 1}}},
		{10, func() bool { return a.Free(10, 2) }, false, 4, []budget.Out{{16, 1}}},
		{9, func() bool { return charge(4) }, true, 0, []budget.Out{{16, 1}, {20, 4}}},
		{16, func() bool { return a.Extend(16, 26, 1) }, false, 1, []budget.Out{{20, 4}}},
		{20, func() bool { return charge(6) }, false, 5, nil},
	} {
		a.Lapse(step.at)
		if got := step.do(); got != step.ok {
			t.Fatalf("step %d: got %t, want %t: %+v", i, got, step.ok, a)
		}
		if left := a.Left(slotsLimit, 0); left != step.left || !slices.Equal(a.Out, step.out) {
			t.Fatalf("step %d: got %d left, %v; want %d, %v", i, left, a.Out, step.left, step.out)
		}
	}
	if a.Used != 0 || a.Peak != 0 {
		t.Errorf("got %+v of an account that nothing is leased of", a)
	}
}

// TestFreeAt tells when there is room if nobody does anything.
func TestFreeAt(t *testing.T) {
	a := budget.Account{At: 3, Used: 4, Out: []budget.Out{{5, 1}, {9, 3}}}
	for n, want := range map[budget.Credits]budget.Instant{1: 3, 2: 5, 3: 9, 5: 9, 6: 1<<63 - 1} {
		if got := a.FreeAt(slotsLimit, n); got != want {
			t.Errorf("%d slots: got %d, want %d", n, got, want)
		}
	}
	lower := slotsLimit
	lower.Amount = 2
	if got := a.FreeAt(lower, 1); got != 9 {
		t.Errorf("one of two where four are out: got %d, want 9", got)
	}
	if lower.Amount = 1; a.Left(lower, 0) != 0 || !a.Extend(5, 13, 1) {
		t.Errorf("a lower limit took a slot from its holder: %+v", a)
	}
}

// TestSlotsFile reads a limit of slots from a budget file.
func TestSlotsFile(t *testing.T) {
	got, err := budget.Parse([]byte("budgets: [{name: b, limits: [{metric: jobs, kind: slots, " +
		"amount: 5, per: 30s}]}]"))
	want := budget.Limit{Metric: "jobs", Kind: budget.KindSlots, Amount: 5, Per: 30 * time.Second}
	if err != nil || got[0].Limits[0] != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}
