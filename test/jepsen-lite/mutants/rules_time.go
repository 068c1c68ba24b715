package mutants

// timeMutants break what an entry does to time (R4), and what an answer says of it (R5).
var timeMutants = []Mutant{
	{
		Name: "time-goes-back", Rule: "R4", By: Pure, Ablation: "W_abl_xi_back",
		Means: "T := stamp, also of an entry of another epoch, so cluster time may go back",
		Edits: []Edit{
			{fsmApply, "	s.t = max(s.t, stamp)\n", "	s.t = stamp\n"},
			{fsmApply, "e.Open || e.Epoch == s.epoch && s.epoch != 0", "e.Open || s.epoch != 0"},
		},
	},
	{
		Name: "time-follows-stamp", Rule: "R4", By: Pure, Ablation: "W_abl_xi_back",
		Means: "T := stamp, of an entry of the open epoch",
		Edits: []Edit{{fsmApply, "	s.t = max(s.t, stamp)\n", "	s.t = stamp\n"}},
	},
	{
		Name: "no-roll", Rule: "R4", By: Pure,
		Means: "a limit never rolls",
		Edits: []Edit{{fsmApply, "	for len(s.rolls) > 0 && s.rolls[0].end() <= s.t {",
			"	for len(s.rolls) > 0 && s.rolls[0].end() <= s.t-s.t {"}},
	},
	{
		Name: "rolls-a-window-late", Rule: "R4", By: Pure,
		Means: "a limit rolls when the window after its own is over",
		Edits: []Edit{{fsmApply, "	for len(s.rolls) > 0 && s.rolls[0].end() <= s.t {",
			"	for len(s.rolls) > 0 && s.rolls[0].End(s.rolls[0].window+1) <= s.t {"}},
	},
	{
		Name: "rolls-one-limit", Rule: "R4", By: Pure,
		Means: "an entry rolls one limit, though two windows ended",
		Edits: []Edit{{fsmApply, "	for len(s.rolls) > 0 && s.rolls[0].end() <= s.t {",
			"	if len(s.rolls) > 0 && s.rolls[0].end() <= s.t {"}},
	},
	{
		Name: "roll-keeps-accounts", Rule: "R4", By: Pure,
		Means: "the accounts of the last window stay when a limit rolls",
		Edits: []Edit{{fsmLimit, "l.accounts, l.forgotten, l.window = nil, 0, w",
			"l.forgotten, l.window = 0, w"}},
	},
	{
		Name: "roll-keeps-forgotten", Rule: "R4", By: Pure,
		Means: "what the last window's lost leases hold counts in the next",
		Edits: []Edit{{fsmLimit, "l.accounts, l.forgotten, l.window = nil, 0, w",
			"l.accounts, l.window = nil, w"}},
	},
	{
		Name: "roll-at-every-entry", Rule: "R4", By: Pure,
		Means: "a limit's accounts are fresh after each entry that moves time",
		Edits: []Edit{{fsmApply, "	if s.digAt <= s.t {",
			"	for _, l := range s.limits {\n		s.accounts -= l.roll(s.t)\n	}\n	if s.digAt <= s.t {"}},
	},
	{
		Name: "retry-told-first-ttl", Rule: "R5", By: Pure, Ablation: "W_abl_vi_rearm",
		Means: "a retry is told the duration of the first answer again",
		Edits: []Edit{{fsmSession, "		r.Grants[i].TTL -= passed\n",
			"		r.Grants[i].TTL -= 0 * passed\n"}},
	},
	{
		Name: "ttl-one-too-long", Rule: "R5", By: Pure,
		Means: "a lease is told a nanosecond more than its window has left",
		Edits: []Edit{{fsmAcquire, "TTL: l.Until(s.t).Sub(s.t)}", "TTL: l.Until(s.t).Sub(s.t) + 1}"}},
	},
	{
		Name: "ttl-of-next-window", Rule: "R5", By: Pure,
		Means: "a lease is told to live until the next window ends",
		Edits: []Edit{{fsmAcquire, "TTL: l.Until(s.t).Sub(s.t)}",
			"TTL: l.End(l.window + 1).Sub(s.t)}"}},
	},
	{
		Name: "ttl-of-whole-window", Rule: "R5", By: Pure,
		Means: "a lease is told the window's length, whenever in it it was granted",
		Edits: []Edit{{fsmAcquire, "TTL: l.Until(s.t).Sub(s.t)}", "TTL: l.Per}"}},
	},
	{
		Name: "retry-loses-time-twice", Rule: "R5", By: Pure,
		Means: "what is remembered of a decision is dated a window too early",
		Edits: []Edit{{fsmAcquire, "decision{At: s.t, Result: res}", "decision{Result: res}"}},
	},
}
