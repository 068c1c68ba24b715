package refine

import "github.com/leased-io/leased/trace"

func budgetOf(name, template, parent string) trace.Event {
	return trace.Event{Kind: trace.KindBudget, Budget: name, Template: template, Parent: parent}
}

func keyed(e trace.Event, key string) trace.Event {
	e.Key = key
	return e
}

// family: a session draws on its budget and on the one above it, each with a key of its own.
func (s *story) family() {
	s.entry("family", 3, 4800)
	s.add("limit 10", node, limitOf(10, "top", "m", 1000, 5))
	s.add("budget top", node, budgetOf("top", "{o}", ""))
	s.add("limit 11", node, limitOf(11, "low", "m", 1000, 9))
	s.add("budget top again", node, budgetOf("top", "{o}", ""))
	s.add("budget low", node, budgetOf("low", "{o}/{k}", "top"))
	s.add("session 6", node, trace.Event{Kind: trace.KindSession, Session: 6, Budget: "low",
		Key: "a%2Cb%25/x", Labels: "k=x,o=a%2Cb%25"})
	s.add("session 7", node,
		trace.Event{Kind: trace.KindSession, Session: 7, Budget: "free", OK: true})
	s.add("send 16", fleetA, sendOf(6, 1, 16, 4810))
	s.entry("both", 3, 4820)
	s.add("grant 12", node, keyed(grantOf(12, 6, 1, 11, 4, 5, 180), "a%2Cb%25/x"))
	s.add("grant 13", node, keyed(grantOf(13, 6, 1, 10, 4, 5, 180), "a,b%"))
	s.add("accept 12", fleetA, acceptOf(12, 6, 1, 16, 4, 5, 180, 4825))
	s.add("accept 13", fleetA, acceptOf(13, 6, 1, 16, 4, 5, 180, 4825))
	s.add("give up 13", fleetA, useOf(trace.KindGiveUp, 13, 6, 4, 1, 4826))
	s.entry("family back", 3, 4830)
	s.add("return 13", node, returnOf(13, 6, 4, 1, true))
	s.add("send 17", fleetA, sendOf(6, 2, 17, 4835))
	s.entry("above", 3, 4840)
	s.add("deny above", node, keyed(denyOf(6, 2, 10, 1, 160), "a,b%"))
}

// plantsInFamily are changes of that part of the story, and the guards that must refuse them.
var plantsInFamily = []plant{
	{PutBudget, "Template", set("budget low", func(e *trace.Event) { e.Template = "{o" })},
	{PutBudget, "Template", set("budget low", func(e *trace.Event) { e.Template = "{o}/{o}" })},
	{PutBudget, "Template", set("budget top", func(e *trace.Event) { e.Template = "all" })},
	{PutBudget, "Parent", set("budget low", func(e *trace.Event) { e.Parent = "up" })},
	{PutBudget, "Parent", set("budget low", func(e *trace.Event) { e.Parent = "low" })},
	{PutBudget, "Parent", func(s *story) { s.after("budget low", budgetOf("top", "{o}/{k}", "low")) }},
	{PutBudget, "Labels", set("budget low", func(e *trace.Event) { e.Template = "{k}" })},
	{OpenSession, "Budget", set("session 7", func(e *trace.Event) { e.OK = false })},
	{OpenSession, "Key", set("session 6", func(e *trace.Event) { e.Key = "a,b%/x" })},
	{OpenSession, "Key", set("session 6", func(e *trace.Event) { e.Labels = "" })},
	{OpenSession, "Key", set("session 6", func(e *trace.Event) { e.Labels = "k=x" })},
	{Grant, "Account", set("grant 13", func(e *trace.Event) { e.Key = "a%2Cb%25/x" })},
	{Grant, "Account", set("grant 13", func(e *trace.Event) { e.Key = "" })},
	{Grant, "Account", set("grant 12", func(e *trace.Event) { e.Key = "a/x" })},
	{Grant, "Account", set("grant 13", func(e *trace.Event) { e.Limit, e.Key = 9, "" })},
	{Grant, "Account", func(s *story) { s.event("budget low").Parent = "" }},
	{Grant, "Avail", set("grant 13", func(e *trace.Event) { e.Amount = 6 })},
	{Grant, "Companion", set("grant 13", func(e *trace.Event) { e.Limit, e.Key = 11, "a%2Cb%25/x" })},
	{Deny, "Once", set("deny above", func(e *trace.Event) { e.Seq = 1 })}, // half was granted
	{Deny, "Account", set("deny above", func(e *trace.Event) { e.Key = "c" })},
	{Deny, "Left", set("deny above", func(e *trace.Event) { e.Amount = 0 })},
}
