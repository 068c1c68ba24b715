package lockstep

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/leased-io/leased/fsm"
)

// Options of a tour.
type Options struct {
	// Seed is of the harness's own choices: those that the twin's state must not depend on.
	Seed uint64
	// Break is what the harness breaks.
	Break Break
	// MaxEdges ends the tour when so many edges were walked. 0: when all were.
	MaxEdges int
}

// Report is what a tour covered.
type Report struct {
	Scope         string
	States, Edges int // that can be walked
	Walked        int // of the edges, each counted once
	Walks, Steps  int
	Branches      []Coverage
	Unwalked      []Unwalked
	// Refused counts by its answer how often the code refused what the twin grants.
	Refused map[fsm.Code]int
}

// Coverage is how many edges of a kind there are, and how many were walked.
type Coverage struct {
	Branch        string
	Edges, Walked int
}

// Unwalked is how many edges of the twin the code cannot take, of a kind and for a reason. They
// lead from states that can be walked to.
type Unwalked struct {
	Kind, Why string
	Edges     int
}

// Run walks every edge of a scope, and returns what was covered. The error is a *Failure, or
// says why the scope cannot be walked. A mutant of the code is caught if there is one.
func Run(scope Scope, o Options) (Report, error) {
	g, err := newGraph(scope)
	if err != nil {
		return Report{Scope: scope.Name}, err
	}
	t := newTour(g, o)
	err = t.run()
	return t.report(), err
}

func (t *tour) report() Report {
	r := Report{Scope: t.g.scope.Name, States: len(t.g.nodes), Edges: len(t.g.edges),
		Walked: len(t.g.edges) - t.left, Walks: t.walks, Steps: t.steps, Refused: t.refused}
	r.Branches = make([]Coverage, len(t.g.branches))
	for i, b := range t.g.branches {
		r.Branches[i].Branch = string(b)
	}
	for i, e := range t.g.edges {
		c := &r.Branches[e.branch]
		c.Edges++
		if t.walked[i] {
			c.Walked++
		}
	}
	slices.SortFunc(r.Branches, func(a, b Coverage) int { return cmp.Compare(a.Branch, b.Branch) })
	for o, n := range t.g.unwalked {
		r.Unwalked = append(r.Unwalked, Unwalked{kindNames[o.kind], string(o.why), n})
	}
	slices.SortFunc(r.Unwalked, func(a, b Unwalked) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Why, b.Why))
	})
	return r
}

// String returns the report as a table.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "scope %s: %d states, %d of %d edges walked, in %d steps of %d walks\n",
		r.Scope, r.States, r.Walked, r.Edges, r.Steps, r.Walks)
	fmt.Fprintf(&b, "  %9s %9s  %s\n", "edges", "walked", "kind")
	for _, c := range r.Branches {
		fmt.Fprintf(&b, "  %9d %9d  %s\n", c.Edges, c.Walked, c.Branch)
	}
	for _, u := range r.Unwalked {
		fmt.Fprintf(&b, "  %9d %9s  %s: %s\n", u.Edges, "-", u.Kind, u.Why)
	}
	for code := fsm.CodeInvalid; code <= fsm.CodeDone; code++ {
		if n := r.Refused[code]; n > 0 {
			fmt.Fprintf(&b, "  refused %d times with %v\n", n, code)
		}
	}
	return b.String()
}
