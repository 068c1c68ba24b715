package fsm

import (
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// model is the state machine once more, written to be obviously right: it never deletes, keeps
// lists of all that ever happened, and computes what it needs from them. It knows CodeInvalid
// and CodeFull only as far as the random commands meet them.
type model struct {
	t         budget.Instant
	epoch     uint64
	revisions uint64
	limits    []*mLimit
	budgets   []*mBudget
	sessions  []*mSession
	charges   []*mCharge
	asks      []mAsk
	max       bounds
	before    *mBefore // the cluster whose place this one took, if any
}

type mBefore struct {
	backup string
	at     budget.Instant
	last   Counters // of the numbers that may be its
}

type mLimit struct {
	budget.Limit
	serial  uint64
	budget  string
	emptyTo budget.Instant // 0: grants at once
	goneAt  budget.Instant
	gone    bool
}

type mBudget struct {
	budget.Budget
	revision uint64
	lives    []*mLimit
}

type mSession struct {
	id      lease.SessionID
	budget  string
	labels  budget.Labels
	touched budget.Instant
	ended   bool
	seq     uint64
	at      budget.Instant
	told    Result
}

type mCharge struct {
	id       lease.ID
	session  *mSession
	limit    *mLimit
	key      string
	window   budget.Window
	amount   budget.Credits
	back     budget.Credits
	returned bool
}

type mAsk struct {
	session lease.SessionID
	limit   *mLimit
	key     string
	window  budget.Window
}

func (m *model) apply(term uint64, e Entry) []Result {
	if e.Open {
		m.epoch = term
		return nil
	}
	var results []Result
	ok := m.epoch != 0 && e.Epoch == m.epoch
	if ok && e.Stamp > m.t {
		m.t = e.Stamp
	}
	for _, ss := range m.sessions {
		if ok && ss.touched+budget.Instant(SessionTTL) <= m.t {
			ss.ended = true
		}
	}
	for _, c := range e.Commands {
		switch {
		case !ok:
			results = append(results, Result{Code: CodeStaleEpoch})
		case c.OpenSession != nil:
			results = append(results, m.open(c.OpenSession))
		case c.Acquire != nil:
			results = append(results, m.acquire(c.Acquire))
		case c.Return != nil:
			results = append(results, m.giveBack(c.Return))
		case c.PutBudget != nil:
			results = append(results, m.put(c.PutBudget.Budget))
		case c.DeleteBudget != nil:
			results = append(results, m.remove(c.DeleteBudget.Name))
		case c.TakeOver != nil:
			results = append(results, m.takeOver(c.TakeOver))
		}
	}
	return results
}

func (m *model) find(name string) *mBudget {
	for _, b := range m.budgets {
		if b.Name == name {
			return b
		}
	}
	return nil
}

// window is when l's window is at T, and where it begins and ends.
func (m *model) window(l *mLimit) (w budget.Window, start, end budget.Instant) {
	per := budget.Instant(l.Per)
	w = budget.Window(m.t / per)
	return w, budget.Instant(w) * per, budget.Instant(w+1) * per
}

func (m *model) used(l *mLimit, key string) (sum budget.Credits) {
	w, _, _ := m.window(l)
	for _, c := range m.charges {
		if c.limit == l && c.key == key && c.window == w {
			sum += c.amount - c.back
		}
	}
	return sum
}

// left is what l may grant to key; empty limits grant nothing until the window that starts at
// or after the instant opens.
func (m *model) left(l *mLimit, key string) (left budget.Credits, opens budget.Instant) {
	_, start, end := m.window(l)
	if start < l.emptyTo {
		opens = end
		for opens < l.emptyTo {
			opens += budget.Instant(l.Per)
		}
		return 0, opens
	}
	return max(0, l.Amount-m.used(l, key)), end
}

func (m *model) askers(l *mLimit, key string, w budget.Window) budget.Credits {
	seen := map[lease.SessionID]bool{}
	for _, a := range m.asks {
		if a.limit == l && a.key == key && a.window == w {
			seen[a.session] = true
		}
	}
	return budget.Credits(len(seen))
}

// accounts is how many accounts of current windows were asked.
func (m *model) accounts() int {
	seen := map[accountOf]bool{}
	for _, a := range m.asks {
		if w, _, _ := m.window(a.limit); !a.limit.gone && a.window == w {
			seen[accountOf{a.limit.serial, a.key}] = true
		}
	}
	return len(seen)
}

// alive lists the sessions that are neither closed nor expired.
func (m *model) alive() (alive []*mSession) {
	for _, ss := range m.sessions {
		if !ss.ended {
			alive = append(alive, ss)
		}
	}
	return alive
}

func (m *model) session(id lease.SessionID) *mSession {
	for _, ss := range m.alive() {
		if ss.id != id {
			continue
		}
		if b := m.find(ss.budget); b != nil && labelsIn(b.Budget) != ss.names() {
			ss.ended = true
			return nil
		}
		return ss
	}
	return nil
}

func (m *model) open(c *OpenSession) Result {
	b := m.find(c.Budget)
	if b == nil {
		return Result{Code: CodeUnknownBudget}
	}
	ss := &mSession{budget: c.Budget, labels: labelsOf(c), touched: m.t}
	if labelsIn(b.Budget) != ss.names() {
		return Result{Code: CodeKeyNotAllowed, Detail: anyDetail}
	}
	if len(m.alive()) >= m.max.sessions {
		return full("sessions", m.max.sessions)
	}
	ss.id = m.last().Session + 1
	m.sessions = append(m.sessions, ss)
	at := m.lineOf(ss, b)
	return Result{Code: CodeDone, Session: ss.id, Revision: at.revision, Limits: at.limits,
		Levels: at.levels}
}

func (m *model) acquire(r *lease.Request) Result {
	ss := m.session(r.Session)
	if ss == nil {
		return Result{Code: CodeUnknownSession}
	}
	if r.Seq < ss.seq {
		return Result{Code: CodeStale}
	}
	if r.Seq == ss.seq {
		ss.touched = m.t
		return m.again(ss)
	}
	b := m.find(ss.budget)
	if b == nil {
		ss.touched = m.t
		return Result{Code: CodeUnknownBudget}
	}
	at := m.lineOf(ss, b)
	for i, a := range r.Asks {
		if r.Revision == at.revision && a.Limit >= len(at.lives) {
			return Result{Code: CodeInvalid, Detail: fmt.Sprintf(
				"asks[%d].limit: is %d, and the budget has %d limits", i, a.Limit, len(at.lives))}
		}
	}
	ss.touched = m.t
	m.take(ss, r.Returns)
	res := m.decide(ss, at, r)
	res.Revision = at.revision
	if res.Code != CodeFull {
		ss.seq, ss.at, ss.told = r.Seq, m.t, res
	}
	return res
}

// again is the remembered answer, with its durations counted down.
func (m *model) again(ss *mSession) Result {
	res := ss.told
	res.Grants = nil
	for _, g := range ss.told.Grants {
		g.TTL -= time.Duration(m.t - ss.at)
		res.Grants = append(res.Grants, g)
	}
	if res.Denial != nil {
		d := *res.Denial
		d.RetryAfter -= time.Duration(m.t - ss.at)
		res.Denial = &d
	}
	return res
}

func (m *model) decide(ss *mSession, at mLine, r *lease.Request) Result {
	if r.Revision != at.revision {
		return Result{Code: CodeChanged, Limits: at.limits, Levels: at.levels}
	}
	for _, a := range r.Asks {
		if a.Need > at.lives[a.Limit].Amount {
			return Result{Code: CodeTooLarge, Limit: a.Limit}
		}
	}
	before := len(m.asks)
	for _, a := range r.Asks {
		l := at.lives[a.Limit]
		w, _, _ := m.window(l)
		m.asks = append(m.asks, mAsk{ss.id, l, at.keys[a.Limit], w})
	}
	if m.accounts() > m.max.accounts {
		m.asks = m.asks[:before]
		return full("accounts", m.max.accounts)
	}
	latest := func(unmet func(a lease.Ask, left budget.Credits) bool) (d *lease.Denial) {
		var worst budget.Instant
		for _, a := range r.Asks {
			left, opens := m.left(at.lives[a.Limit], at.keys[a.Limit])
			if unmet(a, left) && opens > worst {
				worst = opens
				d = &lease.Denial{Limit: a.Limit, Left: left, RetryAfter: time.Duration(opens - m.t)}
			}
		}
		return d
	}
	hard := latest(func(a lease.Ask, left budget.Credits) bool { return left < a.Need })
	soft := latest(func(a lease.Ask, left budget.Credits) bool { return a.Need == 0 && left == 0 })
	some := latest(func(a lease.Ask, left budget.Credits) bool { return left > 0 && left >= a.Need })
	if hard != nil {
		return Result{Code: CodeDenied, Denial: hard}
	}
	if soft != nil && some == nil {
		return Result{Code: CodeDenied, Denial: soft}
	}
	res := Result{Code: CodeDone, Denial: soft}
	for _, a := range r.Asks {
		l, key := at.lives[a.Limit], at.keys[a.Limit]
		w, _, end := m.window(l)
		left, _ := m.left(l, key)
		if left == 0 {
			continue
		}
		holders := max(1, m.askers(l, key, w), m.askers(l, key, w-1))
		half := left / (2 * holders)
		if left%(2*holders) > 0 {
			half++
		}
		c := &mCharge{id: m.last().Lease + 1, session: ss, limit: l, key: key, window: w,
			amount: max(1, a.Need, min(a.Want, half))}
		m.charges = append(m.charges, c)
		res.Grants = append(res.Grants, lease.Grant{Lease: c.id, Limit: a.Limit, Window: w,
			Amount: c.amount, TTL: time.Duration(end - m.t)})
	}
	return res
}

func (m *model) take(ss *mSession, returns []lease.Return) (taken []budget.Credits) {
	for _, r := range returns {
		n := budget.Credits(0)
		for _, c := range m.charges {
			w, _, _ := m.window(c.limit)
			if c.id == r.Lease && c.session == ss && !c.returned && !c.limit.gone &&
				c.window == w && r.Window == w && r.Amount >= 1 && r.Amount <= c.amount {
				c.returned, c.back, n = true, r.Amount, r.Amount
			}
		}
		taken = append(taken, n)
	}
	return taken
}

func (m *model) giveBack(c *Return) Result {
	ss := m.session(c.Session)
	if ss == nil {
		return Result{Code: CodeUnknownSession}
	}
	ss.touched = m.t
	res := Result{Code: CodeDone, Taken: m.take(ss, c.Returns)}
	ss.ended = c.Close
	return res
}

func (m *model) put(b budget.Budget) Result {
	for i := range b.Limits {
		b.Limits[i].Kind = budget.KindWindow
	}
	sort.Slice(b.Limits, func(i, j int) bool {
		x, y := b.Limits[i], b.Limits[j]
		return x.Metric < y.Metric || x.Metric == y.Metric && x.Per < y.Per
	})
	old := m.find(b.Name)
	if old != nil && old.SameKeys(b) && old.Parent == b.Parent &&
		slices.Equal(old.Limits, b.Limits) {
		return Result{Code: CodeDone, Revision: old.revision}
	}
	if old == nil && len(m.budgets) >= m.max.budgets {
		return full("budgets", m.max.budgets)
	}
	if m.misfits(b.Name, &b) {
		return Result{Code: CodeMisfit, Detail: anyDetail}
	}
	m.revisions++
	next := &mBudget{Budget: b, revision: m.last().Revision, lives: make([]*mLimit, len(b.Limits))}
	if old != nil {
		for _, l := range old.lives {
			keep := -1
			for i, want := range b.Limits {
				if want.Metric == l.Metric && want.Per == l.Per && old.SameKeys(b) {
					keep = i
				}
			}
			if keep < 0 {
				l.gone, l.goneAt = true, m.t
			} else {
				l.Amount = b.Limits[keep].Amount
				next.lives[keep] = l
			}
		}
		m.budgets = slices.DeleteFunc(m.budgets, func(x *mBudget) bool { return x == old })
	}
	for i, want := range b.Limits {
		if next.lives[i] == nil {
			next.lives[i] = m.create(b.Name, want)
		}
	}
	m.budgets = append(m.budgets, next)
	return Result{Code: CodeDone, Revision: next.revision, Created: old == nil, Changed: true}
}

// create is a limit that starts empty while the last window of a removed one is not over, and
// while the cluster before may have leases of a limit as long as this one or the removed.
func (m *model) create(name string, want budget.Limit) *mLimit {
	l := &mLimit{Limit: want, serial: m.last().Limit + 1, budget: name}
	if m.before != nil {
		l.emptyTo = m.before.at + budget.Instant(want.Per)
	}
	for _, other := range m.limits {
		if other.gone && other.budget == name && other.Metric == want.Metric {
			end := (other.goneAt/budget.Instant(other.Per) + 1) * budget.Instant(other.Per)
			if m.before != nil {
				end = max(end, m.before.at+budget.Instant(other.Per))
			}
			if end > m.t {
				l.emptyTo = max(l.emptyTo, end)
			}
		}
	}
	m.limits = append(m.limits, l)
	return l
}

// last is how far the numbers went.
func (m *model) last() (last Counters) {
	if m.before != nil {
		last = m.before.last
	}
	last.Session += lease.SessionID(len(m.sessions))
	last.Lease += lease.ID(len(m.charges))
	last.Limit += uint64(len(m.limits))
	last.Revision += m.revisions
	return last
}

func (m *model) takeOver(c *TakeOver) Result {
	if m.before != nil && m.before.backup == c.Backup {
		return Result{Code: CodeDone}
	}
	if m.before != nil {
		return Result{Code: CodeNotNew,
			Detail: "this cluster was restored from another backup, " + m.before.backup[:12]}
	}
	if m.revisions > 0 {
		return Result{Code: CodeNotNew, Detail: "this cluster has had budgets of its own"}
	}
	last := c.Last
	last.Session += 1 << 44
	last.Lease += 1 << 44
	last.Limit += 1 << 44
	last.Revision += 1 << 44
	m.before = &mBefore{backup: c.Backup, at: m.t, last: last}
	return Result{Code: CodeDone, Changed: true}
}

func (m *model) remove(name string) Result {
	b := m.find(name)
	if b == nil {
		return Result{Code: CodeUnknownBudget}
	}
	if m.misfits(name, nil) {
		return Result{Code: CodeMisfit, Detail: anyDetail}
	}
	for _, l := range b.lives {
		l.gone, l.goneAt = true, m.t
	}
	m.budgets = slices.DeleteFunc(m.budgets, func(x *mBudget) bool { return x == b })
	return Result{Code: CodeDone}
}
