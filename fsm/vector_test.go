package fsm

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestVector compares a vector, and those that were frozen of it, with slices.
func TestVector(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var v vector[int]
		var want []int
		type copied struct {
			v    vector[int]
			want []int
		}
		var frozen []copied
		written := map[int]bool{} // in this era, by place
		for i := range rapid.IntRange(1, 300).Draw(t, "steps") {
			switch k := rapid.IntRange(0, 9).Draw(t, "do"); {
			case k == 0:
				frozen = append(frozen, copied{v.freeze(), slices.Clone(want)})
				clear(written)
			case k == 1 && len(want) > 0:
				at, last := rapid.IntRange(0, len(want)-1).Draw(t, "out"), len(want)-1
				moved := v.remove(at)
				if (moved == nil) != (at == last) || moved != nil && *moved != want[last] {
					t.Fatalf("element %d of %d is out, and moved: %v", at, last+1, moved)
				}
				want[at] = want[last]
				want = want[:last]
				written[at] = written[last]
				delete(written, last)
			case k < 4 && len(want) > 0:
				at := rapid.IntRange(0, len(want)-1).Draw(t, "at")
				x, first := v.own(at)
				if *x != want[at] || first == written[at] {
					t.Fatalf("element %d is %d, first %t, want %d", at, *x, first, want[at])
				}
				*x, want[at], written[at] = i, i, true
			default:
				if got := v.push(i); *got != i {
					t.Fatalf("pushed %d, and got %d", i, *got)
				}
				written[len(want)] = true
				want = append(want, i)
			}
			if got := slices.Collect(v.all()); !slices.Equal(got, want) {
				t.Fatalf("got %v, want %v", got, want)
			}
		}
		for _, c := range frozen {
			if got := slices.Collect(c.v.all()); !slices.Equal(got, c.want) {
				t.Fatalf("what was frozen became %v, want %v", got, c.want)
			}
		}
	})
}
