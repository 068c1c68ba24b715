package discriminate

import "github.com/leased-io/leased/test/jepsen-lite/mutants"

// timedByStamp has a lease's duration count from its entry's stamp, not from its effect.
var timedByStamp = []mutants.Edit{
	{File: fsmStateDef, Old: "type State struct {\n",
		New: "type State struct {\n	stamp budget.Instant\n"},
	{File: fsmApply, Old: "	s.t = max(s.t, stamp)\n", New: "	s.t, s.stamp = max(s.t, stamp), stamp\n"},
	{File: fsmAcquire, Old: "TTL: l.Until(s.t).Sub(s.t)}", New: "TTL: l.Until(s.t).Sub(s.stamp)}"},
}

// readBeforeLock has a limiter read its clock before it takes the lock.
var readBeforeLock = []mutants.Edit{
	{File: clientLimit, Old: "	l.mu.Lock()\n	if h := l.hot.Load(); h != tried {",
		New: "	now := l.clock.now()\n	l.mu.Lock()\n	if h := l.hot.Load(); h != tried {"},
	{File: clientLimit, Old: "	now := l.clock.now()\n	d := l.decideLocked(now, a)\n",
		New: "	d := l.decideLocked(now, a)\n"},
}

// pairPlants are rules that share their work with another: alone, and both of them.
var pairPlants = []Plant{
	{
		Name: "time-follows-stamp", Rule: "R4",
		Means: "T := stamp, not the larger of the two",
		Edits: as("time-follows-stamp"),
		Harmless: "R3 lets only entries of the open epoch take effect. Their stamps are of one clock, " +
			"which started at T, and in order: each is at least T. Without R3 as well: time-goes-back.",
	},
	{
		Name: "time-goes-back", Rule: "R3, R4", Real: true,
		Means: "T := stamp, also of an entry of another epoch",
		Edits: as("time-goes-back"),
	},
	{
		Name: "timed-by-stamp", Rule: "R5",
		Means: "a lease's duration counts from its entry's stamp, not from its effect",
		Edits: timedByStamp,
		Harmless: "by R3 the stamp of an entry with effect is T, as above. " +
			"Without R3 as well: timed-by-stale-stamp.",
	},
	{
		Name: "timed-by-stale-stamp", Rule: "R3, R5",
		Means: "a lease's duration counts from its entry's stamp, also of another epoch",
		Edits: both(timedByStamp, as("epoch-ignored")),
	},
	{
		Name: "read-before-lock", Rule: "R10",
		Means: "a limiter reads its clock before it takes the lock on its leases",
		Edits: readBeforeLock, Not: map[int]string{1: "there are no locks"},
		Harmless: "a holder never goes by a reading from before one that it has seen. Without that " +
			"as well: late-reading.",
	},
	{
		Name: "late-reading", Rule: "R10",
		Means: "a reading from before the lock was taken counts, though a later one was seen",
		Model: as("clock-goes-back"), Edits: both(readBeforeLock, as("clock-goes-back")),
		Not: map[int]string{2: "virtual time stands still while somebody waits for a lock, so that " +
			"nobody is late who has it"},
	},
	{
		Name: "charge-unchecked", Rule: "Books",
		Means:    "a charge does not look at what is left",
		Edits:    as("charge-unchecked"),
		Harmless: "a share is never more than what is left. Without that as well: charge-unbounded.",
	},
	{
		Name: "charge-unbounded", Rule: "Books", Real: true,
		Means: "neither the share nor the charge looks at what is left",
		Edits: as("charge-unbounded"),
	},
}
