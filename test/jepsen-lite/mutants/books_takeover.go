package mutants

// waitsFor is how long a limit of a restored cluster waits.
const waitsFor = "	return o.At.Add(l.LongestLease() + l.Memory())\n"

// heirMutants break what a cluster that takes another one's place owes that one's holders.
var heirMutants = []Mutant{
	{
		Name: "takeover-reuses-numbers", Rule: "R8", By: Pure,
		Means: "a restored cluster goes on with the backup's numbers, which the old one used since",
		Edits: []Edit{{fsmTakeOver, "c.Last.plus(SerialJump)", "c.Last.plus(0 * SerialJump)"}},
	},
	{
		Name: "takeover-does-not-wait", Rule: "Books", By: Pure,
		Means: "a restored cluster grants at once, though the old one's leases are about",
		Edits: []Edit{{fsmTakeOver, waitsFor,
			"	return o.At.Add(0 * (l.LongestLease() + l.Memory()))\n"}},
	},
	{
		Name: "takeover-waits-half", Rule: "Books", By: Pure,
		Means: "a restored cluster waits for half of the longest lease that the old one granted",
		Edits: []Edit{{fsmTakeOver, waitsFor,
			"	return o.At.Add((l.LongestLease() + l.Memory()) / 2)\n"}},
	},
	{
		Name: "takeover-waits-for-leases-alone", Rule: "Books", By: Pure,
		Means: "a restored cluster waits for the old leases, not for as long as they count",
		Edits: []Edit{{fsmTakeOver, waitsFor, "	return o.At.Add(l.LongestLease())\n"}},
	},
	{
		Name: "takeover-waits-for-new-leases", Rule: "Books", By: Pure,
		Means: "a restored cluster waits as if a bucket that was made smaller had had its windows there",
		Edits: []Edit{{fsmTakeOver, waitsFor, "	return o.At.Add(l.Span() + l.Memory())\n"}},
	},
	{
		Name: "takeover-waits-from-the-start", Rule: "Books", By: Pure,
		Means: "a restored cluster counts its wait from its own first instant, not from the restore",
		Edits: []Edit{{fsmTakeOver, "At: s.t, Floor", "At: 0 * s.t, Floor"}},
	},
	{
		Name: "takeover-again", Rule: "R8", By: Pure,
		Means: "a cluster that was restored and has granted since is restored once more",
		Edits: []Edit{{fsmTakeOver,
			"	case s.origin != nil && s.origin.Backup == c.Backup:\n		return Result{Code: CodeDone}\n",
			"	case s.origin != nil && s.origin.Backup == c.Backup:\n" +
				"		s.last = c.Last.plus(SerialJump)\n		return Result{Code: CodeDone}\n"}},
	},
	{
		Name: "takeover-not-in-the-grave", Rule: "Books", By: Pure,
		Means: "a limit that is removed while it waits is forgotten when its own window ends",
		Edits: []Edit{{fsmPolicy, bury, "	s.graves[g] = max(s.graves[g], l.over())\n"}},
	},
	{
		Name: "snapshot-without-takeover", Rule: "Books", By: Pure,
		Means: "a replica that takes a snapshot does not know that its cluster was restored",
		Edits: []Edit{{fsmState, "		Origin: s.origin,\n", ""}},
	},
}
