package client

import (
	"testing"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// A clock may show zero, and an admission at that reading is spent once like any other.
func TestAdmissionsAtZeroAreSpentOnce(t *testing.T) {
	f := newCluster(t, 1)
	f.put("llm", perMinute("requests", 100))
	f.grant = func(_, _, left budget.Credits) budget.Credits { return left }
	l := open(t, f.client(t, WithClock(func() lease.Reading { return lease.Reading{} })), "llm")
	for range 60 {
		want(t, l.Allow(), Allowed)
		want(t, l.AllowCost(Cost{"requests": 1}), Allowed)
		if s := l.Status(); s.Limits[0].Live+budget.Credits(s.Counters.Admitted) != 100 {
			t.Fatalf("%d live after %d admissions of 100", s.Limits[0].Live, s.Counters.Admitted)
		}
		if l.Status().Counters.Admitted == 80 {
			return
		}
	}
	t.Error("fewer than 80 admissions were counted")
}
