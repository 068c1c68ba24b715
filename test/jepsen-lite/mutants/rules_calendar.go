package mutants

const (
	fsmCalendar  = "fsm/calendar.go"
	fsmAligned   = "fsm/aligned.go"
	budgetZone   = "budget/zone.go"
	nodeCalendar = "node/calendar.go"
)

// calendarMutants break the rules of CalendarLeap, K1 to K6, each named by the rule that it is for
// the calendar.
var calendarMutants = []Mutant{
	{
		Name: "calendar-lease-across-leap", Rule: "R5", By: Pure, Ablation: "K_abl_nocap",
		Means: "a lease that is granted after a leap was announced may outlive it",
		Edits: []Edit{{fsmAligned, "	if at := l.cal.leap.At; at > 0 {\n",
			"	if at := l.cal.leap.At; at < 0 {\n"}},
	},
	{
		Name: "calendar-lease-too-long", Rule: "R5", By: Pure, Ablation: "K_abl_toolong",
		Means: "a lease lasts three times as long as a leap is announced ahead",
		Edits: []Edit{{fsmAligned, "	until := min(l.end(), t.Add(budget.MaxAlignedLease))\n",
			"	until := min(l.end(), t.Add(budget.MaxAlignedLease*3))\n"}},
	},
	{
		Name: "calendar-leap-too-near", Rule: "R4", By: Pure, Ablation: "K_abl_notice",
		Means: "a leap is announced half of the longest lease ahead",
		Edits: []Edit{{fsmCalendar, "leap{At: s.t.Add(budget.MaxAlignedLease), By",
			"leap{At: s.t.Add(budget.MaxAlignedLease / 2), By"}},
	},
	{
		Name: "calendar-leap-brought-nearer", Rule: "R4", By: Pure, Ablation: "K_abl_nearer",
		Means: "a second announcement takes the place of the first, and of its instant half",
		Edits: []Edit{{fsmCalendar, "	case c.leap.At > 0: // K6\n", "	case c.leap.At < 0:\n"},
			{fsmCalendar, "leap{At: s.t.Add(budget.MaxAlignedLease), By",
				"leap{At: s.t.Add(budget.MaxAlignedLease / max(1, min(2, c.leap.By))), By"}},
	},
	{
		Name: "calendar-goes-back", Rule: "R4", By: Pure, Ablation: "K_abl_back_calendar",
		Means: "what calendar time is ahead is taken from it at once",
		Edits: []Edit{{fsmCalendar, "by := min(c.owed, s.t.Sub(was)/slowPart)",
			"by := max(c.owed, s.t.Sub(was)/slowPart)"}},
	},
	{
		Name: "calendar-day-off-by-one", Rule: "R4", By: Pure,
		Means: "a day's window ends with the day after",
		Edits: []Edit{{budgetZone, "		return d + 1\n", "		return d + 2\n"}},
	},
	{
		Name: "calendar-hour-off-by-one", Rule: "R4", By: Pure,
		Means: "the last instant of an hour is taken for the first of the next",
		Edits: []Edit{{budgetZone, "at := c.Add(unit - floorMod(int64(c)+int64(r.offset), unit))",
			"at := c.Add(unit - floorMod(int64(c)+int64(r.offset), unit) - 1)"}},
	},
	{
		Name: "calendar-no-median", Rule: "R2", By: Cluster, Ablation: "K_abl_wall_ahead",
		Means: "a leader corrects the calendar by its own wall clock alone",
		Edits: []Edit{{nodeCalendar, "	return medianOf(known, voters)\n",
			"	return medianOf([]time.Duration{0}, 1)\n"}},
	},
	{
		Name: "calendar-furthest-clock", Rule: "R2", By: Cluster, Ablation: "K_abl_wall_ahead",
		Means: "a leader corrects the calendar by the wall clock that is furthest ahead",
		Edits: []Edit{{"node/median.go", "known[i], true\n	}\n	if i := voters / 2;",
			"known[len(known)-1], true\n	}\n	if i := voters / 2;"}},
	},
}
