package lockstep

import "slices"

// guide leads to the nearest node that is wanted, while ever fewer are. It learns: near has a
// lower bound on each node's distance, which stays one as wanted nodes are ticked off. So most
// ways are found by looking at a few nodes, where a search would look at thousands (LRTA*: Korf,
// Real-time heuristic search, 1990).
type guide struct {
	near []uint16
}

func newGuide(nodes int) guide { return guide{make([]uint16, nodes)} }

// maxRehearsals bounds how often a way is gone over before it is taken: it may then be longer
// than it need be.
const maxRehearsals = 100

// farAway is farther than any node of a graph is from its first: what is that far cannot be
// reached from here, since a few nodes are only met at the beginning of a walk.
const farAway = 64

// way returns a way from a node to one that is wanted, as the places of its edges, or false if
// there is none.
func (d *guide) way(g *graph, from uint32, wanted func(uint32) bool) ([]uint16, bool) {
	var way []uint16
	for range maxRehearsals {
		learned := false
		way = way[:0]
		for at := from; !wanted(at); {
			if d.near[at] > farAway {
				return nil, false
			}
			best, by := d.step(g, at)
			if dist := d.near[best] + 1; dist > d.near[at] {
				d.near[at], learned = dist, true
			}
			way, at = append(way, by), best
		}
		if !learned {
			break
		}
	}
	return way, true
}

// step returns the neighbour that seems nearest to what is wanted, and the way there.
func (d *guide) step(g *graph, at uint32) (best uint32, by uint16) {
	least := ^uint16(0)
	for i, e := range g.out(at) {
		if near := d.near[e.to]; near < least {
			least, best, by = near, e.to, uint16(i)
		}
	}
	return best, by
}

// shortest returns a shortest way from one node to another, as the places of its edges.
func (g *graph) shortest(from, to uint32) []uint16 {
	type step struct {
		from uint32
		by   uint16
	}
	by := map[uint32]step{from: {}}
	for queue := []uint32{from}; len(queue) > 0; queue = queue[1:] {
		n := queue[0]
		if n == to {
			break
		}
		for i, e := range g.out(n) {
			if _, met := by[e.to]; !met {
				by[e.to] = step{n, uint16(i)}
				queue = append(queue, e.to)
			}
		}
	}
	var way []uint16
	for n := to; n != from; n = by[n].from {
		way = append(way, by[n].by)
	}
	slices.Reverse(way)
	return way
}
