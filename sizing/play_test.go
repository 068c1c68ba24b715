package sizing

import (
	"math"
	"time"

	"github.com/leased-io/leased/budget"
)

// offer is what a caller wants at some time after its window began.
type offer struct {
	at time.Duration
	n  budget.Credits
}

// orderer says how many credits to order, now that some are missing. A Sizer is one, and so is
// a fixed size.
type orderer interface {
	Offered(now int64, n budget.Credits)
	Size(now int64, left, lead time.Duration) (size, reserve budget.Credits)
}

// fixed orders the same size always.
type fixed budget.Credits

func (fixed) Offered(int64, budget.Credits) {}

func (f fixed) Size(int64, time.Duration, time.Duration) (size, reserve budget.Credits) {
	return budget.Credits(f), 0
}

// bill is what a play came to, reckoned offer by offer as the package comment defines the cost:
// it shares no arithmetic with the ledger.
type bill struct {
	calls, admitted, offered int
	granted, stranded        budget.Credits
	held                     float64 // credit-windows
	cost                     float64
}

// add sums bills, and over divides the sum.
func (b *bill) add(o bill) {
	b.calls += o.calls
	b.admitted += o.admitted
	b.offered += o.offered
	b.granted += o.granted
	b.stranded += o.stranded
	b.held += o.held
	b.cost += o.cost
}

func (b bill) over(n int) bill {
	return bill{
		b.calls / n, b.admitted / n, b.offered / n, b.granted / budget.Credits(n),
		b.stranded / budget.Credits(n), b.held / float64(n), b.cost / float64(n),
	}
}

// game is a limit and the price of it.
type game struct {
	limit budget.Limit
	hold  float64
}

func newGame(bound budget.Credits, per time.Duration) game {
	return game{
		limit: budget.Limit{Metric: "tokens", Kind: budget.KindWindow, Amount: bound, Per: per},
		hold:  DefaultStranding / float64(bound),
	}
}

// window plays window k and adds it to the bill.
func (g game) window(k int, offers []offer, o orderer, b *bill) {
	start := int64(k) * int64(g.limit.Per)
	var have, granted budget.Credits
	last := time.Duration(0)
	for _, f := range offers {
		b.held += float64(have) * float64(f.at-last) / float64(g.limit.Per)
		last = f.at
		b.offered++
		o.Offered(start+int64(f.at), f.n)
		if have < f.n && granted < g.limit.Amount {
			size, _ := o.Size(start+int64(f.at), g.limit.Per-f.at, 0)
			got := min(max(f.n-have, size), g.limit.Amount-granted)
			b.calls++
			granted += got
			have += got
		}
		if have >= f.n {
			have -= f.n
			b.admitted++
		}
	}
	b.held += float64(have) * float64(g.limit.Per-last) / float64(g.limit.Per)
	b.granted += granted
	b.stranded += have
	b.cost = float64(b.calls) + g.hold*(b.held+float64(b.stranded))
}

// play plays all windows.
func (g game) play(windows [][]offer, o orderer) bill {
	var b bill
	for k, offers := range windows {
		g.window(k, offers, o, &b)
	}
	return b
}

// sizes returns every size that hindsight may choose: four to each doubling, which is four times
// as many as a learner has.
func (g game) sizes() []fixed {
	var all []fixed
	for x := 1.0; x < float64(g.limit.Amount); x *= math.Sqrt(math.Sqrt2) {
		if f := fixed(math.Round(x)); len(all) == 0 || f > all[len(all)-1] {
			all = append(all, f)
		}
	}
	return append(all, fixed(g.limit.Amount))
}

// hindsight returns the size that costs least, and its bill.
func (g game) hindsight(windows [][]offer) (fixed, bill) {
	var best fixed
	least := bill{cost: math.Inf(1)}
	for _, f := range g.sizes() {
		if b := g.play(windows, f); b.cost < least.cost {
			best, least = f, b
		}
	}
	return best, least
}
