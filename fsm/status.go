package fsm

import (
	"maps"
	"slices"

	"github.com/leased-io/leased/budget"
)

// BudgetStatus is a budget and the use of one key's accounts, as of State.T.
type BudgetStatus struct {
	Budget   budget.Budget
	Revision uint64
	Limits   []LimitStatus // of Budget.Limits, in the same order
}

// LimitStatus is a limit and the use of one account of it.
type LimitStatus struct {
	Limit  budget.Limit
	Serial uint64        // of this life of the limit
	Window budget.Window // the current one
	// Used is charged to the current window and, of a sliding limit, to those before that count.
	Used budget.Credits
	// Left is what may be granted: nothing while the limit starts empty.
	Left budget.Credits
	// Opens is when all of the limit may be granted again: cluster time. Of a window limit, where
	// its window ends; of a sliding one, where nothing that is charged now counts any more; of a
	// bucket, when it is full, but at most where its window ends.
	Opens budget.Instant
}

// Budget returns the budget of a name, with the use of key's accounts: the empty key's if it has
// no keys. An account that nothing was asked of is unused.
func (s *State) Budget(name, key string) (BudgetStatus, bool) {
	p, ok := s.budgets[name]
	if !ok {
		return BudgetStatus{}, false
	}
	st := BudgetStatus{Budget: p.Budget, Revision: p.revision}
	st.Budget.Limits = slices.Clone(p.Limits)
	for _, l := range p.lives {
		a := l.present(key, s.t)
		st.Limits = append(st.Limits, LimitStatus{Limit: l.Limit, Serial: l.serial,
			Window: l.window, Used: a.Used + l.before(key), Left: l.left(&a, key),
			Opens: l.opens(&a, key, l.Bound())})
	}
	return st, true
}

// Budgets returns all budgets by name, each with the use of the empty key's accounts.
func (s *State) Budgets() []BudgetStatus {
	all := make([]BudgetStatus, 0, len(s.budgets))
	for _, name := range slices.Sorted(maps.Keys(s.budgets)) {
		st, _ := s.Budget(name, "")
		all = append(all, st)
	}
	return all
}
