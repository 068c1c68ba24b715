package sim

const (
	// slabSize is how many objects one allocation has.
	slabSize = 32
	// maxBlocks bounds what a slab keeps for the next schedule. Few schedules need more.
	maxBlocks = 512
)

// slab hands out zeroed objects, many to one allocation: a schedule needs hundreds of some kinds,
// and keeps them until its end. Then the next one has them.
type slab[T any] struct {
	blocks [][]T
	free   []T // what is left of the block in use
	next   int // the block after it
}

// one returns an object.
func (s *slab[T]) one() *T {
	if len(s.free) == 0 {
		s.turn(1)
	}
	x := &s.free[0]
	s.free = s.free[1:]
	var zero T
	*x = zero
	return x
}

// several returns n objects in a row, which do not grow into others.
func (s *slab[T]) several(n int) []T {
	if len(s.free) < n {
		s.turn(n)
	}
	x := s.free[:n:n]
	s.free = s.free[n:]
	clear(x)
	return x
}

// turn goes on to a block of at least n objects, an old or a new one.
func (s *slab[T]) turn(n int) {
	for s.next < len(s.blocks) {
		s.free = s.blocks[s.next]
		s.next++
		if len(s.free) >= n {
			return
		}
	}
	s.free = make([]T, max(n, slabSize))
	s.blocks = append(s.blocks, s.free)
	s.next = len(s.blocks)
}

// rewind takes everything back.
func (s *slab[T]) rewind() {
	s.blocks = s.blocks[:min(len(s.blocks), maxBlocks)]
	s.free, s.next = nil, 0
}
