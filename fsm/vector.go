package fsm

import (
	"iter"
	"slices"
)

// pageLen is how many elements a page has: 21 accounts with their keys fill 2 KB.
const pageLen = 21

// vector is a list whose copies cost a page table, not its elements: freeze returns one that stays
// as it is, and shares every page with the list until that is written to. So a snapshot is taken
// between two entries, and written by another goroutine while later ones are applied.
//
// A pointer to an element is good until the next change of the vector.
type vector[T any] struct {
	pages []page[T]
	n     int
	era   uint32 // how often it was frozen
}

// page is a part of a vector. Its elements may be written to only if it is of the vector's era: an
// older one is a frozen vector's, too.
type page[T any] struct {
	at   []T
	era  uint32
	mine uint32 // bit i: own was asked for element i in this era, or it came in it
}

func bit(i int) uint32 { return 1 << (i % pageLen) }

// get returns element i, to be read.
func (v *vector[T]) get(i int) *T { return &v.pages[i/pageLen].at[i%pageLen] }

// own returns element i, to be written to, and whether that is so for the first time since the
// vector was frozen: then what the element points to is still shared.
func (v *vector[T]) own(i int) (at *T, first bool) {
	p := v.page(i / pageLen)
	first = p.mine&bit(i) == 0
	p.mine |= bit(i)
	return &p.at[i%pageLen], first
}

// page returns a page that is no frozen vector's.
func (v *vector[T]) page(i int) *page[T] {
	p := &v.pages[i]
	if p.era != v.era {
		p.at, p.era, p.mine = append(make([]T, 0, cap(p.at)), p.at...), v.era, 0
	}
	return p
}

// push appends x and returns where it is. The first page grows as it fills: most vectors have one.
func (v *vector[T]) push(x T) *T {
	if v.n%pageLen == 0 {
		size := pageLen
		if v.n == 0 {
			size = 1
		}
		v.pages = append(v.pages, page[T]{at: make([]T, 0, size), era: v.era})
	}
	p := v.page(v.n / pageLen)
	if len(p.at) == cap(p.at) {
		p.at = append(make([]T, 0, min(2*cap(p.at), pageLen)), p.at...)
	}
	p.at = append(p.at, x)
	p.mine |= bit(v.n)
	v.n++
	return &p.at[len(p.at)-1]
}

// remove takes element i out. The last one takes its place, which is returned; nil: it was i.
func (v *vector[T]) remove(i int) (moved *T) {
	last, first := v.own(v.n - 1)
	if i != v.n-1 {
		moved, _ = v.own(i)
		*moved = *last
		if first {
			v.pages[i/pageLen].mine &^= bit(i)
		}
	}
	v.n--
	p := &v.pages[v.n/pageLen]
	p.mine &^= bit(v.n)
	clear(p.at[len(p.at)-1:])
	if p.at = p.at[:len(p.at)-1]; len(p.at) == 0 {
		*p = page[T]{}
		v.pages = v.pages[:len(v.pages)-1]
	}
	return moved
}

// all ranges over the elements, to be read.
func (v *vector[T]) all() iter.Seq[T] {
	return func(yield func(T) bool) {
		for i := range v.n {
			if !yield(*v.get(i)) {
				return
			}
		}
	}
}

// image is freeze, or else the vector as it is until the next change.
func (v *vector[T]) image(frozen bool) vector[T] {
	if !frozen {
		return *v
	}
	return v.freeze()
}

// freeze returns the vector as it is, for others to read whatever becomes of it here. It costs 32
// bytes for each page.
func (v *vector[T]) freeze() vector[T] {
	v.era++
	return vector[T]{pages: slices.Clone(v.pages), n: v.n, era: v.era}
}
