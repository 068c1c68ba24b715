package refine

// Rule is an action with its guards, in the order in which they are looked at.
type Rule struct {
	Action Action
	// Spec is the action's name in spec/tla, empty if no module has it.
	Spec   string
	Guards []string
}

// Rules returns all actions that can be refused. The names are stable.
func Rules() []Rule {
	return []Rule{
		{Tick, "WindowLease!Tick, ClusterClock!Tick", []string{"Clock"}},
		{Elect, "ClusterClock!Elect, WindowLease!Recover", []string{"Down", "Term"}},
		{Failover, "WindowLease!Failover", []string{"Up"}},
		{Open, "ClusterClock!Ready", []string{"Term", "Time", "Barrier"}},
		{Propose, "ClusterClock!Read, Append_", []string{"Led", "Ready", "Resume", "Clock"}},
		{Restore, "", []string{"Entry"}},
		{Commit, "WindowLease!Commit, ClusterClock!Valid",
			[]string{"Index", "Term", "Valid", "Epoch", "Effect", "Clock", "Proposed"}},
		{Roll, "WindowLease!Commit", []string{"InForce", "Due", "Window", "First", "Order"}},
		{PutLimit, "", []string{"Next", "Sane", "Span", "Grave", "Calendar", "Heir"}},
		{ChangeLimit, "", []string{"Same", "Shape", "Amount", "Empty", "Lapse", "Ttl"}},
		{ChangeKey, "", []string{"Same", "Alike", "Amount", "Empty", "Lapse", "Ttl"}},
		{RemoveLimit, "", []string{"Same", "Ttl"}},
		{PutBudget, "", []string{"Template", "Parent", "Labels"}},
		{OpenSession, "", []string{"Next", "Budget", "Key"}},
		{EndSession, "", []string{"Open"}},
		{TakeOver, "", []string{"New", "Now", "Backup", "Jump"}},
		{Announce, "CalendarLeap!Commit, LeapAts, MayAnnounce",
			[]string{"Set", "One", "Notice", "Offset"}},
		{Leap, "CalendarLeap!Commit, Calendars", []string{"Missed", "Due", "By", "Offset"}},
		{Slow, "CalendarLeap!Commit, MaySlow", []string{"Set", "First", "Elapsed", "Offset"}},
		{TellZone, "", []string{"Rules", "Begun"}},
		{Grant, "WindowLease!Commit, SlidingLease!Grant, BucketLease!Grant, SlotLease!Hold",
			[]string{"Session", "Limit", "Account", "Rolled", "Lapsed", "Sent", "Once", "Companion",
				"Outstanding", "Hold", "GivenUp", "Next", "Empty", "Charged", "Refill", "Room", "Avail",
				"Window", "Ttl"}},
		{Replay, "WindowLease!Commit, IsDup",
			[]string{"All", "Session", "IsDup", "Same", "Content", "Ttl"}},
		{Deny, "", []string{"Session", "Limit", "Account", "Rolled", "Lapsed", "Sent", "Once", "Short",
			"Left", "Withheld", "Ttl", "Slides", "Frees", "Refills"}},
		{Return, "WindowLease!Commit, MayReturn; SlidingLease!TakeBack, BucketLease!TakeBack",
			[]string{"Session", "MayReturn", "GivenUp"}},
		{ReturnRefused, "WindowLease!Commit",
			[]string{"Session", "MayReturn", "Granted", "Mine", "GivenUp"}},
		{Send, "WindowLease!Send", []string{"Session", "Met", "Mine", "Serial", "Attempt", "Clock",
			"Idle", "Closes"}},
		{Accept, "WindowLease!Accept", []string{"Session", "Met", "Mine", "Outstanding", "Sent",
			"Closes", "Clock", "Granted", "Waits", "Content", "Request", "Answer", "Told", "Life"}},
		{Drop, "WindowLease!Answer", []string{"Session", "Met", "Mine", "Sent"}},
		{Admit, "WindowLease!Admit", []string{"Held", "Met", "Mine", "Window", "Credits", "Some",
			"Clock", "Life", "Newest", "InUse"}},
		{GiveUp, "WindowLease!Return",
			[]string{"Held", "Met", "Mine", "Window", "Credits", "Some", "InUse", "Once"}},
		{Release, "", []string{"Held", "Met", "Mine", "Window", "Credits", "Some", "InUse"}},
		{Expire, "WindowLease!Crash", []string{"Held", "Met", "Mine", "Window", "Credits", "All"}},
	}
}
