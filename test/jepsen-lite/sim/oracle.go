package sim

import (
	"fmt"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/trace"
)

// oracle watches a schedule with what no participant has: the true order of everything. It
// learns of the log from whichever replica applies an index first, and holds every admission
// against the windows that are committed at that true instant, and against all intervals of true
// time that end with it.
type oracle struct {
	drift   int64             // of the schedule, in ppm
	applied uint64            // the highest index seen
	first   bool              // the entry whose events come now was not seen before
	t       int64             // cluster time after it
	limits  map[uint64]*terms // by serial, also after their removal
	used    map[account]*tally
	// leases has every lease at its number less that of the first: the state machine counts
	// them up. Strays has those that are out of this line.
	leases     []claim
	firstLease uint64
	strays     map[uint64]*claim

	grants, rolls int64
	books         Books
	share, filled int64   // of books.Bound: of windows, in parts; and of buckets, what was in them
	fullest       float64 // the largest part of slots that was held at an instant
	violations    []string
}

type account struct {
	serial uint64 // of the limit
	key    string
}

// tally is the books of an account's latest window.
type tally struct {
	account
	limit                            *terms
	window, charged, admitted, bound int64
	amount                           int64    // the largest that the window was granted from
	seen                             int      // of limit.levels, before the window's first grant
	earlier                          []charge // of a sliding limit: to the windows before
	lent, held                       []*lent  // of slots: in the log, and as holders believe
	intervals
}

// charge is what was charged to a window that is over.
type charge struct{ window, n int64 }

// claim is what a lease is good for. One that was never granted has no tally.
type claim struct {
	tally  *tally
	window int64
	left   int64
	bound  int64 // of its limit when it was granted
	lent   *lent // of slots
}

// maxViolations bounds what one schedule reports.
const maxViolations = 10

// reset forgets the last schedule.
func (o *oracle) reset(driftPPM int64) {
	if o.limits == nil {
		o.limits, o.used = map[uint64]*terms{}, map[account]*tally{}
		o.strays = map[uint64]*claim{}
	}
	clear(o.limits)
	clear(o.used)
	clear(o.strays)
	*o = oracle{
		drift: driftPPM, limits: o.limits, used: o.used, strays: o.strays, leases: o.leases[:0],
	}
}

func (o *oracle) violate(e *trace.Event, format string, args ...any) {
	if len(o.violations) < maxViolations {
		o.violations = append(o.violations,
			fmt.Sprintf("at %d: ", e.At)+fmt.Sprintf(format, args...))
	}
}

