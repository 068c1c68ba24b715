package kinds

import (
	"fmt"
	"slices"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
)

// What no trace tells is judged here, from outside: that a change which expects another revision
// changes nothing, and that a put leaves what is set of limits that it leaves.

// farAway is so many revisions on that no entry comes to one of them.
const farAway = 1000

// conflicts tries to change the budget on a condition that does not hold.
func (l *log) conflicts() {
	b := l.b
	b.Limits = slices.Clone(b.Limits)
	if b.Limits[0].Amount++; b.Validate() != nil {
		return
	}
	expect := l.s.Last().Revision + farAway
	c := fsm.Command{PutBudget: &fsm.PutBudget{Budget: b, Expect: expect}}
	switch l.r.IntN(3) {
	case 0:
		c = fsm.Command{DeleteBudget: &fsm.DeleteBudget{Name: "b", Expect: expect}}
	case 1:
		m := b.Limits[0]
		c = fsm.Command{SetLimit: &fsm.SetLimit{Budget: "b", Metric: m.Metric, Per: m.Per, Kind: m.Kind,
			Amount: m.Amount, Expect: expect}}
	}
	res := l.do(l.wait(), c)
	if res.Code != fsm.CodeConflict && l.broken == nil {
		l.broken = fmt.Errorf("invariant Conflict is broken: entry %d: revision %d was expected, "+
			"which nobody has: %+v", l.index, expect, res)
	}
}

// remains looks whether what was set before a put is so after it, where the put left the limit as
// it was and nothing has lapsed.
func (l *log) remains(before fsm.BudgetStatus) {
	after, _ := l.s.Budget("b", "")
	for _, o := range before.Overrides {
		was := before.Budget.Limits[o.Limit]
		i := slices.IndexFunc(after.Budget.Limits, func(m budget.Limit) bool { return m == was })
		if i < 0 || after.Budget.Keyed != before.Budget.Keyed || o.Until != 0 && o.Until <= l.s.T() ||
			before.Limits[o.Limit].Serial != after.Limits[i].Serial {
			continue
		}
		o.Limit = i
		if !slices.Contains(after.Overrides, o) && l.broken == nil {
			l.broken = fmt.Errorf("invariant Remains is broken: entry %d: %+v was set, and a put that "+
				"left the limit as it was has left %+v", l.index, o, after.Overrides)
		}
	}
}
