package fsm

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// TestInvariantsCanBreak plants a fault for each way in which each invariant can break: a check
// that cannot fail proves nothing.
func TestInvariantsCanBreak(t *testing.T) {
	account := func(s *State) *budget.Account { return s.budgets["org"].lives[0].accounts.get("k") }
	tests := []struct {
		name  string
		fault func(s *State)
	}{
		{"TypeOK", func(s *State) { s.t = -1 }},
		{"TypeOK", func(s *State) { s.t = MaxStamp + 1 }},
		{"TypeOK", func(s *State) { s.epoch = s.term + 1 }},
		{"TypeOK", func(s *State) { s.entries = s.index + 1 }},
		{"TypeOK", func(s *State) { s.accounts++ }},
		{"TypeOK", func(s *State) { s.rolls = append(s.rolls, s.rolls[0]) }},
		{"TypeOK", func(s *State) { s.limits[99] = s.limits[2] }},
		{"TypeOK", func(s *State) { delete(s.limits, 2) }},
		{"TypeOK", func(s *State) { s.rolls[0].place = 99 }},
		{"TypeOK", func(s *State) { s.budgets["chat"].Limits[0].Amount = 0 }},
		{"TypeOK", func(s *State) { s.budgets["chat"].lives[0].Amount++ }},
		{"TypeOK", func(s *State) { s.budgets["chat"].lives = nil }},
		{"TypeOK", func(s *State) { s.budgets["x"] = s.budgets["chat"] }},
		{"TypeOK", func(s *State) { s.budgets["org"].lives[0].accounts.put("", budget.Account{}) }},
		{"TypeOK", func(s *State) {
			bad := &table{}
			bad.put("\n", budget.Account{})
			s.budgets["org"].lives[0].past = []*table{bad}
		}},
		{"TypeOK", func(s *State) { s.bounds.accounts = 1 }},
		{"TypeOK", func(s *State) { s.bounds.budgets = 1 }},
		{"TypeOK", func(s *State) { s.bounds.graves = 0 }},
		{"LinesWhole", func(s *State) { s.budgets["chat"].line = nil }},
		{"LinesWhole", func(s *State) { s.budgets["chat"].line = s.budgets["org"].line }},
		{"LinesWhole", func(s *State) { s.budgets["org"].line.revision-- }},
		{"LinesWhole", func(s *State) { s.budgets["org"].Parent = "chat" }},
		{"LinesWhole", func(s *State) { s.budgets["org"].Parent = "nowhere" }},
		{"LinesWhole", func(s *State) { s.budgets["org"].template = budget.Template{} }},
		{"LinesWhole", func(s *State) { s.children["chat"] = []string{"org"} }},
		{"LinesWhole", func(s *State) {
			p := s.budgets["org"]
			p.Parent = "chat"
			p.line = newLine([]*policy{p, s.budgets["chat"]})
		}},
		{"Overrides", func(s *State) { overridden(s, "k").burst++ }},
		{"Overrides", func(s *State) { overridden(s, "").amount = 0 }},
		{"Overrides", func(s *State) { overridden(s, "").put.Amount = 0 }},
		{"Overrides", func(s *State) { overridden(s, "k").key = "" }},
		{"Overrides", func(s *State) { overridden(s, "k").until = s.t }},
		{"Overrides", func(s *State) { overridden(s, "k").until = s.t.Add(MaxFor + 1) }},
		{"Overrides", func(s *State) { overridden(s, "k").until = 0 }},
		{"Overrides", func(s *State) { overridden(s, "k").place = 9 }},
		{"Overrides", func(s *State) {
			l := overridden(s, "").limit
			for i := range MaxOverrides {
				key := fmt.Sprint(i)
				l.overrides[key] = &override{limit: l, key: key, put: l.Limit, amount: 1}
			}
		}},
		{"NoOverGrant", func(s *State) { account(s).Used = account(s).Peak + 1 }},
		{"NoOverGrant", func(s *State) { account(s).Used = -1 }},
		{"NoOverGrant", func(s *State) { account(s).Peak = budget.MaxAmount + 1 }},
		{"Books", func(s *State) { account(s).Used-- }},
		{"Books", func(s *State) { account(s).Used++ }},
		{"Books", func(s *State) { s.budgets["org"].lives[0].forgotten++ }},
		{"Books", func(s *State) { s.budgets["chat"].lives[0].forgotten-- }},
		{"Books", func(s *State) { s.sessions[2].Leases[0].Amount = 0 }},
		{"Books", func(s *State) { s.sessions[2].Leases[0].Amount++ }},
		{"Books", func(s *State) {
			s.budgets["org"].lives[0].accounts.remove("k")
			s.accounts--
		}},
		{"TenantsWhole", func(s *State) { s.budgets["org"].lives[0].sharing = &budget.Sharing{} }},
		{"TenantsWhole", func(s *State) {
			a := s.budgets["org"].lives[0].accounts.get("k")
			a.Tenants = &budget.Tenants{By: "team", Rows: []budget.Tenant{{Granted: a.Used + 1}}}
		}},
		{"OneWindow", func(s *State) { s.budgets["chat"].lives[1].window-- }},
		{"OneWindow", func(s *State) { s.budgets["chat"].lives[1].window++ }},
		{"OneWindow", func(s *State) { s.sessions[2].Leases[0].Window = 9 }},
		{"OneWindow", func(s *State) { s.sessions[2].Asked[0].Window = 9 }},
		{"StartsEmpty", func(s *State) { s.budgets["chat"].lives[0].emptyUntil = -1 }},
		{"StartsEmpty", func(s *State) { s.budgets["chat"].lives[0].emptyUntil = never }},
		{"StartsEmpty", func(s *State) {
			l := s.budgets["org"].lives[0]
			l.emptyUntil = l.end()
		}},
		{"FencingMonotonic", func(s *State) { s.last.Revision = 2 }},
		{"FencingMonotonic", func(s *State) { s.budgets["chat"].revision = 0 }},
		{"FencingMonotonic", func(s *State) { s.last.Limit = 3 }},
		{"FencingMonotonic", func(s *State) { s.last.Session = 4 }},
		{"FencingMonotonic", func(s *State) { s.last.Lease = 3 }},
		{"FencingMonotonic", func(s *State) { s.sessions[2].ID = 1 }},
		{"FencingMonotonic", func(s *State) { s.sessions[1].Leases[1].Lease = 1 }},
		{"FencingMonotonic", func(s *State) { s.sessions[1].Leases[1].Lease = 4 }},
		{"SessionsBounded", func(s *State) { delete(s.sessions, 1) }},
		{"SessionsBounded", func(s *State) { s.idle.remove(s.sessions[1]) }},
		{"SessionsBounded", func(s *State) { s.idle.newest = s.idle.oldest }},
		{"SessionsBounded", func(s *State) { s.idle.newest.older = nil }},
		{"SessionsBounded", func(s *State) { s.bounds.sessions = 4 }},
		{"SessionsBounded", func(s *State) { s.sessions[1].Touched = s.t + 1 }},
		{"SessionsBounded", func(s *State) { s.sessions[1].Touched = -1 }},
		{"SessionsBounded", func(s *State) { s.idle.oldest.Touched = s.t }},
		{"SessionsBounded", func(s *State) { s.idle.oldest.Touched = s.t.Add(-SessionTTL) }},
		{"SessionsBounded", func(s *State) { s.sessions[4].Leases = manyLeases(s) }},
		{"SessionsBounded", func(s *State) { s.sessions[4].Asked = make([]asked, 17) }},
		{"SessionsBounded", func(s *State) {
			s.sessions[1].pruned, s.sessions[1].Leases[0].Window = s.endings, -2
		}},
		{"DecisionsRemembered", func(s *State) { s.sessions[1].Seq = 0 }},
		{"DecisionsRemembered", func(s *State) { s.sessions[1].Decided = decision{} }},
		{"DecisionsRemembered", func(s *State) { s.sessions[1].Decided.At = never }},
		{"DecisionsRemembered", func(s *State) { s.sessions[1].Decided.Result.Code = CodeFull }},
		{"DecisionsRemembered", func(s *State) { s.sessions[1].Decided.Result.Session = 1 }},
		{"DecisionsRemembered", func(s *State) { s.sessions[1].Decided.Result.Grants[0].TTL = 0 }},
		{"DecisionsRemembered", func(s *State) { s.sessions[3].Decided.Result.Denial = &lease.Denial{} }},
		{"DecisionsRemembered", func(s *State) { s.sessions[5].Decided.Result.Denial = nil }},
		{"GravesInFuture", func(s *State) { s.graves[grave{"chat", "m"}] = s.t }},
		{"GravesInFuture", func(s *State) { s.graves[grave{"chat", "m"}] = s.t.Add(maxMemory + 1) }},
		{"GravesInFuture", func(s *State) { s.digAt = never }},
		{"TakenOver", func(s *State) { s.origin = &origin{} }}, // more in takeover_test.go
		{"CalendarOK", func(s *State) { s.calendar.off = 1 }},
		{"CalendarOK", func(s *State) { s.calendar.set = true }},
		{"CalendarOK", func(s *State) { calendarFault(s).owed = -1 }},
		{"CalendarOK", func(s *State) { calendarFault(s).leap = leap{At: s.t, By: 1} }},
		{"CalendarOK", func(s *State) {
			calendarFault(s).leap = leap{At: s.t.Add(budget.MaxAlignedLease + 1), By: 1}
		}},
	}
	broken := map[string]bool{}
	for i, tt := range tests {
		s := busy(t)
		if err := Check(s); err != nil {
			t.Fatal(err)
		}
		tt.fault(s)
		err := Check(s)
		if err == nil || !strings.HasPrefix(err.Error(), "invariant "+tt.name+" is broken: ") {
			t.Errorf("fault %d: got %v, want %s broken", i, err, tt.name)
		}
		broken[tt.name] = true
	}
	for _, inv := range Invariants {
		if !broken[inv.Name] {
			t.Errorf("no fault breaks %s", inv.Name)
		}
	}
}

