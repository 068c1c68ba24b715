package sizing

import (
	"bufio"
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leased-io/leased/budget"
)

// llmLike returns windows that look like the Azure LLM inference trace of 2023, whose calls and
// tokens a minute vary by a factor of 50: a level that wanders, idle windows, and calls of some
// thousand tokens in clumps.
func llmLike(rng *rand.Rand, windows int, per time.Duration) [][]offer {
	all := make([][]offer, windows)
	level := 0.0
	for k := range all {
		level = 0.7*level + 0.8*rng.NormFloat64()
		if rng.Float64() < 0.15 {
			continue
		}
		calls := 90 * math.Exp(level)
		for at := time.Duration(0); ; {
			at += time.Duration(rng.ExpFloat64() * float64(per) * 4 / calls)
			if at >= per {
				break
			}
			for range 1 + rng.IntN(7) {
				tokens := min(1500*math.Exp(0.8*rng.NormFloat64()), 7437)
				all[k] = append(all[k], offer{at, 1 + budget.Credits(tokens)})
			}
		}
	}
	return all
}

// shifting returns windows of an even load that is a hundred times as high, or as low, after
// every so many.
func shifting(rng *rand.Rand, bound budget.Credits, windows, every int, per time.Duration,
) [][]offer {
	all := make([][]offer, windows)
	for k := range all {
		demand := float64(bound) / 2
		if k/every%2 == 1 {
			demand /= 100
		}
		all[k] = evenly(budget.Credits(demand*(0.9+0.2*rng.Float64())), 200, 0, per)
	}
	return all
}

// evenly returns demand in as many offers at most, from a time of the window on.
func evenly(demand budget.Credits, offers int, from, per time.Duration) []offer {
	n := min(budget.Credits(offers), demand)
	all := make([]offer, n)
	for i := range all {
		all[i].at = from + (per-from)*time.Duration(i)/time.Duration(n)
		all[i].n = demand*budget.Credits(i+1)/n - demand*budget.Credits(i)/n
	}
	return all
}

// adversary plays against s, whose weights it sees and whose draws it does not: each window is
// that of some which costs s most, by expectation, beyond what the size that is best so far pays.
// It returns the windows, for others and hindsight to play, and s's bill.
func (g game) adversary(s *Sizer, windows int) ([][]offer, bill) {
	var (
		all    [][]offer
		paid   bill
		rivals = g.sizes()
		totals = make([]float64, len(rivals))
	)
	for k := range windows {
		best := 0
		for i := range totals {
			if totals[i] < totals[best] {
				best = i
			}
		}
		var worst []offer
		most := math.Inf(-1)
		for _, w := range g.candidates() {
			var rival bill
			g.window(k, w, rivals[best], &rival)
			if harm := g.expected(k, w, s) - rival.cost; harm > most {
				worst, most = w, harm
			}
		}
		g.window(k, worst, s, &paid)
		for i, f := range rivals {
			var b bill
			g.window(k, worst, f, &b)
			totals[i] += b.cost
		}
		all = append(all, worst)
	}
	return all, paid
}

// candidates are the windows that the adversary chooses from: little and much, evenly spread, at
// once, and late.
func (g game) candidates() [][]offer {
	var all [][]offer
	for demand := g.limit.Amount; demand > 0; demand /= 8 {
		for _, from := range []time.Duration{0, g.limit.Per / 2, g.limit.Per * 15 / 16} {
			all = append(all, evenly(demand, 40, from, g.limit.Per))
		}
		all = append(all, []offer{{0, demand}})
	}
	return all
}

// expected returns what window k would cost s, over its draws. s itself plays nothing.
func (g game) expected(k int, offers []offer, s *Sizer) float64 {
	now := *s
	now.advance(int64(k) * int64(g.limit.Per))
	sum := 0.0
	for i, w := range now.learners.weight[:now.book.n] {
		if w > 1e-6 {
			var b bill
			drawn := now
			drawn.arm = i
			g.window(k, offers, &drawn, &b)
			sum += w * b.cost
		}
	}
	return sum
}

// readTrace reads TIMESTAMP,ContextTokens,GeneratedTokens rows, as the Azure LLM inference traces
// have them, cuts them into windows, and keeps every share-th call.
func readTrace(path string, per time.Duration, share int) ([][]offer, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var (
		all   [][]offer
		begun time.Time
		row   int
	)
	for s := bufio.NewScanner(f); s.Scan(); row++ {
		fields := strings.Split(strings.TrimSpace(s.Text()), ",")
		if row == 0 {
			continue // names
		}
		if len(fields) != 3 {
			return nil, fmt.Errorf("%s, row %d: %d fields, want 3", path, row, len(fields))
		}
		at, err := time.Parse("2006-01-02 15:04:05.999999999", fields[0])
		in, errIn := strconv.Atoi(fields[1])
		out, errOut := strconv.Atoi(fields[2])
		if err := cmp.Or(err, errIn, errOut); err != nil {
			return nil, fmt.Errorf("%s, row %d: %w", path, row, err)
		}
		if row == 1 {
			begun = at
		}
		k := int(at.Sub(begun) / per)
		if k < 0 || k > 1<<20 {
			return nil, fmt.Errorf("%s, row %d: %s is not within the trace", path, row, fields[0])
		}
		for len(all) <= k {
			all = append(all, nil)
		}
		if row%share == 0 {
			n := budget.Credits(max(1, in+out))
			all[k] = append(all[k], offer{at.Sub(begun) % per, n})
		}
	}
	for _, w := range all {
		slices.SortStableFunc(w, func(a, b offer) int { return cmp.Compare(a.at, b.at) })
	}
	return all, nil
}
