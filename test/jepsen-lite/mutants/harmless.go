package mutants

import "slices"

// harmless are edits of lines that look as if the bound hung on them, and that break
// nothing, because another line makes up for it. Means says which. They are run too, and
// nobody may catch one: then it would belong among the mutants.
var harmless = []Mutant{
	{
		Name: "charge-unchecked", Rule: "Books", By: Pure,
		Means: "Charge's own bound is a second look: Share gives no more than what is left. " +
			"Without both: charge-unbounded.",
		Edits: []Edit{{account, "	if n < 1 || n > a.Left(l, before) {", "	if n < 1 {"}},
	},
	{
		Name: "return-unchecked", Rule: "Books", By: Pure,
		Means: "Return's own bound is a second look: mayReturn lets no more through than the " +
			"lease was charged. Without that: return-of-more.",
		Edits: []Edit{{account, "	if n < 1 || n > a.Used {", "	if n < 1 {"}},
	},
	{
		Name: "older-windows-kept", Rule: "R10", By: Pure,
		Means: "a lease of a newer window ends the older ones, which are over by then: by R6 each " +
			"ends before the roll that the newer one was granted after. Merged: carries-over.",
		Edits: []Edit{{leaseLine,
			"	l.endIf(rec, func(o *held) bool { return o.window < d.window })\n", ""}},
	},
	{
		Name: "live-lease-taken-again", Rule: "R9", By: Pure,
		Means: "a grant of a lease that is live already is a second answer, which R9 has dropped " +
			"before. Without that: second-answer-taken.",
		Edits: []Edit{{leaseTake, "		if !ok || h.holds(g.Lease) || g", "		if !ok || g"}},
	},
	{
		Name: "lost-session-spends-on", Rule: "R8", By: Pure,
		Means: "the leases of a session that ended count as spent until their windows end, so they " +
			"could be spent; that they are ended keeps the holder's books simple.",
		Edits: []Edit{{leaseTake, "	case UnknownSession:\n		h.endAll()\n", "	case UnknownSession:\n"}},
	},
}

// Harmless returns them.
func Harmless() []Mutant { return slices.Clone(harmless) }
