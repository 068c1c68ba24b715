package discriminate

// spendPlants break how credits are spent (R10) and counted.
var spendPlants = []Plant{
	{
		Name: "no-look-at-the-clock", Rule: "R10", Real: true,
		Means: "leases that are over are not ended before credits are spent",
		Edits: as("no-look-at-the-clock"),
	},
	{
		Name: "carries-over", Rule: "R10", Real: true,
		Means: "what is left of a window's leases is carried over into the next window",
		Edits: as("carries-over"),
	},
	{
		Name: "merged-in-one-window", Rule: "R10",
		Means: "a new lease's duration is given to the credits of the lease before it",
		Edits: as("merged-in-one-window"),
	},
	{
		Name: "charge-one-over", Rule: "Books",
		Means: "an account may be charged one credit more than its limit",
		Edits: as("charge-one-over"),
	},
	{
		Name: "lease-number-reused", Rule: "Books", Real: true,
		Means: "two leases of one entry share a number",
		Edits: as("lease-number-reused"),
	},
	{
		Name: "session-end-frees-leases", Rule: "Books",
		Means: "the leases of a session that ended are given back, though its holder may spend them",
		Edits: as("session-end-frees-leases"),
	},
	{
		Name: "grave-ignored", Rule: "Books",
		Means: "a limit is created full though leases of its last life are about",
		Edits: as("grave-ignored"),
	},
}
