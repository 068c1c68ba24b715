package lease

import (
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
)

// TestLimitsOfOtherBudgetsAreOthers: a limit of the parent looks like one of the budget, and
// another parent's looks like it too; leases of the one are never spent on the other.
func TestLimitsOfOtherBudgetsAreOthers(t *testing.T) {
	limits := perMinute(100, 100)
	limits[1].Metric = limits[0].Metric
	under := func(parent string) budget.Levels {
		return budget.Levels{{Budget: "team", Limits: 1}, {Budget: parent, Limits: 1}}
	}
	h := NewHolder(Config{Session: 1, Limits: limits, Levels: under("org")})
	now := Reading{Mono: 1, Wall: 1}
	h.Admit(now, Cost{10, 10})
	h.Poll(now)
	id := h.Sent(now)
	h.Take(now, id, Answer{Outcome: Granted, Grants: []Grant{
		{Lease: 1, Limit: 0, Amount: 20, TTL: 50e9}, {Lease: 2, Limit: 1, Amount: 30, TTL: 50e9}}})
	live := func(want ...budget.Credits) {
		t.Helper()
		for i, l := range h.Status(now).Limits {
			if l.Live != want[i] {
				t.Errorf("limit %d has %d live, want %d", i, l.Live, want[i])
			}
		}
	}
	live(20, 30)
	h.setLimits(limits, under("org"))
	live(20, 30)
	h.setLimits(limits, under("other"))
	live(20, 0)
	if v := h.Admit(now, Cost{1, 1}); v != Pending {
		t.Errorf("got %v with nothing of the other parent", v)
	}
	h.setLimits(limits[:1], nil)
	live(20)
}

// TestALimitThatBecomesLikeItsParents: the leases stay where they were, above.
func TestALimitThatBecomesLikeItsParents(t *testing.T) {
	limits := perMinute(100, 100)
	limits[1].Metric, limits[1].Per = limits[0].Metric, time.Hour
	levels := budget.Levels{{Budget: "team", Limits: 1}, {Budget: "org", Limits: 1}}
	h := NewHolder(Config{Session: 1, Limits: limits, Levels: levels})
	now := Reading{Mono: 1, Wall: 1}
	h.Admit(now, Cost{10, 10})
	h.Poll(now)
	h.Take(now, h.Sent(now), Answer{Outcome: Granted, Grants: []Grant{
		{Lease: 1, Limit: 0, Amount: 20, TTL: 50e9}, {Lease: 2, Limit: 1, Amount: 30, TTL: 50e9}}})
	limits[0].Per = time.Hour
	h.setLimits(limits, levels)
	is := h.Status(now).Limits
	if own, above := is[0].Live, is[1].Live; own != 0 || above != 30 {
		t.Errorf("%d are live in the budget and %d above, want none and 30", own, above)
	}
}

// TestInsaneLevels: an answer whose levels are not those of its limits is not taken.
func TestInsaneLevels(t *testing.T) {
	limits := perMinute(100, 100)
	with := func(levels ...budget.Level) bool { return sane(limits, levels, budget.Rules{}) }
	if !with() || !with(budget.Level{Budget: "a", Limits: 2}) ||
		with(budget.Level{Budget: "a", Limits: 1}) {
		t.Error("levels are judged wrongly")
	}
}
