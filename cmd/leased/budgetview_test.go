package main

import (
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
