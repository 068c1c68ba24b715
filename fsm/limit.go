package fsm

import (
	"cmp"
	"container/heap"
	"slices"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// limit is one life of a budget's limit: from the PutBudget that created it to the one, or the
// DeleteBudget, that removed it.
type limit struct {
	budget.Limit
	budget string
	serial uint64
	// sharing is the budget's; nil: first come, first served.
	sharing *budget.Sharing
	// window is the one that cluster time is in.
	window budget.Window
	// emptyUntil is the instant at which nothing counts any more of a life before this one, here or
	// in the cluster whose place this one took, or 0. The limit grants nothing in a window that
	// begins before it.
	emptyUntil budget.Instant
	// forgotten is charged to the window by leases that can be returned no more: their session
	// ended, or holds too many others, or gave part of them back. For all we know it is spent.
	forgotten budget.Credits
	// accounts are of window. past[i] are of the window i+1 before it: as many windows as still
	// matter, at most keep. An account that lasts is in one of them all, the one in which it was
	// last asked; of the other kinds a key has an account in each window in which it was.
	accounts *table
	past     []*table
	// was has the paces of a bucket before its latest changes, oldest first.
	was []budget.Pace
	// overrides are by key; the empty key's is of the whole limit, whose amount it has. Nil: none.
	overrides map[string]*override
	lent      bool // overrides is an image's, too
	place     int  // in State.rolls or State.aligned
	onCalendar
}

// maxPaces bounds was, and maxPast what a limit remembers of windows before: a bucket whose
// changes leave less room than that is replaced.
const (
	maxPaces = 16
	maxPast  = 256
)

// start is the first instant of the limit's window, end the first after it.
func (l *limit) start() budget.Instant {
	if l.Align != "" {
		return l.startAligned()
	}
	return l.End(l.window - 1)
}

func (l *limit) end() budget.Instant {
	if l.Align != "" {
		return l.cal.instant(l.ends)
	}
	return l.End(l.window)
}

// empty reports whether the limit grants nothing yet.
func (l *limit) empty() bool { return l.emptyUntil > 0 && l.start() < l.emptyUntil }

// keep is how many windows before the current one the limit remembers.
func (l *limit) keep() int { return slowest(l.Limit, l.was).Past() }

// slowest is the bucket that takes longest to fill, of those that a limit was.
func slowest(l budget.Limit, was []budget.Pace) budget.Limit {
	for _, p := range was {
		l.Amount, l.Burst = min(l.Amount, p.Amount), max(l.Burst, p.Burst)
	}
	return l
}

// over is when nothing that the limit granted counts any more.
func (l *limit) over() budget.Instant { return l.end().Add(slowest(l.Limit, l.was).Memory()) }

// opens is when the limit may have need for key, of which a is the account, advanced to the
// present: where its window ends, or earlier, if a bucket has refilled as much by then, or later,
// if too much of a sliding limit still counts. Where the limit is empty it is where its first
// window begins that is not.
func (l *limit) opens(a *budget.Account, key string, need budget.Credits) budget.Instant {
	need = max(1, need)
	in := l.of(key)
	switch {
	case l.Align != "":
		return l.opensAligned()
	case l.empty():
		return l.End(l.WindowAt(l.emptyUntil - 1))
	case l.Kind == budget.KindSliding:
		return l.slides(a, key, need)
	case l.Kind == budget.KindBucket:
		return min(l.end(), a.Has(in, need))
	case l.Kind == budget.KindSlots:
		return a.FreeAt(in, need)
	default:
		return l.end()
	}
}

// slides is opens of a sliding limit. With each roll the oldest window that counts is one later.
func (l *limit) slides(a *budget.Account, key string, need budget.Credits) budget.Instant {
	left, at := l.of(key).Amount-l.before(key)-a.Used, l.end()
	for i := len(l.past) - 1; i >= 0 && left < need; i-- {
		if p := l.past[i].get(key); p != nil && p.Used > 0 {
			left, at = left+p.Used, l.End(l.window+budget.Window(l.Slots-1-i))
		}
	}
	if left < need {
		return l.End(l.window + budget.Window(l.Slots)) // where this window leaves, too
	}
	return at
}

// left returns what the limit may still grant from a, which is key's account, advanced to the
// present.
func (l *limit) left(a *budget.Account, key string) budget.Credits {
	if l.empty() {
		return 0
	}
	return a.Left(l.of(key), l.before(key))
}

// before is what is charged to key in windows before the current one, and counts.
func (l *limit) before(key string) (sum budget.Credits) {
	if l.Kind == budget.KindSliding {
		for _, gen := range l.past {
			if a := gen.get(key); a != nil {
				sum += a.Used
			}
		}
	}
	return sum
}

// roll takes the limit into the window that t is in (R4). It returns how many accounts that
// Counts counts are over.
func (l *limit) roll(t budget.Instant) int {
	before := l.counted()
	w := l.WindowAt(t)
	// What is w-l.window windows further back from now on, as far as it is kept.
	keep := l.keep()
	further := min(int64(w-l.window-1), int64(keep))
	l.past = append(make([]*table, further), l.generations()...)
	l.past = l.past[:min(len(l.past), keep)]
	for len(l.past) > 0 && l.past[len(l.past)-1].len() == 0 {
		l.past = l.past[:len(l.past)-1]
	}
	l.accounts, l.forgotten, l.window = nil, 0, w
	if !l.empty() {
		l.emptyUntil = 0
	}
	// What is kept was touched since then, and a bucket that was not is full.
	kept := l.End(w - budget.Window(keep) - 1)
	l.was = slices.DeleteFunc(l.was, func(p budget.Pace) bool { return p.Until <= kept })
	return before - l.counted()
}

// counted is how many accounts the limit has that bind something: those of a window limit's
// last window only size grants.
func (l *limit) counted() int {
	n := l.accounts.len()
	if l.Kind != budget.KindWindow {
		for _, gen := range l.past {
			n += gen.len()
		}
	}
	return n
}

// generations are the accounts of the current window and of those before it, in this order.
func (l *limit) generations() []*table {
	return append([]*table{l.accounts}, l.past...)
}

// find returns key's account in the current window or, if it lasts, in the last one that it was
// asked in, and how many windows ago that is. Nil if it has none.
func (l *limit) find(key string) (a *budget.Account, ago int) {
	if a := l.accounts.get(key); a != nil || !l.Lasts() {
		return a, 0
	}
	for i, gen := range l.past {
		if a := gen.get(key); a != nil {
			return a, i + 1
		}
	}
	return nil, 0
}

// present returns key's account as it is at t, in a copy.
func (l *limit) present(key string, t budget.Instant) budget.Account {
	a, ago := l.find(key)
	return l.advanced(a, ago, t)
}

// advanced is present of an account that was found.
func (l *limit) advanced(a *budget.Account, ago int, t budget.Instant) budget.Account {
	switch {
	case a == nil:
		return l.fresh(t)
	case !l.Lasts():
		return *a
	}
	now := *a
	if l.Kind == budget.KindSlots {
		now.Lapse(t)
		if ago > 0 {
			now.Askers, now.PrevAskers = 0, 0
		}
		return now
	}
	now.Advance(l.Limit, l.was, l.End(l.window-budget.Window(ago)), t)
	if ago > 0 {
		now.Peak, now.Askers, now.PrevAskers = 0, 0, 0
	}
	return now
}

// fresh is the account of a key that is not remembered: its bucket was full before the limit's
// latest changes.
func (l *limit) fresh(t budget.Instant) (a budget.Account) {
	if l.Kind == budget.KindSlots {
		a.Lapse(t)
	}
	if l.Kind != budget.KindBucket {
		return a
	}
	if len(l.was) == 0 {
		a.Fill(l.Burst, t)
		return a
	}
	a.Fill(l.was[0].Burst, l.was[0].Until)
	a.Advance(l.Limit, l.was, 0, t)
	return a
}

// account returns key's account, to be written to and advanced to t, which it creates if there is
// none.
func (l *limit) account(key string, t budget.Instant) *budget.Account {
	if a := l.accounts.own(key); a != nil {
		*a = l.advanced(a, 0, t)
		return a
	}
	a, ago := l.find(key)
	now := l.advanced(a, ago, t)
	now.Out = slices.Clone(now.Out)
	if len(l.past) > 0 {
		if p := l.past[0].get(key); p != nil {
			now.PrevAskers = p.Askers
		}
	}
	now.Tenants = l.carry(key)
	if ago > 0 {
		l.past[ago-1].remove(key)
	}
	if l.accounts == nil {
		l.accounts = &table{}
	}
	return l.accounts.put(key, now)
}

// change gives the limit another amount, and a bucket another size, from t on.
func (l *limit) change(want budget.Limit, t budget.Instant) {
	if l.Kind == budget.KindBucket {
		l.was = after(l.Limit, l.was, t)
	}
	l.Limit = want
}

// after is was with the pace that a bucket had until t. Where there are too many the oldest two
// become one, of which both are faster.
func after(l budget.Limit, was []budget.Pace, t budget.Instant) []budget.Pace {
	if n := len(was); n > 0 && was[n-1].Until == t { // it was so for no time at all
		return was
	}
	was = append(slices.Clone(was), budget.Pace{Until: t, Amount: l.Amount, Burst: l.Burst})
	if len(was) > maxPaces {
		was[1].Amount = min(was[0].Amount, was[1].Amount)
		was[1].Burst = min(was[0].Burst, was[1].Burst)
		was = was[1:]
	}
	return was
}

// takes reports whether want is the same limit, changed so little that it may live on.
func (l *limit) takes(want budget.Limit, t budget.Instant) bool {
	return l.Same(want) &&
		(l.Kind != budget.KindBucket || slowest(want, after(l.Limit, l.was, t)).Past() <= maxPast)
}

// forget counts what a lease still holds of the window as spent. Of slots there is nothing to do:
// they are out until the lease ends.
func (l *limit) forget(h held) {
	if l != nil && l.window == h.Window && h.Until == 0 {
		l.forgotten += h.Amount
	}
}

// grave names what removed limits leave behind: the instant at which nothing counts any more that
// was granted under that budget name and metric.
type grave struct {
	budget, metric string
}

func (g grave) compare(h grave) int {
	return cmp.Or(cmp.Compare(g.budget, h.budget), cmp.Compare(g.metric, h.metric))
}

// held is a lease that its session may still return, all or part of it, once.
type held struct {
	Lease  lease.ID       `cbor:"1,keyasint"`
	Limit  uint64         `cbor:"2,keyasint"` // serial
	Window budget.Window  `cbor:"3,keyasint"`
	Amount budget.Credits `cbor:"4,keyasint"`
	Until  budget.Instant `cbor:"5,keyasint,omitempty"` // when a lease of slots ends
}

// rolls is a heap of all limits, the one whose window ends first at its root; of several, the
// oldest. An entry before that instant pays nothing for the limits that there are.
type rolls []*limit

var _ heap.Interface = (*rolls)(nil)

func (r rolls) Len() int { return len(r) }
func (r rolls) Less(i, j int) bool {
	a, b := r[i], r[j]
	return cmp.Or(cmp.Compare(a.end(), b.end()), cmp.Compare(a.serial, b.serial)) < 0
}
func (r rolls) Swap(i, j int) {
	r[i], r[j] = r[j], r[i]
	r[i].place, r[j].place = i, j
}
func (r *rolls) Push(x any) {
	l := x.(*limit)
	l.place = len(*r)
	*r = append(*r, l)
}
func (r *rolls) Pop() any {
	last := len(*r) - 1
	l := (*r)[last]
	(*r)[last] = nil
	*r = (*r)[:last]
	return l
}
