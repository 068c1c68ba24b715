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
	Used   budget.Credits
	// Left is what may still be granted in the window: nothing while the limit starts empty.
	Left budget.Credits
	// Opens is when Left is all of the limit's amount again: cluster time.
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
		a := l.accounts[key]
		if a == nil {
			a = &budget.Account{}
		}
		st.Limits = append(st.Limits, LimitStatus{Limit: l.Limit, Serial: l.serial,
			Window: l.window, Used: a.Used, Left: l.left(a), Opens: l.opens()})
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
