package twin

import "github.com/leased-io/leased/trace"

// advanceTo lets cluster time pass to t: windows close, limits must roll, old things are
// forgotten.
func (c *checker) advanceTo(t int64) error {
	c.cal.was = c.now
	if t == c.now {
		return nil
	}
	c.now = t
	if c.nextEnd > 0 && t >= c.nextEnd {
		if err := c.closeWindows(); err != nil {
			return err
		}
	}
	c.forgetLeases()
	if err := c.forgetSessions(); err != nil {
		return err
	}
	return nil
}

func (c *checker) closeWindows() error {
	c.nextEnd = 0
	for _, l := range c.inForce {
		if l.zone != nil {
			continue // closeAligned has a look at them
		}
		if l.end() <= c.now {
			w := l.current
			l.number, l.current = c.now/l.span, nil
			if err := c.leave(l, w); err != nil {
				return err
			}
			if !l.unrolled {
				l.unrolled = true
				c.unrolled++
			}
			if err := c.closeWindow(w); err != nil {
				return err
			}
		}
		c.endsAt(l.end())
	}
	living := c.dying[:0]
	for _, w := range c.dying {
		if w.end > c.now {
			living = append(living, w)
			c.endsAt(w.end)
		} else if err := c.closeWindow(w); err != nil {
			return err
		}
	}
	c.dying = living
	return nil
}

// endsAt notes that some window ends at t.
func (c *checker) endsAt(t int64) {
	if c.nextEnd == 0 || t < c.nextEnd {
		c.nextEnd = t
	}
}

// closeWindow marks w as left by the current entry: whatever was admitted on it must have been
// before (NoCarryOver).
func (c *checker) closeWindow(w *window) error {
	if w == nil {
		return nil
	}
	w.closed = c.step.at()
	w.forget = c.now + int64(c.opts.Horizon)
	if w.limit.kind == KindSlots {
		w.forget += w.limit.per
	}
	for i := range w.last {
		l := &w.last[i]
		if err := c.beforeRoll(w, &l.at, l.clock); err != nil {
			return err
		}
	}
	w.last = nil
	c.settleWindow(w)
	if len(w.leases) > 0 {
		c.closing = append(c.closing, w)
	}
	return nil
}

// leave takes a limit that is no window limit out of window w, nil if nothing was granted there.
func (c *checker) leave(l *limit, w *window) error {
	switch l.kind {
	case KindWindow:
		return nil
	case KindSlots:
		return c.lapseAll(l)
	case KindSliding:
		l.slide(w)
	default:
		l.recycleBuckets(c.now)
		if len(c.clocks) == 1 && l.levels.last().burst > l.burst { // it was made smaller
			from, to := c.step.around()
			l.levels.set(l.amount, l.burst, from, to)
		}
	}
	l.recycleWatches()
	return nil
}

// roll is a limit's roll event (R4).
func (c *checker) roll(at *Located) error {
	e := &at.Event
	l := c.limits[e.Limit]
	switch {
	case l == nil:
		return violated(Roll, []Located{*at, c.step.entry},
			"limit %d rolled, and is not in force", e.Limit)
	case !l.unrolled:
		return violated(Roll, []Located{*at, c.step.entry, l.at},
			"limit %d rolled into window %d, and entered none at %d", e.Limit, e.Window, c.now)
	case e.Window != l.number:
		return violated(Roll, []Located{*at, c.step.entry, l.at},
			"limit %d rolled into window %d; at %d it is in window %d of %d ns",
			e.Limit, e.Window, c.now, l.number, l.span)
	}
	l.unrolled = false
	c.unrolled--
	if l.start() >= l.until { // a window that began before overlaps with the old leases
		l.empty = false
	}
	return nil
}

// mustRoll returns the violation of a limit, l or if that is nil any, that should have rolled
// by now and has not.
func (c *checker) mustRoll(l *limit, at ...Located) error {
	for _, other := range c.inForce {
		if l == nil && other.unrolled {
			l = other
		}
	}
	return violated(Roll, append(at, c.step.entry, l.at),
		"limit %d entered window %d at %d without a roll", l.serial, l.number, c.now)
}

