package linear

import (
	"testing"

	"github.com/leased-io/leased/trace"
)

// TestByAccount: accounts are judged by themselves, each with all changes of its budget.
func TestByAccount(t *testing.T) {
	h := History{
		{Input: Input{Kind: PutBudget, Budget: "x"}},
		{Input: Input{Kind: DeleteBudget, Budget: "y"}},
		{Input: Input{Kind: OpenSession, Budget: "x", Key: "a"}, Output: &Output{Session: 7}},
		{Input: Input{Kind: GetBudget, Budget: "x", Key: "b"}},
		{Input: Input{Kind: Acquire, Session: 7}},
		{Input: Input{Kind: Rest}},
	}
	parts := ByAccount(h)
	for account, want := range map[Account]int{{"x", "a"}: 4, {"x", "b"}: 3, {"y", ""}: 2} {
		if got := len(parts[account]); got != want {
			t.Errorf("%+v has %d operations, want %d", account, got, want)
		}
	}
	if len(parts) != 3 {
		t.Errorf("%d parts, want 3: %+v", len(parts), parts)
	}
}

// TestTimed: ticks are told as the instants at which they were counted.
func TestTimed(t *testing.T) {
	now := int64(100)
	r := Recorder{Clock: func() int64 { return now }}
	op := r.Begin(1, Input{Kind: GetBudget})
	lost := r.Begin(2, Input{Kind: GetBudget})
	now = 200
	r.Answered(op, Output{Answer: NoBudget})
	r.Failed(lost)
	now = 300
	r.Settle(r.Now())
	h := r.Timed()
	if h[0].Call != 100 || h[0].Return != 200 || h[0].Settled != 0 {
		t.Errorf("answered: from %d to %d, settled at %d", h[0].Call, h[0].Return, h[0].Settled)
	}
	if h[1].Call != 100 || h[1].Return != 0 || h[1].Settled != 300 {
		t.Errorf("lost: from %d to %d, settled at %d", h[1].Call, h[1].Return, h[1].Settled)
	}
	if again := r.History(); again[0].Return != 3 {
		t.Errorf("the history was answered at tick %d, want 3", again[0].Return)
	}
}

// TestChangesOfBudgets: changes and deletions that nobody was told of have the answers that the
// log has for them, and revisions are counted over all budgets.
func TestChangesOfBudgets(t *testing.T) {
	m := NewMarks()
	for i, e := range []trace.Event{
		{Budget: "b", Amount: 10, Limit: 1}, {Budget: "other", Amount: 5, Limit: 2},
		{Budget: "b", Limit: 1}, {Budget: "b", Amount: 20, Limit: 3},
	} {
		e.Kind, e.Metric, e.Per = trace.KindLimit, "requests", second
		m.Take(uint64(i+1), 1, &trace.Event{Kind: trace.KindEntry, At: 100 * int64(i+1)})
		m.Take(uint64(i+1), 2, &e)
	}
	put := func(call, amount int64) Op {
		return Op{Call: call, Input: Input{Kind: PutBudget, Budget: "b",
			Limits: []Limit{{Metric: "requests", Kind: "window", Amount: amount, Per: second}}}}
	}
	history := func(revision uint64) History {
		first := put(50, 10)
		first.Return = 120
		first.Output = &Output{Answer: Done, Revision: 1, Created: true, Changed: true}
		return History{first, {Call: 250, Input: Input{Kind: DeleteBudget, Budget: "b"}},
			put(350, 20), {Call: 500, Return: 600, Input: Input{Kind: OpenSession, Budget: "b"},
				Output: &Output{Answer: Done, Session: 1, Revision: revision,
					Limits: put(0, 20).Input.Limits}}}
	}
	short, ok := m.witness(history(3))
	if !ok || len(short) != 4 {
		t.Fatalf("%t, %d calls, want 4", ok, len(short))
	}
	for _, op := range short {
		if op.Output == nil || op.Input.Kind == PutBudget && !op.Output.Created {
			t.Errorf("%v is not what the log says: %+v", op.Input.Kind, op.Output)
		}
	}
	if v := m.Follow(history(3), patience); v.Result != Valid {
		t.Error(v)
	}
	wrong := history(3)
	wrong[3].Output.Limits = put(0, 30).Input.Limits
	if v := m.Follow(wrong, patience); v.Result != Invalid {
		t.Errorf("limits that nobody put: %s", v)
	}
	if v := Follow(mustWitness(t, m, history(4))); v.Result != Invalid {
		t.Errorf("a revision that is another one's, along the log: %s", v)
	}
}

func mustWitness(t *testing.T, m *Marks, h History) History {
	t.Helper()
	short, ok := m.witness(h)
	if !ok {
		t.Fatal("the log is not in the order of the calls")
	}
	return short
}
