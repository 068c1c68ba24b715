package sizing

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"
)

var traceFile = flag.String("sizing.trace", "", "CSV of LLM calls to play besides the generated")

// policies are those that are compared.
var policies = []Policy{PolicyEOQ, PolicyHedge, PolicyAided}

func (g game) sizer(p Policy, seed uint64) *Sizer {
	return New(g.limit, Config{Policy: p, Stranding: DefaultStranding, Seed: seed})
}

// table collects rows of policy and load.
type table struct{ strings.Builder }

func (tb *table) row(load, policy string, b bill, best float64) {
	if tb.Len() == 0 {
		fmt.Fprintf(tb, "%-22s %-12s %12s %10s %8s %8s\n",
			"load", "policy", "calls/1000", "stranded%", "cost", "x best")
	}
	fmt.Fprintf(tb, "%-22s %-12s %12.1f %10.1f %8.0f %8.2f\n", load, policy,
		1000*float64(b.calls)/float64(max(1, b.admitted)),
		100*float64(b.stranded)/float64(max(1, b.granted)), b.cost, b.cost/best)
}

// draws is over how many seeds of the sizers the bills are averaged.
const draws = 8

// mean returns the mean bill of draws plays. Within, the regret that a sizer reckons itself is
// within its bound.
func (g game) mean(t *testing.T, windows [][]offer, p Policy) bill {
	t.Helper()
	var sum bill
	for i := range uint64(draws) {
		s := g.sizer(p, *seed+i)
		sum.add(g.play(windows, s))
		withinBound(t, s.Status(0))
	}
	return sum.over(draws)
}

// withinBound checks what learner's comment promises, on the costs that the ledger reckoned.
func withinBound(t testing.TB, st Status) {
	t.Helper()
	if st.Regret > st.Bound+1e-6 {
		t.Errorf("%s: regret %v exceeds its bound %v", st.Policy, st.Regret, st.Bound)
	}
}

// TestRegret plays each policy on each load and compares its bill with that of the fixed size
// that was best in hindsight. With -v it prints the table; with -sizing.trace=FILE the hour of
// LLM calls of that file is played too, by one holder and by one of eight that share it.
func TestRegret(t *testing.T) {
	rng := seeded(t)
	const windows = 400
	g := newGame(1_000_000, time.Minute)
	loads := []load{
		{"LLM-like", llmLike(rng, windows, time.Minute),
			map[Policy]float64{PolicyEOQ: 1, PolicyHedge: 1.15, PolicyAided: 1}},
		{"shifting", shifting(rng, 1_000_000, windows, 50, time.Minute),
			map[Policy]float64{PolicyEOQ: 0.6, PolicyHedge: 1, PolicyAided: 0.65}},
	}
	if *traceFile != "" {
		for _, share := range []int{1, 8} {
			w, err := readTrace(*traceFile, time.Minute, share)
			if err != nil {
				t.Fatal(err)
			}
			loads = append(loads, load{fmt.Sprintf("trace, 1 of %d", share), w,
				map[Policy]float64{PolicyEOQ: 1.5, PolicyHedge: 1.5, PolicyAided: 1.5}})
		}
	}
	var tb table
	for _, l := range loads {
		f, best := g.hindsight(l.windows)
		tb.row(l.name, fmt.Sprintf("best: %d", f), best, best.cost)
		for _, p := range policies {
			b := g.mean(t, l.windows, p)
			tb.row(l.name, string(p), b, best.cost)
			if got, most := b.cost/best.cost, l.most[p]; got > most {
				t.Errorf("%s: %s costs %.2f times the best size, want at most %v",
					l.name, p, got, most)
			}
		}
	}
	for _, p := range policies {
		s := g.sizer(p, *seed)
		w, b := g.adversary(s, windows/2)
		withinBound(t, s.Status(0))
		f, best := g.hindsight(w)
		tb.row("adversary of "+string(p), fmt.Sprintf("best: %d", f), best, best.cost)
		tb.row("adversary of "+string(p), string(p), b, best.cost)
		if got := b.cost / best.cost; p != PolicyEOQ && got > 2.5 {
			t.Errorf("adversary: %s costs %.2f times the best size, want at most 2.5", p, got)
		} else if p == PolicyEOQ && got < 2 {
			t.Errorf("adversary: %s costs %.2f times the best size: this is no adversary", p, got)
		}
	}
	t.Log("\n" + tb.String())
}

// load is a demand to play, and what each policy may cost in terms of the best size.
type load struct {
	name    string
	windows [][]offer
	most    map[Policy]float64
}
