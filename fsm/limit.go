package fsm

import (
	"cmp"
	"container/heap"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// limit is one life of a budget's limit: from the PutBudget that created it to the one, or the
// DeleteBudget, that removed it.
type limit struct {
	budget.Limit
	budget string
	serial uint64
	// window is the one that cluster time is in.
	window budget.Window
	// emptyUntil is the end of the leases of a life before this one, here or in the cluster whose
	// place this one took, or 0. The limit grants nothing in a window that begins before it.
	emptyUntil budget.Instant
	// forgotten is charged to the window by leases that can be returned no more: their session
	// ended, or holds too many others, or gave part of them back. For all we know it is spent.
	forgotten budget.Credits
	// accounts are of window, prev of the window just before it: all others are gone.
	accounts, prev map[string]*budget.Account
	place          int // in State.rolls
}

// start is the first instant of the limit's window, end the first after it.
func (l *limit) start() budget.Instant { return l.End(l.window - 1) }
func (l *limit) end() budget.Instant   { return l.End(l.window) }

// empty reports whether the limit grants nothing yet.
func (l *limit) empty() bool { return l.start() < l.emptyUntil }

// opens is when the limit's account is fresh the next time: when its window ends, or where its
// first window begins that is not empty.
func (l *limit) opens() budget.Instant {
	if l.empty() {
		return l.End(l.WindowAt(l.emptyUntil - 1))
	}
	return l.end()
}

// left returns what the limit may still grant from a, which is one of its accounts.
func (l *limit) left(a *budget.Account) budget.Credits {
	if l.empty() {
		return 0
	}
	return a.Left(l.Amount)
}

// roll takes the limit into the window that t is in (R4). It returns how many accounts are over.
func (l *limit) roll(t budget.Instant) int {
	over := len(l.accounts)
	w := l.WindowAt(t)
	if w == l.window+1 {
		l.prev = l.accounts
	} else {
		l.prev = nil
	}
	l.accounts, l.forgotten, l.window = nil, 0, w
	if !l.empty() {
		l.emptyUntil = 0
	}
	return over
}

// account returns key's account, which it creates if there is none.
func (l *limit) account(key string) *budget.Account {
	if a := l.accounts[key]; a != nil {
		return a
	}
	a := &budget.Account{}
	if p := l.prev[key]; p != nil {
		a.PrevAskers = p.Askers
	}
	if l.accounts == nil {
		l.accounts = map[string]*budget.Account{}
	}
	l.accounts[key] = a
	return a
}

// forget counts what a lease still holds of the window as spent.
func (l *limit) forget(h held) {
	if l != nil && l.window == h.Window {
		l.forgotten += h.Amount
	}
}

// grave names what removed limits leave behind: the instant at which the last lease of that
// budget name and metric is over.
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