// see takes every event of every recorder, as it happens.
func (o *oracle) see(e *trace.Event) {
	switch e.Kind {
	case trace.KindAdmit:
		if c := o.claim(e.Lease); c == nil || c.lent == nil {
			o.admit(e)
		}
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

func (o *oracle) step(e *trace.Event) {
	switch e.Kind {
	case trace.KindLimit:
		o.limit(e.Limit).learn(e, o.t, o.drift)
	case trace.KindRoll:
		o.rolls++
		if want := o.limit(e.Limit).window(o.t); e.Window != want {
			o.violate(e, "limit %d rolled into window %d in window %d", e.Limit, e.Window, want)
		}
	case trace.KindGrant:
		o.grant(e)
	case trace.KindReturn:
		if c := o.claim(e.Lease); c != nil && c.lent != nil && e.OK {
			c.lent.out -= e.Amount
		} else if c != nil && e.OK {
			c.tally.turn(c.window)
			c.tally.charged -= e.Amount
			c.left -= e.Amount
		}
	}
}

// grant holds a grant against what is charged. What a bucket has left is known to others.
func (o *oracle) grant(e *trace.Event) {
	o.grants++
	t := o.tally(account{e.Limit, e.Key})
	l := t.limit
	if l.kind == budget.KindSlots {
		o.lend(e, t)
		return
	}
	o.file(e.Lease, claim{t, e.Window, e.Amount, l.of(e.Key), nil})
	t.turn(e.Window)
	t.charged += e.Amount
	if t.bound == 0 {
		o.books.Windows++
		t.seen = max(0, len(l.levels)-1)
	}
	before := l.share(t.amount)
	own := level{l.of(e.Key), l.burst}
	t.amount, t.bound = max(t.amount, own.amount), max(t.bound, l.most(own))
	for ; t.seen < len(l.levels); t.seen++ { // what it was since has run into it, too
		v := l.levels[t.seen]
		t.amount, t.bound = max(t.amount, v.amount), max(t.bound, l.most(v))
	}
	o.share += l.share(t.amount) - before
	limit := own.amount
	if l.kind == budget.KindBucket {
		limit = l.burst
	}
	if charged := t.charged + t.before(); charged > limit {
		o.violate(e, "grant of lease %d: %d charged of %d", e.Lease, charged, limit)
	}
}

// before is what is charged to windows before the latest one, and counts.
func (t *tally) before() (sum int64) {
	for len(t.earlier) > 0 && t.earlier[0].window < t.window-t.limit.slots {
		t.earlier = t.earlier[1:]
	}
	for _, c := range t.earlier {
		sum += c.n
	}
	return sum
}

// limit is the one of that serial; zero if no event told of it.
func (o *oracle) limit(serial uint64) *terms {
	l := o.limits[serial]
	if l == nil {
		l = &terms{}
		o.limits[serial] = l
	}
	return l
}

func (o *oracle) tally(a account) *tally {
	t := o.used[a]
	if t == nil {
		t = &tally{account: a, limit: o.limit(a.serial)}
		o.used[a] = t
		o.filled += t.limit.burst
	}
	return t
}

// turn goes to a window; another than the last one starts at zero.
func (t *tally) turn(window int64) {
	if t.window != window {
		if t.limit.kind == budget.KindSliding {
			t.earlier = append(t.earlier, charge{t.window, t.charged})
		}
		t.window, t.charged, t.admitted, t.bound, t.amount = window, 0, 0, 0, 0
	}
}

// file keeps a claim under its lease's number, and claim finds it: nil if there is none.
func (o *oracle) file(lease uint64, c claim) {
	if len(o.leases) == 0 {
		o.firstLease = lease
	}
	switch at := lease - o.firstLease; {
	case at == uint64(len(o.leases)):
		o.leases = append(o.leases, c)
	case at < uint64(len(o.leases)):
		o.leases[at] = c
	default:
		stray := c
		o.strays[lease] = &stray
	}
}

func (o *oracle) claim(lease uint64) *claim {
	if at := lease - o.firstLease; at < uint64(len(o.leases)) {
		return &o.leases[at]
	}
	return o.strays[lease]
}

// admit is Theorem 1: the lease is of the window that is committed now, and the window's
// admissions stay within its bound; and Theorems 2 and 3, of the intervals that end now.
func (o *oracle) admit(e *trace.Event) {
	c := o.claim(e.Lease)
	if c == nil {
		o.violate(e, "admission on lease %d, which was never granted", e.Lease)
		return
	}
	o.books.Admitted += e.N
	o.books.Admissions += e.Count
	if c.left -= e.N; c.left < 0 {
		o.violate(e, "lease %d is overspent by %d", e.Lease, -c.left)
	}
	t := c.tally
	if now := t.limit.window(o.t); now != c.window {
		o.books.Overshoot = max(o.books.Overshoot, e.N) // that window is over
		o.violate(e, "admission on lease %d of window %d in window %d", e.Lease, c.window, now)
		return
	}
	t.turn(c.window)
	if t.admitted += e.N; t.admitted > t.bound {
		o.books.Overshoot = max(o.books.Overshoot, t.admitted-t.bound)
		o.violate(e, "window %d of limit %d key %q: %d admitted of %d",
			c.window, t.serial, t.key, t.admitted, t.bound)
	}
	if over := t.take(t.limit, e, c.bound, o.t); over > 0 {
		o.books.Overshoot = max(o.books.Overshoot, over)
		o.violate(e, "an interval of limit %d key %q: %d too many admitted", t.serial, t.key, over)
	}
}
