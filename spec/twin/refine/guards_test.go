package refine

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/leased-io/leased/trace"
)

// plant is a change of the story, and the guard that must refuse it.
type plant struct {
	action Action
	guard  string
	change func(s *story)
}

// set changes a line's event.
func set(label string, change func(e *trace.Event)) func(*story) {
	return func(s *story) { change(s.event(label)) }
}

// plants has one of each guard, but for those that three actions share.
var plants = []plant{
	{Elect, "Down", func(s *story) { s.drop("lost 1") }},
	{Elect, "Term", set("elect 3", func(e *trace.Event) { e.Term = 1 })},
	{Failover, "Up", set("lost 1", func(e *trace.Event) { e.Term = 2 })},
	{Open, "Term", set("entry 3", func(e *trace.Event) { e.Term = 1 })},
	{Open, "Time", set("entry 3", func(e *trace.Event) { e.T++ })},
	{Open, "Barrier", set("open 3", func(e *trace.Event) { e.Epoch++ })},
	{Propose, "Led", func(s *story) { s.lines[s.at("propose roll")].file = other }},
	{Propose, "Ready", func(s *story) { move(s, "propose limits", "elect 1") }},
	{Propose, "Resume", set("propose change", func(e *trace.Event) { e.Stamp = 1004 })},
	{Propose, "Clock", set("propose roll", func(e *trace.Event) { e.Stamp = 9 })},
	{Restore, "Entry", set("snapshot", func(e *trace.Event) { e.Index = 0 })},
	{Commit, "Index", set("entry roll", func(e *trace.Event) { e.Index-- })},
	{Commit, "Term", set("entry change", func(e *trace.Event) { e.Term-- })},
	{Commit, "Valid", set("entry asleep", func(e *trace.Event) { e.Epoch = 3 })},
	{Commit, "Epoch", set("entry asleep", func(e *trace.Event) { e.Epoch = 2 })},
	{Commit, "Effect", set("entry roll", func(e *trace.Event) { e.T++ })},
	{Commit, "Clock", func(s *story) {
		s.event("propose deny").Stamp, s.event("entry deny").Stamp = 110, 109
		s.event("entry deny").T = 110
	}},
	{Commit, "Proposed", func(s *story) { s.drop("propose deny") }},
	{Commit, "Proposed", set("propose asleep", func(e *trace.Event) { e.Stamp++ })},
	{Roll, "InForce", set("roll 1", func(e *trace.Event) { e.Limit = 9 })},
	{Roll, "Due", func(s *story) { s.after("roll 1", *s.event("roll 1")) }},
	{Roll, "Window", set("roll 1", func(e *trace.Event) { e.Window++ })},
	{Roll, "First", func(s *story) { move(s, "replay 4", "entry roll far") }},
	{Roll, "Order", func(s *story) { move(s, "roll 3", "roll 1") }},
	{PutLimit, "Next", func(s *story) { s.drop("limit 2") }},
	{PutLimit, "Sane", set("limit 1", func(e *trace.Event) { e.Per = 0 })},
	{PutLimit, "Grave", set("limit 4", func(e *trace.Event) { e.Until-- })},
	{PutLimit, "Grave", set("limit 4", func(e *trace.Event) { e.OK, e.Until = true, 0 })},
	{ChangeLimit, "Same", set("change", func(e *trace.Event) { e.Per++ })},
	{ChangeLimit, "Amount", set("change", func(e *trace.Event) { e.Amount = 10 })},
	{ChangeLimit, "Empty", set("change", func(e *trace.Event) { e.OK = false })},
	{RemoveLimit, "Same", set("remove", func(e *trace.Event) { e.Metric = "y" })},
	{OpenSession, "Next", func(s *story) { s.drop("session 2") }},
	{OpenSession, "Budget", set("session 3", func(e *trace.Event) { e.Budget = "d" })},
	{OpenSession, "Budget", set("session 3", func(e *trace.Event) { e.OK = true })},
	{EndSession, "Open", func(s *story) { s.after("end 3", *s.event("end 3")) }},
	{Grant, "Once", func(s *story) { s.after("replay 2", grantOf(3, 1, 1, 1, 0, 1, 940)) }},
	{Grant, "Companion", set("grant 2", func(e *trace.Event) { e.Limit, e.Amount = 1, 1 })},
	{Grant, "Outstanding", func(s *story) { s.after("send 1", sendOf(1, 2, 2, 31)) }},
	{Grant, "Next", set("grant 3", func(e *trace.Event) { e.Lease++ })},
	{Grant, "Empty", set("deny empty", func(e *trace.Event) {
		*e = grantOf(4, 3, 1, 4, 3, 1, 90)
	})},
	{Grant, "Avail", set("grant 3", func(e *trace.Event) { e.Amount++ })},
	{Grant, "Window", set("grant 3", func(e *trace.Event) { e.Window++ })},
	{Grant, "Ttl", set("grant 3", func(e *trace.Event) { e.TTL++ })},
	{Replay, "All", set("replay 2", func(e *trace.Event) {
		*e = trace.Event{Kind: trace.KindSession, Session: 4, Budget: "b"}
	})},
	{Replay, "All", func(s *story) {
		s.drop("replay 2", "accept 1", "accept 2", "drop", "admit 1", "admit 2", "give up")
	}},
	{Replay, "IsDup", set("replay 4", func(e *trace.Event) { e.Seq = 1 })},
	{Replay, "Same", func(s *story) { s.drop("replay 1") }},
	{Replay, "Content", set("replay 1", func(e *trace.Event) { e.Amount++ })},
	{Replay, "Ttl", set("replay 1", func(e *trace.Event) { e.TTL = 960 })},
	{Deny, "Once", func(s *story) { s.after("deny", *s.event("deny")) }},
	{Deny, "Short", set("deny", func(e *trace.Event) {
		e.Session, e.Limit, e.Amount, e.TTL = 3, 3, 5, 180
	})},
	{Deny, "Left", set("deny", func(e *trace.Event) { e.Amount = 6 })},
	{Deny, "Ttl", set("deny empty", func(e *trace.Event) { e.TTL = 91 })},
	{Return, "MayReturn", func(s *story) { s.event("return again").OK = true }},
	{Return, "MayReturn", set("return", func(e *trace.Event) { e.Amount = 5 })},
	{Return, "GivenUp", set("return", func(e *trace.Event) { e.Amount = 2 })},
	{Return, "GivenUp", func(s *story) { s.drop("give up") }},
	{ReturnRefused, "MayReturn", set("return", func(e *trace.Event) { e.OK = false })},
	{ReturnRefused, "Granted", set("return again", func(e *trace.Event) { e.Lease = 9 })},
	{ReturnRefused, "Mine", func(s *story) {
		s.after("expire 3", useOf(trace.KindExpire, 9, 2, 0, 0, 0))
		s.drop("planted")
		move(s, "return again", "grant 3")
		s.event("return again").Session = 2
	}},
	{ReturnRefused, "GivenUp", set("return again", func(e *trace.Event) { e.Amount = 2 })},
	{Send, "Serial", set("send 3", func(e *trace.Event) { e.Seq++ })},
	{Send, "Attempt", set("send 3", func(e *trace.Event) { e.Attempt++ })},
	{Send, "Clock", set("send 3", func(e *trace.Event) { e.At = 1 })},
	{Send, "Idle", func(s *story) { s.after("accept 2", sendOf(1, 1, 3, 71)) }},
	{Send, "Closes", func(s *story) { s.drop("accept 4") }},
	{Accept, "Granted", set("accept 4", func(e *trace.Event) { e.Lease = 9 })},
	{Accept, "Outstanding", func(s *story) { move(s, "drop", "replay 2") }},
	{Accept, "Sent", set("accept 1", func(e *trace.Event) { e.Attempt = 3 })},
	{Accept, "Closes", set("accept 2", func(e *trace.Event) { e.Attempt = 1 })},
	{Accept, "Closes", set("accept 2", func(e *trace.Event) { e.At++ })},
	{Accept, "Clock", set("accept 1", func(e *trace.Event) { e.At = 44 })},
	{Accept, "Waits", func(s *story) { s.after("accept 1", *s.event("accept 1")) }},
	{Accept, "Content", set("accept 1", func(e *trace.Event) { e.Amount-- })},
	{Accept, "Request", func(s *story) {
		s.after("retry 1", trace.Event{Kind: trace.KindGap, N: 1})
		s.event("accept 1").Seq = 2
	}},
	{Accept, "Answer", set("accept 2", func(e *trace.Event) { e.TTL = 1960 })},
	{Accept, "Told", set("accept 1", func(e *trace.Event) { e.TTL = 960 })},
	{Accept, "Life", set("accept 1", func(e *trace.Event) { e.Life++ })},
	{Drop, "Sent", set("drop", func(e *trace.Event) { e.Attempt = 4 })},
	{Drop, "Sent", set("drop", func(e *trace.Event) { e.Seq = 2 })},
	{Admit, "Some", set("admit 1", func(e *trace.Event) { e.N = 0 })},
	{Admit, "Clock", set("admit 1", func(e *trace.Event) { e.First = 69 })},
	{Admit, "Life", set("admit 1", func(e *trace.Event) { e.Last = 45 + 940 })},
	{Admit, "Newest", func(s *story) {
		s.drop("expire 1")
		s.event("accept 4").At = 500
		s.event("send 5").At = 499
		s.after("accept 4", useOf(trace.KindAdmit, 1, 1, 0, 1, 501))
	}},
	{GiveUp, "Some", set("give up", func(e *trace.Event) { e.N = 0 })},
	{GiveUp, "Once", func(s *story) { s.after("give up", *s.event("give up")) }},
	{Expire, "All", set("expire 1", func(e *trace.Event) { e.N = 0 })},
}

