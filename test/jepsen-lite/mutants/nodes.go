package mutants

const (
	nodeClock  = "node/clock.go"
	nodeLeader = "node/leader.go"
	nodeCommit = "node/committer.go"
	clientAsk  = "client/ask.go"
	clientPost = "client/post.go"
)

// nodeMutants break the node's own clock and commits (R1-R3), and the limiter's calls (R7).
var nodeMutants = []Mutant{
	{
		Name: "node-stamp-cached", Rule: "R1", By: Cluster, Ablation: "W_abl_vii_stale",
		Means: "the committer stamps an entry with the reading of the entry before",
		Edits: []Edit{
			{nodeCommit, "Stamp: clock.now(), Commands:", "Stamp: clock.cached(), Commands:"},
			{nodeClock, "	mono  func() time.Duration\n",
				"	mono  func() time.Duration\n	last  budget.Instant\n"},
			{nodeClock, "// processClock returns",
				"func (c *epochClock) cached() budget.Instant {\n	stamp := max(c.base, c.last)\n" +
					"	c.last = c.now()\n	return stamp\n}\n\n// processClock returns"},
		},
	},
	{
		Name: "node-clock-ahead", Rule: "R2", By: Cluster, Ablation: "C_abl_wall",
		Means: "a new leader's clock starts ahead of T",
		Edits: []Edit{{nodeClock, "base: base, start: mono()",
			"base: base.Add(5 * time.Second), start: mono()"}},
	},
	{
		Name: "node-clock-of-process", Rule: "R2", By: Cluster, Ablation: "W_abl_iii_wall",
		Means: "a new leader's clock starts at what its process's clock says, if that is more",
		Edits: []Edit{{nodeClock, "base: base, start: mono()",
			"base: max(base, budget.Instant(mono())), start: mono()"}},
	},
	{
		Name: "node-clock-survives", Rule: "R2", By: Cluster, Ablation: "C_abl_neverback",
		Means: "a leader that comes back goes on with the clock of its first epoch",
		Edits: []Edit{
			{nodeLeader, "	clock := startClock(applied.Epoch, applied.T, l.mono)\n	l.mu.Lock()\n" +
				"	defer l.mu.Unlock()\n",
				"	clock := startClock(applied.Epoch, applied.T, l.mono)\n	l.mu.Lock()\n" +
					"	defer l.mu.Unlock()\n	if l.first == nil {\n		l.first = clock\n	}\n" +
					"	clock.base, clock.start = l.first.base, l.first.start\n"},
			{nodeLeader, "	closed bool\n", "	closed bool\n	first  *epochClock\n"},
		},
	},
	{
		Name: "node-stamps-before-epoch", Rule: "R3", By: Cluster, Ablation: "C_abl_neverback",
		Means: "a leader stamps by its last clock, under the new epoch, until that one is open",
		Edits: []Edit{
			{nodeLeader, "	closed bool\n", "	closed bool\n	kept   *epochClock\n"},
			{nodeLeader, "	l.resign, l.term = cancel, term\n",
				"	l.resign, l.term = cancel, term\n	if l.kept != nil {\n" +
					"		l.current.Store(&epochClock{epoch: term, base: l.kept.base,\n" +
					"			start: l.kept.start, mono: l.mono})\n	}\n"},
			{nodeLeader, "	l.current.Store(clock)\n", "	l.current.Store(clock)\n	l.kept = clock\n"},
		},
	},
	{
		Name: "node-epoch-of-later", Rule: "R3", By: Cluster, Ablation: "C_abl_anyepoch_fast",
		Means: "an entry names the epoch that is open when it is appended, not its stamp's",
		Edits: []Edit{{nodeCommit, "	future, err := c.append(entry)\n",
			"	if again := c.leadership.current.Load(); again != nil {\n		entry.Epoch = again.epoch\n	}\n" +
				"	future, err := c.append(entry)\n"}},
	},
	{
		Name: "node-epoch-ignored", Rule: "R3", By: Cluster, Ablation: "C_abl_anyepoch",
		Means: "an entry has effect whatever epoch it was stamped under",
		Edits: []Edit{{fsmApply, "e.Open || e.Epoch == s.epoch && s.epoch != 0",
			"e.Open || s.epoch != 0"}},
	},
	{
		Name: "client-timed-from-receipt", Rule: "R7", By: Cluster, Ablation: "W_abl_ii_receipt",
		Means: "a limiter notes the send of an attempt when its answer comes",
		Edits: []Edit{{clientAsk, "	a.answer, err = toAnswer(", "	a.send()\n	a.answer, err = toAnswer("}},
	},
	{
		Name: "client-batch-timed-from-answer", Rule: "R7", By: Cluster, Ablation: "W_abl_ii_receipt",
		Means: "the attempts of a batch are noted when the batch's answer is there",
		Edits: []Edit{
			{clientPost, "			if e.sending != nil {\n				e.sending()\n			}\n",
				"			_ = e.sending\n"},
			{clientPost, "		return p.read(batch, answers, came)\n",
				"		for _, e := range batch {\n			if e.sending != nil {\n				e.sending()\n" +
					"			}\n		}\n		return p.read(batch, answers, came)\n"},
		},
	},
	{
		Name: "client-batch-answers-swapped", Rule: "R9", By: Cluster,
		Means: "two requests of a batch are each given the other's answer",
		Edits: []Edit{{clientPost, "		return p.read(batch, answers, came)\n",
			"		if len(answers) > 1 && r.way == acquiring {\n" +
				"			answers[0], answers[1] = answers[1], answers[0]\n		}\n" +
				"		return p.read(batch, answers, came)\n"}},
	},
	{
		Name: "client-no-margin", Rule: "R6", By: Cluster, Ablation: "W_abl_iv_nomargin",
		Means: "a holder uses a lease's whole ttl",
		Edits: []Edit{{leaseLease, "uint64(1_000_000+driftPPM))", "uint64(1_000_000-driftPPM))"}},
	},
	{
		Name: "cluster-retry-told-first-ttl", Rule: "R5", By: Cluster, Ablation: "W_abl_vi_rearm",
		Means: "a retry is told the duration of the first answer again",
		Edits: []Edit{{fsmSession, "		r.Grants[i].TTL -= passed\n",
			"		r.Grants[i].TTL -= 0 * passed\n"}},
	},
}
