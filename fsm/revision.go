package fsm

import (
	"math"
	"time"
)

// Each change of a budget, whatever its cause, gives it another revision: of its definition, of an
// override, or because an override lapsed. So who has read a revision, and changes the budget on
// condition that it is still so, changes what he has read.

// ExpectAbsent is expected of a budget that must not exist.
const ExpectAbsent = math.MaxUint64

// meets reports whether the budget, nil if there is none, is as a command expects it to be.
func (p *policy) meets(expect uint64) bool {
	switch {
	case expect == 0:
		return true
	case p == nil:
		return expect == ExpectAbsent
	default:
		return expect == p.revision
	}
}

// conflict is the answer of a budget, nil if there is none, that is not as it was expected to be.
func (p *policy) conflict() Result {
	if p == nil {
		return Result{Code: CodeConflict}
	}
	return Result{Code: CodeConflict, Revision: p.revision}
}

// revise gives the budget, which is in force, the next revision, and so all that are below it.
func (s *State) revise(p *policy) {
	s.last.Revision++
	p.revision = s.last.Revision
	s.relink(p.Name)
	s.revised = append(s.revised, s.below(p.Name)...)
}

// outlast is for how long a lease may still be out of what was granted of some limits until now.
// Nobody admits under what they were for longer: a holder has to ask anew, and is told then.
func (s *State) outlast(limits ...*limit) (longest time.Duration) {
	for _, l := range limits {
		longest = max(longest, l.Until(s.t).Sub(s.t))
	}
	return longest
}
