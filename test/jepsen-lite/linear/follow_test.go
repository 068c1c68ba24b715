package linear

import (
	"testing"
	"testing/synctest"
)

// TestFollow: a follower comes to the same verdicts as porcupine, of the small histories and of
// some that were recorded; it gives up none.
func TestFollow(t *testing.T) {
	for _, c := range histories {
		if v := Follow(c.h.ops); v.Result != c.want {
			t.Errorf("%s: got %s, want %s", c.name, v, c.want)
		}
	}
	n := uint64(8)
	if raceEnabled {
		n = 2
	}
	for s := uint64(1); s <= n; s++ {
		var h History
		var err error
		synctest.Test(t, func(*testing.T) { h, _, err = Play(Draw(s)) })
		if v := Follow(h); err != nil || v.Result != Valid || v.Unjudged > 0 {
			t.Errorf("seed %d: %v: %s", s, err, v)
		}
	}
}