// limit is a limit that comes into force, changes its amount or is removed.
func (c *checker) limit(at *Located) error {
	e := &at.Event
	l := c.limits[e.Limit]
	if l == nil {
		return c.newLimit(at)
	}
	s := shapeOf(e)
	s.burst = l.burst // of a bucket it may change
	if e.Budget != l.budget || e.Metric != l.metric || e.Per != l.per || e.Amount < 0 ||
		e.Amount > 0 && (s != l.shape || s.sane(e) != "") {
		return violated(FencingMonotonic, []Located{*at, l.at},
			"limit %d is %s %s per %d ns and cannot become another one",
			l.serial, l.budget, l.metric, l.per)
	}
	if l.unrolled {
		return c.mustRoll(l, *at)
	}
	if err := c.complies(l, at); err != nil {
		return err
	}
	l.at = *at
	if err := c.lapses(l, at); err != nil {
		return err
	}
	same := e.Amount == l.amount && e.Burst == l.burst && e.Shares != l.shares
	l.shares = e.Shares
	switch {
	case e.Key != "":
		return c.override(l, at)
	case e.Amount == 0:
		c.removeLimit(l)
	case same: // how its accounts are divided is all that changed
	case l.kind == KindBucket:
		c.changeBucket(l, e)
		return c.waitsLonger(l, e)
	default:
		l.amount = e.Amount
	}
	return nil
}

func (c *checker) newLimit(at *Located) error {
	e := &at.Event
	s := shapeOf(e)
	if e.Limit <= c.lastLimit {
		return violated(FencingMonotonic, []Located{*at},
			"limit %d cannot come into force after limit %d", e.Limit, c.lastLimit)
	}
	if e.Key != "" {
		return violated(s.rule(), []Located{*at},
			"limit %d comes into force for key %q alone", e.Limit, e.Key)
	}
	if wrong := s.sane(e); wrong != "" {
		return violated(s.rule(), []Located{*at},
			"limit %d of %d per %d ns cannot come into force: %s", e.Limit, e.Amount, e.Per, wrong)
	}
	if !s.covers() {
		return violated(InBudget, []Located{*at}, "the %d slots of limit %d are %d ns each; its "+
			"period of %d ns and half a percent more must fill them",
			s.slots, e.Limit, s.span, s.per)
	}
	first := c.lastLimit == 0
	c.lastLimit = e.Limit
	if first {
		c.begins()
	}
	l := &limit{
		serial: e.Limit, budget: e.Budget, metric: e.Metric, shape: s, amount: e.Amount,
		number: c.now / s.span, empty: !e.OK, until: e.Until, at: *at,
		heirs: c.heir.over(&s, e.Amount), shares: e.Shares,
	}
	if l.kind != KindWindow {
		l.watches = make(map[string]*watch)
	}
	if l.kind == KindSlots {
		c.believing = append(c.believing, l)
	}
	if l.kind == KindBucket {
		l.buckets, l.untouched = make(map[string]*bucket), full(l, c.now)
		l.leastAmount, l.mostBurst = l.amount, l.burst
		l.levels.set(l.amount, l.burst, 0, 0)
	}
	for _, g := range c.graves {
		if g.budget == l.budget && g.metric == l.metric && g.until > c.now &&
			(!l.empty || l.until < g.until) {
			return violated(NoOverGrant, []Located{*at},
				"limit %d takes the place of one whose leases count until %d, "+
					"and does not start empty until then", l.serial, g.until)
		}
	}
	if err := c.alignLimit(l); err != nil {
		return err
	}
	if err := c.startsAfter(l); err != nil {
		return err
	}
	if err := c.lapses(l, at); err != nil {
		return err
	}
	c.limits[l.serial] = l
	c.inForce = append(c.inForce, l)
	c.changes[l.budget]++
	if l.zone == nil {
		c.endsAt(l.end())
	}
	return nil
}

// changeBucket gives a bucket another amount or burst, from now on. What a window may admit is the
// most that it might at any time between two of its grants. Where the burst is smaller, what is out
// may be more than that until the window is over.
func (c *checker) changeBucket(l *limit, e *trace.Event) {
	l.pours(e.Amount, e.Burst, c.now)
	if l.current != nil {
		for _, a := range l.current.accounts {
			a.most = max(a.most, l.most(l.amount))
		}
	}
	if len(c.clocks) == 1 {
		from, to := c.step.around()
		l.levels.set(l.amount, max(l.burst, l.levels.last().burst), from, to)
	}
}

func (c *checker) removeLimit(l *limit) {
	delete(c.limits, l.serial)
	rest := c.inForce[:0]
	for _, other := range c.inForce {
		if other != l {
			rest = append(rest, other)
		}
	}
	c.inForce = rest
	c.changes[l.budget]++
	c.forgetFamily(l.budget)
	if l.current != nil {
		if l.zone != nil { // it has been corrected since the window's first grant, perhaps
			l.current.end = l.end()
			c.endsAt(l.current.end)
		}
		c.dying = append(c.dying, l.current)
	}
	c.removeSlots(l)
	live := c.graves[:0]
	for _, g := range c.graves {
		if g.until > c.now {
			live = append(live, g)
		}
	}
	until := l.end() + l.memory(l.amount)
	if l.empty {
		until = max(until, l.until) // the leases of the life before may live longer
	}
	c.graves = append(live, grave{budget: l.budget, metric: l.metric, until: until})
}
