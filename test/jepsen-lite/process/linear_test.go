//go:build linux

package process

import (
	"testing"

	"github.com/leased-io/leased/test/jepsen-lite/linear"
)

// TestOfRun: operations belong to the cluster of their session, or of their time.
func TestOfRun(t *testing.T) {
	s := &stage{runs: []*run{{begin: 10, end: 100}, {begin: 110, first: 1000}}}
	known := &linear.Output{Answer: linear.Granted}
	for _, test := range []struct {
		name string
		op   linear.Op
		want [2]bool
	}{
		{"old session", linear.Op{Call: 20, Return: 30, Output: known,
			Input: linear.Input{Kind: linear.Acquire, Session: 5}}, [2]bool{true, false}},
		{"its answer was late", linear.Op{Call: 20, Return: 130, Output: known,
			Input: linear.Input{Kind: linear.Acquire, Session: 5}}, [2]bool{true, false}},
		{"nobody knows it any more", linear.Op{Call: 120, Return: 130,
			Output: &linear.Output{Answer: linear.NoSession},
			Input:  linear.Input{Kind: linear.Acquire, Session: 5}}, [2]bool{false, false}},
		{"nor what it gives back", linear.Op{Call: 120, Return: 130,
			Output: &linear.Output{Answer: linear.Done},
			Input:  linear.Input{Kind: linear.GiveBack, Session: 5}}, [2]bool{false, false}},
		{"new session", linear.Op{Call: 120, Return: 130, Output: known,
			Input: linear.Input{Kind: linear.Acquire, Session: 1005}}, [2]bool{false, true}},
		{"old budget", linear.Op{Call: 20, Return: 30, Output: known,
			Input: linear.Input{Kind: linear.PutBudget}}, [2]bool{true, false}},
		{"new budget", linear.Op{Call: 120, Return: 130, Output: known,
			Input: linear.Input{Kind: linear.PutBudget}}, [2]bool{false, true}},
		{"a session of before that the new one opened", linear.Op{Call: 90, Return: 130,
			Output: &linear.Output{Answer: linear.Done, Session: 1001},
			Input:  linear.Input{Kind: linear.OpenSession}}, [2]bool{false, true}},
	} {
		for i, want := range test.want {
			if got := len(s.ofRun(linear.History{test.op}, i)) == 1; got != want {
				t.Errorf("%s: in run %d: %t, want %t", test.name, i+1, got, want)
			}
		}
	}
}
