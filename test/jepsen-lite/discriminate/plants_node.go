package discriminate

import "github.com/leased-io/leased/test/jepsen-lite/mutants"

// answersTaken is where the committer tells those who wait.
const answersTaken = "	for _, p := range taken {\n		n := len(p.cmds)"

// nodePlants give answers to others than those who asked.
var nodePlants = []Plant{
	{
		Name: "answers-mixed-in-entry", Rule: "Calls", Real: true,
		Means: "of two requests in one entry each is given the other's answer",
		Model: []mutants.Edit{{File: simCluster,
			Old: "	results := c.commit(p.term, p.entry)\n	c.release(p)\n",
			New: "	results := c.commit(p.term, p.entry)\n	c.release(p)\n" +
				mixed("p.calls", ".cmd")}},
		Edits: []mutants.Edit{{File: nodeCommit, Old: answersTaken,
			New: "	var commands []fsm.Command\n	for _, p := range taken {\n" +
				"		commands = append(commands, p.cmds...)\n	}\n" +
				mixed("commands", "") + answersTaken}},
	},
	{
		Name: "forwarded-answer-mixed", Rule: "Calls", Real: true,
		Means: "a follower that forwards two requests at once gives one the other's answer",
		Edits: []mutants.Edit{
			{File: wireCall, Old: "	resp := R(new(T))\n	if err :=",
				New: "	resp := R(new(T))\n	forwards.Add(1)\n	defer forwards.Add(-1)\n	if err :="},
			{File: wireCall, Old: "	return resp, nil\n}\n\n// forward",
				New: "	if other, ok := forwarded.Swap(method, resp); ok && forwards.Load() > 1 {\n" +
					"		resp = other.(R)\n	}\n	return resp, nil\n}\n\n" +
					"var (\n	forwards  atomic.Int64\n	forwarded sync.Map\n)\n\n// forward"},
			{File: wireCall, Old: "	\"context\"\n", New: "	\"context\"\n	\"sync\"\n	\"sync/atomic\"\n"},
		},
		Not: map[int]string{1: "there is only a leader to ask"},
	},
}

// mixed swaps the results of two neighbours that both acquire. Of each of calls cmd is the command.
func mixed(calls, cmd string) string {
	return "	for i := 1; i < len(results); i++ {\n" +
		"		if " + calls + "[i-1]" + cmd + ".Acquire != nil && " + calls + "[i]" + cmd +
		".Acquire != nil {\n" +
		"			results[i-1], results[i] = results[i], results[i-1]\n			i++\n		}\n	}\n"
}
