package cluster

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/spec/twin"
)

// TestSharing: real limiters of three tenants, one of which wants six times what there is, get what
// is fair within a few percent, use nearly all of it, and leave a trace that is valid. Beside it
// stands what first come, first served makes of them.
func TestSharing(t *testing.T) {
	windows := 6
	if *crowds {
		windows = 20
	}
	parts := []Part{{"modest", 2, 150}, {"heavy", 3, 1500}, {"greedy", 12, 6000}}
	weighed := &budget.Sharing{By: "team", Weights: []budget.Portion{{Tenant: "heavy", N: 2}}}
	for _, sharing := range []*budget.Sharing{weighed, {By: "team"}, nil} {
		crowd := Crowd{Seed: 1, Limiters: 17, Windows: windows, Sharing: sharing, Parts: parts,
			Limit: budget.Limit{Metric: "requests", Kind: budget.KindWindow, Amount: 1000,
				Per: 10 * time.Second}}
		var use Use
		var err error
		dir := t.TempDir()
		synctest.Test(t, func(*testing.T) { use, err = Utilise(crowd, dir) })
		if err != nil {
			t.Fatal(err)
		}
		if use.Report.Verdict != twin.Valid {
			t.Fatalf("%s %v %v", use.Report.Verdict, use.Report.Violation, use.Report.Reasons)
		}
		fair := use.Fairness(crowd)
		t.Logf("sharing %+v: admitted %v in %d windows, of which %v each are fair; Jain's index %.4f, "+
			"largest deviation %.3f; %.4f used; %.1f calls per 1,000 admissions; %d withheld; %s",
			sharing, use.Parts, use.Windows, crowd.fair(), fair.Jain, fair.Deviation, use.Utilisation(),
			use.CallsPer1000(), use.Withheld(), use.Report.Verdict)
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
