package lease

import (
	"testing"
	"time"
)

// TestRunsLow: as long as it does not, there is nothing to refresh; once it does, there is.
func TestRunsLow(t *testing.T) {
	r := newRig(t, perMinute(1000, 1000)...)
	r.holds(time.Minute, 50, 500)
	for spent := 0; ; spent++ {
		if spent == 50 {
			t.Fatal("it never ran low")
		}
		low := r.h.RunsLow(r.now)
		req, due := r.h.Poll(r.now)
		if low != due {
			t.Fatalf("after %d: low is %v, and the request %+v", spent, low, req)
		}
		if due {
			break
		}
		r.tick(time.Millisecond)
		r.admits(Admitted, 1, 1)
	}
	r.answers(0, Answer{Outcome: Denied, Denial: &Denial{RetryAfter: 30 * time.Second}})
	if r.h.RunsLow(r.now) {
		t.Error("low while the coordinator has refused more")
	}
	r.tick(31 * time.Second)
	if !r.h.RunsLow(r.now) {
		t.Error("not low once it may be asked again")
	}
}
