package main

import (
	"slices"
	"strings"
	"time"

	"github.com/leased-io/leased/bench/gotest"
)

// group is a set of rows that are measured together, round by round: rows of one package that
// share a benchmark, most often a floor. What is compared is so measured seconds apart.
type group struct {
	pkg  string
	rows []*Row
	// benchmarks are those that the rows name, each once, in the order of the rows.
	benchmarks []string
	// alone is set if one of the rows wants its benchmarks in processes of their own.
	alone bool

	// rounds is how often the group is to be measured, and cost how long once took.
	rounds int
	cost   time.Duration
	// samples are the rounds that were measured. A group with an error has no more of them.
	samples []gotest.Results
	err     error
}

func (g *group) String() string {
	return g.pkg + " " + strings.Join(g.benchmarks, " ")
}

// plan returns the groups of the rows, in their order.
func plan(rows []*Row) []*group {
	of := make(map[string]*group) // by package and benchmark
	var groups []*group
	for _, r := range rows {
		var mine *group
		for _, name := range namesOf(r) {
			if g := of[r.Package+" "+name]; g != nil && mine == nil {
				mine = g
			} else if g != nil && g != mine {
				// The row connects two groups: they become one.
				for _, b := range g.benchmarks {
					of[g.pkg+" "+b] = mine
				}
				mine.join(g)
				groups = slices.DeleteFunc(groups, func(x *group) bool { return x == g })
			}
		}
		if mine == nil {
			mine = &group{pkg: r.Package}
			groups = append(groups, mine)
		}
		mine.join(&group{rows: []*Row{r}, benchmarks: namesOf(r), alone: r.Alone})
		for _, name := range namesOf(r) {
			of[r.Package+" "+name] = mine
		}
	}
	return groups
}

func namesOf(r *Row) []string {
	if r.Floor == "" {
		return []string{r.Benchmark}
	}
	return []string{r.Floor, r.Benchmark}
}

func (g *group) join(other *group) {
	g.rows = append(g.rows, other.rows...)
	g.alone = g.alone || other.alone
	for _, b := range other.benchmarks {
		if !slices.Contains(g.benchmarks, b) {
			g.benchmarks = append(g.benchmarks, b)
		}
	}
}

// share sets how often each group is measured so that all fit in what is left of the budget:
// rounds times, if there is time for that; otherwise the dearest are measured less often, and
// the table says so. Each was measured once.
func share(groups []*group, rounds int, left time.Duration) {
	var need time.Duration
	for _, g := range groups {
		g.rounds = rounds
		need += g.cost * time.Duration(rounds-1)
	}
	for need > left {
		dearest := slices.MaxFunc(groups, func(a, b *group) int {
			return int(a.cost*time.Duration(a.rounds-1) - b.cost*time.Duration(b.rounds-1))
		})
		if dearest.rounds == 1 {
			return
		}
		dearest.rounds--
		need -= dearest.cost
	}
}
