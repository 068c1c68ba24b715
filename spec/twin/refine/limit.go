package refine

import "github.com/leased-io/leased/trace"

// limit is one life of a limit. Each of its keys is an account, and each account an instance of
// WindowLease, or of the module of its shape; they share T.
type limit struct {
	serial         uint64
	budget, metric string
	shape          string // "", sliding, bucket or slots
	per, amount    int64
	slots, burst   int64
	span           int64 // how long a window is
	window         int64
	own            map[string]int64 // keys that have another amount
	lapses         map[string]int64 // by key: until when it is so, of what is for a time
	shares         bool             // what is left may be withheld from some
	until          int64            // of a limit that starts empty, until it does not any more
	gone           bool
	// avail is what is not charged in window, by key: here what is, since the amount may change.
	// Of a bucket what was asked and is not as if it never had been.
	avail  map[string]*account
	leases []*lease // of window

	past []generation // of a sliding limit, oldest first

	// Of a bucket: an account that was never asked; the latest changes, what it ever was, and
	// whether there were more changes than are surely remembered.
	untouched      *account
	changes        []int64
	least, largest int64
	loose          bool
	aligned
}

// account is one key's part of a limit's window: used is the specification's Limit - avail.
type account struct {
	used int64
	tokens
	rows []*lease // of slots: those that are not over, by their ends
}

func (l *limit) end() int64 {
	if l.zone != nil {
		return l.ends - l.cal.off
	}
	return (l.window + 1) * l.span
}

func (l *limit) empty() bool { return l.start() < l.until }

// start is the first instant of the limit's window, or, of an aligned one, one that is no later.
func (l *limit) start() int64 {
	if l.zone != nil {
		return max(0, l.begins()-l.cal.off-l.cal.slowed)
	}
	return l.window * l.span
}

// opens is when an account of the limit is fresh the next time.
func (l *limit) opens() int64 {
	if l.zone != nil {
		return l.opensAligned()
	}
	if l.empty() {
		return ((l.until-1)/l.span + 1) * l.span
	}
	return l.end()
}

// account returns key's account, which has all of the limit if it was not met before.
func (l *limit) account(key string) *account {
	a := l.avail[key]
	if a == nil {
		if a = (&account{}); l.shape == bucket {
			a = l.fresh()
		}
		l.avail[key] = a
	}
	return a
}

// present returns key's account, with its bucket refilled to T (BucketLease!Touch).
func (m *Machine) present(l *limit, key string) *account {
	a := l.account(key)
	if l.shape == bucket {
		m.countRefill(a.refill(l, m.T))
	}
	if l.shape == slots {
		a.used = a.out(m.T)
	}
	return a
}

func (m *Machine) countRefill(r refilled) {
	if r.over {
		m.counts.step(refillsOver)
	}
	if r.capped {
		m.counts.step(refillsCapped)
	}
}

// left returns what is left of the limit for a, which is key's and present.
func (l *limit) left(a *account, key string) int64 {
	switch {
	case l.empty():
		return 0
	case l.shape == bucket:
		return a.left(l)
	case l.shape == slots:
		return max(0, l.amountOf(key)-a.used)
	case l.shape == sliding:
		return max(0, l.amountOf(key)-a.used-l.before(key))
	default:
		return max(0, l.amountOf(key)-a.used)
	}
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
	case e.Window != l.windowAt(m.T):
		return refuse(Roll, "Window", "at %d limit %d is in window %d, not %d",
			m.T, l.serial, l.windowAt(m.T), e.Window)
	case m.at.begun:
		return refuse(Roll, "First", "limit %d rolls after the entry has begun to do other things",
			l.serial)
	case m.at.aligned && l.zone == nil:
		return refuse(Roll, "Order", "limit %d rolls after limit %d, which is aligned",
			l.serial, m.at.rollLimit)
	case m.at.aligned != (l.zone != nil): // the first aligned one
	case l.end() < m.at.rollEnd || l.end() == m.at.rollEnd && l.serial <= m.at.rollLimit:
		return refuse(Roll, "Order", "limit %d, whose window ended at %d, rolls after limit %d, %d",
			l.serial, l.end(), m.at.rollLimit, m.at.rollEnd)
	}
	m.at.rollEnd, m.at.rollLimit, m.at.aligned = l.end(), l.serial, l.zone != nil
	if e.Window > l.window+1 && (l.zone == nil || e.Window*1_000_000_000 > l.ends) {
		m.counts.step(rollsFar)
	} else {
		m.counts.step(rolls)
	}
	m.leave(l)
	m.countRefill(l.roll(e.Window, m.T))
	if l.zone != nil {
		l.alignAt(m.T)
	}
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
	case e.Key != "":
		return m.changeKey(l, e)
	case e.Amount == 0:
		return m.remove(l, e)
	default:
		return m.change(l, e)
	}
}

