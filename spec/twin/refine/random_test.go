package refine

import (
	"math/rand/v2"
	"reflect"
	"testing"
)

// TestNoEventPanics: whatever the events say, in whatever order, the machine takes them or refuses
// them. A failure is replayed by its seed, which is in the panic's output.
func TestNoEventPanics(t *testing.T) {
	refused := 0
	for seed := range uint64(3000) {
		rng := rand.New(rand.NewPCG(seed, 2))
		s := tell()
		for range 1 + rng.IntN(6) {
			garble(s, rng)
		}
		func() {
			defer func() {
				if p := recover(); p != nil {
					t.Fatalf("seed %d: %v; replay: go test ./spec/twin/refine -run NoEventPanics", seed, p)
				}
			}()
			if _, r := s.play(); r != nil {
				refused++
			}
		}()
	}
	if refused < 2000 {
		t.Errorf("of 3000 garbled stories %d were refused", refused)
	}
}

// garble changes one thing: a field of a line, its file, or its place.
func garble(s *story, rng *rand.Rand) {
	i, j := rng.IntN(len(s.lines)), rng.IntN(len(s.lines))
	switch rng.IntN(8) {
	case 0:
		s.lines[i], s.lines[j] = s.lines[j], s.lines[i]
		return
	case 1:
		s.lines = append(s.lines[:i], s.lines[i+1:]...)
		return
	case 2:
		s.lines = append(s.lines[:i+1], s.lines[i:]...)
		return
	case 3:
		s.lines[i].file = rng.IntN(numFiles)
		return
	}
	v := reflect.ValueOf(&s.lines[i].event).Elem()
	switch f := v.Field(1 + rng.IntN(v.NumField()-1)); f.Kind() {
	case reflect.Bool:
		f.SetBool(!f.Bool())
	case reflect.String:
		f.SetString([]string{"", "b", "c", "x"}[rng.IntN(4)])
	case reflect.Uint64:
		f.SetUint([]uint64{0, 1, 2, 3, 1 << 63, 1<<64 - 1}[rng.IntN(6)])
	default:
		f.SetInt([]int64{0, 1, -1, 2, 1000, 1 << 62, -1 << 63, 1<<63 - 1}[rng.IntN(8)])
	}
}
