package mutants

// accountMutants break the books of one account.
var accountMutants = []Mutant{
	{
		Name: "guessed-place-trusted", Rule: "Books", By: Pure,
		Means: "where a session's account was is taken for where it is",
		Edits: []Edit{{fsmTable, "int(i) < t.rows.n && t.rows.get(int(i)).key == key",
			"int(i) < t.rows.n"}},
	},
	{
		Name: "charge-not-counted", Rule: "Books", By: Pure,
		Means: "a charge does not add to what is used",
		Edits: []Edit{{account, "	a.Used += n\n", "	a.Used += 0 * n\n"}},
	},
	{
		Name: "charge-one-short", Rule: "Books", By: Pure,
		Means: "a charge of several adds one less",
		Edits: []Edit{{account, "	a.Used += n\n", "	a.Used += max(1, n-1)\n"}},
	},
	{
		Name: "charge-unbounded", Rule: "Books", By: Pure,
		Means: "neither the share nor the charge looks at what is left",
		Edits: []Edit{
			{account, "	if n < 1 || n > a.Left(l, before) {", "	if n < 1 {"},
			{account, "	return max(need, min(want, share))\n",
				"	return max(need, want, min(want, share))\n"},
		},
	},
	{
		Name: "charge-one-over", Rule: "Books", By: Pure,
		Means: "an account may be charged one credit more than its limit",
		Edits: []Edit{
			{account, "return max(0, l.Amount-before-a.Used)", "return max(0, l.Amount-before-a.Used+1)"},
		},
	},
	{
		Name: "share-unbounded", Rule: "Books", By: Pure,
		Means: "a share may be more than what is left",
		Edits: []Edit{{account, "	return max(need, min(want, share))\n",
			"	return max(need, want, share)\n"}},
	},
	{
		Name: "peak-not-kept", Rule: "Books", By: Pure,
		Means: "the largest limit that was in force is not remembered",
		Edits: []Edit{{account, "	a.Peak = max(a.Peak, l.Bound())\n", ""}},
	},
	{
		Name: "lowered-amount-ignored", Rule: "Books", By: Pure,
		Means: "a window goes on granting under the largest amount that it ever had",
		Edits: []Edit{{account, "return max(0, l.Amount-before-a.Used)",
			"return max(0, max(l.Amount, a.Peak)-before-a.Used)"}},
	},
	{
		Name: "left-in-debt", Rule: "Books", By: Pure,
		Means: "a limit that was lowered below what is used leaves a debt",
		Edits: []Edit{{account, "return max(0, l.Amount-before-a.Used)",
			"return l.Amount - before - a.Used"}},
	},
	{
		Name: "return-not-counted", Rule: "Books", By: Pure,
		Means: "a return that is taken does not lower what is used",
		Edits: []Edit{{account, "	a.Used -= n\n", "	a.Used -= 0 * n\n"}},
	},
	{
		Name: "return-frees-all", Rule: "Books", By: Pure,
		Means: "a return empties its account",
		Edits: []Edit{{account, "	a.Used -= n\n", "	a.Used = 0\n"}},
	},
	{
		Name: "return-counted-twice", Rule: "Books", By: Pure,
		Means: "a return lowers what is used by twice as much",
		Edits: []Edit{{account, "	a.Used -= n\n", "	a.Used -= min(a.Used, 2*n)\n"}},
	},
}
