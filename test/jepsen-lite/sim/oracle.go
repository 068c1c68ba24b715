package sim

import (
	"fmt"

	"github.com/leased-io/leased/trace"
)

// oracle watches a schedule with what no participant has: the true order of everything. It
// learns of the log from whichever replica applies an index first, and holds every admission
// against the windows that are committed at that true instant.
type oracle struct {
	applied uint64            // the highest index seen
	first   bool              // the entry whose events come now was not seen before
	t       int64             // cluster time after it
	per     map[uint64]int64  // limit serial -> its period, also after its removal
	amount  map[uint64]int64  // limit serial -> its amount in force
	leases  map[uint64]*claim // by lease id
	used    map[account]*tally
	claims  slab[claim]

	admitted, grants, rolls int64
	violations              []string
}

type account struct {
	limit uint64
	key   string
}

type tally struct {
	window, charged, admitted, bound int64
}

type claim struct {
	account account
	window  int64
	left    int64
}

// maxViolations bounds what one schedule reports.
const maxViolations = 10

func newOracle() *oracle {
	return &oracle{
		per: map[uint64]int64{}, amount: map[uint64]int64{},
		leases: map[uint64]*claim{}, used: map[account]*tally{},
	}
}

func (o *oracle) violate(e trace.Event, format string, args ...any) {
	if len(o.violations) < maxViolations {
		o.violations = append(o.violations,
			fmt.Sprintf("at %d: ", e.At)+fmt.Sprintf(format, args...))
	}
}

// see takes every event of every recorder, as it happens.
func (o *oracle) see(e trace.Event) {
	switch e.Kind {
	case trace.KindAdmit:
		o.admit(e)
	case trace.KindEntry: // the other events of the entry follow at once
		o.first = e.Index > o.applied
		if o.first {
			o.applied, o.t = e.Index, e.T
		}
	case trace.KindLimit, trace.KindRoll, trace.KindGrant, trace.KindReturn:
		if o.first {
			o.step(e)
		}
	}
}

func (o *oracle) step(e trace.Event) {
	switch e.Kind {
	case trace.KindLimit:
		o.amount[e.Limit], o.per[e.Limit] = e.Amount, e.Per
	case trace.KindRoll:
		o.rolls++
		if want := o.t / o.per[e.Limit]; e.Window != want {
			o.violate(e, "limit %d rolled into window %d in window %d", e.Limit, e.Window, want)
		}
	case trace.KindGrant:
		o.grants++
		a := account{e.Limit, e.Key}
		c := o.claims.next()
		*c = claim{a, e.Window, e.Amount}
		o.leases[e.Lease] = c
		t := o.tally(a, e.Window)
		t.charged += e.Amount
		t.bound = max(t.bound, o.amount[e.Limit])
		if t.charged > o.amount[e.Limit] {
			o.violate(e, "grant of lease %d: %d charged of %d", e.Lease, t.charged, o.amount[e.Limit])
		}
	case trace.KindReturn:
		if c := o.leases[e.Lease]; c != nil && e.OK {
			o.tally(c.account, c.window).charged -= e.Amount
			c.left -= e.Amount
		}
	}
}

// tally is the account's of that window; a later window starts at zero.
func (o *oracle) tally(a account, window int64) *tally {
	t := o.used[a]
	if t == nil || t.window != window {
		t = &tally{window: window}
		o.used[a] = t
	}
	return t
}

// admit is Theorem 1: the lease is of the window that is committed now, and the window's
// admissions stay within its bound.
func (o *oracle) admit(e trace.Event) {
	c := o.leases[e.Lease]
	if c == nil {
		o.violate(e, "admission on lease %d, which was never granted", e.Lease)
		return
	}
	o.admitted += e.N
	if c.left -= e.N; c.left < 0 {
		o.violate(e, "lease %d is overspent by %d", e.Lease, -c.left)
	}
	if now := o.t / o.per[c.account.limit]; now != c.window {
		o.violate(e, "admission on lease %d of window %d in window %d", e.Lease, c.window, now)
		return
	}
	t := o.tally(c.account, c.window)
	if t.admitted += e.N; t.admitted > t.bound {
		o.violate(e, "window %d of limit %d key %q: %d admitted of %d",
			c.window, c.account.limit, c.account.key, t.admitted, t.bound)
	}
}