// overridden sets limits of a budget that has nothing to do with the others, and returns the
// override for key, which does not lapse soon.
func overridden(s *State, key string) *override {
	s.putBudget(&PutBudget{Budget: budget.Budget{Name: "over", Keyed: true,
		Limits: []budget.Limit{{Metric: "m", Amount: 9, Per: time.Minute}}}})
	for _, of := range []string{"", "k"} {
		s.setLimit(&SetLimit{Budget: "over", Metric: "m", Amount: 5, Key: of, For: time.Hour})
	}
	return s.budgets["over"].lives[0].overrides[key]
}

// manyLeases are more than a session may hold, of a limit that is gone.
func manyLeases(s *State) (leases []held) {
	for range MaxSessionLeases + 1 {
		s.last.Lease++
		leases = append(leases, held{Lease: s.last.Lease, Limit: 1, Amount: 1})
	}
	return leases
}

// TestBrokenBooksStop: what Apply finds broken stops it, since it would spread.
func TestBrokenBooksStop(t *testing.T) {
	s := busy(t)
	h := s.sessions[2].Leases[0]
	s.limits[h.Limit].accounts.get("k").Used = 0
	got := panicOf(func() {
		s.Apply(s.index+1, s.term, Entry{Epoch: s.epoch, Commands: []Command{{Return: &Return{
			Session: 2, Returns: []lease.Return{{Lease: h.Lease, Window: h.Window, Amount: 1}}}}}})
	})
	if !strings.Contains(got, "Books is broken at index 4 term 2: lease 4") {
		t.Errorf("got panic %q, want Books", got)
	}
}

