package mutants

// slidingMutants break what a sliding limit remembers of windows before.
var slidingMutants = []Mutant{
	{
		Name: "slides-a-slot-early", Rule: "Books", By: Pure,
		Means: "a sliding limit remembers one window less than it has slots",
		Edits: []Edit{{kind, "		return l.Slots\n", "		return l.Slots - 1\n"}},
	},
	{
		Name: "slides-a-slot-late", Rule: "Books", By: Pure,
		Means: "a sliding limit counts one window more than it has slots",
		Edits: []Edit{{kind, "		return l.Slots\n", "		return l.Slots + 1\n"}},
	},
	{
		Name: "last-window-not-counted", Rule: "Books", By: Pure,
		Means: "what is charged to the window just before counts no more",
		Edits: []Edit{{fsmLimit, sumsPast, "		for _, gen := range l.past[min(1, len(l.past)):] {\n" +
			"			if a := gen.get(key); a != nil {\n				sum += a.Used\n"}},
	},
	{
		Name: "windows-before-not-counted", Rule: "Books", By: Pure,
		Means: "a sliding limit bounds each window alone",
		Edits: []Edit{{fsmLimit, sumsPast, sumsPast + "				sum -= a.Used\n"}},
	},
	{
		Name: "others-windows-counted", Rule: "Books", By: Pure,
		Means: "what other keys were charged in windows before counts, too",
		Edits: []Edit{{fsmLimit, sumsPast,
			"		for _, gen := range l.past {\n			for _, a := range gen.all() {\n				sum += a.Used\n"}},
	},
	{
		Name: "far-roll-is-a-near-one", Rule: "R4", By: Pure,
		Means: "the windows before are as near after a roll over several windows as after one",
		Edits: []Edit{{fsmLimit, "	further := min(int64(w-l.window-1), int64(keep))\n",
			"	further := min(0*int64(w-l.window-1), int64(keep))\n"}},
	},
	{
		Name: "roll-is-a-far-one", Rule: "R4", By: Pure,
		Means: "with each roll the windows before are one window farther than they are",
		Edits: []Edit{{fsmLimit, "	further := min(int64(w-l.window-1), int64(keep))\n",
			"	further := min(int64(w-l.window), int64(keep))\n"}},
	},
	{
		Name: "roll-forgets-the-window", Rule: "R4", By: Pure,
		Means: "the window that is left is not among those before",
		Edits: []Edit{{fsmLimit, "append([]*table{l.accounts}, l.past...)",
			"append([]*table{nil}, l.past...)"}},
	},
	{
		Name: "slots-without-margin", Rule: "R6", By: Pure,
		Means: "a sliding limit's slots are its bare period, though cluster time may run faster",
		Edits: []Edit{{kind, "		return (l.pace() + time.Duration(l.Slots) - 1)",
			"		return (l.Per + time.Duration(l.Slots) - 1)"}},
	},
	{
		Name: "told-a-slot-early", Rule: "Books", By: Pure,
		Means: "who is denied is told to come a slot before anything counts no more",
		Edits: []Edit{{fsmLimit, "budget.Window(l.Slots-1-i)", "budget.Window(max(0, l.Slots-2-i))"}},
	},
	{
		Name: "grave-without-memory", Rule: "Books", By: Pure,
		Means: "a limit that takes another one's place waits for leases, not for as long as they count",
		Edits: []Edit{{fsmLimit, "return l.end().Add(slowest(l.Limit, l.was).Memory()) }",
			"return l.end().Add(0 * slowest(l.Limit, l.was).Memory()) }"}},
	},
	{
		Name: "restore-without-past", Rule: "Books", By: Pure,
		Means: "a restored sliding limit or bucket does not know the windows before",
		Edits: []Edit{{fsmRestore, readsPast,
			"			if l.Kind != \"window\" {\n				gen = nil\n			}\n" + readsPast}},
	},
}

// sumsPast is where the charges of windows before are summed up.
const sumsPast = "		for _, gen := range l.past {\n			if a := gen.get(key); a != nil {\n" +
	"				sum += a.Used\n"
