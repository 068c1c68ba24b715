package cluster

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/spec/twin"
)

// theTenants are three whose demand in a window of 1,000 credits is unlike.
var theTenants = []Part{{"modest", 2, 150}, {"heavy", 3, 1500}, {"greedy", 12, 6000}}

// TestSharing: real limiters of three tenants, one of which wants six times what there is, get what
// is fair within a few percent, use nearly all of it, and leave a trace that is valid. Beside it
// stands what first come, first served makes of them.
func TestSharing(t *testing.T) {
	windows := 6
	if *crowds {
		windows = 20
	}
	limit := budget.Limit{Metric: "requests", Kind: budget.KindWindow, Amount: 1000,
		Per: 10 * time.Second}
	weighed := &budget.Sharing{By: "team", Weights: []budget.Portion{{Tenant: "heavy", N: 2}}}
	for _, sharing := range []*budget.Sharing{weighed, {By: "team"}, nil} {
		use, fair := shareOut(t, limit, sharing, windows)
		switch {
		case use.Utilisation() < 0.98 || use.Utilisation() > 1:
			t.Errorf("%.4f of the budget used, want 0.98..1", use.Utilisation())
		case sharing == nil && fair.Jain > 0.9:
			t.Errorf("nobody shares, and Jain's index is %.4f: there is nothing to see", fair.Jain)
		case sharing != nil && (fair.Jain < 0.98 || fair.Deviation > 0.15):
			t.Errorf("Jain's index %.4f, largest deviation %.3f", fair.Jain, fair.Deviation)
		case sharing != nil && use.Withheld() == 0:
			t.Error("nothing was ever withheld")
		}
	}
}

// TestSharingOfKinds measures the same of the other kinds, whose windows are parts of a period.
func TestSharingOfKinds(t *testing.T) {
	limits, least := []budget.Limit{{Metric: "requests", Kind: budget.KindSliding, Amount: 1000,
		Per: 10 * time.Second, Slots: 5}}, []float64{0.7}
	if *crowds {
		limits = append(limits, budget.Limit{Metric: "requests", Kind: budget.KindBucket, Amount: 1000,
			Per: 10 * time.Second, Burst: 2000})
		least = append(least, 0.98)
	}
	for i, limit := range limits {
		_, fair := shareOut(t, limit, &budget.Sharing{By: "team"}, 16)
		_, first := shareOut(t, limit, nil, 16)
		if fair.Jain < least[i] || fair.Jain < first.Jain+0.1 {
			t.Errorf("%s: Jain's index %.4f, and %.4f if nobody shares", limit.Kind, fair.Jain, first.Jain)
		}
	}
}

// shareOut plays the tenants on a limit.
func shareOut(
	t *testing.T, limit budget.Limit, sharing *budget.Sharing, windows int,
) (use Use, fair Fairness) {
	t.Helper()
	crowd := Crowd{Seed: 1, Limiters: 17, Windows: windows, Sharing: sharing, Parts: theTenants,
		Limit: limit}
	var err error
	dir := t.TempDir()
	synctest.Test(t, func(*testing.T) { use, err = Utilise(crowd, dir) })
	if err != nil {
		t.Fatal(err)
	}
	if use.Report.Verdict != twin.Valid {
		t.Fatalf("%s %v %v", use.Report.Verdict, use.Report.Violation, use.Report.Reasons)
	}
	fair = use.Fairness(crowd)
	t.Logf("%s, sharing %+v: admitted %v in %d windows, of which as %v are fair; Jain's index %.4f; "+
		"%.1f calls per 1,000 admissions; %d withheld; %s", limit.Kind, sharing, use.Parts, use.Windows,
		crowd.fair(), fair.Jain, use.CallsPer1000(), use.Withheld(), use.Report.Verdict)
	if limit.Kind == budget.KindWindow {
		t.Logf("largest deviation %.3f, %.4f used", fair.Deviation, use.Utilisation())
	}
	return use, fair
}
