package discriminate

import (
	"fmt"
	"slices"

	"github.com/leased-io/leased/test/jepsen-lite/mutants"
)

// Plant is a bug for the campaigns to find.
type Plant struct {
	// Name is unique, and says in a few words what goes wrong.
	Name string
	// Rule is what is broken: R1..R10, two of them as "R3, R4", or Books, Calls or Disk.
	Rule string
	// Means is the bug in a sentence.
	Means string
	// Edits are of the product's source, or, where a bug is of what is below it, of a ring's.
	Edits []mutants.Edit
	// Model are ring 1's edits instead, whose nodes and limiters' calls are a model of the
	// product's; nil: the same.
	Model []mutants.Edit
	// Not says for a ring that is not to hunt the plant, why: what is broken is not there.
	Not map[int]string
	// Real: ring 3 hunts it too, which takes longer than the others.
	Real bool
	// Harmless says what makes up for it: no ring may find it then.
	Harmless string
}

// All returns every plant, in the order of the table.
func All() []Plant {
	return slices.Concat(
		timePlants, answerPlants, oncePlants, spendPlants, statePlants, nodePlants, pairPlants,
	)
}

// Named returns the plant of that name.
func Named(name string) (Plant, bool) {
	all := All()
	i := slices.IndexFunc(all, func(p Plant) bool { return p.Name == name })
	if i < 0 {
		return Plant{}, false
	}
	return all[i], true
}

// edits are what is laid over the source for a ring.
func (p Plant) edits(ring int) []mutants.Edit {
	if ring == 1 && p.Model != nil {
		return p.Model
	}
	return p.Edits
}

// mutant is the plant as the edits of one build.
func (p Plant) mutant(ring int) mutants.Mutant {
	return mutants.Mutant{Name: p.Name, Rule: p.Rule, Means: p.Means, Edits: p.edits(ring)}
}

// hunted reports whether a ring looks for the plant.
func (p Plant) hunted(ring int) bool {
	return p.Not[ring] == "" && (ring != 3 || p.Real)
}

// as returns the edits of a mutant. A name that is none is a mistake in the tables here.
func as(name string) []mutants.Edit {
	m, ok := mutants.Find(name)
	if !ok {
		panic(fmt.Sprintf("discriminate: there is no mutant %q", name))
	}
	return m.Edits
}

// both returns the edits of several at once.
func both(edits ...[]mutants.Edit) []mutants.Edit { return slices.Concat(edits...) }
