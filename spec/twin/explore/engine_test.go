package explore

import (
	"fmt"
	"testing"
)

// pair is a toy: two counters, of which either may be raised by one, up to 3.
type pair struct{ a, b int8 }

func toy() Model[pair] {
	return Model[pair]{
		Init: func(emit func(pair)) { emit(pair{}) },
		Next: func(s pair, emit func(Action, pair)) {
			if s.a < 3 {
				emit(act(1, 0), pair{s.a + 1, s.b})
			}
			if s.b < 3 {
				emit(act(1, 1), pair{s.a, s.b + 1})
			}
		},
		Hash: func(pair) uint64 { return 7 }, // all collide: equality must decide
		Name: func(a Action) string { return fmt.Sprintf("Raise(%d)", a.whom()) },
		Show: func(s pair) []Field {
			return []Field{{"a", fmt.Sprint(s.a)}, {"b", fmt.Sprint(s.b)}}
		},
	}
}

func TestExploreCounts(t *testing.T) {
	plain := toy()
	folded := toy()
	folded.Fold = func(s pair) pair { return pair{s.a, 0} }
	symmetric := toy()
	symmetric.Canonical = func(s pair) pair { return pair{min(s.a, s.b), max(s.a, s.b)} }
	bounded := toy()
	bounded.Constraint = func(s pair) bool { return s.a <= 1 }
	stepped := toy()
	stepped.StepConstraint = func(s, n pair) bool { return n.b == s.b }

	for _, c := range []struct {
		name                       string
		m                          Model[pair]
		opts                       Options
		generated, distinct, depth int
		verdict                    string
	}{
		{"plain", plain, Options{}, 25, 16, 7, "valid"},
		// (0,0) (1,0) (2,0) (3,0), each with two successors but the last.
		{"folded", folded, Options{}, 8, 4, 4, "valid"},
		{"symmetric", symmetric, Options{}, 16, 10, 7, "valid"},
		// a = 2 is generated from each of the four states with a = 1, and not kept.
		{"bounded", bounded, Options{}, 15, 8, 5, "valid"},
		{"stepped", stepped, Options{}, 8, 4, 4, "valid"},
		{"cut short", plain, Options{MaxDistinct: 5}, 0, 5, 0, "unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := Explore(c.m, c.opts)
			if r.Verdict() != c.verdict || r.Distinct != c.distinct {
				t.Errorf("got %s, %d distinct; want %s, %d",
					r.Verdict(), r.Distinct, c.verdict, c.distinct)
			}
			if r.Exhausted && (r.Generated != c.generated || r.Depth != c.depth) {
				t.Errorf("got %d generated, depth %d; want %d, %d",
					r.Generated, r.Depth, c.generated, c.depth)
			}
		})
	}
}

func TestExploreFindsShortest(t *testing.T) {
	sum3 := Invariant[pair]{"SumBelow3", func(s pair) bool { return s.a+s.b < 3 }}
	initial := Invariant[pair]{"NotZero", func(s pair) bool { return s != pair{} }}
	never := StepInvariant[pair]{"BStays", func(s, n pair) bool { return n.b == s.b }}
	symmetric := func(s pair) pair { return pair{max(s.a, s.b), min(s.a, s.b)} }

	for _, c := range []struct {
		name   string
		change func(*Model[pair])
		want   string
		states int
	}{
		{"state", func(m *Model[pair]) { m.Invariants = []Invariant[pair]{sum3} }, "SumBelow3", 4},
		{"initial", func(m *Model[pair]) { m.Invariants = []Invariant[pair]{initial} },
			"NotZero", 1},
		{"step", func(m *Model[pair]) { m.StepInvariants = []StepInvariant[pair]{never} },
			"BStays", 2},
		{"renamed", func(m *Model[pair]) {
			m.Invariants, m.Canonical = []Invariant[pair]{sum3}, symmetric
		}, "SumBelow3", 4},
		// A state out of bounds is not visited, but it is checked.
		{"out of bounds", func(m *Model[pair]) {
			m.Invariants = []Invariant[pair]{sum3}
			m.Constraint = func(s pair) bool { return s.a+s.b < 3 }
		}, "SumBelow3", 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := toy()
			c.change(&m)
			r := Explore(m, Options{})
			if r.Violated != c.want || len(r.Trace) != c.states {
				t.Errorf("got %s after %d states, want %s after %d\n%s",
					r.Verdict(), len(r.Trace), c.want, c.states, r.Trace)
			}
		})
	}
}

// The set grows over several sizes of its table and pages, and forgets nothing.
func TestStateSet(t *testing.T) {
	set := newStateSet(nil, func(n int32) uint64 { return mix(0, uint64(n)) })
	const n = 5 * firstTable
	for round := range 2 {
		for i := range int32(n) {
			if fresh := set.add(i, noParent); fresh != (round == 0) {
				t.Fatalf("round %d: add(%d) = %t", round, i, fresh)
			}
		}
	}
	if set.len() != n || set.at(n-1) != n-1 {
		t.Errorf("got %d states, the last %d; want %d", set.len(), set.at(n-1), n)
	}
}

func TestProgress(t *testing.T) {
	config, _ := Find("W_p2n_retry_nosym")
	calls := 0
	config.Run(Options{Progress: func(r Result) {
		calls++
		if r.Exhausted || r.Distinct == 0 {
			t.Errorf("progress of %+v", r)
		}
	}})
	if calls == 0 {
		t.Error("no progress")
	}
}
