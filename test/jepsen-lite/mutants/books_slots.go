package mutants

// Where slots are leased, kept and lost.
const (
	slotBooks  = "budget/slots.go"
	fsmSlots   = "fsm/slots.go"
	leaseSlots = "lease/slots.go"
	leaseRec   = "lease/record.go"
)

// slotMutants break what the coordinator and holders know of slots.
var slotMutants = []Mutant{
	{
		Name: "slots-free-early", Rule: "Books", By: Pure,
		Means: "slots are free again a little before their lease is over",
		Edits: []Edit{{slotBooks, "a.Out[0].Until <= a.At {", "a.Out[0].Until-a.At/64 <= a.At {"}},
	},
	{
		Name: "slots-never-free", Rule: "Books", By: Pure,
		Means: "slots whose holder has crashed never come back",
		Edits: []Edit{{slotBooks, "a.Out[0].Until <= a.At {", "a.Out[0].Until < 0 {"}},
	},
	{
		Name: "heartbeat-extends-nothing", Rule: "Books", By: Pure,
		Means: "what a heartbeat keeps is free when the lease before would have been",
		Edits: []Edit{{slotBooks, "	a.lend(to, n)\n", "	a.lend(min(to, until), n)\n"}},
	},
	{
		Name: "slots-not-in-snapshots", Rule: "Books", By: Pure,
		Means: "a restored account does not know what is leased of its slots",
		Edits: []Edit{{account, "`cbor:\"8,keyasint,omitempty\"`", "`cbor:\"-\"`"}},
	},
	{
		Name: "slots-grave-without-memory", Rule: "Books", By: Pure,
		Means: "slots that take others' place wait for their window, not for their leases",
		Edits: []Edit{{kind, "		return l.Per // granted at its last instant\n", "		return 0\n"}},
	},
	{
		Name: "heartbeat-of-any-lease", Rule: "R8", By: Pure,
		Means: "a heartbeat keeps whatever lease its session has",
		Edits: []Edit{{fsmSlots, "		return h.Lease == a.Lease && h.Limit",
			"		return h.Limit"}},
	},
	{
		Name: "heartbeat-keeps-more", Rule: "R8", By: Pure,
		Means: "a heartbeat keeps more slots than its lease had",
		Edits: []Edit{{fsmSlots, "ss.Leases[i].Amount >= a.Keep {", "ss.Leases[i].Amount+1 >= a.Keep {"}},
	},
	{
		Name: "replaced-lease-stays", Rule: "R8", By: Pure,
		Means: "a lease that was replaced may be kept or returned again",
		Edits: []Edit{{fsmSlots, "return h.Lease == kept.Lease })", "return h.Lease == 0 })"}},
	},
	{
		Name: "heartbeat-frees-nothing", Rule: "Books", By: Pure,
		Means: "slots that a heartbeat does not keep are free only when they end",
		Edits: []Edit{{fsmSlots, "	if rest > 0 && !account", "	if rest > 0 && rest < 0 && !account"}},
	},
	{
		Name: "late-heartbeat-needs-no-room", Rule: "R8", By: Pure,
		Means: "what a late heartbeat keeps is not charged",
		Edits: []Edit{{fsmAcquire, "		from := s.swap(ss, l, key, a, kept)\n",
			"		from := s.swap(ss, l, key, a, kept)\n		if kept == nil && r.Asks[0].Keep > 0 {\n" +
				"			from.Amount = r.Asks[0].Keep\n		}\n"}},
	},
	{
		Name: "loss-not-told", Rule: "R6", By: Pure,
		Means: "a holder does not say that slots in use are lost",
		Edits: []Edit{{leaseRec, "		r.losses++\n", "		r.losses += 0\n"}},
	},
	{
		Name: "released-slots-stay-in-use", Rule: "R8", By: Pure,
		Means: "a slot that is released counts as in use, and as idle",
		Edits: []Edit{{leaseSlots, "		d.used -= freed\n", ""}},
	},
	{
		Name: "given-up-slots-are-used", Rule: "R8", By: Pure,
		Means: "a holder goes on with slots that its heartbeat does not keep",
		Edits: []Edit{{leaseSlots, "			d.left -= n\n			l.live -= n\n", ""}},
	},
	{
		Name: "heartbeat-drops-slots-in-use", Rule: "R8", By: Pure,
		Means: "a heartbeat keeps one slot less than are in use",
		Edits: []Edit{{leaseSlots, "	keep := d.used\n", "	keep := max(1, d.used-1)\n"}},
	},
	{
		Name: "slots-in-use-never-over", Rule: "R6", By: Pure,
		Means: "a holder goes on with slots that are in use when their life is over",
		Edits: []Edit{
			{leaseLine, "!now.before(l.leases[i].until) {",
				"!now.before(l.leases[i].until) && l.leases[i].used == 0 {"},
			{leaseLine, "return !now.before(d.until) })",
				"return !now.before(d.until) && d.used == 0 })"},
			{leaseLine, "{ return now.until(d.until) }",
				"{ return max(now.until(d.until), time.Duration(min(1, d.used))) }"},
		},
	},
}
