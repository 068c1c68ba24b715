package mutants

// admitMutants break how a holder spends (R10) and what it keeps of its leases.
var admitMutants = []Mutant{
	{
		Name: "clock-goes-back", Rule: "R10", By: Pure,
		Means: "a holder goes by a reading from before one that it has seen",
		Edits: []Edit{{holder, "now.Mono = max(now.Mono, h.latest.Mono)",
			"now.Mono += 0 * h.latest.Mono"}},
	},
	{
		Name: "no-look-at-the-clock", Rule: "R10", By: Pure, Ablation: "W_abl_xii_noclock",
		Means: "leases that are over are not ended before credits are spent",
		Edits: []Edit{{holder, "		l.expire(now, &h.rec)\n		short = short || l.live < n\n",
			"		short = short || l.live < n\n"}},
	},
	{
		Name: "carries-over", Rule: "R10", By: Pure,
		Means: "what is left of a window's leases is merged into the first lease of the next",
		Edits: []Edit{{leaseLine, "	l.endIf(rec, func(o *held) bool { return o.window < d.window })\n",
			"	for i := range l.leases {\n		if o := &l.leases[i]; o.window < d.window {\n" +
				"			d.left += o.left\n			l.live -= o.left\n			o.left = 0\n		}\n	}\n" +
				"	l.endSpent(rec)\n"}},
	},
	{
		Name: "merged-in-one-window", Rule: "R10", By: Pure,
		Means: "a new lease's duration is given to the credits of the lease before it",
		Edits: []Edit{{leaseLine, "	l.roll = roll\n",
			"	for i := range l.leases {\n		l.leases[i].until = roll\n	}\n	l.roll = roll\n"}},
	},
	{
		Name: "spends-more-than-left", Rule: "R10", By: Pure,
		Means: "a cost is taken whole from the first lease, whatever it has left",
		Edits: []Edit{{leaseLine, "		take := min(n, d.left)\n", "		take := n\n"}},
	},
	{
		Name: "spending-not-counted", Rule: "R10", By: Pure,
		Means: "what is spent of a lease stays there",
		Edits: []Edit{
			{leaseLine, "	l.live -= n\n	for i := 0; n > 0; i++ {", "	for i := 0; n > 0; i++ {"},
			{leaseLine, "		d.left -= take\n", ""},
		},
	},
	{
		Name: "live-not-counted", Rule: "R10", By: Pure,
		Means: "the sum of a line's credits does not fall with its leases'",
		Edits: []Edit{{leaseLine, "		l.live -= d.left\n		rec.expired(d)\n", "		rec.expired(d)\n"}},
	},
	{
		Name: "accepts-more", Rule: "R10", By: Pure,
		Means: "a holder takes one credit more than it was granted",
		Edits: []Edit{{leaseTake, "window: g.Window, left: g.Amount,",
			"window: g.Window, left: g.Amount + 1,"}},
	},
	{
		Name: "heir-shares-leases", Rule: "R10", By: Pure,
		Means: "when limits change, the new line and the old both have the leases",
		Edits: []Edit{{leaseLine, "	l.leases, old.leases = old.leases, nil\n",
			"	l.leases = old.leases\n"}},
	},
	{
		Name: "purse-outlives-lease", Rule: "R6", By: Pure,
		Means: "what was lent may be spent when the lease is over",
		Edits: []Edit{
			{leaseLend, "		p.until.Mono = min(p.until.Mono, d.until.Mono)\n", ""},
			{leaseLend, "		p.until.Wall = min(p.until.Wall, d.until.Wall)\n", ""},
		},
	},
	{
		Name: "purse-ignores-suspends", Rule: "R6", By: Pure,
		Means: "what was lent may be spent until the lease is over by the monotonic clock",
		Edits: []Edit{
			{leaseLend, "		p.until.Wall = min(p.until.Wall, d.until.Wall)\n", ""},
		},
	},
	{
		Name: "purse-stays-open", Rule: "R10", By: Pure,
		Means: "what was lent may be spent after it was taken back",
		Edits: []Edit{{leasePurse, "s.word.CompareAndSwap(w, drained)", "s.word.CompareAndSwap(w, w)"}},
	},
	{
		Name: "purse-pays-in-part", Rule: "R10", By: Pure,
		Means: "an admission of several limits takes of what was lent what each limit has",
		Edits: []Edit{
			{leasePurse, "		if n > maxPursed || !s.others[i].pays(n) {\n			return false\n",
				"		if n > maxPursed || i > len(s.others) {\n			return false\n"},
			{leasePurse, "		if n > 0 {\n			s.others[i] =",
				"		if n > 0 && s.others[i].pays(n) {\n			s.others[i] ="},
		},
	},
	{
		Name: "purse-not-booked", Rule: "R10", By: Pure,
		Means: "what was spent of what was lent stays in the lease",
		Edits: []Edit{{leaseLend, "	l.live -= n\n	d.left -= n\n", ""}},
	},
}
