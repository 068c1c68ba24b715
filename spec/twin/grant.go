package twin

// grant charges a lease to an account (WindowLease!Commit, op "reserve").
func (c *checker) grant(at *Located) error {
	e := &at.Event
	l, s, err := c.decided(at)
	if err != nil {
		return err
	}
	if e.Lease <= c.lastLease {
		return violated(FencingMonotonic, []Located{*at},
			"lease %d was granted after lease %d", e.Lease, c.lastLease)
	}
	if err := c.chargeOnce(at, s); err != nil {
		return err
	}
	if e.Window != l.number {
		return violated(Roll, []Located{*at, c.step.entry},
			"a lease of window %d was granted at %d, in window %d", e.Window, c.now, l.number)
	}
	if ends := l.ends(c.now); e.TTL != ends-c.now {
		return violated(TTL, []Located{*at, c.step.entry},
			"the lease was told %d ns; from %d to its end it has %d", e.TTL, c.now, ends-c.now)
	}
	if l.start() < l.heirs {
		return violated(TakeOver, []Located{*at, c.heir.at},
			"a lease of window %d was granted, which began at %d; those of the old cluster count "+
				"until %d", e.Window, l.start(), l.heirs)
	}
	a := l.account(e.Key)
	from, err := c.keeps(l, s, at)
	if err != nil {
		return err
	}
	if left := c.left(l, e.Key, a.used); l.empty || e.Amount < 1 ||
		e.Amount > e.Kept && e.Amount-e.Kept > left {
		return violated(l.rule(), []Located{*at, l.at},
			"%d credits were granted; limit %d of %d has %d left (starts empty: %t)",
			e.Amount, l.serial, l.amountOf(e.Key), max(0, left), l.empty)
	}
	c.lastLease = e.Lease
	g := &lease{
		id: e.Lease, account: a, session: s, seq: e.Seq, amount: e.Amount, bound: l.amountOf(e.Key),
		granted: *at, born: c.step.at(), told: []int64{e.TTL}, ending: c.now + e.TTL,
	}
	c.leases[g.id] = g
	a.window.leases = append(a.window.leases, g)
	s.charged = append(s.charged, g)
	s.live++
	a.live++
	a.used += e.Amount
	switch l.kind {
	case KindSliding:
		c.watches(a)
	case KindBucket:
		c.watches(a)
		l.buckets[e.Key].charge(l, e.Amount)
	case KindSlots:
		c.lend(l, g, from)
	}
	a.tally.Leases++
	a.tally.Granted += e.Amount
	a.tally.Bound = max(a.tally.Bound, l.most(l.amountOf(e.Key)), a.most)
	c.report.Grants++
	c.report.Granted += e.Amount
	c.wakeOn(c.awaitLease, g.id)
	return nil
}

// left returns what l has left for key, of whose current window used is charged. It is negative
// where the limit was lowered below what is charged.
func (c *checker) left(l *limit, key string, used int64) int64 {
	switch l.kind {
	case KindSliding:
		return l.amountOf(key) - used - l.before(key)
	case KindBucket:
		return l.bucket(key, c.now).left(l)
	case KindSlots:
		return l.amountOf(key) - l.outOf(key)
	default:
		return l.amountOf(key) - used
	}
}

// decided returns the limit and the session of a grant or denial.
func (c *checker) decided(at *Located) (*limit, *session, error) {
	e := &at.Event
	s := c.sessions[e.Session]
	if s == nil || s.over {
		return nil, nil, violated(OneHolder, []Located{*at},
			"session %d asked and was answered, and is not open", e.Session)
	}
	l := c.limits[e.Limit]
	if l == nil {
		return nil, nil, violated(NoOverGrant, []Located{*at},
			"limit %d is not in force", e.Limit)
	}
	if l.unrolled {
		return nil, nil, c.mustRoll(l, *at)
	}
	if err := c.lapsed(l, e.Key, at); err != nil {
		return nil, nil, err
	}
	if err := c.reaches(s, l, at); err != nil {
		return nil, nil, err
	}
	if l.kind == KindSlots {
		if err := c.lapse(l, e.Key); err != nil {
			return nil, nil, err
		}
	}
	return l, s, nil
}

// chargeOnce makes e's request the session's last decided one, and its charge the only one.
func (c *checker) chargeOnce(at *Located, s *session) error {
	e := &at.Event
	if e.Seq > s.decided {
		s.decided, s.denied, s.charged = e.Seq, false, s.charged[:0]
		return nil
	}
	if e.Seq < s.decided || s.denied || len(s.charged) == 0 {
		return violated(RequestOnce, []Located{*at},
			"request %d of session %d was charged after request %d was decided",
			e.Seq, s.id, s.decided)
	}
	// More leases of one request come from one entry, each of another limit.
	for _, other := range s.charged {
		if other.born.entry.Event.Index != c.index || other.account.window.limit.serial == e.Limit {
			return violated(RequestOnce, []Located{*at, other.granted},
				"request %d of session %d was charged twice", e.Seq, s.id)
		}
	}
	return nil
}

// account returns the account of key in the limit's current window.
func (l *limit) account(key string) *account {
	w := l.current
	if w == nil {
		w = &window{limit: l, number: l.number, end: l.end(), byKey: make(map[string]*account)}
		l.current = w
	}
	a := w.byKey[key]
	if a == nil {
		a = &account{window: w, key: key, tally: WindowTally{
			Budget: l.budget, Metric: l.metric, Key: key, Limit: l.serial, Kind: l.kind,
			Per: l.per, Span: l.span, Window: l.number,
		}}
		w.byKey[key] = a
		w.accounts = append(w.accounts, a)
	}
	return a
}

