package refine

// step is an action of the model, or a branch of one, as coverage counts them.
type step uint8

const (
	elects step = iota
	failovers
	opensEpoch
	proposes
	restores
	commits
	commitsStale
	rolls
	rollsFar
	puts
	putsEmpty
	changes
	changesBucket
	changesKey
	lapses
	removes
	relates
	opensSession
	endsSession
	forgetsSession
	takesOver
	setsCalendar
	announces
	leaps
	slows
	zonesTold
	refillsCapped
	refillsOver
	grants
	grantsLast
	grantsPast
	grantsCompanion
	beats
	replays
	replaysOver
	denies
	deniesSlides
	deniesRefills
	deniesSlots
	deniesEmpty
	returns
	returnsRefused
	sends
	retries
	accepts
	acceptsRetry
	acceptsCompanion
	acceptsOver
	drops
	admits
	admitsLast
	givesUp
	releases
	expires
	expiresSpent
	failOpens
	crashes
	numSteps
)

// steps are the names of the steps, and what they are.
var steps = [numSteps]struct{ name, text string }{
	elects:           {"Elect", "a node gains leadership"},
	failovers:        {"Failover", "a node loses leadership"},
	opensEpoch:       {"Open", "an entry opens an epoch"},
	proposes:         {"Propose", "a leader reads a stamp for an entry"},
	restores:         {"Restore", "a replica takes a snapshot"},
	commits:          {"Commit", "an entry takes effect at its stamp"},
	commitsStale:     {"CommitStale", "an entry of another epoch has no effect"},
	rolls:            {"Roll", "a limit enters the next window"},
	rollsFar:         {"RollFar", "a limit enters a window beyond the next"},
	puts:             {"PutLimit", "a limit comes into force"},
	putsEmpty:        {"PutLimitEmpty", "a limit comes into force and starts empty"},
	changes:          {"ChangeLimit", "a limit gets another amount"},
	changesBucket:    {"ChangeBucket", "a bucket gets another amount or burst"},
	changesKey:       {"ChangeKey", "a key gets an amount of its own, or loses it"},
	lapses:           {"Lapse", "what was set for a time is over"},
	removes:          {"RemoveLimit", "a limit is removed"},
	relates:          {"PutBudget", "a budget's keys are made of labels, or it has a parent"},
	opensSession:     {"OpenSession", "a session is opened"},
	endsSession:      {"EndSession", "a session is closed by its holder"},
	forgetsSession:   {"ForgetSession", "a session is forgotten"},
	takesOver:        {"TakeOver", "a new cluster takes another one's place"},
	setsCalendar:     {"SetCalendar", "the calendar is set for the first time"},
	announces:        {"Announce", "a leap of the calendar is announced"},
	leaps:            {"Leap", "calendar time leaps"},
	slows:            {"Slow", "calendar time is slowed down"},
	zonesTold:        {"TellZone", "the log tells how a zone's clocks are set"},
	refillsCapped:    {"RefillCapped", "credits on leases are part of the bucket: a refill stops"},
	refillsOver:      {"RefillOver", "a refill goes on beyond the end of leases, and what they held"},
	grants:           {"Grant", "a request is charged"},
	grantsLast:       {"GrantLast", "a request is charged all that is left"},
	grantsPast:       {"GrantPast", "a request is charged while charges of windows before count"},
	grantsCompanion:  {"GrantCompanion", "a request is charged to another limit too"},
	beats:            {"Beat", "a heartbeat puts a lease of slots in another one's place"},
	replays:          {"Replay", "a retry is answered, and its lease has time left"},
	replaysOver:      {"ReplayOver", "a retry is answered, and its lease has none"},
	denies:           {"Deny", "a request is denied"},
	deniesSlides:     {"DenySlides", "a denied request waits until a window before counts no more"},
	deniesRefills:    {"DenyRefills", "a denied request waits for a refill, not for its window's end"},
	deniesSlots:      {"DenySlots", "a denied request waits for slots"},
	deniesEmpty:      {"DenyEmpty", "a request is denied by a limit that starts empty"},
	returns:          {"Return", "credits are taken back"},
	returnsRefused:   {"ReturnRefused", "credits are not taken back"},
	sends:            {"Send", "a request is sent"},
	retries:          {"Retry", "a request is sent again"},
	accepts:          {"Accept", "an answer to a request's first attempt is taken"},
	acceptsRetry:     {"AcceptRetry", "an answer to a later attempt is taken"},
	acceptsCompanion: {"AcceptCompanion", "another lease of the same answer is taken"},
	acceptsOver:      {"AcceptOver", "a lease is taken that has no life"},
	drops:            {"Drop", "an answer to a closed request is dropped"},
	admits:           {"Admit", "credits are spent"},
	admitsLast:       {"AdmitLast", "a lease's last credits are spent"},
	givesUp:          {"GiveUp", "credits are given up, to be returned"},
	releases:         {"Release", "slots are in use no more"},
	expires:          {"Expire", "a lease ends with credits left"},
	expiresSpent:     {"ExpireSpent", "a lease ends with none"},
	failOpens:        {"FailOpen", "credits are admitted with no lease"},
	crashes:          {"Crash", "a process ends without an end line"},
}

// refusal is why a recorded refusal was one: the guard of the product's step that did not hold.
type refusal uint8

const (
	staleByEpoch refusal = iota
	deniedByNone
	deniedByNeed
	deniedByEmpty
	deniedByShare
	returnedTwice
	returnedLate
	returnedToNone
	returnedElsewhere
	returnedTooMuch
	returnedUnknown
	droppedClosed
	droppedOld
	droppedSilent
	droppedForgotten
	numRefusals
	taken = numRefusals // no refusal
)

// refusals are their names, and what they are.
var refusals = [numRefusals]struct{ name, text string }{
	staleByEpoch:      {"Commit.Epoch", "the entry's epoch is not the open one"},
	deniedByNone:      {"Grant.None", "nothing is left of the limit"},
	deniedByNeed:      {"Grant.Need", "some is left, and more is needed"},
	deniedByEmpty:     {"Grant.Empty", "the limit starts empty"},
	deniedByShare:     {"Grant.Share", "what is left is withheld for others"},
	returnedTwice:     {"Return.Once", "the lease was returned before"},
	returnedLate:      {"Return.Window", "the lease's window is over"},
	returnedToNone:    {"Return.Limit", "the lease's limit was removed"},
	returnedElsewhere: {"Return.Content", "the lease is of another window"},
	returnedTooMuch:   {"Return.Amount", "the lease never had as many, or none are returned"},
	returnedUnknown:   {"Return.Known", "the session has no such lease, or it was forgotten"},
	droppedClosed:     {"Accept.Closed", "a lease of the request's first answer was taken"},
	droppedOld:        {"Accept.Outstanding", "a later request was sent"},
	droppedSilent:     {"Accept.Waits", "the request was closed by an answer without leases"},
	droppedForgotten:  {"Accept.Known", "the attempt was forgotten"},
}

// Name is a name in a coverage, and what it stands for.
type Name struct{ Name, Text string }

// Steps returns the names of all steps, in the order of the model. They are stable.
func Steps() []Name {
	var list []Name
	for _, s := range steps {
		list = append(list, Name{s.name, s.text})
	}
	return list
}

// Refusals returns the names of all guards whose refusals a trace tells. They are stable.
func Refusals() []Name {
	var list []Name
	for _, r := range refusals {
		list = append(list, Name{r.name, r.text})
	}
	return list
}