// move puts a line after another one.
func move(s *story, label, after string) {
	l := s.lines[s.at(label)]
	s.drop(label)
	i := s.at(after)
	s.lines = append(s.lines[:i+1], append([]line{l}, s.lines[i+1:]...)...)
}

// shared are the guards that several actions have in common.
func shared() []plant {
	var list []plant
	decided := map[Action]string{Grant: "grant 3", Deny: "deny"}
	for action, label := range decided {
		list = append(list,
			plant{action, "Session", set(label, func(e *trace.Event) { e.Session = 9 })},
			plant{action, "Limit", set(label, func(e *trace.Event) { e.Limit = 9 })},
			plant{action, "Account", set(label, func(e *trace.Event) { e.Key = "k" })},
			plant{action, "Rolled", func(s *story) {
				s.drop("accept 3", "admit 3", "propose last", "entry last", "expire 3")
				move(s, label, "entry roll")
				if action == Deny {
					s.drop("grant 3")
				}
				s.drop("roll 3", "roll 1")
			}},
			plant{action, "Sent", set(label, func(e *trace.Event) { e.Seq = 3 })})
	}
	for action, label := range map[Action]string{
		Return: "return", ReturnRefused: "return again", Replay: "replay 4",
	} {
		list = append(list, plant{action, "Session",
			set(label, func(e *trace.Event) { e.Session = 9 })})
	}
	for action, label := range map[Action]string{
		Send: "send 3", Accept: "accept 3", Drop: "drop", Admit: "admit 3", GiveUp: "give up",
		Expire: "expire 3", Release: "release 10",
	} {
		if action == Send || action == Accept || action == Drop {
			list = append(list, plant{action, "Session",
				set(label, func(e *trace.Event) { e.Session = 9 })})
		}
		list = append(list, plant{action, "Met", func(s *story) { first(s, label) }},
			plant{action, "Mine", func(s *story) { s.lines[s.at(label)].file ^= fleetA ^ fleetB }})
	}
	for action, label := range map[Action]string{
		Admit: "admit 1", GiveUp: "give up", Expire: "expire 1", Release: "release 10",
	} {
		list = append(list,
			plant{action, "Held", set(label, func(e *trace.Event) { e.Lease = 99 })},
			plant{action, "Held", func(s *story) { s.after("expire 1", *s.event(label)) }},
			plant{action, "Mine", set(label, func(e *trace.Event) { e.Session = 2 })},
			plant{action, "Window", set(label, func(e *trace.Event) { e.Window++ })},
			plant{action, "Credits", set(label, func(e *trace.Event) { e.N = 5 })})
	}
	return list
}

