package budget_test

import (
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
)

// TestDemandIsLearned: what a tenant wants is the most that it shows; one that is cut is taken to
// want more, and no more than there can be; and what it wanted in a window counts in the next.
func TestDemandIsLearned(t *testing.T) {
	l := budget.Limit{Metric: "m", Kind: budget.KindWindow, Amount: 1000, Per: time.Minute}
	for _, c := range []struct {
		name          string
		granted, want budget.Credits
		before        budget.Credits
		cut           bool
		asked         budget.Credits
	}{
		{"all is there", 100, 50, 0, false, 150},
		{"cut, and never seen", 100, 50, 0, true, 300},
		{"cut, and seen to want as much", 100, 50, 400, true, 187},
		{"more than there can be", 900, 800, 0, true, 1000},
		{"nonsense", 1 << 60, 1 << 60, 0, true, 1000},
	} {
		r := budget.Tenant{Name: "t", Granted: c.granted, Before: c.before}
		r.Ask(l, c.want, c.cut)
		if r.Asked != c.asked {
			t.Errorf("%s: got %d, want %d", c.name, r.Asked, c.asked)
		}
		r.Ask(l, 0, false)
		if r.Asked < c.asked {
			t.Errorf("%s: it forgets to %d in the same window", c.name, r.Asked)
		}
		table := &budget.Tenants{By: "team", Rows: []budget.Tenant{r}}
		next := table.Next(l)
		if next == nil || next.Rows[0].Before != r.Asked || next.Rows[0].Asked != 0 ||
			next.Rows[0].Granted != 0 {
			t.Fatalf("%s: got %+v in the next window", c.name, next)
		}
		if after := next.Next(l); after != nil {
			t.Errorf("%s: got %+v of a tenant that asked no more", c.name, after)
		}
	}
}
