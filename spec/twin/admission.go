package twin

// admission is n credits of one lease, spent between two readings of its holder's clock
// (WindowLease!Admit).
func (c *checker) admission(p *process, g *lease, at *Located) error {
	e := &at.Event
	if e.N < 1 || e.Count < 0 || e.First > e.Last {
		return violated(Books, []Located{*at},
			"%d credits were admitted in %d admissions from %d to %d",
			e.N, e.Count, e.First, e.Last)
	}
	if g.account == nil {
		return violated(NoCarryOver, []Located{*at, *g.accepted},
			"lease %d was accepted long after its window, and spent", g.id)
	}
	if g.send != nil && (e.First < g.send.Event.At || e.Last-g.send.Event.At >= g.life) {
		return violated(LeaseCover, []Located{*at, *g.accepted, *g.send, g.granted},
			"lease %d was spent from %d to %d ns after its attempt was sent; its life was %d",
			g.id, e.First-g.send.Event.At, e.Last-g.send.Event.At, g.life)
	}
	if err := c.inWindow(p, g, at); err != nil {
		return err
	}
	a := g.account
	g.admitted += e.N
	a.tally.Admitted += e.N
	if a.watch != nil {
		a.spent = append(a.spent, spend{copyOf(at), e.First, e.Last, e.N, g.bound})
	}
	c.report.Credits += e.N
	c.report.Admissions += e.Count
	if a.tally.Admitted > a.tally.Bound {
		return violated(Safe, []Located{*at, *g.accepted, g.granted},
			"%d credits were admitted in window %d of %s %s, key %q; its limit was %d",
			a.tally.Admitted, a.window.number, a.tally.Budget, a.tally.Metric, a.key,
			a.tally.Bound)
	}
	return nil
}

// inWindow checks that an admission happened after its grant was proposed, and before the
// entry that left its window (NoCarryOver). If the log has not left it yet, the latest
// admission is kept until it does.
func (c *checker) inWindow(p *process, g *lease, at *Located) error {
	e := &at.Event
	born, comparable := on(g.born.before, p.clock)
	if comparable && e.First < born-int64(c.opts.Slack) {
		return violated(NoCarryOver, []Located{*at, g.granted, g.born.entry},
			"credits were spent %d ns before their grant was proposed", born-e.First)
	}
	w := g.account.window
	if w.closed != nil {
		return c.beforeRoll(w, at, p.clock)
	}
	for i := range w.last {
		if l := &w.last[i]; l.clock == p.clock {
			if e.Last > l.at.Event.Last {
				l.at = *at
			}
			return nil
		}
	}
	w.last = append(w.last, latest{p.clock, *at})
	return nil
}

// beforeRoll compares an admission, or the last of several, with the end of its window.
func (c *checker) beforeRoll(w *window, at *Located, clock int) error {
	left, comparable := on(w.closed.after, clock)
	if !comparable {
		c.report.Incomparable++
		return nil
	}
	if at.Event.Last-int64(c.opts.Slack) >= left {
		return violated(NoCarryOver, []Located{*at, w.closed.entry},
			"credits of window %d were spent %d ns after the log had left it",
			w.number, at.Event.Last-left)
	}
	return nil
}
