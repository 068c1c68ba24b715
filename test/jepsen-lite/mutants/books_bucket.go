package mutants

// Where a bucket is refilled, and what of it is touched.
const (
	pours   = "				a.Tokens, a.Parts = a.Tokens+Credits(credits), rest\n"
	room    = "	room := max(0, l.Burst-a.Used)\n"
	hasBoth = "		return max(0, min(a.Tokens, l.Burst-a.Used))\n"
	charges = "		a.Tokens -= n\n"
	returns = "	if l.Kind == KindBucket {\n		a.Tokens += n\n	}\n"
	paces   = "		l.was = after(l.Limit, l.was, t)\n"
)

// bucketMutants break the books of buckets.
var bucketMutants = []Mutant{
	{
		Name: "bucket-refills-twice", Rule: "Books", By: Pure,
		Means: "a bucket is refilled at twice its rate",
		Edits: []Edit{{bucket, pours, "				a.Tokens, a.Parts = a.Tokens+2*Credits(credits), rest\n"}},
	},
	{
		Name: "bucket-loses-parts", Rule: "Books", By: Pure,
		Means: "the part of a credit that has run in is lost with each look",
		Edits: []Edit{{bucket, pours, "				a.Tokens, a.Parts = a.Tokens+Credits(credits), 0*rest\n"}},
	},
	{
		Name: "bucket-rounds-up", Rule: "Books", By: Pure,
		Means: "a part of a credit counts as one",
		Edits: []Edit{{bucket, pours,
			"				a.Tokens, a.Parts = a.Tokens+Credits(credits)+Credits(min(1, rest)), rest\n"}},
	},
	{
		Name: "bucket-at-the-bare-period", Rule: "R6", By: Pure,
		Means: "a bucket is refilled in its period, though cluster time may run faster",
		Edits: []Edit{{bucket, "		parts := uint64(l.pace())\n", "		parts := uint64(l.Per)\n"}},
	},
	{
		Name: "bucket-holds-one-more", Rule: "Books", By: Pure,
		Means: "a bucket is full with one credit more than its burst",
		Edits: []Edit{{bucket, room, "	room := max(0, l.Burst-a.Used+1)\n"}, {account, hasBoth,
			"		return max(0, a.Tokens)\n"}},
	},
	{
		Name: "bucket-fills-beside-leases", Rule: "Books", By: Pure,
		Means: "what is out on leases leaves room in a bucket",
		Edits: []Edit{{bucket, room, "	room := max(0, l.Burst)\n"}, {account, hasBoth,
			"		return max(0, a.Tokens)\n"}},
	},
	{
		Name: "bucket-forgets-leases-first", Rule: "Books", By: Pure,
		Means: "leases that are over make room in a bucket for the time before they were",
		Edits: []Edit{{bucket, "	for a.At < t {\n",
			"	if t >= end {\n		a.Used = 0\n	}\n	for a.At < t {\n"}},
	},
	{
		Name: "bucket-does-not-stop", Rule: "Books", By: Pure,
		Means: "leases that are over leave no room in a bucket until it is looked at",
		Edits: []Edit{{bucket, "			to = min(to, end)\n", "			to = min(to, max(to, end))\n"}},
	},
	{
		Name: "bucket-leases-never-over", Rule: "Books", By: Pure,
		Means: "what was out on leases stays out for ever",
		Edits: []Edit{{bucket, "		if to >= end {\n			a.Used = 0\n",
			"		if to >= end {\n			a.Used += 0\n"}},
	},
	{
		Name: "bucket-charge-leaves-tokens", Rule: "Books", By: Pure,
		Means: "what is granted stays in the bucket",
		Edits: []Edit{{account, charges, ""}},
	},
	{
		Name: "bucket-return-lost", Rule: "Books", By: Pure,
		Means: "what is given back does not come into the bucket",
		Edits: []Edit{{account, returns, ""}},
	},
	{
		Name: "bucket-return-twice", Rule: "Books", By: Pure,
		Means: "what is given back comes into the bucket twice",
		Edits: []Edit{{account, returns, "	if l.Kind == KindBucket {\n		a.Tokens += 2 * n\n	}\n"}},
	},
	{
		Name: "bucket-changed-from-before", Rule: "Books", By: Pure,
		Means: "a bucket that is changed refills at the new rate from when it was last looked at",
		Edits: []Edit{{fsmLimit, paces, "		_ = t\n"}},
	},
	{
		Name: "bucket-of-many-paces-is-fast", Rule: "Books", By: Pure,
		Means: "of more changes than are remembered the oldest two become one that is as fast as either",
		Edits: []Edit{{fsmLimit, "was[1].Amount = min(was[0].Amount, was[1].Amount)",
			"was[1].Amount = max(was[0].Amount, was[1].Amount)"}},
	},
	{
		Name: "bucket-of-many-paces-is-large", Rule: "Books", By: Pure,
		Means: "of more changes than are remembered the oldest two become one that is as large as either",
		Edits: []Edit{{fsmLimit, "was[1].Burst = min(was[0].Burst, was[1].Burst)",
			"was[1].Burst = max(was[0].Burst, was[1].Burst)"}},
	},
	{
		Name: "bucket-paces-forgotten", Rule: "Books", By: Pure,
		Means: "with each roll a bucket forgets what it was before",
		Edits: []Edit{{fsmLimit, "return p.Until <= kept })", "return p.Until <= max(kept, t) })"}},
	},
	{
		Name: "bucket-fresh-is-full", Rule: "Books", By: Pure,
		Means: "who never asked finds a bucket full that was just made larger",
		Edits: []Edit{{fsmLimit, "	if len(l.was) == 0 {\n", "	if len(l.was) >= 0 {\n"}},
	},
	{
		Name: "bucket-forgotten-early", Rule: "Books", By: Pure,
		Means: "an account is forgotten, and as good as full, before its bucket is",
		Edits: []Edit{{kind, "return int((l.fill()+l.Lease-1)/l.Lease) + 1",
			"return int((l.fill()+l.Lease-1)/l.Lease) / 2"}},
	},
	{
		Name: "bucket-found-too-young", Rule: "Books", By: Pure,
		Means: "the leases of an account of windows ago are believed to be over a window later",
		Edits: []Edit{{fsmLimit, "l.End(l.window-budget.Window(ago)), t)",
			"l.End(l.window-budget.Window(max(0, ago-1))), t)"}},
	},
	{
		Name: "bucket-account-stays-behind", Rule: "Books", By: Pure,
		Means: "an account that comes into a new window stays in its old one as well",
		Edits: []Edit{{fsmLimit, "		l.past[ago-1].remove(key)\n", "		_ = key\n"}},
	},
	{
		Name: "bucket-cuts-other-windows", Rule: "Books", By: Pure,
		Means: "a bucket that is changed lives on though its windows have another span",
		Edits: []Edit{{"budget/budget.go", "l.Slots == m.Slots &&\n		l.Lease == m.Lease\n",
			"l.Slots == m.Slots\n"}},
	},
	{
		Name: "bucket-told-late", Rule: "Books", By: Pure,
		Means: "who is denied is told to come a nanosecond after there is enough",
		Edits: []Edit{{bucket, "	return a.At + Instant(wait)\n", "	return a.At + Instant(wait) + 1\n"}},
	},
	{
		Name: "snapshot-without-paces", Rule: "Books", By: Pure,
		Means: "a restored bucket does not know what it was before it was changed",
		Edits: []Edit{{fsmState, "slices.Clone(l.was)", "slices.Clone(l.was[:0])"}},
	},
}
