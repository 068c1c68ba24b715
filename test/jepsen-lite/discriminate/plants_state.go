package discriminate

import "github.com/leased-io/leased/test/jepsen-lite/mutants"

// notSynced has a node of ring 2 lose the end of its log when it crashes, as if the power failed
// and nothing had been synced: that ring's disks are its own.
var notSynced = []mutants.Edit{
	{File: clusterNodes, Old: "		n.Kill()\n", New: "		n.Kill()\n		c.disks[id].losePower()\n"},
	{File: clusterDisk, Old: "// image returns",
		New: "func (d *disk) losePower() {\n	first, _ := d.store.FirstIndex()\n" +
			"	last, _ := d.store.LastIndex()\n	if first > 0 {\n" +
			"		_ = d.store.DeleteRange(max(first, last-min(last, 16)), last)\n	}\n}\n\n" +
			"// image returns"},
}

// statePlants lose state: snapshots that forget, and a disk that does.
var statePlants = []Plant{
	{
		Name: "snapshot-without-time", Rule: "Books",
		Means: "a snapshot forgets T",
		Edits: as("snapshot-without-time"),
	},
	{
		Name: "snapshot-without-epoch", Rule: "R3", Real: true,
		Means: "a snapshot forgets the epoch",
		Edits: as("snapshot-without-epoch"),
	},
	{
		Name: "snapshot-without-leases", Rule: "Books",
		Means: "a snapshot forgets the outstanding leases",
		Edits: as("snapshot-without-leases"),
	},
	{
		Name: "snapshot-without-decisions", Rule: "R8",
		Means: "a snapshot forgets what was decided",
		Edits: as("snapshot-without-decisions"),
	},
	{
		Name: "snapshot-without-counters", Rule: "Books",
		Means: "a snapshot forgets the number of the last lease",
		Edits: as("snapshot-without-counters"),
	},
	{
		Name: "log-not-synced", Rule: "Disk",
		Means: "a node answers before its log is synced, and loses the log's end with the power",
		Edits: notSynced, Not: map[int]string{1: "there are no disks"},
	},
}
