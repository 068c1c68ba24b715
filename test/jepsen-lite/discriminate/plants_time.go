package discriminate

import "github.com/leased-io/leased/test/jepsen-lite/mutants"

// Where the product's code is.
const (
	simCluster  = "test/jepsen-lite/sim/cluster.go"  // ring 1's model of a cluster
	clusterDisk = "test/jepsen-lite/cluster/disk.go" // of ring 2
	nodeClock   = "node/clock.go"
	nodeCommit  = "node/committer.go"
	fsmApply    = "fsm/apply.go"
	fsmAcquire  = "fsm/acquire.go"
	fsmStateDef = "fsm/state.go"
	clientPost  = "client/post.go"
	clientLimit = "client/limiter.go"
	wireCall    = "transport/call.go"
)

// resumes is where ring 1's model starts the clock of an epoch.
const resumes = "	c.tick = clock{real: c.w.now, local: int64(s.T()), ppm: c.w.drift()}\n"

// timePlants break where cluster time comes from: R1 to R4.
var timePlants = []Plant{
	{
		Name: "stamp-cached", Rule: "R1", Real: true,
		Means: "an entry is stamped with a reading from before its requests arrived",
		Model: as("stamp-cached"), Edits: as("node-stamp-cached"),
	},
	{
		Name: "stamp-at-opening", Rule: "R1",
		Means: "a batch is stamped when it opens, not when it closes",
		Model: as("stamp-at-opening"),
		Edits: []mutants.Edit{
			{File: nodeCommit, Old: "		case p := <-c.queue:\n			batch = append(batch, p)\n" +
				"		case <-c.stop:\n",
				New: "		case p := <-c.queue:\n			batch = append(batch, p)\n" +
					"			if clock := c.leadership.current.Load(); clock != nil {\n" +
					"				c.opened = clock.now()\n			}\n		case <-c.stop:\n"},
			{File: nodeCommit, Old: "type committer struct {\n",
				New: "type committer struct {\n	opened budget.Instant\n"},
			{File: nodeCommit, Old: "Stamp: clock.now(), Commands:", New: "Stamp: c.opened, Commands:"},
			{File: nodeCommit, Old: "	\"github.com/leased-io/leased/fsm\"\n",
				New: "	\"github.com/leased-io/leased/budget\"\n	\"github.com/leased-io/leased/fsm\"\n"},
		},
	},
	{
		Name: "clock-at-wall", Rule: "R2", Real: true,
		Means: "a new leader's clock starts at another clock of its machine, if that is ahead",
		Model: as("clock-at-wall"), Edits: as("node-clock-of-process"),
	},
	{
		Name: "clock-ahead", Rule: "R2",
		Means: "a new leader's clock starts ahead of T",
		Model: as("clock-ahead"), Edits: as("node-clock-ahead"),
	},
	{
		Name: "clock-not-resumed", Rule: "R2",
		Means: "a new leader's clock starts at zero, so that T stands still until it has caught up",
		Model: []mutants.Edit{{File: simCluster, Old: "local: int64(s.T()),",
			New: "local: 0 * int64(s.T()),"}},
		Edits: []mutants.Edit{{File: nodeClock, Old: "base: base, start: mono()",
			New: "base: 0 * base, start: mono()"}},
	},
	{
		Name: "clock-survives", Rule: "R2",
		Means: "a leader that comes back goes on with the clock of its first epoch",
		Model: []mutants.Edit{
			{File: simCluster, Old: resumes, New: resumes +
				"	if first, ok := c.firsts[c.leader]; ok {\n		c.tick = first\n	} else {\n" +
				"		c.firsts[c.leader] = c.tick\n	}\n"},
			{File: simCluster, Old: "	early  int64 ", New: "	firsts map[int]clock\n	early  int64 "},
			{File: simCluster, Old: "w: w, leader: -1}", New: "w: w, leader: -1, firsts: map[int]clock{}}"},
		},
		Edits: as("node-clock-survives"),
	},
	{
		Name: "epoch-ignored", Rule: "R3", Real: true,
		Means: "an entry has effect whatever epoch it was stamped under",
		Edits: as("epoch-ignored"),
	},
	{
		Name: "epoch-not-opened", Rule: "R3",
		Means: "only the first epoch command opens one, so that it never ends",
		Edits: as("epoch-not-opened"),
	},
	{
		Name: "stamps-before-epoch", Rule: "R3",
		Means: "a leader stamps by its last clock, under the new epoch, until that one is open",
		Model: []mutants.Edit{{File: simCluster, Old: "	term := c.term\n",
			New: "	term := c.term\n	c.epoch, c.ready = term, true\n"}},
		Edits: as("node-stamps-before-epoch"),
	},
	{
		Name: "epoch-of-later", Rule: "R3",
		Means: "an entry names the epoch that is open when it is appended, not its stamp's",
		Model: []mutants.Edit{{File: simCluster, Old: "	p.term = c.term\n",
			New: "	p.term = c.term\n	if c.ready {\n		p.entry.Epoch = c.epoch\n	}\n"}},
		Edits: as("node-epoch-of-later"),
	},
	{
		Name: "no-roll", Rule: "R4",
		Means: "a limit never rolls",
		Edits: as("no-roll"),
	},
}
