package fsm

import (
	"fmt"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
)

// keyedBudget is a put of a budget with keys.
func keyedBudget(limits ...budget.Limit) Command {
	b := budget.Budget{Name: "b", Keyed: true, Limits: limits}
	return Command{PutBudget: &PutBudget{Budget: b}}
}

// TestAReadDoesWithoutWhatIsOver: as the first entry at that instant would, which nobody has to
// wait for; and as it is, until then.
func TestAReadDoesWithoutWhatIsOver(t *testing.T) {
	r := newReplicas()
	r.open(t)
	set := func(key string, amount budget.Credits, d time.Duration) Command {
		return Command{SetLimit: &SetLimit{Budget: "b", Metric: "m", Key: key, Amount: amount, For: d}}
	}
	r.at(t, 0, keyedBudget(budget.Limit{Metric: "m", Amount: 100, Per: time.Minute}),
		set("", 7, 10*time.Second), set("k", 9, 20*time.Second))
	for _, c := range []struct {
		at        time.Duration
		k, j      budget.Credits
		overrides int
	}{
		{10*time.Second - 1, 9, 7, 2}, {10 * time.Second, 9, 100, 1}, {20 * time.Second, 100, 100, 0},
		{time.Hour, 100, 100, 0},
	} {
		for key, want := range map[string]budget.Credits{"k": c.k, "j": c.j} {
			st, _ := r.a.BudgetAt("b", key, budget.Instant(c.at))
			if l := st.Limits[0]; l.Limit.Amount != want || l.Left != want ||
				len(st.Overrides) != c.overrides || st.Budget.Limits[0].Amount != 100 {
				t.Errorf("at %v, key %s: got %+v, want %d and %d overrides", c.at, key, st, want, c.overrides)
			}
		}
		if n := len(r.a.Budgets(budget.Instant(c.at))[0].Overrides); n > 1 {
			t.Errorf("at %v: a list has %d overrides, with those of keys", c.at, n)
		}
	}
	if r.a.T() != 0 || len(r.a.lapses) != 2 {
		t.Errorf("a read has changed something: T %d, %d are to lapse", r.a.T(), len(r.a.lapses))
	}
}

// TestOverridesAreBounded: of all limits of a budget, and the last one can be changed, and cleared.
func TestOverridesAreBounded(t *testing.T) {
	s := New(nil)
	s.Apply(1, 1, Entry{Open: true})
	do := func(commands ...Command) []Result {
		return s.Apply(s.index+1, 1, Entry{Epoch: 1, Commands: commands})
	}
	per := func(metric string) budget.Limit {
		return budget.Limit{Metric: metric, Amount: 100, Per: time.Minute}
	}
	set := func(i int, amount budget.Credits) Command {
		return Command{SetLimit: &SetLimit{Budget: "b", Metric: []string{"m", "n"}[i%2],
			Key: fmt.Sprint("k", i), Amount: amount, Clear: amount == 0}}
	}
	do(keyedBudget(per("m"), per("n")))
	for i := range MaxOverrides {
		if res := do(set(i, 5))[0]; res.Code != CodeDone || !res.Changed {
			t.Fatalf("override %d: %+v", i, res)
		}
	}
	want := []Code{CodeFull, CodeDone, CodeDone, CodeDone, CodeFull}
	results := do(set(MaxOverrides, 5), set(0, 6), set(0, 0), set(MaxOverrides, 5), set(0, 6))
	for i, res := range results {
		if res.Code != want[i] {
			t.Errorf("command %d: got %+v, want %v", i, res, want[i])
		}
	}
	if err := Check(s); err != nil {
		t.Error(err)
	}
}
