package explore

import (
	"fmt"
	"strings"
)

// Field is one part of a state, in words.
type Field struct{ Name, Value string }

// TraceStep is one step of a trace: the action, and what it changed.
type TraceStep struct {
	// Action is the specification's name of the step, or "Init".
	Action string
	// Changes are the fields that differ from the state before; of Init, all fields.
	Changes []Field
}

// Trace is a behaviour, from an initial state on.
type Trace []TraceStep

// String returns the trace, a step a line.
func (t Trace) String() string {
	var b strings.Builder
	for i, step := range t {
		fmt.Fprintf(&b, "%3d  %-20s", i+1, step.Action)
		for _, f := range step.Changes {
			fmt.Fprintf(&b, "  %s=%s", f.Name, f.Value)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// trace returns the way to bad, which a led to from the state that is being visited. Only
// numbers of parents are kept; the actions are found by taking the steps again. With Canonical
// the names of a kept state may not be those of the one before, so the steps are taken by
// states of one behaviour, and only recognised by the kept ones.
func (x *explorer[S]) trace(a Action, bad S) Trace {
	var path []uint32
	for i := x.from; i != noParent; i = x.set.parents[i] {
		path = append(path, i)
	}
	canonical := x.m.Canonical
	if canonical == nil {
		canonical = func(s S) S { return s }
	}
	if len(path) == 0 {
		return Trace{{"Init", x.m.Show(bad)}}
	}
	s := x.set.at(path[len(path)-1])
	trace := Trace{{"Init", x.m.Show(s)}}
	for i := len(path) - 2; i >= 0; i-- {
		want := x.set.at(path[i])
		trace, s = x.follow(trace, s, func(_ Action, n S) bool { return canonical(n) == want })
	}
	want := canonical(bad)
	trace, _ = x.follow(trace, s, func(b Action, n S) bool {
		return b.kind() == a.kind() && canonical(n) == want
	})
	return trace
}

// follow appends the first step from s that is wanted, and returns the state that it leads to.
func (x *explorer[S]) follow(t Trace, s S, wanted func(Action, S) bool) (Trace, S) {
	to, found := s, false
	x.m.Next(s, func(a Action, n S) {
		if !found && wanted(a, n) {
			to, found = n, true
			t = append(t, TraceStep{x.m.Name(a), changes(x.m.Show(s), x.m.Show(n))})
		}
	})
	if !found {
		panic("explore: a state that was reached cannot be reached again: Next is not a function")
	}
	return t, to
}

// changes returns the fields of after that differ from before.
func changes(before, after []Field) []Field {
	var diff []Field
	for i, f := range after {
		if f != before[i] {
			diff = append(diff, f)
		}
	}
	return diff
}
