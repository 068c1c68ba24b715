package timeline

import (
	"cmp"
	"slices"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

// limit is one life of a limit.
type limit struct {
	serial         uint64
	budget, metric string
	kind           string
	per, span      int64
	bound          int64   // of a window alone
	bands          []*band // oldest first
	over           bool    // it was removed
}

// band is a window of a limit, from the entry that rolled into it to the next such.
type band struct {
	limit    *limit
	window   int64
	from, to instant
	open     bool
}

// accountID names an account. Without a limit, serial is 0, and budget and metric tell.
type accountID struct {
	serial         uint64
	budget, metric string
	key            string
}

func (l *limit) account(key string) accountID {
	return accountID{l.serial, l.budget, l.metric, key}
}

type account struct {
	id      accountID
	limit   *limit
	tallies []*tally // oldest first
	used    int64    // when it was granted from last, in the order of grants
	credits int64    // admitted, ever
	gone    bool     // forgotten for others
}

// tally is what became of a window of an account.
type tally struct {
	account *account
	closed  bool // the check has closed the books
	twin.WindowTally
}

// limitEvent is a limit that comes into force, changes or is removed.
func (t *Timeline) limitEvent(e *trace.Event) {
	l := t.limits[e.Limit]
	if l == nil {
		l = &limit{serial: e.Limit, budget: e.Budget, metric: e.Metric, per: e.Per,
			kind: cmp.Or(e.Shape, twin.KindWindow)}
		l.span, _ = twin.Windows(e)
		t.limits[e.Limit] = l
		t.enter(l, t.axis.now/l.span)
	}
	if e.Amount > 0 {
		_, l.bound = twin.Windows(e)
	} else {
		t.leave(l)
		l.over = true
		delete(t.limits, e.Limit)
	}
}

// enter begins a window of l, and ends the one before.
func (t *Timeline) enter(l *limit, window int64) {
	t.leave(l)
	b := &band{limit: l, window: window, from: t.axis.log, open: true}
	l.bands = append(l.bands, b)
	old, out := t.bands.push(b, maxBands)
	for range maxBands {
		if !out || !old.open {
			break
		}
		old, out = t.bands.push(old, maxBands) // an open one is its limit's newest
	}
	if out {
		old.limit.bands = old.limit.bands[1:]
		t.out.Bands++
	}
}

func (t *Timeline) leave(l *limit) {
	if n := len(l.bands); n > 0 && l.bands[n-1].open {
		l.bands[n-1].to, l.bands[n-1].open = t.axis.log, false
	}
}

// current is the number of the window that l is in.
func (l *limit) current() int64 { return l.bands[len(l.bands)-1].window }

// roll is a limit that enters a window. What was still awaited of older leases is not any more.
func (t *Timeline) roll(e *trace.Event) {
	l := t.limits[e.Limit]
	if l == nil {
		return
	}
	t.enter(l, e.Window)
	late := t.late[:0]
	for _, g := range t.late {
		if g.account.limit == l && g.window < e.Window-1 {
			delete(t.leases, g.id)
		} else {
			late = append(late, g)
		}
	}
	clear(t.late[len(late):])
	t.late = late
}

// account returns the account of key that l has, and remembers it.
func (t *Timeline) account(l *limit, key string) *account {
	id := l.account(key)
	a := t.accounts[id]
	if a == nil {
		if len(t.accounts) >= maxAccounts {
			t.forgetAccounts()
		}
		a = &account{id: id, limit: l}
		t.accounts[id] = a
	}
	t.order++
	a.used = t.order
	return a
}

// forgetAccounts makes room: the quarter that was not used for longest is forgotten.
func (t *Timeline) forgetAccounts() {
	all := make([]*account, 0, len(t.accounts))
	for _, a := range t.accounts {
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b *account) int { return cmp.Compare(a.used, b.used) })
	for _, a := range all[:maxAccounts/4] {
		a.gone = true
		delete(t.accounts, a.id)
		t.out.Accounts++
	}
}

// tally returns the books of the account's window.
func (t *Timeline) tally(a *account, window int64) *tally {
	if n := len(a.tallies); n > 0 && a.tallies[n-1].Window == window {
		return a.tallies[n-1]
	}
	l := a.limit
	w := &tally{account: a, WindowTally: twin.WindowTally{Budget: l.budget, Metric: l.metric,
		Key: a.id.key, Limit: l.serial, Kind: l.kind,
		Per: l.per, Span: l.span, Window: window}}
	a.tallies = append(a.tallies, w)
	old, out := t.tallies.push(w, maxWindows)
	for range maxWindows {
		if !out || !old.current() {
			break
		}
		old, out = t.tallies.push(old, maxWindows)
	}
	if out {
		old.account.tallies = old.account.tallies[1:]
		t.out.Windows++
	}
	return w
}

// current reports whether more may be granted from the window.
func (w *tally) current() bool {
	l := w.account.limit
	return !w.account.gone && !l.over && w.Window == l.current()
}

// OnWindow takes what the check found a window to be. It is for twin.Options.OnWindow.
func (t *Timeline) OnWindow(w twin.WindowTally) {
	a := t.accounts[accountID{w.Limit, w.Budget, w.Metric, w.Key}]
	if a == nil {
		return
	}
	for _, mine := range slices.Backward(a.tallies) {
		if mine.Window == w.Window {
			mine.WindowTally, mine.closed = w, true
			return
		}
	}
}
