package report

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// readerOf makes a reader of n windows of each of some accounts, each a second long.
func readerOf(windows ...int) *reader {
	r := newReader(0, maxEntries, maxLeases)
	for i, n := range windows {
		t := r.log.limit(uint64(i + 1))
		t.budget, t.metric, t.since = fmt.Sprintf("b%02d", i), "requests", 0
		t.until = int64(n) * sec
		for w := range int64(n) {
			t.rolls[w] = w * sec
			r.fleet.windows[windowID{limit: uint64(i + 1), window: w}] = &window{bound: 10}
		}
		r.log.last = max(r.log.last, int64(n)*sec)
	}
	r.log.settle()
	return r
}

func TestBandsAreBounded(t *testing.T) {
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var shape []int
		for range 1 + rng.IntN(60) {
			shape = append(shape, 1+rng.IntN([]int{5, 50, 3000}[rng.IntN(3)]))
		}
		r := readerOf(shape...)
		var admitted, bound, over int64
		for _, w := range r.fleet.windows {
			w.granted = rng.Int64N(11)
			w.admitted = rng.Int64N(w.granted + 1)
			if rng.IntN(2000) == 0 {
				w.admitted = 11 + rng.Int64N(5)
				over++
			}
			admitted, bound = admitted+w.admitted, bound+w.bound
		}
		bands, hidden := r.bands()
		var gotOver, windows int64
		accounts := map[string]bool{}
		for i, b := range bands {
			accounts[b.Budget] = true
			windows += b.Windows
			admitted, bound = admitted-b.Admitted, bound-b.Bound
			if b.Admitted > b.Bound {
				gotOver++
				if b.Windows != 1 {
					t.Errorf("seed %d: a window that overshot is summed up: %+v", seed, b)
				}
			}
			if b.To-b.From != time.Duration(b.Windows)*time.Second {
				t.Fatalf("seed %d: got %+v", seed, b)
			}
			if i > 0 && bands[i-1].Budget == b.Budget && bands[i-1].To != b.From {
				t.Errorf("seed %d: %+v does not follow on %+v", seed, b, bands[i-1])
			}
		}
		if windows+hidden != int64(len(r.fleet.windows)) {
			t.Errorf("seed %d: %d windows and %d hidden of %d", seed, windows, hidden,
				len(r.fleet.windows))
		}
		// A window that overshot stands alone, and ends the sum before it.
		if most := maxBands + maxAccounts + 2*int(over); len(bands) > most ||
			len(accounts) > maxAccounts {
			t.Errorf("seed %d: %d bands of %d accounts; want at most %d of %d", seed, len(bands),
				len(accounts), most, maxAccounts)
		}
		if hidden == 0 && (gotOver != over || admitted != 0 || bound != 0) {
			t.Errorf("seed %d: %d of %d overshot, %d and %d are missing", seed, gotOver, over,
				admitted, bound)
		}
	}
}

// TestOvershootIsNotHidden: the accounts that overshot are told before the fullest ones.
func TestOvershootIsNotHidden(t *testing.T) {
	shape := make([]int, 3*maxAccounts)
	for i := range shape {
		shape[i] = 4
	}
	r := readerOf(shape...)
	for id, w := range r.fleet.windows {
		w.admitted = 10
		if id.limit == uint64(len(shape)) {
			w.admitted = 1
			if id.window == 2 {
				w.admitted = 13
			}
		}
	}
	bands, hidden := r.bands()
	if hidden != int64(4*(len(shape)-maxAccounts)) {
		t.Errorf("%d windows are hidden", hidden)
	}
	for _, b := range bands {
		if b.Admitted == 13 {
			return
		}
	}
	t.Error("the window that overshot is hidden")
}