func TestApplyRefusesADisorderedLog(t *testing.T) {
	s := New(nil)
	s.Apply(5, 2, Entry{Open: true})
	for _, tt := range []struct{ index, term uint64 }{{5, 2}, {4, 2}, {6, 1}} {
		got := panicOf(func() { s.Apply(tt.index, tt.term, Entry{}) })
		if !strings.HasPrefix(got, "fsm: LogOrder is broken at index ") ||
			!strings.HasSuffix(got, "the last entry was index 5 term 2") {
			t.Errorf("index %d term %d after index 5 term 2: got panic %q", tt.index, tt.term, got)
		}
	}
	if s.Index() != 5 || s.Epoch() != 2 {
		t.Errorf("a refused entry did something: index %d epoch %d", s.Index(), s.Epoch())
	}
}

// TestFarFuture: at the last instant there is, nothing wraps.
func TestFarFuture(t *testing.T) {
	r := newReplicas()
	r.open(t)
	l := budget.Limit{Metric: "m", Amount: 5, Per: budget.MaxPer}
	short := budget.Limit{Metric: "n", Amount: 5, Per: 7 * time.Second}
	other := l
	other.Per--
	got := r.at(t, MaxStamp, put("b", l, short),
		Command{OpenSession: &OpenSession{Budget: "b"}},
		Command{Acquire: &lease.Request{Session: 1, Seq: 1, Revision: 1,
			Asks: []lease.Ask{{Limit: 0, Need: 5, Want: 5}, {Limit: 1, Need: 5, Want: 5}}}},
		put("b", other),
		Command{Acquire: &lease.Request{Session: 1, Seq: 2, Revision: 2,
			Asks: []lease.Ask{{Limit: 0, Need: 5, Want: 5}}}})
	for _, g := range got[2].Grants {
		if g.TTL <= 0 || g.TTL > budget.MaxPer {
			t.Errorf("got %+v, want a lease of up to %v", g, budget.MaxPer)
		}
	}
	if d := got[4].Denial; d == nil || d.RetryAfter <= 0 || d.RetryAfter > 2*budget.MaxPer {
		t.Errorf("got %+v, want a denial for up to twice %v", got[4], budget.MaxPer)
	}
}

// calendarFault returns a calendar that is set, for a fault of it.
func calendarFault(s *State) *calendar {
	s.calendar.set, s.calendar.off = true, time.Duration(budget.MinCalendar)
	return &s.calendar
}
