package mutants

// familyMutants break what budgets of several levels hang on, and what costs weigh.
var familyMutants = []Mutant{
	{
		Name: "parent-not-drawn-on", Rule: "Books", By: Pure,
		Means: "a session draws on its own budget alone",
		Edits: []Edit{{fsmFamily, "			policies = append(policies, up)\n", ""}},
	},
	{
		Name: "parent-not-charged", Rule: "Books", By: Pure,
		Means: "a grant of a budget above is not charged to its account",
		Edits: []Edit{{fsmAcquire, "		if amount > 0 && !account.Charge(",
			"		if amount > 0 && at.up[a.Limit] == 0 && !account.Charge("}},
	},
	{
		Name: "parent-by-the-childs-key", Rule: "Books", By: Pure,
		Means: "the account in a budget above has the key of the one below",
		Edits: []Edit{{fsmFamily, "		if r.keys[i], err = ss.keyIn(up); err != nil {",
			"		if r.keys[i], err = ss.keyIn(p); err != nil || up == nil {"}},
	},
	{
		Name: "keys-not-escaped", Rule: "Books", By: Pure,
		Means: "labels with separators in them make keys that others make, too",
		Edits: []Edit{{template, "c == '%' || strings.IndexByte(separators, c) >= 0 {",
			"c == '%' && strings.IndexByte(separators, c) >= 0 {"}},
	},
	{
		Name: "weight-ignored", Rule: "Books", By: Pure,
		Means: "each of a cost draws one credit, whatever it weighs",
		Edits: []Edit{{weights, "bits.Mul64(uint64(n), uint64(w.Times))", "bits.Mul64(uint64(n), 1)"}},
	},
	{
		Name: "half-is-granted", Rule: "Books", By: Pure,
		Means: "a request that a budget above refuses is granted in the one below",
		Edits: []Edit{{fsmAcquire, "	if refused != nil {\n",
			"	if refused != nil {\n		if half := *r; refused.Limit != r.Asks[0].Limit {\n" +
				"			half.Asks = half.Asks[:1]\n			s.grant(ss, at, &half)\n		}\n"}},
	},
	{
		Name: "half-is-spent", Rule: "R10", By: Pure,
		Means: "an admission spends nothing of the limits of budgets above",
		Edits: []Edit{{holder, "		if n > 0 {\n			h.lines[i].spend(n, &h.rec)\n",
			"		if n > 0 && h.lines[i].above == \"\" {\n			h.lines[i].spend(n, &h.rec)\n"}},
	},
	{
		Name: "parents-change-not-told", Rule: "Books", By: Pure,
		Means: "a limiter is not told that a budget above its own was changed",
		Edits: []Edit{{fsmFamily, "		n.revision = max(n.revision, p.revision)\n", ""}},
	},
	{
		Name: "parent-deleted", Rule: "Books", By: Pure,
		Means: "a budget that others have as their parent may be deleted",
		Edits: []Edit{{fsmPolicy, "	if children := s.children[c.Name]; len(children) > 0 {",
			"	if children := s.children[c.Name]; len(children) > 0 && c.Name == \"\" {"}},
	},
}
