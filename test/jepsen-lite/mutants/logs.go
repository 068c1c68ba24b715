package mutants

const (
	nodeLogStore = "node/logstore.go"
	nodeDurable  = "node/durable.go"
)

// logMutants have a node forget what it has said that it keeps, on which all of Raft rests: so what
// was charged once is charged again (R8).
var logMutants = []Mutant{
	{
		Name: "log-in-the-other-store", Rule: "R8", By: Tested,
		Means: "a node whose log is in the WAL starts with boltdb, where it finds none",
		Test:  Test{"node", "TestADirectoryKeepsItsLogStore"},
		Edits: []Edit{{nodeLogStore,
			"		if inWAL {\n			return nil, nil, otherStore(LogStoreWAL, kind)\n		}\n",
			"		_ = inWAL\n"}},
	},
	{
		Name: "log-before-its-snapshot", Rule: "R8", By: Tested,
		Means: "a WAL that ends before the last snapshot is kept, and takes no entry after that",
		Test:  Test{"node", "TestALogThatEndsBeforeItsSnapshot"},
		Edits: []Edit{{nodeLogStore, "	if err := dropBefore(logs, snapshots); err != nil {",
			"	if err := error(nil); err != nil {"}},
	},
	{
		Name: "log-goes-on-after-a-failure", Rule: "R8", By: Tested,
		Means: "a node goes on writing after a write that failed, as if the next one made up for it",
		Test:  Test{"node", "TestNothingIsWrittenAfterAFailure"},
		Edits: []Edit{{nodeDurable, "	if d.err != nil {\n		return d.err\n	}\n", ""}},
	},
}
