package mutants

// retry is where a request is recognised that was decided before.
const retry = "	case r.Seq == ss.Seq: // a retry: R8, R5\n"

// onceMutants break that a request is charged once, a lease returned once, and an answer taken
// once (R8, R9).
var onceMutants = []Mutant{
	{
		Name: "retry-charged-again", Rule: "R8", By: Pure, Ablation: "W_abl_viii_nodedupe",
		Means: "a retry is decided anew",
		Edits: []Edit{{fsmAcquire, retry, "	case r.Seq == ss.Seq && ss.Seq == 0:\n"}},
	},
	{
		Name: "older-request-charged", Rule: "R8", By: Pure, Ablation: "W_abl_viii_nodedupe",
		Means: "a late copy of an earlier request is decided anew",
		Edits: []Edit{{fsmAcquire, "	case r.Seq < ss.Seq:\n", "	case r.Seq < ss.Seq && r.Seq == 0:\n"}},
	},
	{
		Name: "decision-not-kept", Rule: "R8", By: Pure, Ablation: "W_abl_viii_nodedupe",
		Means: "the number of a decided request is not remembered",
		Edits: []Edit{{fsmAcquire, "	ss.Seq, ss.Decided = r.Seq, decision{",
			"	_, ss.Decided = r.Seq, decision{"}},
	},
	{
		Name: "returned-twice", Rule: "R8", By: Pure, Ablation: "W_abl_v_twice",
		Means: "a lease can be returned again",
		Edits: []Edit{
			{fsmReturn, "		ss.Leases = slices.Delete(ss.Leases, at, at+1)\n		h.Amount -= r.Amount\n" +
				"		l.forget(h)\n", ""},
		},
	},
	{
		Name: "rest-returnable", Rule: "R8", By: Pure, Ablation: "W_abl_v_twice",
		Means: "what was not given back of a lease with the rest can be, later",
		Edits: []Edit{
			{fsmReturn, "		ss.Leases = slices.Delete(ss.Leases, at, at+1)\n		h.Amount -= r.Amount\n" +
				"		l.forget(h)\n",
				"		if ss.Leases[at].Amount -= r.Amount; ss.Leases[at].Amount == 0 {\n" +
					"			ss.Leases = slices.Delete(ss.Leases, at, at+1)\n		}\n"},
		},
	},
	{
		Name: "returned-after-roll", Rule: "R8", By: Pure, Ablation: "W_abl_v_late",
		Means: "a return is taken when its window is over, into the next one",
		Edits: []Edit{{fsmReturn, "return l != nil && l.window == h.Window",
			"return l != nil && h.Window <= l.window"}},
	},
	{
		Name: "return-of-others", Rule: "R8", By: Pure,
		Means: "a session may return another session's lease",
		Edits: []Edit{{fsmReturn, "	for i, r := range returns {\n",
			"	for i, r := range returns {\n		for _, other := range s.sessions {\n" +
				"			if slices.ContainsFunc(other.Leases,\n" +
				"				func(h held) bool { return h.Lease == r.Lease }) &&\n" +
				"				other.Budget == ss.Budget {\n				ss = other\n			}\n		}\n"}},
	},
	{
		Name: "return-of-more", Rule: "R8", By: Pure,
		Means: "more may be returned of a lease than was granted",
		Edits: []Edit{{fsmReturn, " && r.Amount <= h.Amount\n", "\n"}},
	},
	{
		Name: "return-of-less-than-nothing", Rule: "R8", By: Pure,
		Means: "a return may be of no credits, or of a debt",
		Edits: []Edit{
			{fsmReturn, " && r.Amount >= 1 &&", " &&"},
			{account, "	if n < 1 || n > a.Used {", "	if n > a.Used {"},
		},
	},
	{
		Name: "return-under-any-window", Rule: "R8", By: Pure,
		Means: "a return need not name its lease's window",
		Edits: []Edit{{fsmReturn, " && r.Window == h.Window &&", " &&"}},
	},
	{
		Name: "spends-what-it-gave-back", Rule: "R8", By: Pure,
		Means: "a holder goes on spending credits that it returned",
		Edits: []Edit{{leaseLine, "	l.live -= n\n	d.left -= n\n	d.returned = true\n",
			"	d.returned = true\n"}},
	},
	{
		Name: "return-not-remembered", Rule: "R8", By: Pure,
		Means: "what a holder gives up still counts for its line, which spends it again",
		Edits: []Edit{{leaseLine, "	d.left -= n\n	d.returned = true\n", "	d.returned = true\n"}},
	},
	{
		Name: "second-answer-taken", Rule: "R9", By: Pure, Ablation: "W_abl_xiii_closes",
		Means: "each attempt of a request may take an answer of its own",
		Edits: []Edit{{leaseSend, "	if !r.outstanding || a.id < r.first {", "	if a.id < r.first {"}},
	},
	{
		Name: "answer-to-old-request-taken", Rule: "R9", By: Pure, Ablation: "W_abl_xiii_closes",
		Means: "an answer to an earlier request closes the present one",
		Edits: []Edit{{leaseSend, "	if !r.outstanding || a.id < r.first {",
			"	if !r.outstanding || a.id == 0 {"}},
	},
}