// replay answers a decided request again (R8): with the same leases, and what is left of them.
func (c *checker) replay(at *Located) error {
	e := &at.Event
	c.report.Replays++
	s := c.sessions[e.Session]
	var g *lease
	if s != nil && e.Seq == s.decided {
		for _, charged := range s.charged {
			if charged.id == e.Lease {
				g = charged
			}
		}
	}
	if g == nil {
		return violated(RequestOnce, []Located{*at},
			"lease %d was told again as the answer to request %d of session %d, "+
				"which was not charged for it", e.Lease, e.Seq, e.Session)
	}
	if left := g.ends() - c.now; e.TTL != left && (e.TTL > 0 || left > 0) {
		return violated(TTL, []Located{*at, g.granted},
			"the lease was told %d ns again; from %d to its end it has %d",
			e.TTL, c.now, left)
	}
	if !g.names(e) || e.Amount != 0 && e.Amount != g.amount {
		return violated(RequestOnce, []Located{*at, g.granted},
			"lease %d was told again as another lease", g.id)
	}
	if g.taken == nil {
		g.told = append(g.told, e.TTL)
	}
	c.wakeOn(c.awaitLease, g.id)
	return nil
}

// deny refuses a request, all of it.
func (c *checker) deny(at *Located) error {
	e := &at.Event
	c.report.Denials++
	l, s, err := c.decided(at)
	if err != nil {
		return err
	}
	if e.Seq < s.decided || e.Seq == s.decided && !s.denied {
		return violated(RequestOnce, []Located{*at},
			"request %d of session %d was denied after request %d was decided",
			e.Seq, s.id, s.decided)
	}
	if e.Seq == s.decided {
		return nil // told again
	}
	s.decided, s.denied, s.charged = e.Seq, true, s.charged[:0]
	if l.start() < l.until {
		return nil // it starts empty, perhaps for longer than it must
	}
	used := int64(0)
	if l.current != nil {
		used = l.current.charged(e.Key)
	}
	left := max(0, c.left(l, e.Key, used))
	if l.withholds(e, left) {
		return c.mayWithhold(l, at)
	}
	if !c.waits(l, e.Key, used, e.TTL) {
		return violated(TTL, []Located{*at, c.step.entry, l.at},
			"the denial was told to last %d ns; at %d there is no more left then than a "+
				"nanosecond earlier, and the window is over at %d", e.TTL, c.now, l.end())
	}
	if e.Amount != left && (!l.loose || e.Amount < 0 || e.Amount > left) {
		return violated(l.rule(), []Located{*at, l.at},
			"a denial says that %d credits are left; there are %d", e.Amount, left)
	}
	return nil
}

// waits reports whether a denied request may be told to ask again after d: when there is more.
// How much it needs is not recorded.
func (c *checker) waits(l *limit, key string, used, d int64) bool {
	switch {
	case l.kind == KindSlots && !l.empty:
		return l.frees(key, c.now, d)
	case l.kind == KindSliding:
		return l.slides(key, used, c.now+d)
	case l.loose:
		return d > 0 && d <= l.end()-c.now
	case l.kind == KindBucket:
		return l.bucket(key, c.now).fills(l, d)
	default:
		return d == l.opens()-c.now
	}
}

// takeBack is a return (WindowLease!Commit, op "return"; MayReturn).
func (c *checker) takeBack(at *Located) error {
	e := &at.Event
	if l := c.limits[e.Limit]; l != nil && l.unrolled { // whatever comes of it, the roll comes first
		return c.mustRoll(l, *at)
	}
	if !e.OK {
		return nil // no effect
	}
	if g := c.leases[e.Lease]; g != nil && g.slots != nil {
		if err := c.lapse(g.account.window.limit, g.account.key); err != nil {
			return err
		}
	}
	refuse := func(why string, more ...Located) error {
		return violated(ReturnOnce, append([]Located{*at}, more...),
			"%d credits of lease %d were taken back, %s", e.Amount, e.Lease, why)
	}
	g := c.leases[e.Lease]
	switch {
	case g == nil || g.account == nil:
		return refuse("which was never granted or is long over")
	case g.session.id != e.Session:
		return refuse("which is another session's", g.granted)
	case g.back != nil:
		return refuse("which was taken back before", *g.back, g.granted)
	case g.slots != nil && (g.slots.ends <= c.now || g.slots.out == 0):
		return refuse("which was over or replaced", g.granted)
	case g.slots == nil && g.account.window.closed != nil:
		return refuse("whose window is over", g.granted, g.account.window.closed.entry)
	case e.Window != g.account.window.number || !g.names(e):
		return refuse("under another window or limit", g.granted)
	case e.Amount < 1 || e.Amount > g.amount:
		return refuse("which never had as many", g.granted)
	}
	if g.taken != nil && g.taken.tellsAll() && e.Amount > g.givenUp {
		err := refuse("of which its holder had not given up as many", *g.accepted)
		if !g.taken.waiting {
			return err
		}
		g.taken.doubts(err)
	}
	back := *at
	g.back, g.returned = &back, e.Amount
	a := g.account
	a.used -= e.Amount
	if g.slots != nil {
		g.slots.out -= e.Amount
	}
	if l := a.window.limit; l.kind == KindBucket {
		l.bucket(a.key, c.now).charge(l, -e.Amount)
	}
	a.tally.Returned += e.Amount
	c.report.Returned += e.Amount
	return nil
}
