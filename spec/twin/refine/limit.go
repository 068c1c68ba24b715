package refine

import "github.com/leased-io/leased/trace"

// limit is one life of a limit. Each of its keys is an account, and each account an instance of
// WindowLease; they share T.
type limit struct {
	serial         uint64
	budget, metric string
	per, amount    int64
	window         int64
	until          int64 // of a limit that starts empty, until it does not any more
	gone           bool
	// avail is what is not charged in window, by key: here what is, since the amount may change.
	avail  map[string]*account
	leases []*lease // of window
}

// account is one key's part of a limit's window: used is the specification's Limit - avail.
type account struct{ used int64 }

func (l *limit) end() int64  { return (l.window + 1) * l.per }
func (l *limit) empty() bool { return l.window*l.per < l.until }

// opens is when an account of the limit is fresh the next time.
func (l *limit) opens() int64 {
	if l.empty() {
		return ((l.until-1)/l.per + 1) * l.per
	}
	return l.end()
}

// account returns key's account, which has all of the limit if it was not met before.
func (l *limit) account(key string) *account {
	a := l.avail[key]
	if a == nil {
		a = &account{}
		l.avail[key] = a
	}
	return a
}

// left returns what is left of the limit for a.
func (l *limit) left(a *account) int64 {
	if l.empty() {
		return 0
	}
	return max(0, l.amount-a.used)
}

// grave names what a removed limit leaves behind: when its last leases are over.
type grave struct{ budget, metric string }

// roll is T's entering a window of a limit (WindowLease!Commit, rolled). The rolls of an entry
// come before all else that it does, in the order of the windows' ends.
func (m *Machine) roll(e *trace.Event) *Refusal {
	l := m.limits[e.Limit]
	switch {
	case l == nil:
		return refuse(Roll, "InForce", "limit %d is not in force", e.Limit)
	case l.end() > m.T:
		return refuse(Roll, "Due", "window %d of limit %d ends at %d, and it is %d",
			l.window, l.serial, l.end(), m.T)
	case e.Window != m.T/l.per:
		return refuse(Roll, "Window", "at %d limit %d is in window %d, not %d",
			m.T, l.serial, m.T/l.per, e.Window)
	case m.at.begun:
		return refuse(Roll, "First", "limit %d rolls after the entry has begun to do other things",
			l.serial)
	case l.end() < m.at.rollEnd || l.end() == m.at.rollEnd && l.serial <= m.at.rollLimit:
		return refuse(Roll, "Order", "limit %d, whose window ended at %d, rolls after limit %d, %d",
			l.serial, l.end(), m.at.rollLimit, m.at.rollEnd)
	}
	m.at.rollEnd, m.at.rollLimit = l.end(), l.serial
	if e.Window > l.window+1 {
		m.counts.step(rollsFar)
	} else {
		m.counts.step(rolls)
	}
	m.leave(l)
	l.window = e.Window
	if !l.empty() {
		l.until = 0
	}
	return nil
}

// limit is a limit that comes into force, changes or is removed.
func (m *Machine) limit(e *trace.Event) *Refusal {
	l := m.limits[e.Limit]
	switch {
	case l == nil:
		return m.put(e)
	case e.Amount == 0:
		return m.remove(l, e)
	default:
		return m.change(l, e)
	}
}

// put brings a limit into force: empty, while leases of one in whose place it comes are about,
// or for longer.
func (m *Machine) put(e *trace.Event) *Refusal {
	until := m.graves[grave{e.Budget, e.Metric}]
	begun, old := m.begunBefore(e.Per)
	switch {
	case e.Limit != m.lastLimit+1:
		return refuse(PutLimit, "Next", "limit %d comes into force after limit %d",
			e.Limit, m.lastLimit)
	case e.Amount < 1 || e.Per < 1:
		return refuse(PutLimit, "Sane", "limit %d of %d in %d ns", e.Limit, e.Amount, e.Per)
	case e.OK && until > m.T || !e.OK && e.Until < until || e.OK != (e.Until == 0):
		return refuse(PutLimit, "Grave",
			"limit %d starts empty: %t, until %d; leases in its place are about until %d",
			e.Limit, !e.OK, e.Until, until)
	case begun && e.Until < old:
		return refuse(PutLimit, "Heir",
			"limit %d starts empty: %t, until %d; the old cluster's leases are about until %d",
			e.Limit, !e.OK, e.Until, old)
	}
	l := &limit{serial: e.Limit, budget: e.Budget, metric: e.Metric, per: e.Per, amount: e.Amount,
		window: m.T / e.Per, until: e.Until, avail: make(map[string]*account)}
	m.lastLimit = l.serial
	m.limits[l.serial] = l
	m.budgets[l.budget]++
	if l.empty() {
		m.counts.step(putsEmpty)
	} else {
		m.counts.step(puts)
	}
	return nil
}

// change gives a limit another amount, which leaves its accounts as they are.
func (m *Machine) change(l *limit, e *trace.Event) *Refusal {
	until := int64(0)
	if l.empty() {
		until = l.until
	}
	switch {
	case e.Budget != l.budget || e.Metric != l.metric || e.Per != l.per:
		return refuse(ChangeLimit, "Same", "limit %d is %s %s in %d ns, not %s %s in %d",
			l.serial, l.budget, l.metric, l.per, e.Budget, e.Metric, e.Per)
	case e.Amount < 1 || e.Amount == l.amount:
		return refuse(ChangeLimit, "Amount", "limit %d of %d is changed to %d",
			l.serial, l.amount, e.Amount)
	case e.OK != (until == 0) || e.Until != until:
		return refuse(ChangeLimit, "Empty", "limit %d is empty: %t, until %d; it is until %d",
			l.serial, !e.OK, e.Until, until)
	}
	l.amount = e.Amount
	m.counts.step(changes)
	return nil
}

// remove ends a limit's life. Its leases may be spent until its window ends.
func (m *Machine) remove(l *limit, e *trace.Event) *Refusal {
	if e.Budget != l.budget || e.Metric != l.metric || e.Per != l.per || !e.OK || e.Until != 0 {
		return refuse(RemoveLimit, "Same", "limit %d is %s %s in %d ns, not %s %s in %d",
			l.serial, l.budget, l.metric, l.per, e.Budget, e.Metric, e.Per)
	}
	for g, until := range m.graves {
		if until <= m.T {
			delete(m.graves, g)
		}
	}
	g := grave{l.budget, l.metric}
	m.graves[g] = max(m.graves[g], l.end())
	if l.empty() {
		m.graves[g] = max(m.graves[g], l.until) // the leases of the life before may live longer
	}
	delete(m.limits, l.serial)
	if m.budgets[l.budget]--; m.budgets[l.budget] == 0 {
		delete(m.budgets, l.budget)
	}
	l.gone = true
	if len(l.leases) > 0 {
		m.dying = append(m.dying, l)
	}
	for _, s := range m.sessions {
		s.homeless = s.homeless || s.budget == l.budget
	}
	m.counts.step(removes)
	return nil
}
