package refine

import (
	"fmt"
	"strings"
)

// counts are what a machine has done.
type counts struct {
	steps    [numSteps]int64
	refusals [numRefusals]int64
	pairs    [numSteps][numSteps]int64
	last     step
	any      bool
}

func (c *counts) step(s step) {
	c.steps[s]++
	if c.any {
		c.pairs[c.last][s]++
	}
	c.last, c.any = s, true
}

func (c *counts) refused(r refusal) { c.refusals[r]++ }

// Coverage is what of the model a run, or several, went through. Its JSON names are stable.
type Coverage struct {
	// Steps has every action, and every branch of one, that the machine tells apart.
	Steps []Count `json:"steps"`
	// Refusals has every guard of the product that a trace tells of, and how often it refused.
	Refusals []Count `json:"refusals"`
	// Pairs counts the steps that came right after another, in the order of the check. Pairs
	// that never did are left out.
	Pairs []PairCount `json:"pairs"`
}

// Count is how often something happened.
type Count struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

// PairCount is how often a step came right after another.
type PairCount struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Count int64  `json:"count"`
}

// Coverage returns what the machine went through so far.
func (m *Machine) Coverage() *Coverage {
	c := &Coverage{Pairs: []PairCount{}}
	for s, n := range m.counts.steps {
		c.Steps = append(c.Steps, Count{steps[s].name, n})
	}
	for r, n := range m.counts.refusals {
		c.Refusals = append(c.Refusals, Count{refusals[r].name, n})
	}
	for from := range m.counts.pairs {
		for to, n := range m.counts.pairs[from] {
			if n > 0 {
				c.Pairs = append(c.Pairs, PairCount{steps[from].name, steps[to].name, n})
			}
		}
	}
	return c
}

// Merge adds what another run went through. The zero Coverage is that of no run.
func (c *Coverage) Merge(other *Coverage) {
	c.Steps = merge(c.Steps, other.Steps)
	c.Refusals = merge(c.Refusals, other.Refusals)
	place := make(map[[2]string]int, len(c.Pairs))
	for i, p := range c.Pairs {
		place[[2]string{p.From, p.To}] = i
	}
	for _, p := range other.Pairs {
		if i, ok := place[[2]string{p.From, p.To}]; ok {
			c.Pairs[i].Count += p.Count
		} else {
			c.Pairs = append(c.Pairs, p)
		}
	}
}

func merge(list, other []Count) []Count {
	for _, add := range other {
		found := false
		for i := range list {
			if list[i].Name == add.Name {
				list[i].Count += add.Count
				found = true
			}
		}
		if !found {
			list = append(list, add)
		}
	}
	return list
}

// Missing returns the steps that never happened, in the order of the model.
func (c *Coverage) Missing() []string { return missing(c.Steps) }

// NeverRefused returns the guards that never refused anything.
func (c *Coverage) NeverRefused() []string { return missing(c.Refusals) }

func missing(list []Count) []string {
	var names []string
	for _, n := range list {
		if n.Count == 0 {
			names = append(names, n.Name)
		}
	}
	return names
}

// maxNamed bounds the steps that String names.
const maxNamed = 3

// String returns the coverage in a line.
func (c *Coverage) String() string {
	not := c.Missing()
	text := fmt.Sprintf("%d of %d steps, %d pairs of them",
		len(c.Steps)-len(not), len(c.Steps), len(c.Pairs))
	if more := len(not) - maxNamed; more > 0 {
		return text + fmt.Sprintf("; not %s, and %d more", strings.Join(not[:maxNamed], ", "), more)
	}
	if len(not) > 0 {
		text += "; not " + strings.Join(not, ", ")
	}
	return text
}
