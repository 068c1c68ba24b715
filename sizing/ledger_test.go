package sizing

import (
	"math"
	"testing"
	"time"
)

// ledgers plays windows by slot, as a Sizer does, and returns what each grid size came to.
func (g game) ledgers(windows [][]offer, hold float64) (size, cost arms, n int) {
	s := g.sizer(PolicyHedge, 1)
	b := ledger{n: s.book.n, bound: float64(g.limit.Amount), hold: hold}
	slot := g.limit.Per / slotsPerWindow
	for _, offers := range windows {
		i := 0
		s.resize(0)
		for at := slot; at <= g.limit.Per; at += slot {
			demand, count := 0.0, 0.0
			for ; i < len(offers) && offers[i].at < at; i++ {
				demand += float64(offers[i].n)
				count++
			}
			b.slot(demand, count, 1.0/slotsPerWindow, &s.size)
		}
		b.roll()
	}
	return s.size, b.close(), b.n
}

// strays returns the most by which the ledger's costs differ from the bills of the same sizes.
func (g game) strays(windows [][]offer, hold float64) float64 {
	most := 0.0
	size, cost, n := g.ledgers(windows, hold)
	for i := range n {
		b := g.play(windows, fixed(size[i]))
		most = max(most, math.Abs(cost[i]/b.cost-1))
	}
	return most
}

// The ledger, which sums up slots, tells what a holder would have paid, offer by offer. One with
// another price does not, so the comparison can fail.
func TestLedgerAgreesWithTheBill(t *testing.T) {
	rng := seeded(t)
	g := newGame(1_000_000, 64*time.Second)
	for name, windows := range map[string][][]offer{
		"LLM-like": llmLike(rng, 200, g.limit.Per),
		"shifting": shifting(rng, g.limit.Amount, 200, 20, g.limit.Per),
	} {
		if got := g.strays(windows, g.hold); got > 0.2 {
			t.Errorf("%s: the ledger is off by %.0f %%, want at most 20", name, 100*got)
		}
		if got := g.strays(windows, g.hold/2); got < 0.25 {
			t.Errorf("%s: a ledger with half the price is off by %.0f %% only", name, 100*got)
		}
	}
}

// By hand: a limit of 100, orders of 10 and of 40, two slots of half a window.
func TestLedgerByHand(t *testing.T) {
	b := ledger{n: 2, bound: 100, hold: 1}
	size := arms{10, 40}
	b.slot(25, 5, 0.5, &size) // 3 orders, 5 over; 1 order, 15 over
	if b.held != (arms{5, 15}) || b.cost != (arms{5.5, 8.5}) {
		t.Fatalf("held %v, cost %v", b.held[:2], b.cost[:2])
	}
	b.slot(200, 2, 0.5, &size) // one for what is missing; the limit has 70 and 60 left
	if b.held != (arms{}) || b.granted != (arms{100, 100}) || b.cost != (arms{7.5, 10.5}) {
		t.Fatalf("held %v, granted %v, cost %v", b.held[:2], b.granted[:2], b.cost[:2])
	}
	b.slot(50, 2, 0, &size) // nothing is left, so nobody is asked
	if b.cost != (arms{7.5, 10.5}) {
		t.Fatalf("cost %v", b.cost[:2])
	}
	b.roll()
	b.slot(1, 1, 0, &size)
	b.roll() // 9 and 39 are stranded
	if got := b.close(); got != (arms{7.5 + 1 + 9, 10.5 + 1 + 39}) {
		t.Errorf("cost %v", got[:2])
	}
	if b.cost != (arms{}) || b.held != (arms{}) {
		t.Error("a round or a window is not over after its end")
	}
}
