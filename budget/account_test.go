package budget_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/leased-io/leased/budget"
)

// TestAccountArithmetic runs random charges, returns and changes of the amount against a
// list of charges and the largest amount that any of them was made under, besides what is charged
// to windows before. A window limit is one without those.
func TestAccountArithmetic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a budget.Account
		var charges []budget.Credits
		var peak budget.Credits
		amount := budget.Credits(20)
		before := budget.Credits(rapid.Int64Range(0, 10).Draw(t, "before"))
		limit := func() budget.Limit {
			return budget.Limit{Kind: budget.KindSliding, Amount: amount, Per: time.Second, Slots: 2}
		}
		used := func() (sum budget.Credits) {
			for _, c := range charges {
				sum += c
			}
			return sum
		}
		t.Repeat(map[string]func(*rapid.T){
			"charge": func(t *rapid.T) {
				n := budget.Credits(rapid.Int64Range(-2, 25).Draw(t, "n"))
				want := n >= 1 && before+used()+n <= amount
				if got := a.Charge(limit(), before, n); got != want {
					t.Fatalf("Charge(%d) of %d with %d+%d used: got %v, want %v",
						n, amount, before, used(), got, want)
				}
				if want {
					charges = append(charges, n)
					peak = max(peak, amount)
				}
			},
			"return": func(t *rapid.T) {
				n := budget.Credits(rapid.Int64Range(-2, 25).Draw(t, "n"))
				want := n >= 1 && n <= used()
				if got := a.Return(limit(), n); got != want {
					t.Fatalf("Return(%d) with %d used: got %v, want %v", n, used(), got, want)
				}
				if want {
					charges = append(charges, -n)
				}
			},
			"amount": func(t *rapid.T) {
				amount = budget.Credits(rapid.Int64Range(1, 25).Draw(t, "amount"))
			},
			"": func(t *rapid.T) {
				if a.Used != used() || a.Peak != peak || a.Used > a.Peak {
					t.Fatalf("got %+v, want used %d, peak %d", a, used(), peak)
				}
				want := budget.Credits(0)
				if amount > before+used() {
					want = amount - before - used()
				}
				if got := a.Left(limit(), before); got != want {
					t.Fatalf("left of %d with %d+%d used: got %d, want %d", amount, before, used(), got, want)
				}
			},
		})
	})
}

func TestShare(t *testing.T) {
	tests := []struct {
		askers, prev     uint32
		need, want, left budget.Credits
		out              budget.Credits
	}{
		{0, 0, 1, 100, 100, 50}, // alone: half of what is left
		{1, 0, 1, 100, 101, 51}, // rounded up
		{4, 0, 1, 100, 80, 10},  // among four
		{1, 4, 1, 100, 80, 10},  // the last window's four may all come back
		{1, 0, 1, 5, 100, 5},    // no more than wanted
		{9, 0, 30, 60, 40, 30},  // the need wins over the share
		{9, 0, 41, 60, 40, 0},   // less is left than needed
		{0, 0, 1, 1, 0, 0},      // nothing is left
		{0, 0, 0, 0, 9, 1},      // need below 1 counts as 1
		{0, 0, 3, 2, 9, 3},      // want below need counts as need
		{1, 0, budget.MaxAmount, budget.MaxAmount, budget.MaxAmount, budget.MaxAmount},
	}
	for _, tt := range tests {
		a := budget.Account{Askers: tt.askers, PrevAskers: tt.prev}
		if got := a.Share(tt.need, tt.want, tt.left); got != tt.out {
			t.Errorf("%+v.Share(%d, %d, %d): got %d, want %d",
				a, tt.need, tt.want, tt.left, got, tt.out)
		}
	}
}

// TestShareBounds: whatever the askers, a share is in need..left and at most max(need, want),
// and it is 0 exactly if less is left than needed. Asking again exhausts the account.
func TestShareBounds(t *testing.T) {
	amounts := rapid.Int64Range(1, int64(budget.MaxAmount))
	rapid.Check(t, func(t *rapid.T) {
		a := budget.Account{
			Askers:     rapid.Uint32().Draw(t, "askers"),
			PrevAskers: rapid.Uint32().Draw(t, "prev"),
		}
		need := budget.Credits(amounts.Draw(t, "need"))
		want := budget.Credits(amounts.Draw(t, "want"))
		left := budget.Credits(rapid.Int64Range(0, int64(budget.MaxAmount)).Draw(t, "left"))
		g := a.Share(need, want, left)
		if g == 0 != (left < need) {
			t.Fatalf("share %d of %d left for a need of %d", g, left, need)
		}
		if g != 0 && (g < need || g > left || g > max(need, want)) {
			t.Fatalf("share %d outside need %d .. left %d, want %d", g, need, left, want)
		}
	})
}

func TestWindows(t *testing.T) {
	l := budget.Limit{Per: time.Minute}
	for at, want := range map[budget.Instant]budget.Window{
		0: 0, 1: 0, 60e9 - 1: 0, 60e9: 1, 120e9 - 1: 1, 120e9: 2,
	} {
		w := l.WindowAt(at)
		if w != want {
			t.Errorf("WindowAt(%d): got %d, want %d", at, w, want)
		}
		if end := l.End(w); at >= end || end.Sub(at) > l.Per || l.WindowAt(end) != w+1 {
			t.Errorf("window %d ends at %d, which is not the first instant after it", w, end)
		}
	}
	if got := budget.Instant(5).Add(time.Second).Sub(5); got != time.Second {
		t.Errorf("Add and Sub: got %v, want 1s", got)
	}
}
