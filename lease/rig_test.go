package lease

import (
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/trace"
)

// rig is a holder with clocks that keep time together, a coordinator that grants what the test
// says, and everything the holder reported.
type rig struct {
	*testing.T
	h      *Holder
	now    Reading
	leases ID
	window budget.Window
	events []trace.Event
}

// perMinute returns limits of a minute, one per amount, by the metrics a, b, c ...
func perMinute(amounts ...budget.Credits) []budget.Limit {
	limits := make([]budget.Limit, len(amounts))
	for i, n := range amounts {
		limits[i] = budget.Limit{
			Metric: string(rune('a' + i)), Kind: budget.KindWindow, Amount: n, Per: time.Minute,
		}
	}
	return limits
}

func newRig(t *testing.T, limits ...budget.Limit) *rig {
	t.Helper()
	r := &rig{T: t, now: Reading{Mono: 5_000, Wall: 1 << 60}}
	r.h = NewHolder(Config{
		Session: 7, Revision: 3, Limits: limits, DriftPPM: DefaultMaxClockDriftPPM,
		Sink: func(e trace.Event) { r.events = append(r.events, e) },
	})
	return r
}

func (r *rig) tick(d time.Duration) {
	r.now.Mono += int64(d)
	r.now.Wall += int64(d)
}

func (r *rig) admits(want Verdict, cost ...budget.Credits) {
	r.Helper()
	if got := r.h.Admit(r.now, cost); got != want {
		r.Fatalf("Admit(%v) = %v, want %v", cost, got, want)
	}
}

// asks polls a request that must be due.
func (r *rig) asks() Request {
	r.Helper()
	req, ok := r.h.Poll(r.now)
	if !ok {
		r.Fatalf("no request is due: %+v", r.h.Status(r.now))
	}
	return req
}

func (r *rig) asksNothing() {
	r.Helper()
	if req, ok := r.h.Poll(r.now); ok {
		r.Fatalf("unexpected request %+v", req)
	}
}

// answers has the outstanding request sent, and answered rtt later.
func (r *rig) answers(rtt time.Duration, a Answer) {
	r.Helper()
	id := r.h.Sent(r.now)
	r.tick(rtt)
	r.h.Take(r.now, id, a)
}

// grants makes an answer that grants amounts to limits 0, 1, ...; none where zero.
func (r *rig) grants(ttl time.Duration, amounts ...budget.Credits) Answer {
	a := Answer{Outcome: Granted}
	for i, n := range amounts {
		if n > 0 {
			r.leases++
			a.Grants = append(a.Grants, Grant{
				Lease: r.leases, Limit: i, Window: r.window, Amount: n, TTL: ttl,
			})
		}
	}
	return a
}

// holds makes the holder miss and be granted amounts, with an answer in no time.
func (r *rig) holds(ttl time.Duration, amounts ...budget.Credits) {
	r.Helper()
	cost := make(Cost, len(amounts))
	for i, n := range amounts {
		if n > 0 {
			cost[i] = r.h.lines[i].live + 1
		}
	}
	if v := r.h.AdmitWaiting(r.now, cost); v != Pending {
		r.Fatalf("AdmitWaiting(%v) = %v, want pending", cost, v)
	}
	r.asks()
	r.answers(0, r.grants(ttl, amounts...))
	r.h.SetBacklog(nil)
}

func (r *rig) live(want ...budget.Credits) {
	r.Helper()
	for i, l := range r.h.Status(r.now).Limits {
		if l.Live != want[i] {
			r.Fatalf("limit %d has %d live credits, want %d", i, l.Live, want[i])
		}
	}
}

// took returns the events of a kind and forgets all.
func (r *rig) took(kind trace.Kind) []trace.Event {
	var found []trace.Event
	for _, e := range r.events {
		if e.Kind == kind {
			found = append(found, e)
		}
	}
	r.events = nil
	return found
}
