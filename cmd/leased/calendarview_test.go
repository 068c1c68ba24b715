package main

import (
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/client"
)

func TestCalendarView(t *testing.T) {
	at := time.Date(2026, 3, 1, 23, 0, 0, 0, time.UTC)
	stale := client.CalendarStatus{Time: at.Add(-time.Hour)}
	views := []memberView{{Applied: 9, Calendar: calendarOf(&client.CalendarStatus{Time: at,
		LeapIn: 40 * time.Second, LeapBy: 24 * time.Hour, Slow: time.Second})},
		{Applied: 3, Calendar: calendarOf(&stale)}, {Applied: 12, Calendar: calendarOf(nil)}}
	var out strings.Builder
	if err := printStatus(&out, views); err != nil {
		t.Fatal(err)
	}
	want := "Calendar time is 2026-03-01T23:00:00Z; in 40s it leaps by 24h0m0s; " +
		"it is slowed down by 1s.\n"
	if !strings.Contains(out.String(), want) {
		t.Errorf("got\n%s\nwant %s", &out, want)
	}
	if newest(nil) != nil {
		t.Error("a calendar of nobody")
	}
	daily := budget.Limit{Kind: budget.KindWindow, Amount: 10, Align: "day", Zone: "Asia/Tokyo"}
	view := viewOf(client.BudgetStatus{Limits: []client.LimitUsage{
		{Limit: daily, Window: budget.Window(at.Unix())}}}).Limits[0]
	if view.Began != "2026-03-01T23:00:00Z" || view.Align != "day" ||
		kindOf(daily) != "day of Asia/Tokyo" {
		t.Errorf("got %+v, %s", view, kindOf(daily))
	}
}
