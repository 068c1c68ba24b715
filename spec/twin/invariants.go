package twin

// The names of the invariants, as the specification has them where it has a name for it.
const (
	ReplicasAgree    = "ReplicasAgree"
	Monotone         = "Monotone"
	EpochOnly        = "EpochOnly"
	NeverFast        = "NeverFast"
	Roll             = "Roll"
	CalMonotone      = "CalMonotone"
	LeapAhead        = "LeapAhead"
	NoOverGrant      = "NoOverGrant"
	InBudget         = "InBudget"
	Whole            = "Whole"
	Granted          = "Granted"
	NeverEarly       = "NeverEarly"
	AtMostL          = "AtMostL"
	RequestOnce      = "RequestOnce"
	FencingMonotonic = "FencingMonotonic"
	TakeOver         = "TakeOver"
	TTL              = "Ttl"
	Lapse            = "Lapse"
	ReturnOnce       = "ReturnOnce"
	OneHolder        = "OneHolder"
	LeaseCover       = "LeaseCover"
	FirstAnswer      = "FirstAnswer"
	NoCarryOver      = "NoCarryOver"
	Safe             = "Safe"
	AnyInterval      = "AnyInterval"
	EveryLevel       = "EveryLevel"
	Books            = "Books"
	Behaviour        = "Behaviour"
)

// Invariant is one thing that Check holds a trace against.
type Invariant struct {
	Name string `json:"name"`
	// Rule is where it comes from: a rule R1..R10, a TLA+ name, or an assumption.
	Rule string `json:"rule"`
	// Text says what it means, in a sentence.
	Text string `json:"text"`
}

// Invariants returns all of them, in the order in which a log and then a fleet meet them.
func Invariants() []Invariant {
	return []Invariant{
		{ReplicasAgree, "A1 (Raft)",
			"All nodes apply the same entries, with the same events and the same state hashes."},
		{Monotone, "R4, ClusterClock!Monotone",
			"An entry takes effect at max(T, stamp): cluster time never goes back."},
		{EpochOnly, "R3, ClusterClock!Valid",
			"An entry has effect if and only if it was stamped under the epoch that is open."},
		{NeverFast, "R2, ClusterClock!NeverFast (Theorem 0)",
			"Cluster time runs at most 1+rho times as fast as real time."},
		{Roll, "R4, WindowLease!Win",
			"A limit rolls exactly when T enters another of its windows, and is then fresh."},
		{CalMonotone, "K1, K5, CalendarLeap!CalMonotone",
			"Calendar time never goes back, and its offset is what leaps and slow-downs have made it."},
		{LeapAhead, "K2, K6, CalendarLeap!LeapAts",
			"A leap is announced a longest lease ahead, one at a time, and takes effect when it is due."},
		{NoOverGrant, "WindowLease!Books (Limit - avail)",
			"What is charged to a window, less what was taken back, stays within its limit."},
		{InBudget, "SlidingLease!InBudget",
			"What is charged to a window and to the slots before it stays within a sliding limit."},
		{Whole, "BucketLease!Whole, Refill",
			"A bucket is refilled at its rate, and its tokens and what is leased of it fit into it."},
		{Granted, "SlotLease!Granted, Room",
			"What is leased of slots, on leases that are not over, is at most their number."},
		{RequestOnce, "R8, WindowLease!IsDup",
			"A request is decided once; a retry is told the same leases."},
		{FencingMonotonic, "R8, WindowLease!Recycle",
			"Lease, session and limit numbers only grow: none is ever used twice."},
		{TakeOver, "R6, R8, ADR 0009",
			"A new cluster in another's place reuses no number, and grants once the old leases are over."},
		{TTL, "R5, WindowLease!Ttl, DupTtl",
			"An answer's TTL is what is left from its own effect to the window's end."},
		{Lapse, "ADR 0014",
			"What was set for a time is in force no longer: the first entry after that ends it."},
		{ReturnOnce, "R8, WindowLease!MayReturn",
			"A lease is taken back once, from its session, in its window, after it was given up."},
		{OneHolder, "A3, R8",
			"A lease is granted to one live session and used by it alone, in one process."},
		{LeaseCover, "R6, R7, WindowLease!LeaseCover",
			"A lease is used only in its life, counted from the send of the answered attempt."},
		{FirstAnswer, "R9, WindowLease!Closes",
			"The first answer to a request closes it: no other attempt's answer is taken."},
		{NoCarryOver, "R10, WindowLease!NoCarryOver",
			"Every admission happens, in real time, between the rolls around its lease's window."},
		{Safe, "WindowLease!Safe (Theorem 1)",
			"The fleet admits at most the limit in each window of each account."},
		{AnyInterval, "SlidingLease, BucketLease!AnyInterval (Theorems 2, 3)",
			"The fleet admits no more in any interval of real time than a sliding limit or a bucket may."},
		{NeverEarly, "SlotLease!Hold, Covered",
			"A slot is free when its holder is done with it: given up, or a TTL after its last heartbeat."},
		{AtMostL, "SlotLease!AtMostL (Theorem 4)",
			"At every instant of real time at most as many slots are believed to be held as there are."},
		{EveryLevel, "ADR 0016",
			"Who admits draws as much on each budget above its own, where the same costs weigh the same."},
		{Books, "WindowLease!Books",
			"Each credit of a lease is admitted, given up or expired, and never two of these."},
		{Behaviour, "WindowLease!Next, ClusterClock!Next",
			"Each event is a step that the model allows."},
	}
}
