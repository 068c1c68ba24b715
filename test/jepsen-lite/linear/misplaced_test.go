package linear

import (
	"testing"

	"github.com/leased-io/leased/trace"
)

// inLog are calls in the order of the log: begun and over at these instants; over at 0: never.
func inLog(calls ...[2]int64) (known []placed) {
	for i, c := range calls {
		op := &Op{Client: i, Call: c[0], Return: c[1]}
		known = append(known, placed{op: op, seen: op, place: place{index: uint64(i + 1)}})
	}
	return known
}

// TestMisplaced: of calls that are not in the order of real time, those go that contradict most
// others, and no more than must.
func TestMisplaced(t *testing.T) {
	for _, test := range []struct {
		name  string
		known []placed
		free  []int
	}{
		{"in order", inLog([2]int64{10, 20}, [2]int64{30, 40}, [2]int64{35, 0}), nil},
		{"at once", inLog([2]int64{30, 90}, [2]int64{20, 80}, [2]int64{10, 70}), nil},
		{"one that is placed late", inLog([2]int64{10, 20}, [2]int64{50, 60}, [2]int64{70, 80},
			[2]int64{30, 40}, [2]int64{90, 95}), []int{3}},
		{"one that is placed early", inLog([2]int64{70, 0}, [2]int64{10, 20}, [2]int64{30, 40},
			[2]int64{50, 60}), []int{0}},
		{"one of each", inLog([2]int64{70, 75}, [2]int64{10, 20}, [2]int64{30, 40},
			[2]int64{50, 60}, [2]int64{80, 90}, [2]int64{100, 110}, [2]int64{76, 78}), []int{0, 6}},
	} {
		kept, free, ok := misplaced(test.known)
		if !ok || len(kept)+len(free) != len(test.known) || len(free) != len(test.free) {
			t.Fatalf("%s: %d kept, %d free, %t", test.name, len(kept), len(free), ok)
		}
		for i, p := range free {
			if p.op.Client != test.free[i] {
				t.Errorf("%s: call %d is free, want %d", test.name, p.op.Client, test.free[i])
			}
		}
		if early, late := contradictions(kept); len(early)+len(late) > 0 {
			t.Errorf("%s: %v and %v still contradict each other", test.name, early, late)
		}
	}
}

// TestMisplacedWithoutEnd: a log that contradicts itself all along is not followed.
func TestMisplacedWithoutEnd(t *testing.T) {
	var calls [][2]int64
	for i := range int64(mostMisplaced) {
		calls = append(calls, [2]int64{10_000 - 10*i, 10_001 - 10*i})
	}
	if _, _, ok := misplaced(inLog(calls...)); ok {
		t.Error("it is in order")
	}
}

// TestDeniedWhileTheClockStands: a leader whose clock is behind lets the cluster's stand, so that
// many entries have effect at one reading. A denial that is told again then is of the call's own
// time.
func TestDeniedWhileTheClockStands(t *testing.T) {
	m := NewMarks()
	for i := uint64(1); i <= 10; i++ {
		m.Take(i, 1, &trace.Event{Kind: trace.KindEntry, At: 100 * int64(i), T: 5})
	}
	m.Take(2, 2, &trace.Event{Kind: trace.KindDeny, Session: 1, Seq: 1, TTL: 3})
	for _, test := range []struct {
		call, back int64
		index      uint64
		ok         bool
	}{
		{350, 450, 4, true},
		{350, 650, 6, true},
		{410, 450, 5, true}, // its leader's last words are lost
		{1050, 1060, 0, false},
	} {
		op := &Op{Call: test.call, Return: test.back,
			Input:  Input{Kind: Acquire, Session: 1, Seq: 1},
			Output: &Output{Answer: Denied, Denial: &Denial{RetryAfter: 3}}}
		if p, ok := m.deniedAgain(op); ok != test.ok || ok && p.index != test.index {
			t.Errorf("a call from %d to %d: entry %d, %t; want %d, %t", test.call, test.back, p.index, ok,
				test.index, test.ok)
		}
	}
}
