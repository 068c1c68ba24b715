package cluster

import (
	"flag"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/spec/twin"
)

var crowds = flag.Bool("cluster.crowds", false, "measure the utilisation of crowds of every size")

// TestUtilisation: under threefold overload a fleet uses nearly all of its budget, and never more,
// however many limiters share it.
func TestUtilisation(t *testing.T) {
	sizes, windows := []int{8}, 4
	if *crowds {
		sizes, windows = []int{2, 8, 32, 128, 512}, 20
	}
	for _, limiters := range sizes {
		crowd := Crowd{Seed: 1, Limiters: limiters, Overload: 3, Windows: windows,
			Limit: budget.Limit{Metric: "requests", Kind: budget.KindWindow, Amount: 1000,
				Per: 10 * time.Second}}
		began := time.Now()
		var use Use
		var err error
		dir := t.TempDir()
		synctest.Test(t, func(*testing.T) { use, err = Utilise(crowd, dir) })
		if err != nil {
			t.Fatalf("%d limiters: %v", limiters, err)
		}
		if use.Report.Verdict != twin.Valid {
			t.Fatalf("%d limiters: %s %v %v", limiters, use.Report.Verdict, use.Report.Violation,
				use.Report.Reasons)
		}
		t.Logf("%4d limiters: %.4f of the budget used in %d windows, %.4f in the worst; "+
			"%.1f calls per 1,000 admissions; %d offers; %s, overshoot 0; %v",
			limiters, use.Utilisation(), use.Windows, use.Lowest, use.CallsPer1000(), use.Offers,
			use.Report.Verdict, time.Since(began).Round(time.Second))
		if got := use.Utilisation(); got < 0.98 || got > 1 {
			t.Errorf("%d limiters: %.4f of the budget used, want 0.98..1", limiters, got)
		}
	}
}
