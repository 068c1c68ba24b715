package discriminate

import "github.com/leased-io/leased/test/jepsen-lite/mutants"

// notSynced has the disks of ring 2, which are its own, lose what was written last when a node
// crashes, as if nothing had been synced and the power failed.
var notSynced = []mutants.Edit{
	{File: clusterDisk, Old: "InmemStore: raft.NewInmemStore(), lazy: lazy}",
		New: "InmemStore: raft.NewInmemStore(), lazy: lazy || true}"},
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
