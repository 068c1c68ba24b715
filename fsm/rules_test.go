package fsm

import (
	"testing"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/trace"
)

func ruled(name string, rules budget.Rules, limits ...budget.Limit) Command {
	c := put(name, limits...)
	c.PutBudget.Budget.Rules = rules
	return c
}

// TestRulesTravel: limiters are told a budget's rules with its limits, when they open a session and
// when the budget was changed; and a change of rules alone leaves the accounts as they are.
func TestRulesTravel(t *testing.T) {
	r := newReplicas()
	r.open(t)
	strict := budget.Rules{Mode: budget.ModeStrict, Unlimited: []string{"hits"}}
	limit := budget.Limit{Metric: "requests", Kind: budget.KindWindow, Amount: 10, Per: 10e9}
	first := r.at(t, 1e9, put("b", limit), Command{OpenSession: &OpenSession{Budget: "b"}})
	opened := first[1]
	if opened.Rules != nil {
		t.Errorf("got rules %+v of a budget that has the default", opened.Rules)
	}
	ask := func(seq, revision uint64, need budget.Credits) Command {
		return Command{Acquire: &lease.Request{Session: opened.Session, Seq: seq, Revision: revision,
			Asks: []lease.Ask{{Need: need, Want: need}}}}
	}
	got := r.at(t, 1e9, ask(1, opened.Revision, 6), ruled("b", strict, limit),
		ask(2, opened.Revision, 1), ask(3, opened.Revision+1, 5), ask(4, opened.Revision+1, 4),
		ruled("b", strict, limit), ruled("b", budget.Rules{Mode: "leased"}, limit),
		ask(5, opened.Revision+1, 1))
	for i, want := range []Code{CodeDone, CodeDone, CodeChanged, CodeDenied, CodeDone, CodeDone,
		CodeDone, CodeChanged} {
		if got[i].Code != want {
			t.Fatalf("command %d: got %v, want %v", i, got[i].Code, want)
		}
	}
	if !got[1].Changed || got[1].Revision != opened.Revision+1 || got[5].Changed || !got[6].Changed {
		t.Errorf("got %+v, %+v and %+v of changes, no change, and the change back",
			got[1], got[5], got[6])
	}
	if rules := got[2].Rules; rules == nil || !rules.Equal(strict) {
		t.Errorf("a limiter is told %+v, want %+v", rules, strict)
	}
	if got[3].Denial.Left != 4 || got[7].Rules != nil {
		t.Errorf("got %+v left, and then rules %+v", got[3].Denial, got[7].Rules)
	}
}

// TestNoLimitsAtAll: a budget whose metrics are all unlimited has sessions, which hold nothing, and
// is told apart in the trace from one that is not there.
func TestNoLimitsAtAll(t *testing.T) {
	r := newReplicas()
	r.open(t)
	free := budget.Rules{Unlimited: []string{"requests"}}
	limit := budget.Limit{Metric: "tokens", Kind: budget.KindWindow, Amount: 10, Per: 10e9}
	opened := r.at(t, 1e9, ruled("b", free), Command{OpenSession: &OpenSession{Budget: "b"}})[1]
	if opened.Code != CodeDone || len(opened.Limits) != 0 || opened.Rules == nil {
		t.Fatalf("got %+v", opened)
	}
	if e := r.events[len(r.events)-1]; e.Kind != trace.KindSession || !e.OK {
		t.Errorf("got event %+v, which does not say that there are no limits", e)
	}
	acquire := func(seq uint64, asks ...lease.Ask) Command {
		return Command{Acquire: &lease.Request{Session: opened.Session, Seq: seq,
			Revision: opened.Revision, Asks: asks}}
	}
	got := r.at(t, 2e9, acquire(1), acquire(2, lease.Ask{Need: 1, Want: 1}), ruled("b", free, limit),
		acquire(3), Command{OpenSession: &OpenSession{Budget: "b"}}, put("b"))
	for i, want := range []Code{CodeDone, CodeInvalid, CodeDone, CodeChanged, CodeDone, CodeInvalid} {
		if got[i].Code != want {
			t.Errorf("command %d: got %+v, want %v", i, got[i], want)
		}
	}
	for _, e := range r.events {
		if e.Kind == trace.KindSession && e.OK {
			t.Errorf("got %+v of a budget with a limit", e)
		}
	}
}
