package cluster

import (
	"strings"
	"testing"

	"github.com/leased-io/leased/test/jepsen-lite/linear"
)

// TestPartHistory: a call belongs to the cluster that answered it. Of one that spans the parting,
// the answer tells which that was, if any answer can.
func TestPartHistory(t *testing.T) {
	p := parting{at: 100, first: 1000}
	done := func(call, back int64, in linear.Input, out linear.Output) linear.Op {
		return linear.Op{Call: call, Return: back, Input: in, Output: &out}
	}
	open := linear.Input{Kind: linear.OpenSession}
	put := linear.Input{Kind: linear.PutBudget, Budget: "b"}
	old, young := linear.Input{Kind: linear.Acquire, Session: 7},
		linear.Input{Kind: linear.Acquire, Session: 1000}
	back := linear.Input{Kind: linear.GiveBack, Session: 7}
	granted, unknown := linear.Output{Answer: linear.Granted}, linear.Output{Answer: linear.NoSession}
	for _, test := range []struct {
		name          string
		op            linear.Op
		first, second int
		answered      bool
		wrong         bool
	}{
		{"before", done(1, 2, old, granted), 1, 0, true, false},
		{"before, and unknown", done(1, 2, old, unknown), 1, 0, true, false},
		{"held up, and heard later", done(99, 120, old, granted), 1, 0, true, false},
		{"on its way to the second", done(99, 120, old, unknown), 1, 0, false, false},
		{"refused by either", done(99, 120, open, linear.Output{Answer: linear.NoBudget}), 1, 0, false,
			false},
		{"changed by either", done(99, 120, put, linear.Output{Answer: linear.Done}), 1, 1, false, false},
		{"changed before", done(97, 99, put, linear.Output{Answer: linear.Done}), 1, 0, true, false},
		{"opened by the first", done(99, 120, open, linear.Output{Session: 9}), 1, 0, true, false},
		{"opened by the second", done(99, 120, open, linear.Output{Session: 1000}), 0, 1, true, false},
		{"after", done(101, 120, young, granted), 0, 1, true, false},
		{"after, of the first", done(101, 120, old, unknown), 0, 0, true, false},
		{"returned after", done(101, 120, back, linear.Output{Answer: linear.Done}), 0, 0, true, false},
		{"granted after", done(101, 120, old, granted), 0, 0, true, true},
		{"taken back after", done(101, 120, back, linear.Output{
			Answer: linear.Done, SessionKnown: true}), 0, 0, true, true},
	} {
		first, second, err := partHistory(linear.History{test.op}, p, 50)
		if second[0].Input.Kind != linear.TakeOver || second[0].Input.At != 50 {
			t.Fatalf("the second begins with %+v", second[0])
		}
		second = second[1:]
		if len(first) != test.first || len(second) != test.second || (err != nil) != test.wrong ||
			err != nil && !strings.Contains(err.Error(), "session 7 of the lost cluster") {
			t.Errorf("%s: %d of the first, %d of the second, %v", test.name, len(first), len(second), err)
			continue
		}
		for _, op := range append(first, second...) {
			if (op.Output != nil) != test.answered {
				t.Errorf("%s: got answer %+v", test.name, op.Output)
			}
		}
	}
}