// first makes a line the first that its session's process says of it.
func first(s *story, label string) {
	session := s.event(label).Session
	for i := 0; i < s.at(label); i++ {
		if l := &s.lines[i]; l.file != node && l.event.Session == session {
			s.drop(l.label)
			i--
		}
	}
}

// TestEveryGuardRefuses: each guard of each action has refused a story that was changed in one
// thing; and Rules names all of them, in the code's order.
func TestEveryGuardRefuses(t *testing.T) {
	refused := map[Action]map[string]bool{}
	if r := Passes("n1", 2, 1); r != nil && Passes("n1", 1, 1) == nil {
		refused[r.Action] = map[string]bool{r.Guard: true}
	}
	for i, p := range slices.Concat(plantsInHeirs, plants, plantsInKinds, plantsInSlots,
		plantsInFamily, plantsInOverrides, plantsInCalendar, plantsInShared, shared()) {
		s := tell()
		after := i - len(plantsInHeirs) - len(plants) - len(plantsInKinds) - len(plantsInSlots)
		switch days := after - len(plantsInFamily) - len(plantsInOverrides); {
		case after >= 0 && after < len(plantsInFamily):
			s = tellOfFamily()
		case days >= 0 && days < len(plantsInCalendar):
			s = tellOfCalendar()
		}
		if i < len(plantsInHeirs) {
			s = heirs()
		}
		p.change(s)
		_, r := s.play()
		if r == nil || r.Action != p.action || r.Guard != p.guard {
			t.Errorf("got %v, want %s.%s", r, p.action, p.guard)
			continue
		}
		if refused[p.action] == nil {
			refused[p.action] = map[string]bool{}
		}
		refused[p.action][p.guard] = true
	}
	for _, rule := range Rules() {
		for _, g := range rule.Guards {
			if !refused[rule.Action][g] {
				t.Errorf("nothing is planted that %s.%s refuses", rule.Action, g)
			}
			delete(refused[rule.Action], g)
		}
		for g := range refused[rule.Action] {
			t.Errorf("Rules leaves out %s.%s", rule.Action, g)
		}
	}
	for _, call := range refusalsInCode(t) {
		if !slices.ContainsFunc(Rules(), func(r Rule) bool {
			return (call.action == "action" || call.action == string(r.Action)) &&
				slices.Contains(r.Guards, call.guard)
		}) {
			t.Errorf("Rules leaves out %s.%s", call.action, call.guard)
		}
	}
}

type refusalCall struct{ action, guard string }

// refusalsInCode returns the action and guard of each call of refuse.
func refusalsInCode(t *testing.T) []refusalCall {
	t.Helper()
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var calls []refusalCall
	for _, file := range files {
		if strings.HasSuffix(file.Name(), "_test.go") || !strings.HasSuffix(file.Name(), ".go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			name, ok := call.Fun.(*ast.Ident)
			if !ok || name.Name != "refuse" || len(call.Args) < 3 {
				return true
			}
			action, isName := call.Args[0].(*ast.Ident)
			guard, isText := call.Args[1].(*ast.BasicLit)
			if !isName || !isText {
				t.Errorf("%s: refuse wants an action's name and a guard's", file.Name())
				return true
			}
			text, err := strconv.Unquote(guard.Value)
			if err != nil {
				t.Fatal(err)
			}
			calls = append(calls, refusalCall{action.Name, text})
			return true
		})
	}
	if len(calls) < 50 {
		t.Errorf("%d calls of refuse were found", len(calls))
	}
	return calls
}