// put brings a limit into force: empty, while leases of one in whose place it comes are about,
// or for longer.
func (m *Machine) put(e *trace.Event) *Refusal {
	l := &limit{serial: e.Limit, budget: e.Budget, metric: e.Metric, shape: e.Shape, per: e.Per,
		amount: e.Amount, slots: e.Slots, burst: e.Burst, span: e.Span, until: e.Until, shares: e.Shares,
		avail: make(map[string]*account)}
	if l.shape == "" {
		l.span = l.per
	}
	until := m.graves[grave{e.Budget, e.Metric}]
	if until <= m.T { // its leases are over
		until = 0
	}
	switch {
	case e.Limit != m.lastLimit+1:
		return refuse(PutLimit, "Next", "limit %d comes into force after limit %d",
			e.Limit, m.lastLimit)
	case e.Amount < 1 || e.Per < 1 || e.Key != "" || e.Lapse != 0 || !sane(e):
		return refuse(PutLimit, "Sane", "limit %d of %d in %d ns, shape %q, %d slots, burst %d, "+
			"span %d", e.Limit, e.Amount, e.Per, e.Shape, e.Slots, e.Burst, e.Span)
	case !slotsCover(e):
		return refuse(PutLimit, "Span", "%d slots of %d ns are not the period of %d ns of limit %d",
			e.Slots, e.Span, e.Per, e.Limit)
	case e.OK && until > m.T || !e.OK && e.Until < until || e.OK != (e.Until == 0):
		return refuse(PutLimit, "Grave",
			"limit %d starts empty: %t, until %d; leases in its place are about until %d",
			e.Limit, !e.OK, e.Until, until)
	}
	if r := m.align(l, e); r != nil {
		return r
	}
	if begun, old := m.begunBefore(l); begun && e.Until < old {
		return refuse(PutLimit, "Heir",
			"limit %d starts empty: %t, until %d; the old cluster's leases are about until %d",
			e.Limit, !e.OK, e.Until, old)
	}
	if l.shape == bucket {
		l.untouched = &account{tokens: tokens{T: m.T}}
		l.untouched.tok.Set(l.untouched.cap(l))
		l.least, l.largest = l.amount, l.burst
	}
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

// change gives a limit another amount, or a bucket another burst, which leaves its accounts as
// they are.
func (m *Machine) change(l *limit, e *trace.Event) *Refusal {
	wanted := *l
	wanted.amount, wanted.burst = e.Amount, e.Burst
	same, until := e.Amount == l.amount && e.Burst == l.burst, int64(0)
	if l.empty() {
		until = l.until
		if heirs, old := m.begunBefore(&wanted); heirs {
			until = max(until, old)
		}
	}
	switch {
	case e.Budget != l.budget || e.Metric != l.metric || e.Per != l.per || e.Align != l.align ||
		e.Zone != l.zoneName:
		return refuse(ChangeLimit, "Same", "limit %d is %s %s in %d ns, not %s %s in %d",
			l.serial, l.budget, l.metric, l.per, e.Budget, e.Metric, e.Per)
	case e.Shape != l.shape || e.Slots != l.slots || l.shape != "" && e.Span != l.span:
		return refuse(ChangeLimit, "Shape", "limit %d with shape %q, %d slots and span %d becomes %q, "+
			"%d and %d", l.serial, l.shape, l.slots, l.span, e.Shape, e.Slots, e.Span)
	case e.Amount < 1 || same && e.Shares == l.shares && e.Lapse == l.lapses[""] || !sane(e):
		return refuse(ChangeLimit, "Amount", "limit %d of %d, burst %d is changed to %d, %d",
			l.serial, l.amount, l.burst, e.Amount, e.Burst)
	case e.OK != (until == 0) || e.Until != until:
		return refuse(ChangeLimit, "Empty", "limit %d is empty: %t, until %d; it is until %d",
			l.serial, !e.OK, e.Until, until)
	case e.Lapse != 0 && e.Lapse <= m.T:
		return refuse(ChangeLimit, "Lapse", "limit %d is of %d until %d, and it is %d",
			l.serial, e.Amount, e.Lapse, m.T)
	case e.TTL != 0 && e.TTL != m.ends(l)-m.T:
		return refuse(ChangeLimit, "Ttl", "leases of limit %d may be out for %d ns, not %d",
			l.serial, m.ends(l)-m.T, e.TTL)
	}
	m.lapse(l, e)
	l.until, l.shares = e.Until, e.Shares
	if l.shape == bucket && !same {
		m.countRefill(l.changeBucket(e.Amount, e.Burst, m.T))
		m.counts.step(changesBucket)
		return nil
	}
	l.amount = e.Amount
	m.counts.step(changes)
	return nil
}

// remove ends a limit's life. Its leases may be spent until its window ends, and count after that.
func (m *Machine) remove(l *limit, e *trace.Event) *Refusal {
	if e.Budget != l.budget || e.Metric != l.metric || e.Per != l.per || !e.OK || e.Until != 0 {
		return refuse(RemoveLimit, "Same", "limit %d is %s %s in %d ns, not %s %s in %d",
			l.serial, l.budget, l.metric, l.per, e.Budget, e.Metric, e.Per)
	}
	if e.TTL != 0 && e.TTL != m.ends(l)-m.T {
		return refuse(RemoveLimit, "Ttl", "leases of limit %d may be out for %d ns, not %d",
			l.serial, m.ends(l)-m.T, e.TTL)
	}
	for g, until := range m.graves {
		if until <= m.T {
			delete(m.graves, g)
		}
	}
	g := grave{l.budget, l.metric}
	m.graves[g] = max(m.graves[g], l.end()+l.memory())
	if l.empty() {
		m.graves[g] = max(m.graves[g], l.until) // the leases of the life before may live longer
	}
	delete(m.limits, l.serial)
	if m.budgets[l.budget]--; m.budgets[l.budget] == 0 {
		delete(m.budgets, l.budget)
		delete(m.families, l.budget) // another of its name is told of anew
	}
	l.gone = true
	for _, a := range l.avail {
		for _, g := range a.rows { // nobody can keep or return them
			g.out = 0
		}
	}
	if len(l.leases) > 0 {
		m.dying = append(m.dying, l)
	}
	for _, s := range m.sessions {
		s.homeless = s.homeless || s.who.Budget == l.budget
	}
	m.counts.step(removes)
	return nil
}
