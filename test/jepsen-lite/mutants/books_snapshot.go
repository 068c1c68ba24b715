package mutants

// encodesSession is where a session is written.
const encodesSession = "		if err := out.session(ss); err != nil {\n"

// readsPast is where the accounts of a limit's windows before are read.
const readsPast = "			l.past = append(l.past, gen)\n"

// drop writes a copy of each session, without something.
func drop(what string) []Edit {
	return []Edit{{fsmImage, encodesSession,
		"		part := *ss\n		" + what + "\n		if err := out.session(&part); err != nil {\n"}}
}

// snapshotMutants leave something out of a snapshot, or read it wrongly.
var snapshotMutants = []Mutant{
	{
		Name: "image-not-kept", Rule: "Books", By: Pure,
		Means: "an entry writes to accounts of a snapshot that is still to be written",
		Edits: []Edit{{fsmVector, "	if p.era != v.era {\n", "	if p.era > v.era {\n"}},
	},
	{
		Name: "image-shares-sessions", Rule: "R8", By: Pure,
		Means: "an entry writes to sessions of a snapshot that is still to be written",
		Edits: []Edit{{fsmRecency, "	own := *ss\n", "	if at != nil {\n		return ss\n	}\n	own := *ss\n"}},
	},
	{
		Name: "snapshot-without-time", Rule: "Books", By: Pure,
		Means: "a restored replica's cluster time is that of its windows' start",
		Edits: []Edit{{fsmState, "T: s.t, Epoch: s.epoch,", "T: 0 * s.t, Epoch: s.epoch,"}},
	},
	{
		Name: "snapshot-without-epoch", Rule: "R3", By: Pure,
		Means: "a restored replica has no epoch",
		Edits: []Edit{{fsmState, "Epoch: s.epoch, Index: s.index,",
			"Epoch: 0 * s.epoch, Index: s.index,"}},
	},
	{
		Name: "snapshot-without-leases", Rule: "Books", By: Pure,
		Means: "a restored session holds no leases",
		Edits: drop("part.Leases = nil"),
	},
	{
		Name: "snapshot-without-decisions", Rule: "R8", By: Pure, Ablation: "W_abl_viii_nodedupe",
		Means: "a restored session does not know what was decided, so a retry is charged again",
		Edits: drop("part.Seq, part.Decided = 0, decision{}"),
	},
	{
		Name: "snapshot-without-graves", Rule: "Books", By: Pure,
		Means: "a restored replica does not know of removed limits",
		Edits: []Edit{
			{fsmState, "Graves: len(s.graves),", "Graves: 0,"},
			{fsmState, "		m.graves = append(m.graves, graveItem{g.budget, g.metric, until})\n",
				"		_ = graveItem{g.budget, g.metric, until}\n"},
		},
	},
	{
		Name: "snapshot-without-emptiness", Rule: "Books", By: Pure,
		Means: "a restored limit does not know that it is empty",
		Edits: []Edit{{fsmState, "EmptyUntil: l.emptyUntil,\n", "EmptyUntil: 0 * l.emptyUntil,\n"}},
	},
	{
		Name: "snapshot-without-counters", Rule: "Books", By: Pure,
		Means: "a restored replica numbers leases from the largest that is held",
		Edits: []Edit{{fsmState, "	m := &Image{head: header{\n",
			"	last := s.last\n	last.Lease = 0\n	for _, ss := range s.sessions {\n" +
				"		for _, h := range ss.Leases {\n			last.Lease = max(last.Lease, h.Lease)\n		}\n" +
				"		for _, g := range ss.Decided.Result.Grants {\n" +
				"			last.Lease = max(last.Lease, g.Lease)\n		}\n	}\n" +
				"	m := &Image{head: header{\n"},
			{fsmState, "Last: s.last,", "Last: last,"}},
	},
	{
		Name: "snapshot-without-forgotten", Rule: "Books", By: Pure,
		Means: "a restored limit does not know what lost leases hold",
		Edits: []Edit{{fsmState, "Forgotten: l.forgotten, ", ""}},
	},
	{
		Name: "restore-without-digging", Rule: "Books", By: Pure,
		Means: "a restored replica looks for no grave to remove",
		Edits: []Edit{{fsmRestore, "		s.digAt = min(s.digAt, g.Until)\n", ""}},
	},
	{
		Name: "restore-without-accounts", Rule: "Books", By: Pure,
		Means: "a restored replica's accounts do not count",
		Edits: []Edit{{fsmRestore, "		s.accounts += l.counted()\n", ""}},
	},
	{
		Name: "restore-without-prev", Rule: "Books", By: Pure,
		Means: "a restored limit does not know who asked in the last window, and grants other shares",
		Edits: []Edit{{fsmRestore, readsPast,
			"			if l.Kind == \"window\" {\n				gen = nil\n			}\n" + readsPast}},
	},
}
