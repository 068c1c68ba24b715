package fsm

import (
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// TestExpiryIsSpread: of more sessions that expire at once than an entry may end, those that are
// left are unknown all the same, here and in a restored replica, and end with the next entries.
func TestExpiryIsSpread(t *testing.T) {
	r := newReplicas()
	r.a.bounds.expired = 3
	r.open(t)
	r.at(t, 0, put("b", budget.Limit{Metric: "m", Amount: 100, Per: time.Hour}))
	var last lease.SessionID
	for range 10 {
		last = r.at(t, 0, Command{OpenSession: &OpenSession{Budget: "b"}})[0].Session
		if got := r.at(t, 0, ask(last, 1, 1, 1)); got[0].Code != CodeDone {
			t.Fatalf("got %+v", got)
		}
	}
	over := budget.Instant(0).Add(SessionTTL)
	for _, left := range []int{7, 4, 1, 0, 0} {
		got := r.at(t, over, Command{Return: &Return{Session: last}},
			Command{Acquire: &lease.Request{Session: last, Seq: 1, Revision: 1}})
		if got[0].Code != CodeUnknownSession || got[1].Code != CodeUnknownSession {
			t.Errorf("%d are left: got %+v, want unknown sessions", left, got)
		}
		if n := r.a.Counts().Sessions; n != left {
			t.Errorf("got %d sessions, want %d", n, left)
		}
	}
	if l := r.a.limits[1]; l.forgotten != 10 {
		t.Errorf("got %d forgotten, want 10", l.forgotten)
	}
}
