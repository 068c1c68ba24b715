package kinds

import (
	"fmt"
	"slices"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
)

// change gives a limit another amount or burst.
func (l *log) change() { l.changeOf(l.r.IntN(len(l.b.Limits))) }

func (l *log) changeOf(i int) {
	b := l.b
	b.Limits = slices.Clone(b.Limits)
	m := &b.Limits[i]
	part := func(n budget.Credits) budget.Credits {
		return max(1, n*budget.Credits(60+l.r.Int64N(100))/100)
	}
	m.Amount, m.Lease = part(m.Amount), 0
	if m.Kind == budget.KindBucket {
		m.Burst = part(m.Burst)
	}
	l.put(b)
}

// set gives a limit another amount than the budget says, for all or for one key, mostly for a time,
// or ends that.
func (l *log) set() {
	m := l.b.Limits[l.r.IntN(len(l.b.Limits))]
	c := &fsm.SetLimit{Budget: "b", Metric: m.Metric, Per: m.Per, Kind: m.Kind,
		Clear: l.r.IntN(4) == 0}
	if l.b.Keyed && l.r.IntN(2) == 0 {
		c.Key = fmt.Sprint("k", l.r.IntN(3))
	}
	if !c.Clear {
		c.Amount = max(1, m.Amount*budget.Credits(40+l.r.Int64N(120))/100)
		if m.Kind == budget.KindBucket && l.r.IntN(2) == 0 {
			c.Burst = max(1, m.Burst*budget.Credits(60+l.r.Int64N(100))/100)
		}
		if l.r.IntN(3) > 0 {
			c.For = time.Duration(1 + l.wait())
		}
	}
	if res := l.do(min(l.wait(), l.wait()), fsm.Command{SetLimit: c}); res.Code == fsm.CodeDone {
		l.rev = res.Revision
	}
}

// replace puts other limits in the place of all, perhaps with accounts by other keys.
func (l *log) replace() {
	b := budget.Budget{Name: "b", Keyed: l.b.Keyed != (l.r.IntN(4) == 0)}
	for range 1 + l.r.IntN(3) {
		per := time.Duration(1+l.r.IntN(20)) * 250 * time.Millisecond
		one := limit(l.r, []string{"requests", "bytes"}[l.r.IntN(2)], budget.Credits(1+l.r.IntN(60)), per)
		if l.slots && one.Kind == budget.KindBucket {
			one.Kind, one.Slots, one.Burst = budget.KindSlots, 0, 0
		}
		if l.calendar && l.r.IntN(4) > 0 {
			one = l.align(one)
		}
		if more := append(b.Limits, one); (budget.Budget{Name: "b", Limits: more}).Validate() == nil {
			b.Limits = more
		}
	}
	if len(b.Limits) > 0 {
		l.put(b)
	}
}

// put puts a budget, if it is a valid one.
func (l *log) put(b budget.Budget) {
	b = b.Canonical()
	if b.Validate() != nil {
		return
	}
	wait := int64(0)
	if len(l.b.Limits) > 0 {
		wait = min(l.wait(), l.wait())
	}
	before, _ := l.s.Budget("b", "")
	res := l.do(wait, fsm.Command{PutBudget: &fsm.PutBudget{Budget: b}})
	l.remains(before)
	l.b, l.rev = b, res.Revision
}

// flurry changes a bucket more often in a few windows than is remembered, between asking for all
// that is in it.
func (l *log) flurry() {
	i := slices.IndexFunc(l.b.Limits, func(m budget.Limit) bool { return m.Kind == budget.KindBucket })
	if i < 0 || len(l.users) == 0 {
		return
	}
	u := l.users[l.r.IntN(len(l.users))]
	whole, span := l.wait, int64(l.b.Limits[i].Span())
	l.wait = func() int64 { return l.r.Int64N(span/2 + 1) }
	all := func(need budget.Credits) {
		u.seq++
		l.acquire(u, []lease.Ask{{Limit: i, Need: need, Want: max(1, need, l.b.Limits[i].Bound())}})
	}
	all(0)
	for range 18 + l.r.IntN(20) {
		l.changeOf(i)
	}
	all(l.b.Limits[i].Bound())
	l.wait = whole
}
