package mutants

// bury is where a removed limit is remembered.
const bury = "	s.graves[g] = max(s.graves[g], l.over(), l.emptyUntil)\n"

// budgetMutants break what becomes of accounts and leases when budgets change.
var budgetMutants = []Mutant{
	{
		Name: "change-empties-accounts", Rule: "Books", By: Pure,
		Means: "a limit whose amount changes forgets what it granted",
		Edits: []Edit{{fsmLimit, "	l.Limit = want\n",
			"	l.Limit, l.forgotten = want, 0\n	l.accounts = new(table)\n"}},
	},
	{
		Name: "lowered-amount-not-taken", Rule: "Books", By: Pure,
		Means: "an amount that is lowered stays in force",
		Edits: []Edit{{fsmLimit, "	l.Limit = want\n",
			"	want.Amount = max(l.Amount, want.Amount)\n	l.Limit = want\n"}},
	},
	{
		Name: "keys-change-in-place", Rule: "Books", By: Pure,
		Means: "a budget that gets or loses its keys keeps its accounts",
		Edits: []Edit{{fsmPolicy, "			if i >= 0 && old.SameKeys(b) {", "			if i >= 0 {"}},
	},
	{
		Name: "no-grave", Rule: "Books", By: Pure,
		Means: "a removed limit's leases are not remembered, so one created anew is full at once",
		Edits: []Edit{{fsmPolicy, bury, "	s.graves[g] = max(s.graves[g], s.t+1)\n"}},
	},
	{
		Name: "later-grave-is-shorter", Rule: "Books", By: Pure,
		Means: "a second removal overwrites the first one's grave, which lasts longer",
		Edits: []Edit{{fsmPolicy, bury, "	s.graves[g] = l.over()\n"}},
	},
	{
		Name: "graves-dug-together", Rule: "Books", By: Pure,
		Means: "when one grave's time has come, all are removed",
		Edits: []Edit{{fsmPolicy, "		if until <= s.t {\n",
			"		if until <= s.t || g.metric != \"\" {\n"}},
	},
	{
		Name: "graves-kept", Rule: "Books", By: Pure,
		Means: "graves are never removed",
		Edits: []Edit{{fsmApply, "	if s.digAt <= s.t {\n", "	if s.digAt < 0 {\n"}},
	},
	{
		Name: "grave-not-looked-for", Rule: "Books", By: Pure,
		Means: "the next grave to remove is not remembered",
		Edits: []Edit{{fsmPolicy, "	s.digAt = min(s.digAt, s.graves[g])\n", ""}},
	},
	{
		Name: "grave-ignored", Rule: "Books", By: Pure,
		Means: "a limit is created full though leases of its last life are about",
		Edits: []Edit{{fsmPolicy, "max(s.graves[grave{name, want.Metric}], s.origin.over(want))",
			"s.origin.over(want)"}},
	},
	{
		Name: "empty-limit-grants", Rule: "Books", By: Pure,
		Means: "a limit grants although it is empty",
		Edits: []Edit{{fsmLimit, "	if l.empty() {\n		return 0\n	}\n", ""}},
	},
	{
		Name: "empty-for-half-the-grave", Rule: "Books", By: Pure,
		Means: "a limit is empty until the window in which its grave ends, not until after it",
		Edits: []Edit{{fsmLimit, "l.start() < l.emptyUntil }", "l.end() <= l.emptyUntil }"}},
	},
	{
		Name: "full-at-the-first-roll", Rule: "Books", By: Pure,
		Means: "a limit is not empty any more once it rolls, though its grave lasts longer",
		Edits: []Edit{{fsmLimit, "	if !l.empty() {\n		l.emptyUntil = 0\n	}\n", "	l.emptyUntil = 0\n"}},
	},
	{
		Name: "created-in-window-zero", Rule: "Books", By: Pure,
		Means: "a limit begins its life in the first window of all",
		Edits: []Edit{{fsmPolicy, "		window:     want.WindowAt(s.t),\n", ""}},
	},
	{
		Name: "removed-limit-counts", Rule: "Books", By: Pure,
		Means: "the accounts of a removed limit still count",
		Edits: []Edit{{fsmPolicy, "	s.accounts -= l.counted()\n", ""}},
	},
	{
		Name: "removed-limit-stays", Rule: "Books", By: Pure,
		Means: "a removed limit stays among those that exist, so its leases can be returned",
		Edits: []Edit{{fsmPolicy, "	delete(s.limits, l.serial)\n", ""}},
	},
	{
		Name: "accounts-not-counted", Rule: "Books", By: Pure,
		Means: "new accounts do not count toward the bound",
		Edits: []Edit{{fsmAcquire, "	s.accounts += fresh\n", ""}},
	},
}
