package mutants

const (
	exchange      = "transport/exchange.go"
	clientStream  = "client/stream.go"
	clientCarrier = "client/carrier.go"
)

// streamMutants break the stream that a client's batches travel on: whose an answer is (R9), and
// what is known of a call without one (R8).
var streamMutants = []Mutant{
	{
		Name: "stream-answer-of-the-call-before", Rule: "R9", By: Tested,
		Means: "an answer is sent under the id of the call before its own",
		Test:  Test{"transport", "TestAnswersComeAsTheyAreDecided"},
		Edits: []Edit{{exchange, "ExchangeResponse{Id: req.GetId()}",
			"ExchangeResponse{Id: req.GetId() - 1}"}},
	},
	{
		Name: "stream-answer-to-any-call", Rule: "R9", By: Tested,
		Means: "an answer that nobody waits for any more is given to a call that waits for its own",
		Test:  Test{"client", "TestALateAnswerIsDropped"},
		Edits: []Edit{{clientStream, "		delete(s.waiting, answer.GetId())\n		s.mu.Unlock()\n",
			"		delete(s.waiting, answer.GetId())\n		for _, other := range s.waiting {\n" +
				"			if to == nil {\n				to = other\n			}\n		}\n		s.mu.Unlock()\n"}},
	},
	{
		Name: "stream-break-is-a-refusal", Rule: "R8", By: Tested,
		Means: "calls that were under way on a stream that broke are said to have had no effect",
		Test:  Test{"client", "TestABrokenStream"},
		Edits: []Edit{{clientCarrier, "	if err != nil {\n		return err\n	}\n",
			"	if err != nil {\n		return told(&leasedv1.Failure{Code: uint32(codes.Unavailable),\n" +
				"			Reason: reasonOverloaded}, false)\n	}\n"}},
	},
	{
		Name: "stream-stops-unanswered", Rule: "R8", By: Tested,
		Means: "a node that stops ends its streams while calls on them are decided",
		Test:  Test{"transport", "TestStopAnswersWhatIsUnderWay"},
		Edits: []Edit{{exchange, "	x.end()\n	select {\n", "	x.end()\n	x.getStuck()\n	select {\n"}},
	},
}
