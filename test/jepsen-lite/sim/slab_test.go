package sim

import (
	"testing"
	"time"
)

// TestSlab: what a slab hands out is zero and nobody else's, in the first schedule and in the next.
func TestSlab(t *testing.T) {
	var s slab[int]
	for range 3 {
		var all []*int
		for i := range 500 {
			if i%3 > 0 {
				all = append(all, s.one())
				continue
			}
			row := s.several(i % 41)
			if len(row) != i%41 || cap(row) != len(row) {
				t.Fatalf("%d objects of %d, want %d", len(row), cap(row), i%41)
			}
			for j := range row {
				all = append(all, &row[j])
			}
		}
		for i, x := range all {
			if *x != 0 {
				t.Fatalf("object %d of %d is %d: it is old, or another's", i, len(all), *x)
			}
			*x = i + 1
		}
		s.rewind()
	}
	if got := s.several(3 * slabSize); len(got) != 3*slabSize {
		t.Errorf("got %d", len(got))
	}
}

// TestTimer: a timer goes off once, when it was set to last.
func TestTimer(t *testing.T) {
	w := newWorld(Options{Seed: 1}, nil, nil)
	p := &process{w: w}
	var rang []int64
	at := timer{w: w, p: p, then: once(func() { rang = append(rang, w.now) })}
	for _, step := range []struct {
		now, in int64 // set at now; 0: stopped
		rings   int   // so far
	}{
		{0, 100, 0}, {10, 50, 0}, {20, 200, 0}, {100, 120, 0}, {219, 200, 0}, {230, 10, 0},
		{241, 5, 1}, {242, 0, 1}, {400, 7, 1}, {407, 1, 2}, {408, 30, 3},
	} {
		w.run(step.now)
		if len(rang) != step.rings {
			t.Fatalf("at %d it rang at %v, want %d times", step.now, rang, step.rings)
		}
		if step.in == 0 {
			at.stop()
			continue
		}
		at.set(time.Duration(step.in))
	}
	w.run(1000)
	if len(rang) != 4 || rang[0] != 240 || rang[1] != 407 || rang[2] != 408 || rang[3] != 438 {
		t.Errorf("it rang at %v", rang)
	}
}

// TestWaves: demand comes in waves, whoever asks, and no more of it than without.
func TestWaves(t *testing.T) {
	o := drawLean(1)
	o.Waves = true
	w := newWorld(o, nil, nil)
	per, gap := int64(o.Limits[0].Per), o.Limits[0].Per/20
	arrivals, busy := 0, map[int64]int{}
	for w.now < 2000*per {
		w.now += int64(w.arrival(gap))
		arrivals++
		wave, _ := w.wave(w.now)
		busy[wave]++
	}
	if arrivals < 36_000 || arrivals > 48_000 {
		t.Errorf("%d arrivals, want about 42,000", arrivals)
	}
	if len(busy) != len(waves) || busy[waves[0]] < 2*busy[waves[1]] ||
		busy[waves[2]] < busy[waves[3]] {
		t.Errorf("arrivals by wave: %v", busy)
	}
	if a, until := w.wave(0); until != per*3/8 || a == 0 {
		t.Errorf("the first wave is %d, until %d", a, until)
	}
}
