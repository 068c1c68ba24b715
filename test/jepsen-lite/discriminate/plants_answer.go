package discriminate

import "github.com/leased-io/leased/test/jepsen-lite/mutants"

// oneAttempt is why what ring 1's holders can do wrong with several attempts is not in the
// product's limiter.
const oneAttempt = "a limiter has one attempt under way, and never hears of one before it"

// lateAnswers edits a client so that an answer may come when its attempt was given up already, and
// is taken for one to the latest attempt.
var lateAnswers = []mutants.Edit{
	{File: clientPost, Old: "	left bool //", New: "	late chan answer\n	left bool //"},
	{File: clientPost, Old: "	e.left = false\n",
		New: "	e.left = false\n	if e.late == nil {\n		e.late = make(chan answer, 64)\n	}\n"},
	{File: clientPost,
		Old: "		answers, err := r.way.call(ctx, cc, batch, opts)\n" +
			"		if err != nil {\n			return err\n		}\n",
		New: "		_ = opts\n		failed, ok := make(chan error, 1), make(chan struct{})\n" +
			"		go func() {\n" +
			"			all, cancel := context.WithTimeout(context.WithoutCancel(ctx), lateness)\n" +
			"			defer cancel()\n" +
			"			answers, err := r.way.call(all, cc, batch, nil)\n" +
			"			if err != nil {\n				failed <- err\n				return\n			}\n" +
			"			for i, e := range batch {\n" +
			"				select {\n				case e.late <- answers[i]:\n				default:\n				}\n" +
			"			}\n			close(ok)\n		}()\n" +
			"		select {\n		case <-ok:\n		case err := <-failed:\n			return err\n" +
			"		case <-ctx.Done():\n			return ctx.Err()\n		}\n" +
			"		answers := make([]answer, len(batch))\n		for i, e := range batch {\n" +
			"			select {\n			case answers[i] = <-e.late:\n			default:\n" +
			"				answers[i].failed = errNoDecision\n			}\n		}\n"},
	{File: clientPost, Old: "// post carries",
		New: "const lateness = 20 * time.Second\n\n// post carries"},
}

// answerPlants break what an answer says and how long it is good: R5 to R7.
var answerPlants = []Plant{
	{
		Name: "retry-told-first-ttl", Rule: "R5", Real: true,
		Means: "a retry is told the duration of the first answer again",
		Edits: as("retry-told-first-ttl"),
	},
	{
		Name: "ttl-of-whole-window", Rule: "R5",
		Means: "a lease is told the window's length, whenever in it it was granted",
		Edits: as("ttl-of-whole-window"),
	},
	{
		Name: "no-margin", Rule: "R6",
		Means: "a holder uses a lease's whole ttl, as if clocks did not drift",
		Edits: as("no-margin"),
	},
	{
		Name: "monotonic-only", Rule: "R6",
		Means: "a suspend, which stops the monotonic clock, is not noticed",
		Edits: as("monotonic-only"),
	},
	{
		Name: "shorter-of-both", Rule: "R6",
		Means: "a lease is over when both clocks say so, not when either does",
		Edits: as("shorter-of-both"),
	},
	{
		Name: "timed-from-receipt", Rule: "R7", Real: true,
		Means: "a life counts from the answer's arrival",
		Edits: as("timed-from-receipt"),
	},
	{
		Name: "timed-from-wrong-attempt", Rule: "R7",
		Means: "an answer to an earlier attempt is taken, and timed from the latest one",
		Model: as("timed-from-last-send"), Edits: lateAnswers,
	},
	{
		Name: "attempt-by-its-place", Rule: "R7",
		Means: "an answer to a forgotten attempt is timed from the one that took its place",
		Edits: as("attempt-by-its-place"), Not: map[int]string{2: oneAttempt},
	},
}
