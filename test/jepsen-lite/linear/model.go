package linear

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"
)

// model is the specification as porcupine takes it. Its state is the set of all states that the
// coordinator may be in: porcupine's own construction of such sets compares each with each,
// which takes most of the time where calls were not answered.
var model = porcupine.Model{
	Init: func() any { return newStates([]*state{(&state{}).seal()}) },
	StepContext: func(ctx context.Context, s, in, out any) (bool, any) {
		next := s.(*states).step(ctx, in.(*command), out.(*Output))
		return len(next.all) > 0, next
	},
	Equal:             func(a, b any) bool { return a.(*states).equal(b.(*states)) },
	Hash:              func(s any) uint64 { return s.(*states).hash },
	DescribeOperation: func(in, out any) string { return tell(in.(*command), out.(*Output)) },
	DescribeState:     func(s any) string { return s.(*states).String() },
}

// states is a set of states, in the order of their hashes.
type states struct {
	all  []*state
	hash uint64
}

func newStates(all []*state) *states {
	slices.SortFunc(all, func(a, b *state) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.id, b.id))
	})
	all = slices.CompactFunc(all, same)
	s := &states{all: all}
	for _, one := range all {
		s.hash ^= one.hash
	}
	return s
}

func same(a, b *state) bool { return a.hash == b.hash && a.id == b.id }

func (s *states) equal(o *states) bool {
	return s.hash == o.hash && slices.EqualFunc(s.all, o.all, same)
}

// step returns every state that one of the set can have become; none if time is up.
func (s *states) step(ctx context.Context, c *command, out *Output) *states {
	var all []*state
	for _, one := range s.all {
		if ctx.Err() != nil {
			return &states{}
		}
		all = append(all, step(ctx, one, c, out)...)
	}
	return newStates(all)
}

// shown bounds the states of a set that a picture shows.
const shown = 3

func (s *states) String() string {
	var lines []string
	for _, one := range s.all[:min(shown, len(s.all))] {
		lines = append(lines, one.String())
	}
	if len(s.all) > shown {
		lines = append(lines, "...")
	}
	return strings.Join(lines, " | ")
}
