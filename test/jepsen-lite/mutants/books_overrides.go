package mutants

// Where limits that are set while the fleet runs are.
const (
	fsmEffective = "fsm/effective.go"
	fsmLapse     = "fsm/lapse.go"
	fsmRevision  = "fsm/revision.go"
)

// overrideMutants break limits that are set while the fleet runs, and changes on condition.
var overrideMutants = []Mutant{
	{
		Name: "snapshot-without-overrides", Rule: "Books", By: Pure,
		Means: "a restored limit is as the budget says, whatever was set",
		Edits: []Edit{{fsmState, "overrides: l.overrides,\n", "\n"}},
	},
	{
		Name: "override-survives-its-time", Rule: "Books", By: Pure,
		Means: "what was set for a time stays in force",
		Edits: []Edit{{fsmLapse, "s.lapses[0].until <= s.t {", "s.lapses[0].until < 0 {"}},
	},
	{
		Name: "override-lapses-late", Rule: "Books", By: Pure,
		Means: "what was set for a time is in force at the instant at which it is over",
		Edits: []Edit{{fsmLapse, "s.lapses[0].until <= s.t {", "s.lapses[0].until < s.t {"}},
	},
	{
		Name: "conflict-ignored", Rule: "Books", By: Pure,
		Means: "a change is made whatever revision it expects",
		Edits: []Edit{{fsmRevision, "		return expect == p.revision\n", "		return expect > 0\n"}},
	},
	{
		Name: "key-override-leaks", Rule: "Books", By: Pure,
		Means: "what is set for one key is every key's that has less",
		Edits: []Edit{{fsmEffective, "		if o := l.overrides[key]; o != nil {\n			in.Amount = o.amount\n",
			"		for _, o := range l.overrides {\n			in.Amount = max(in.Amount, o.amount)\n"}},
	},
	{
		Name: "key-override-not-granted", Rule: "Books", By: Pure,
		Means: "a key is granted what everybody has, and told what it has of its own",
		Edits: []Edit{{fsmLimit, "return a.Left(l.of(key), l.before(key))",
			"return a.Left(l.Limit, l.before(key))"}},
	},
	{
		Name: "override-outlives-its-limit", Rule: "Books", By: Pure,
		Means: "what was set of a limit that is removed is still to lapse",
		Edits: []Edit{{fsmPolicy, "	for _, o := range l.overrides {\n		s.forgetOverride(o)\n	}\n", ""}},
	},
	{
		Name: "put-ends-overrides", Rule: "Books", By: Pure,
		Means: "a put that leaves a limit as it was ends what was set of it",
		Edits: []Edit{{fsmPolicy, "		case l.asPut() != want:\n", "		case l.Limit != want:\n"}},
	},
	{
		Name: "complies-too-early", Rule: "R5", By: Pure,
		Means: "a change is said to be complied with while leases are out that were granted before",
		Edits: []Edit{{fsmRevision, "l.Until(s.t).Sub(s.t))", "l.Until(s.t).Sub(s.t)/2)"}},
	},
}
