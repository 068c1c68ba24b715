package mutants

// Where the product's code is.
const (
	simCluster  = "test/jepsen-lite/sim/cluster.go" // the simulation's model of a cluster
	fsmApply    = "fsm/apply.go"
	fsmAcquire  = "fsm/acquire.go"
	fsmReturn   = "fsm/return.go"
	fsmLimit    = "fsm/limit.go"
	fsmPolicy   = "fsm/policy.go"
	fsmSession  = "fsm/session.go"
	fsmFamily   = "fsm/family.go"
	fsmTable    = "fsm/table.go"
	fsmState    = "fsm/snapshot.go"
	fsmImage    = "fsm/image.go"
	fsmVector   = "fsm/vector.go"
	fsmRecency  = "fsm/recency.go"
	fsmRestore  = "fsm/restore.go"
	fsmTakeOver = "fsm/takeover.go"
	account     = "budget/account.go"
	kind        = "budget/kind.go"
	bucket      = "budget/bucket.go"
	leaseLease  = "lease/lease.go"
	leaseLine   = "lease/line.go"
	leaseLend   = "lease/lend.go"
	leasePurse  = "lease/purse.go"
	leaseTake   = "lease/answer.go"
	leaseSend   = "lease/request.go"
	holder      = "lease/holder.go"
	weights     = "budget/weights.go"
	template    = "budget/template.go"
)

// clockMutants break where stamps come from (R1, R2), in the simulation's model of a node; the
// node's own are in nodeMutants.
var clockMutants = []Mutant{
	{
		Name: "stamp-cached", Rule: "R1", By: Pure, Ablation: "W_abl_vii_stale",
		Means: "a batch carries the reading from when the last one was sent",
		Edits: []Edit{{simCluster, "if c.w.o.Broken == StampEarly {", "if true {"}},
	},
	{
		Name: "stamp-at-opening", Rule: "R1", By: Pure, Ablation: "W_abl_vii_stale",
		Means: "a batch is stamped when its first command arrives, not when it closes",
		Edits: []Edit{
			{simCluster, "	c.waiting = append(c.waiting, call{cmd, answer})\n",
				"	if len(c.waiting) == 0 && c.ready {\n		c.early = c.tick.at(c.w.now)\n	}\n" +
					"	c.waiting = append(c.waiting, call{cmd, answer})\n"},
			{simCluster, "	stamp := c.tick.at(c.w.now)\n", "	stamp := c.early\n"},
		},
	},
	{
		Name: "clock-ahead", Rule: "R2", By: Pure, Ablation: "C_abl_wall",
		Means: "a new leader's clock starts half a window ahead of T",
		Edits: []Edit{{simCluster, "if c.w.o.Broken == ResumeAhead {", "if true {"}},
	},
	{
		Name: "clock-at-wall", Rule: "R2", By: Pure, Ablation: "W_abl_iii_wall",
		Means: "a new leader's clock starts at its wall clock's value, so leaderless time counts",
		Edits: []Edit{{simCluster, "local: int64(s.T()),", "local: max(int64(s.T()), c.w.now),"}},
	},
	{
		Name: "epoch-ignored", Rule: "R3", By: Pure, Ablation: "C_abl_anyepoch",
		Means: "an entry has effect whatever epoch it was stamped under",
		Edits: []Edit{{fsmApply, "e.Open || e.Epoch == s.epoch && s.epoch != 0",
			"e.Open || s.epoch != 0"}},
	},
	{
		Name: "epoch-of-before", Rule: "R3", By: Pure, Ablation: "C_abl_anyepoch",
		Means: "an entry of an earlier epoch has effect too",
		Edits: []Edit{{fsmApply, "e.Open || e.Epoch == s.epoch && s.epoch != 0",
			"e.Open || e.Epoch <= s.epoch && e.Epoch != 0"}},
	},
	{
		Name: "epoch-not-opened", Rule: "R3", By: Pure, Ablation: "C_abl_anyepoch_fast",
		Means: "an epoch command after the first opens nothing, so the first epoch never ends",
		Edits: []Edit{{fsmApply, "		s.epoch = term\n", "		s.epoch = max(1, s.epoch)\n"}},
	},
	{
		Name: "stale-entry-moves-time", Rule: "R3", By: Pure, Ablation: "C_abl_anyepoch_fast",
		Means: "the commands of a stale entry are refused, and its stamp counts all the same",
		Edits: []Edit{{fsmApply, "		results = s.refuseAll(e.Commands)\n",
			"		s.advance(e.Stamp)\n		results = s.refuseAll(e.Commands)\n"}},
	},
	{
		Name: "stale-entry-half-applied", Rule: "R3", By: Pure,
		Means: "a stale entry's last command is decided before the others are refused",
		Edits: []Edit{{fsmApply, "		results = s.refuseAll(e.Commands)\n",
			"		for _, c := range e.Commands[max(0, len(e.Commands)-1):] {\n			s.do(c)\n		}\n" +
				"		results = s.refuseAll(e.Commands)\n"}},
	},
}
