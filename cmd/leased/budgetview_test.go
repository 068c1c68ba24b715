package main

import (
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/client"
)

// TestFullIn: what the table says of when there is all of a limit again.
func TestFullIn(t *testing.T) {
	window := budget.Limit{Kind: budget.KindWindow, Amount: 10, Per: time.Minute}
	bucket := budget.Limit{Kind: budget.KindBucket, Amount: 10, Per: time.Minute, Burst: 5}
	slots := budget.Limit{Kind: budget.KindSlots, Amount: 10, Per: time.Minute}
	for _, tt := range []struct {
		limit      budget.Limit
		left       budget.Credits
		ends, full time.Duration
		known      bool
		want       string
	}{
		{window, 3, 2 * time.Second, 2 * time.Second, true, "2s"},
		{window, 10, 2 * time.Second, 2 * time.Second, true, "now"},
		{window, 10, 2 * time.Second, 2 * time.Second, false, "2s"},
		{window, 0, 2 * time.Second, 62 * time.Second, true, "1m2s"}, // it starts empty
		{bucket, 5, time.Second, 0, true, "now"},
		{bucket, 4, time.Second, 500 * time.Millisecond, true, "500ms"},
		{bucket, 1, time.Second, time.Second, true, "> 1s"},
		{bucket, 5, time.Second, 0, false, "(by key)"},
		{slots, 1, time.Second, 3 * time.Second, true, "on release"},
		{slots, 10, time.Second, 0, true, "now"},
		{slots, 10, time.Second, 0, false, "(by key)"},
	} {
		u := client.LimitUsage{Limit: tt.limit, Left: tt.left, EndsIn: tt.ends, OpensIn: tt.full}
		if got := fullIn(u, tt.known); got != tt.want {
			t.Errorf("%+v: got %q, want %q", u, got, tt.want)
		}
	}
}

// TestRulesTold: what limiters do outside the bound is told in numbers.
func TestRulesTold(t *testing.T) {
	b := client.BudgetStatus{Budget: budget.Budget{Name: "b",
		Rules: budget.Rules{Mode: budget.ModeShadow, Degraded: budget.DegradedShare, Share: 20,
			Unlimited: []string{"hits"}},
		Limits: []budget.Limit{
			{Metric: "requests", Kind: budget.KindWindow, Amount: 610, Per: time.Minute},
			{Metric: "jobs", Kind: budget.KindSlots, Amount: 40, Per: time.Minute}}}}
	var text strings.Builder
	if err := formatText.printLine(&text, []client.BudgetStatus{b}, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"hits", "unlimited",
		"mode shadow: everything is admitted; limiters count what would not be\n",
		"degraded share 20: while there is no leader to ask, each limiter admits up to 30 requests " +
			"per 1m by itself\n", "admits up to 2 jobs at a time by itself\n"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("got\n%s\nwhich does not say %q", &text, want)
		}
	}
	text.Reset()
	if err := formatJSON.printLine(&text, []client.BudgetStatus{b}, false); err != nil ||
		!strings.Contains(text.String(), `"degraded": "share"`) {
		t.Errorf("got %v\n%s", err, &text)
	}
	b.Budget.Rules = budget.Rules{Mode: budget.ModeStrict, Degraded: budget.DegradedOpen}
	if got := rulesTold(b.Budget); len(got) != 2 {
		t.Errorf("got %q", got)
	}
	if got := rulesTold(budget.Budget{}); len(got) != 0 {
		t.Errorf("got %q of the default", got)
	}
}
