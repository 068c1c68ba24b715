package discriminate

import "github.com/leased-io/leased/test/jepsen-lite/mutants"

// oncePlants break that a request is charged once, a lease returned once, and an answer taken
// once: R8 and R9.
var oncePlants = []Plant{
	{
		Name: "retry-charged-again", Rule: "R8", Real: true,
		Means: "a request that comes again is executed again",
		Edits: as("retry-charged-again"),
	},
	{
		Name: "decisions-lost-at-failover", Rule: "R8", Real: true,
		Means: "a new leader has forgotten what was decided, and executes a retry again",
		Edits: []mutants.Edit{{File: fsmApply, Old: "		s.epoch = term\n",
			New: "		s.epoch = term\n		for _, ss := range s.sessions {\n" +
				"			ss.Seq, ss.Decided = 0, decision{}\n		}\n"}},
	},
	{
		Name: "older-request-charged", Rule: "R8",
		Means: "a late copy of an earlier request is decided anew",
		Edits: as("older-request-charged"),
	},
	{
		Name: "returned-twice", Rule: "R8", Real: true,
		Means: "a return is taken as often as it comes",
		Edits: as("returned-twice"),
	},
	{
		Name: "rest-returnable", Rule: "R8",
		Means: "what was not given back of a lease with the rest can be, later",
		Edits: as("rest-returnable"), Not: map[int]string{2: "a limiter gives back once of a lease"},
	},
	{
		Name: "returned-after-roll", Rule: "R8", Real: true,
		Means: "a return that comes late is taken into the next window",
		Edits: as("returned-after-roll"),
	},
	{
		Name: "spends-what-it-gave-back", Rule: "R8",
		Means: "a holder goes on spending credits that it returned",
		Edits: as("spends-what-it-gave-back"),
	},
	{
		Name: "second-answer-taken", Rule: "R9",
		Means: "each attempt of a request may take an answer of its own",
		Edits: as("second-answer-taken"), Not: map[int]string{2: oneAttempt},
	},
	{
		Name: "answer-to-old-request-taken", Rule: "R9",
		Means: "an answer to an earlier request closes the present one",
		Edits: as("answer-to-old-request-taken"), Not: map[int]string{2: oneAttempt},
	},
}
