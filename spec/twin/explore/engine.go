package explore

// Action is a kind of step, in its high byte, and whom it concerns, in its low one. The model
// alone gives it meaning, by Name.
type Action uint16

// act makes an Action.
func act(kind, whom int) Action { return Action(kind<<8 | whom) }

func (a Action) kind() int { return int(a >> 8) }
func (a Action) whom() int { return int(a & 0xff) }

// Model is a transition system. S should be a struct or array of small integers without
// padding: states are copied, compared and kept by the million. Hash, Init, Next, Name and
// Show are needed; the rest may be nil.
type Model[S comparable] struct {
	// Init emits the initial states.
	Init func(emit func(S))
	// Next emits each successor of a state, as often as TLC would.
	Next func(s S, emit func(Action, S))
	// Invariants hold in every state, or the exploration ends. They are checked in this order.
	Invariants []Invariant[S]
	// StepInvariants hold for every step, also for one to a known state.
	StepInvariants []StepInvariant[S]

	// Constraint says whether a state is within the bounds of the exploration.
	Constraint func(S) bool
	// StepConstraint says whether a step is.
	StepConstraint func(s, next S) bool
	// Fold maps the states that are to count as one to one value. The value is only
	// compared; it need not be a state that can be reached.
	Fold func(S) S
	// Canonical maps the states that differ by a renaming to one of them, from which the
	// exploration goes on.
	Canonical func(S) S

	// Hash spreads states; two states that are equal have one hash.
	Hash func(S) uint64
	// Name returns an action as the specification writes it.
	Name func(Action) string
	// Show returns a state in words, the same fields in the same order for every state.
	Show func(S) []Field
}

// Invariant is a property of one state.
type Invariant[S comparable] struct {
	Name  string
	Holds func(S) bool
}

// StepInvariant is a property of one step.
type StepInvariant[S comparable] struct {
	Name  string
	Holds func(s, next S) bool
}

// maxStates bounds every exploration: state numbers are 32 bits wide, with 0 left for "none".
const maxStates = 1<<32 - 2

// progressEvery is how many states are visited between two calls of Options.Progress.
const progressEvery = 1 << 16

// Options are the parameters of one exploration.
type Options struct {
	// MaxDistinct ends the exploration early. 0 stands for as many as can be numbered.
	MaxDistinct int
	// Progress, if not nil, is called now and then, from the goroutine that explores.
	Progress func(Result)
}

// Result is what an exploration found, or has found so far.
type Result struct {
	// Generated and Distinct are counted as TLC counts them; see the package comment.
	Generated, Distinct int
	// Depth is the number of states on the longest of the shortest paths.
	Depth int
	// Exhausted is whether every state within bounds was visited.
	Exhausted bool
	// Violated names the invariant that does not hold in the last state of Trace.
	Violated string
	// Trace is a shortest way to the violation, from an initial state.
	Trace Trace
}

// Verdict returns "valid", "violates NAME", or "unknown" if the exploration ended early.
func (r Result) Verdict() string {
	switch {
	case r.Violated != "":
		return "violates " + r.Violated
	case r.Exhausted:
		return "valid"
	}
	return "unknown"
}

// explorer is one exploration under way.
type explorer[S comparable] struct {
	m      Model[S]
	opts   Options
	set    *stateSet[S]
	result Result

	from      uint32 // the state that is being visited, noParent for initial states
	fromState S
	done      bool
}

// Explore visits the states of m breadth first until all are visited, an invariant does not
// hold, or a bound is met. It blocks, and takes memory of about the size of S plus 24 bytes a
// distinct state.
func Explore[S comparable](m Model[S], opts Options) Result {
	if opts.MaxDistinct <= 0 || opts.MaxDistinct > maxStates {
		opts.MaxDistinct = maxStates
	}
	x := &explorer[S]{m: m, opts: opts, set: newStateSet(m.Fold, m.Hash), from: noParent}
	m.Init(func(s S) { x.meet(0, s, true) })

	levelEnd := x.set.len()
	if levelEnd > 0 {
		x.result.Depth = 1
	}
	for i := 0; i < x.set.len() && !x.done; i++ {
		if i == levelEnd {
			x.result.Depth++
			levelEnd = x.set.len()
		}
		x.from, x.fromState = uint32(i), x.set.at(uint32(i))
		m.Next(x.fromState, x.step)
		if opts.Progress != nil && i%progressEvery == progressEvery-1 {
			x.result.Distinct = x.set.len()
			opts.Progress(x.result)
		}
	}
	x.result.Distinct = x.set.len()
	x.result.Exhausted = !x.done
	return x.result
}

// step judges one step from the state that is being visited.
func (x *explorer[S]) step(a Action, next S) {
	if x.done {
		return
	}
	inBounds := x.m.StepConstraint == nil || x.m.StepConstraint(x.fromState, next)
	for _, inv := range x.m.StepInvariants {
		if !inv.Holds(x.fromState, next) {
			x.violation(inv.Name, a, next)
			return
		}
	}
	x.meet(a, next, inBounds)
}

// meet judges one state that a was generated for.
func (x *explorer[S]) meet(a Action, s S, inBounds bool) {
	x.result.Generated++
	inBounds = inBounds && (x.m.Constraint == nil || x.m.Constraint(s))
	if inBounds {
		kept := s
		if x.m.Canonical != nil {
			kept = x.m.Canonical(s)
		}
		if !x.set.add(kept, x.from) {
			return // known, hence checked
		}
	}
	for _, inv := range x.m.Invariants {
		if !inv.Holds(s) {
			x.violation(inv.Name, a, s)
			return
		}
	}
	if x.set.len() >= x.opts.MaxDistinct {
		x.done = true
	}
}

// violation ends the exploration at a state that a led to.
func (x *explorer[S]) violation(name string, a Action, bad S) {
	if x.done {
		return
	}
	x.done = true
	x.result.Violated = name
	x.result.Trace = x.trace(a, bad)
}
