package sizing

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// none is the holder's own choice, without a sizer.
func none(int) lease.Sizing { return nil }

// sizedBy has every holder choose by a policy, from a seed of its own.
func sizedBy(p Policy) func(int) lease.Sizing {
	return func(holder int) lease.Sizing {
		return func(limit budget.Limit) lease.Sizer {
			return New(limit, Config{
				Policy: p, Stranding: DefaultStranding, Seed: *seed + uint64(holder),
			})
		}
	}
}

// always has every holder order the same size.
func always(f fixed) func(int) lease.Sizing {
	return func(int) lease.Sizing { return func(budget.Limit) lease.Sizer { return f } }
}

// TestFleet plays whole holders, with their prefetching, renewals and returns, against a
// coordinator that tapers its grants. With -v it prints what each choice of sizes comes to,
// without one ("horizon") and for the best size in hindsight too; with -sizing.trace=FILE also
// for the hour of LLM calls of that file.
func TestFleet(t *testing.T) {
	rng := seeded(t)
	const holders = 8
	g := newGame(1_000_000, time.Minute)
	loads := map[string][][]offer{"LLM-like": llmLike(rng, 60, time.Minute)}
	order := []string{"LLM-like"}
	if *traceFile != "" {
		w, err := readTrace(*traceFile, time.Minute, 1)
		if err != nil {
			t.Fatal(err)
		}
		loads["trace"] = w
		order = append(order, "trace")
	}
	var tb strings.Builder
	for _, name := range order {
		best, size := bill{cost: math.Inf(1)}, fixed(0)
		var rows []string
		row := func(choice string, sizing func(int) lease.Sizing) bill {
			f := newFleet(g, holders, sizing)
			b := f.play(loads[name])
			if f.spent > b.granted || b.granted > g.limit.Amount*budget.Credits(len(loads[name])+1) {
				t.Errorf("%s, %s: %d spent of %d granted", name, choice, f.spent, b.granted)
			}
			rows = append(rows, fmt.Sprintf("%-10s %-14s %10.1f %10.1f %8.1f %8.1f %9.1f %8.0f",
				name, choice, per1000(b.calls, b.admitted),
				100*float64(b.stranded)/float64(max(1, b.granted)),
				per1000(f.missed, b.offered), per1000(f.denied, b.offered),
				100*b.held/float64(len(loads[name]))/float64(g.limit.Amount), b.cost))
			return b
		}
		for f := fixed(64); f <= fixed(g.limit.Amount); f *= 2 {
			if b := row(fmt.Sprintf("best: %d", f), always(f)); b.cost < best.cost {
				best, size = b, f
				rows[0] = rows[len(rows)-1]
			}
			rows = rows[:1]
		}
		if size == 64 {
			t.Errorf("%s: the smallest size is the best: look further", name)
		}
		own := row("horizon", none)
		for _, p := range policies {
			b, most := row(string(p), sizedBy(p)), 1.0
			if p == PolicyHedge {
				most = 1.15 // an hour is short for one that predicts nothing
			}
			if b.cost > most*own.cost {
				t.Errorf("%s: %s costs %.0f, the holder's own choice %.0f", name, p, b.cost, own.cost)
			}
		}
		if b := row("whole limit", always(fixed(g.limit.Amount))); b.cost < 1.1*best.cost {
			t.Errorf("%s: ordering all there is costs as little: this measures nothing", name)
		}
		tb.WriteString(strings.Join(rows, "\n") + "\n")
	}
	t.Logf("%d holders\n%-10s %-14s %10s %10s %8s %8s %9s %8s\n%s", holders, "load", "choice",
		"calls/1000", "stranded%", "waited", "denied", "held%", "cost", tb.String())
}

func per1000(n, of int) float64 { return 1000 * float64(n) / float64(max(1, of)) }
