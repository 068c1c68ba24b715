package fsm

import (
	"fmt"
	"strings"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// problem says how c is malformed whatever the state, or nothing: the reason of CodeInvalid.
func (c Command) problem() string {
	set := 0
	for _, is := range [...]bool{c.OpenSession != nil, c.Acquire != nil, c.Return != nil,
		c.PutBudget != nil, c.DeleteBudget != nil, c.TakeOver != nil, c.SetLimit != nil,
		c.Calendar != nil} {
		if is {
			set++
		}
	}
	switch {
	case set != 1:
		return fmt.Sprintf("command: %d fields are set, must be 1", set)
	case c.OpenSession != nil && c.OpenSession.Priority.Validate() != nil:
		return oneLine(c.OpenSession.Priority.Validate())
	case c.OpenSession != nil && c.OpenSession.Key != "":
		if len(c.OpenSession.Labels) > 0 {
			return "labels: are there beside a key, must be instead"
		}
		return oneLine(budget.ValidateKey(true, c.OpenSession.Key))
	case c.OpenSession != nil:
		return oneLine(c.OpenSession.Labels.Validate())
	case c.Acquire != nil:
		return acquireProblem(c.Acquire)
	case c.Return != nil:
		return returnsProblem(c.Return.Returns)
	case c.PutBudget != nil:
		return oneLine(c.PutBudget.Budget.Canonical().Validate())
	case c.TakeOver != nil:
		return oneLine(c.TakeOver.Validate())
	case c.DeleteBudget != nil && c.DeleteBudget.Expect == ExpectAbsent:
		return "expect: what must not be there cannot be deleted"
	case c.SetLimit != nil:
		return oneLine(c.SetLimit.Validate())
	case c.Calendar != nil:
		return c.Calendar.problem()
	}
	return ""
}

func acquireProblem(r *lease.Request) string {
	if r.Seq == 0 {
		return "seq: is 0, must be at least 1"
	}
	if len(r.Asks) > budget.MaxLimits {
		return fmt.Sprintf("asks: %d, at most %d", len(r.Asks), budget.MaxLimits)
	}
	var seen [budget.MaxLimits]bool
	for i, a := range r.Asks {
		switch {
		case a.Limit < 0 || a.Limit >= budget.MaxLimits:
			return fmt.Sprintf("asks[%d].limit: is %d, must be in 0..%d", i, a.Limit, budget.MaxLimits-1)
		case seen[a.Limit]:
			return fmt.Sprintf("asks[%d].limit: is %d again, must be asked once", i, a.Limit)
		case a.Need < 0:
			return fmt.Sprintf("asks[%d].need: is %d, must be at least 0", i, a.Need)
		case a.Keep < 0 || a.Keep > budget.MaxSlotHolders:
			return fmt.Sprintf("asks[%d].keep: is %d, must be in 0..%d",
				i, a.Keep, budget.MaxSlotHolders)
		case (a.Lease == 0) != (a.Keep == 0):
			return fmt.Sprintf("asks[%d].lease: is %d, must be set with keep alone, which is %d",
				i, a.Lease, a.Keep)
		case a.Want < leastWant(a) || a.Want > budget.MaxAmount:
			return fmt.Sprintf("asks[%d].want: is %d, must be in %d..%d",
				i, a.Want, leastWant(a), budget.MaxAmount)
		}
		seen[a.Limit] = true
	}
	return returnsProblem(r.Returns)
}

// leastWant is the least that an ask may want: nothing, if it keeps what there is.
func leastWant(a lease.Ask) budget.Credits {
	if a.Keep > 0 {
		return a.Need
	}
	return max(1, a.Need)
}

func returnsProblem(returns []lease.Return) string {
	if len(returns) > MaxReturns {
		return fmt.Sprintf("returns: %d, at most %d", len(returns), MaxReturns)
	}
	return ""
}

// oneLine returns the text of err, which may join several, or nothing.
func oneLine(err error) string {
	if err == nil {
		return ""
	}
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}
