package lockstep

import (
	"fmt"
	"slices"

	"github.com/leased-io/leased/spec/twin/explore"
)

// node is where a walk may be: a state of the twin, relative to the window of T, and of each
// request whether the coordinator has decided it, which the code remembers and the twin
// forgets with the window.
type node struct {
	s       explore.WindowState
	decided [maxRequests]bool
}

// maxRequests is the twin's: its states have room for three.
const maxRequests = 3

// edge is one step that can be walked.
type edge struct {
	to     uint32
	step   explore.WindowStep
	branch uint8 // index into graph.branches
	names  uint8 // index into graph.renamings: what the requests are called in to
}

// graph has every state that the code can be led to in a scope, and every step of the twin from
// there that the code can take.
type graph struct {
	scope Scope
	twin  *explore.WindowLease
	nodes []node
	first []uint32 // the edges of node i are first[i] up to first[i+1]
	edges []edge

	branches  []branch
	number    map[branch]uint8
	renamings []renaming
	// unwalked counts, by kind of step and reason, what the twin can do and the code cannot.
	unwalked map[obstacle]int
}

// obstacle is a kind of step that cannot be walked, and why.
type obstacle struct {
	kind explore.WindowKind
	why  unwalked
}

// maxNodes bounds a graph: a scope that has more is too large to be walked edge by edge.
const maxNodes = 4_000_000

// newGraph explores a scope breadth first. It fails where the twin breaks its own invariants.
func newGraph(scope Scope) (*graph, error) {
	g := &graph{
		scope: scope, twin: scope.twin(),
		number: map[branch]uint8{}, unwalked: map[obstacle]int{},
	}
	known := map[node]uint32{}
	number := func(n node) uint32 {
		i, ok := known[n]
		if !ok {
			i = uint32(len(g.nodes))
			known[n] = i
			g.nodes = append(g.nodes, n)
		}
		return i
	}
	// The initial state is the same by any names.
	number(node{s: g.twin.Fold(g.twin.Init())})
	for i := 0; i < len(g.nodes); i++ {
		if len(g.nodes) > maxNodes {
			return nil, fmt.Errorf("lockstep: scope %s has more than %d states", scope.Name, maxNodes)
		}
		n := g.nodes[i]
		if name := g.twin.Broken(n.s); name != "" {
			return nil, fmt.Errorf("lockstep: %s does not hold in the twin's state %v",
				name, g.twin.Show(n.s))
		}
		g.first = append(g.first, uint32(len(g.edges)))
		g.expand(&n, func(step explore.WindowStep, b branch, to node) {
			r := g.canonical(&to)
			e := edge{step: step, branch: g.branch(b), names: g.renaming(r)}
			e.to = number(r.node(&to))
			g.addEdge(e, i)
		})
	}
	g.first = append(g.first, uint32(len(g.edges)))
	return g, nil
}

// addEdge adds an edge of node i, once: the twin emits a step as often as there are ways to it.
func (g *graph) addEdge(e edge, i int) {
	for _, have := range g.edges[g.first[i]:] {
		if have == e {
			return
		}
	}
	g.edges = append(g.edges, e)
}

// branch numbers a branch.
func (g *graph) branch(b branch) uint8 {
	i, ok := g.number[b]
	if !ok {
		i = uint8(len(g.branches))
		g.number[b] = i
		g.branches = append(g.branches, b)
	}
	return i
}

// renaming numbers a renaming. There are six at most.
func (g *graph) renaming(r renaming) uint8 {
	i := slices.Index(g.renamings, r)
	if i < 0 {
		i = len(g.renamings)
		g.renamings = append(g.renamings, r)
	}
	return uint8(i)
}

// target returns where an edge leads, by the names that its requests have before it.
func (g *graph) target(e edge) node {
	return g.renamings[e.names].inverse().node(&g.nodes[e.to])
}

// out returns the edges of a node.
func (g *graph) out(i uint32) []edge { return g.edges[g.first[i]:g.first[i+1]] }
