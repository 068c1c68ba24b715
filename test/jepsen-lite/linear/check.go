package linear

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
)

// Result is the outcome of a check. Unknown is no success.
type Result string

// The results; of several, the worst counts, which is the last.
const (
	Valid   Result = "valid"
	Unknown Result = "unknown"
	Invalid Result = "invalid"
)

// Verdict says whether a history is linearizable.
type Verdict struct {
	Result Result
	// Budget is the one whose operations it is about, and Why says what is wrong with them.
	// Empty if the history is valid.
	Budget, Why string
	// Budgets, Ops and Unanswered count what was checked.
	Budgets, Ops, Unanswered int
	// Unjudged counts the operations that were given up, and Most is the most ways there were to
	// explain a budget's history at one answer: see Follow.
	Unjudged, Most int
	// Beyond counts the operations that were left out, since the model does not know limits of
	// their kinds: see OfWindows.
	Beyond int

	info *porcupine.LinearizationInfo // of the budget's operations, for a picture
}

func (v Verdict) String() string {
	if v.Result == Valid {
		return fmt.Sprintf("%s: %d operations on %d budgets, %d of them not answered",
			v.Result, v.Ops, v.Budgets, v.Unanswered)
	}
	return fmt.Sprintf("%s: budget %q: %s", v.Result, v.Budget, v.Why)
}

// Check says whether h is linearizable, budget by budget: operations on two budgets have only
// the numbers of sessions, leases and revisions in common. Each budget has timeout; one that
// takes longer is unknown. It must not be called within a synctest bubble.
func Check(h History, timeout time.Duration) Verdict {
	verdict := Verdict{Result: Valid}
	parts, problem := split(h)
	if problem != "" {
		verdict.Result, verdict.Why = Unknown, problem
		return verdict
	}
	for _, budget := range slices.Sorted(maps.Keys(parts)) {
		part := operations(parts[budget])
		verdict.Budgets++
		verdict.Ops += len(part)
		for _, op := range part {
			if op.Output.(*Output) == nil {
				verdict.Unanswered++
			}
		}
		if verdict.Result == Invalid {
			continue
		}
		switch porcupine.CheckOperationsTimeout(model, part, timeout) {
		case porcupine.Illegal:
			verdict.Result, verdict.Budget = Invalid, budget
			verdict.blame(part, timeout)
		case porcupine.Unknown:
			verdict.Result, verdict.Budget, verdict.info = Unknown, budget, nil
			verdict.Why = fmt.Sprintf("undecided after %s, with %d operations", timeout, len(part))
		}
	}
	return verdict
}

// check is Check of one budget's operations, without a reason.
func check(h History, timeout time.Duration) Result {
	switch porcupine.CheckOperationsTimeout(model, operations(h), timeout) {
	case porcupine.Ok:
		return Valid
	case porcupine.Illegal:
		return Invalid
	}
	return Unknown
}

// blame says which operation fits nowhere: of those that are left out by the longest order that
// porcupine found, the one that was answered first.
func (v *Verdict) blame(part []porcupine.Operation, timeout time.Duration) {
	_, info := porcupine.CheckOperationsVerbose(model, part, timeout)
	v.info = &info
	var longest []int
	for _, order := range info.PartialLinearizations()[0] {
		if len(order) > len(longest) {
			longest = order
		}
	}
	first := -1
	for i, op := range part {
		if !slices.Contains(longest, i) && (first < 0 || op.Return < part[first].Return) {
			first = i
		}
	}
	v.Why = "no order of its operations explains what the clients were told"
	if first >= 0 {
		op := part[first]
		v.Why += fmt.Sprintf(": with %d of %d in order, client %d's does not fit: %s", len(longest),
			len(part), op.ClientId, tell(op.Input.(*command), op.Output.(*Output)))
	}
}

// split sorts a history by budget, without its rests. Calls that tell nothing are left out.
func split(h History) (map[string]History, string) {
	budgets := map[uint64]string{}
	for _, op := range h {
		if op.Input.Kind != OpenSession || op.Output == nil || op.Output.Answer != Done {
			continue
		}
		id := op.Output.Session
		if other, twice := budgets[id]; twice && other != op.Input.Budget {
			// Within a budget the model finds it.
			return nil, fmt.Sprintf("session %d was opened on budgets %q and %q",
				id, other, op.Input.Budget)
		}
		budgets[id] = op.Input.Budget
	}
	parts := map[string]History{}
	var all History // of every budget
	for _, op := range h {
		kind := op.Input.Kind
		name := op.Input.Budget
		if kind == Rest || op.Output == nil && (kind == OpenSession || kind == GetBudget) {
			continue // nobody has the session; nobody has read
		}
		if kind == TakeOver {
			all = append(all, op)
			continue
		}
		if kind == Acquire || kind == GiveBack {
			var ok bool
			if name, ok = budgets[op.Input.Session]; !ok {
				return nil, fmt.Sprintf("nobody was told of session %d", op.Input.Session)
			}
		}
		parts[name] = append(parts[name], op)
	}
	for name := range parts {
		parts[name] = append(parts[name], all...)
	}
	return parts, ""
}

// operations prepares a budget's history for porcupine. A call that was not answered is one that
// is done at once: the model has it wait for its effect. Porcupine would have to try every place
// for it in every order of all others.
func operations(h History) []porcupine.Operation {
	latest, horizon := dates(h)
	answers := learn(h).answers
	classes := map[string]int{}
	all := make([]porcupine.Operation, 0, len(h))
	for _, op := range h {
		c := &command{Input: op.Input, horizon: horizon, until: latest(op)}
		end := op.Return
		if op.Output == nil {
			end = op.Call
			c.told = answers[request{op.Input.Session, op.Input.Seq}]
			said := fmt.Sprintf("%+v", op.Input)
			if _, ok := classes[said]; !ok {
				classes[said] = len(classes)
			}
			c.class = classes[said]
		}
		all = append(all, porcupine.Operation{ClientId: op.Client, Input: c, Call: op.Call,
			Output: op.Output, Return: end})
	}
	return all
}
