package lockstep

import (
	"fmt"
	"math/rand/v2"
)

// Bounds of one walk: the next one starts with a new system, before its tables grow so that
// every check of them costs more, and before T reaches the time after which sessions are
// forgotten.
const (
	maxSteps = 500
	maxTime  = 4 * 60 * 100 // units: four minutes
)

// tour walks every edge of a graph at least once, in few and long walks.
type tour struct {
	g       *graph
	o       Options
	w       *walk
	walks   int
	steps   int
	next    []uint32 // of each node, the first of its edges that is not known to be walked
	walked  []bool
	left    int
	probed  []bool
	guide   guide
	coin    *rand.Rand // which further visits are probed
	refused refusals
}

func newTour(g *graph, o Options) *tour {
	t := &tour{
		g: g, o: o, next: make([]uint32, len(g.nodes)), walked: make([]bool, len(g.edges)),
		left: len(g.edges), probed: make([]bool, len(g.nodes)),
		guide: newGuide(len(g.nodes)), refused: refusals{},
		coin: rand.New(rand.NewPCG(o.Seed, 0xc01)),
	}
	copy(t.next, g.first)
	return t
}

// run walks until nothing is left, or the bound on edges is met.
func (t *tour) run() error {
	t.restart()
	for t.left > 0 && (t.o.MaxEdges == 0 || len(t.g.edges)-t.left < t.o.MaxEdges) {
		if len(t.w.path) > maxSteps || int64(t.w.y.state.T()) > maxTime*int64(unit) {
			t.restart()
		}
		if i, ok := t.untaken(t.w.at); ok {
			if err := t.take(i); err != nil {
				return err
			}
			continue
		}
		way, ok := t.guide.way(t.g, t.w.at, t.hasUntaken)
		if !ok && t.w.at == 0 {
			return fmt.Errorf("lockstep: %d edges cannot be reached", t.left)
		}
		if !ok {
			t.restart()
		}
		for _, i := range way {
			if err := t.take(int(i)); err != nil {
				return err
			}
		}
	}
	t.collect()
	return nil
}

func (t *tour) collect() {
	if t.w == nil {
		return
	}
	for code, n := range t.w.y.seen {
		t.refused[code] += n
	}
	t.steps += len(t.w.path)
}

func (t *tour) restart() {
	t.collect()
	t.w = newWalk(t.g, t.o.Seed+uint64(t.walks), t.o.Break)
	t.walks++
}

// untaken returns the first edge of a node that was not walked.
func (t *tour) untaken(n uint32) (int, bool) {
	for ; t.next[n] < t.g.first[n+1]; t.next[n]++ {
		if i := t.next[n]; !t.walked[i] {
			return int(i - t.g.first[n]), true
		}
	}
	return 0, false
}

func (t *tour) hasUntaken(n uint32) bool {
	_, ok := t.untaken(n)
	return ok
}

// take walks one edge. Every state is probed at its first visit, and after some edges.
func (t *tour) take(i int) error {
	e := t.g.first[t.w.at] + uint32(i)
	to := t.g.edges[e].to
	p := uint16(i)
	if !t.probed[to] || !t.walked[e] && t.coin.IntN(2) == 0 {
		t.probed[to] = true
		p |= probed
	}
	if err := t.w.take(p); err != nil {
		return t.fail(err)
	}
	if !t.walked[e] {
		t.walked[e] = true
		t.left--
	}
	return nil
}
