package mutants

import "time"

// Catch is what one judge has to say of a build.
type Catch struct {
	Judge Judge `json:"judge"`
	// Caught is whether it found anything wrong, and What the first it found: one word for the
	// table, such as an invariant's name. Text is the whole of it.
	Caught bool   `json:"caught"`
	What   string `json:"what,omitempty"`
	Text   string `json:"text,omitempty"`
	// Seed is that of the schedule, and Replay the command that plays it, on the mutant's build.
	Seed   uint64 `json:"seed,omitempty"`
	Replay string `json:"replay,omitempty"`
	// After is how long it took to the catch, or to the end without one; Schedules how many.
	After     time.Duration `json:"after"`
	Schedules int           `json:"schedules"`
}

// Findings are what a detector prints: the word of each of its judges.
type Findings struct {
	Catches []Catch `json:"catches"`
}

// Caught reports whether anybody caught the build.
func (f Findings) Caught() bool {
	for _, c := range f.Catches {
		if c.Caught {
			return true
		}
	}
	return false
}
