package mutants

// leaseMutants break what the state machine knows of leases and of those who hold them.
var leaseMutants = []Mutant{
	{
		Name: "grants-more-than-charged", Rule: "Books", By: Pure,
		Means: "a lease is one credit larger than its charge",
		Edits: []Edit{{fsmAcquire, "			Amount: amount + from.Amount, TTL:",
			"			Amount: amount + from.Amount + 1, TTL:"}},
	},
	{
		Name: "held-for-more", Rule: "Books", By: Pure,
		Means: "a session may return one credit more than it was granted",
		Edits: []Edit{{fsmAcquire, "Window: l.window, Amount: g.Amount}\n",
			"Window: l.window, Amount: g.Amount + 1}\n"}},
	},
	{
		Name: "grants-when-refused", Rule: "Books", By: Pure,
		Means: "a need that cannot be met is granted anyway",
		Edits: []Edit{
			{account, "	if left < need {\n		return 0\n	}\n", ""},
			{account, "	if n < 1 || n > a.Left(l, before) {", "	if n < 1 {"},
			{fsmAcquire, "		case left < a.Need:\n", "		case left < 0:\n"},
		},
	},
	{
		Name: "lease-number-reused", Rule: "Books", By: Pure,
		Means: "leases are numbered by the log's index, so two of one entry share a number",
		Edits: []Edit{{fsmAcquire, "		s.last.Lease++\n", "		s.last.Lease = lease.ID(s.index)\n"}},
	},
	{
		Name: "session-number-reused", Rule: "Books", By: Pure,
		Means: "sessions are numbered by how many there are, so that of one that ended is reused",
		Edits: []Edit{{fsmSession, "	s.last.Session++\n",
			"	s.last.Session = lease.SessionID(len(s.sessions)) + 1\n"}},
	},
	{
		Name: "limit-number-reused", Rule: "Books", By: Pure,
		Means: "limits are numbered by how many there are, so a new life is taken for the old",
		Edits: []Edit{{fsmPolicy, "	s.last.Limit++\n", "	s.last.Limit = uint64(len(s.limits)) + 1\n"}},
	},
	{
		Name: "forgets-silently", Rule: "Books", By: Pure,
		Means: "a lease that makes room for another is not counted as spent",
		Edits: []Edit{{fsmAcquire, "		s.limits[ss.Leases[0].Limit].forget(ss.Leases[0])\n", ""}},
	},
	{
		Name: "holds-without-bound", Rule: "Books", By: Pure,
		Means: "a session's leases have no bound",
		Edits: []Edit{{fsmAcquire, "		ss.Leases = slices.Delete(ss.Leases, 0, 1)\n", ""}},
	},
	{
		Name: "rest-not-forgotten", Rule: "Books", By: Pure,
		Means: "what was not given back of a lease with the rest is not counted as spent",
		Edits: []Edit{{fsmReturn, "		l.forget(h)\n", ""}},
	},
	{
		Name: "returned-part-forgotten", Rule: "Books", By: Pure,
		Means: "a lease that was given back counts as spent too",
		Edits: []Edit{{fsmReturn, "		h.Amount -= r.Amount\n", ""}},
	},
	{
		Name: "forgotten-of-any-window", Rule: "Books", By: Pure,
		Means: "a lost lease of an earlier window counts in the present one",
		Edits: []Edit{{fsmLimit, "	if l != nil && l.window == h.Window && h.Until == 0 {",
			"	if l != nil && h.Until == 0 {"}},
	},
	{
		Name: "session-end-forgets-nothing", Rule: "Books", By: Pure,
		Means: "the leases of a session that ended are neither returnable nor spent",
		Edits: []Edit{{fsmSession, "		s.limits[h.Limit].forget(h)\n", "		_ = h\n"}},
	},
	{
		Name: "session-end-frees-leases", Rule: "Books", By: Pure,
		Means: "the leases of a session that ended are given back, though its holder may spend them",
		Edits: []Edit{{fsmSession, "		s.limits[h.Limit].forget(h)\n",
			"		if l := s.limits[h.Limit]; s.returnable(h) {\n" +
				"			l.accounts.own(ss.Key).Return(l.Limit, h.Amount)\n		}\n"}},
	},
	{
		Name: "session-never-expires", Rule: "Books", By: Pure,
		Means: "a session of which nothing is heard stays for ever",
		Edits: []Edit{{fsmSession, "ss != nil && ss.expires() <= s.t;",
			"ss != nil && ss.expires() <= 0;"}},
	},
	{
		Name: "session-not-touched", Rule: "Books", By: Pure,
		Means: "a session expires however much is heard of it",
		Edits: []Edit{{fsmSession, "	ss.Touched = s.t\n	s.idle.renew(ss)\n", ""}},
	},
	{
		Name: "session-of-other-key", Rule: "Books", By: Pure,
		Means: "a session stays when its budget gets or loses its keys",
		Edits: []Edit{{fsmSession, "	if p != nil && (err != nil || !ss.fits(p)) {",
			"	if p != nil && err != nil && ss.ID == 0 {"}},
	},
	{
		Name: "dead-leases-kept", Rule: "Books", By: Pure,
		Means: "leases of short windows that are over take the room of one that may be returned yet",
		Edits: []Edit{{fsmAcquire,
			"	s.prune(ss)\n",
			""}},
	},
	{
		Name: "roll-ends-no-lease", Rule: "Books", By: Pure,
		Means: "a roll is not counted as an ending: sessions keep leases of windows that are over",
		Edits: []Edit{{fsmApply, "		s.endings++\n", ""}},
	},
	{
		Name: "session-of-any-key", Rule: "Books", By: Pure,
		Means: "a session may have a key on a budget without keys",
		Edits: []Edit{{fsmFamily, "		return p.Keyed == (ss.Key != \"\")\n",
			"		return !p.Keyed || ss.Key != \"\"\n"}},
	},
	{
		Name: "opened-with-any-key", Rule: "Books", By: Pure,
		Means: "a session with a key on a budget without keys is opened, as one without",
		Edits: []Edit{{fsmSession, "	case !ss.fits(p):\n", "	case !ss.fits(p) && p.Keyed:\n"}},
	},
}
