package mutants

// The sources of what tenants share.
const (
	division = "budget/divide.go"
	giving   = "fsm/return.go"
)

// sharedMutants break how tenants divide an account. None of them grants more than is left, so the
// bound holds in all.
var sharedMutants = []Mutant{
	{
		Name: "withheld-ignored", Rule: "Books", By: Pure,
		Means: "nothing is withheld for other tenants: the first one takes all",
		Edits: []Edit{{division, "		may -= d.others[i].withheld(rest, span)\n",
			"		may -= 0 * d.others[i].withheld(rest, span)\n"}},
	},
	{
		Name: "guarantee-not-kept", Rule: "Books", By: Pure,
		Means: "what is guaranteed to a tenant is free for others late in the window",
		Edits: []Edit{{division, "max(min(c.gets, paceFactor*pace), min(c.gets, c.floor))",
			"min(c.gets, paceFactor*pace)"}},
	},
	{
		Name: "reserve-for-all", Rule: "Books", By: Pure,
		Means: "a normal priority is granted what is reserved for a high one",
		Edits: []Edit{{division, "		d.free -= reserved\n", "		d.free -= 0 * reserved\n"}},
	},
	{
		Name: "weights-ignored", Rule: "Books", By: Pure,
		Means: "all tenants weigh the same",
		Edits: []Edit{{division, "		c.weight = n\n", "		c.weight = min(n, 1)\n"}},
	},
	{
		Name: "tenant-not-debited", Rule: "Books", By: Pure,
		Means: "what a tenant returned counts as what it has",
		Edits: []Edit{{giving, "		ss.debit(account, r.Amount)\n", ""}},
	},
}
