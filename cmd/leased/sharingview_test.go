package main

import (
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/client"
)

// TestSharingTold: who shares a budget is told as text, and as the JSON of the budget.
func TestSharingTold(t *testing.T) {
	b := client.BudgetStatus{Budget: budget.Budget{Name: "b", Limits: []budget.Limit{
		{Metric: "requests", Kind: budget.KindWindow, Amount: 10, Per: time.Minute}},
		Sharing: &budget.Sharing{By: "team", Weights: []budget.Portion{{Tenant: "a", N: 3},
			{Tenant: "b", N: 2}}, Guaranteed: []budget.Portion{{Tenant: "a", N: 20}}, Reserved: 60}}}
	var text strings.Builder
	if err := formatText.printLine(&text, []client.BudgetStatus{b}, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`shared by team: `, `weights count: "a" 3, "b" 2`,
		"\nguaranteed while they ask: \"a\" 20 %\n",
		"\nreserved: the last 60 % are for high priority alone; low priority leaves 100 %\n"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("got\n%s\nwhich does not say %q", &text, want)
		}
	}
	text.Reset()
	if err := formatJSON.printLine(&text, []client.BudgetStatus{b}, false); err != nil ||
		!strings.Contains(text.String(), `"by": "team"`) {
		t.Errorf("got %v\n%s", err, &text)
	}
	if got := sharingTold(nil); got != nil {
		t.Errorf("got %q of no sharing", got)
	}
}
