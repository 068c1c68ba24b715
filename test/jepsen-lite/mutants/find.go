package mutants

import "slices"

// Find returns the mutant of that name, or the harmless edit.
func Find(name string) (Mutant, bool) {
	all := append(All(), Harmless()...)
	i := slices.IndexFunc(all, func(m Mutant) bool { return m.Name == name })
	if i < 0 {
		return Mutant{}, false
	}
	return all[i], true
}
