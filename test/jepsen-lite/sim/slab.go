package sim

// slabSize is how many objects one allocation has.
const slabSize = 32

// slab hands out zeroed objects, many to one allocation: a schedule needs hundreds of some kinds,
// and keeps them until its end.
type slab[T any] struct{ free []T }

func (s *slab[T]) next() *T {
	if len(s.free) == 0 {
		s.free = make([]T, slabSize)
	}
	x := &s.free[0]
	s.free = s.free[1:]
	return x
}

// several returns n objects in a row, which do not grow into others.
func (s *slab[T]) several(n int) []T {
	if len(s.free) < n {
		s.free = make([]T, max(n, slabSize))
	}
	x := s.free[:n:n]
	s.free = s.free[n:]
	return x
}
