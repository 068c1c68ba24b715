package twin

import "slices"

// settleWindow settles the leases of a closed window that are over, and keeps the others.
func (c *checker) settleWindow(w *window) {
	rest := w.leases[:0]
	for _, g := range w.leases {
		if c.isOver(g) {
			c.settle(g)
		} else {
			rest = append(rest, g)
		}
	}
	clear(w.leases[len(rest):])
	w.leases = rest
}

// isOver reports whether nothing more can be heard of a lease whose window is closed: its
// holder said so, or its process's file is at an end, or nobody took it for a horizon.
func (c *checker) isOver(g *lease) bool {
	switch {
	case g.slots != nil && g.slots.out > 0 && g.account.window.forget > c.now:
		return false // it may be kept or returned
	case g.over:
		return true
	case g.taken != nil:
		return g.taken.eof
	default:
		return g.account.window.forget <= c.now
	}
}

// forgetLeases looks once more at the windows that closed a horizon ago.
func (c *checker) forgetLeases() {
	for len(c.closing) > 0 && c.closing[0].forget <= c.now {
		w := c.closing[0]
		c.closing = c.closing[1:]
		c.settleWindow(w)
		c.judgeStuck(w)
		// What is left was taken and is not over: it is settled by its holder, or with it.
		w.leases = nil
	}
}

// settle forgets a lease, after adding up what its holder may have done unseen.
func (c *checker) settle(g *lease) {
	if g.settled {
		return
	}
	g.settled = true
	delete(c.leases, g.id)
	a := g.account
	if a == nil {
		return
	}
	if g.slots != nil {
		c.believes(g)
	}
	unknown := g.amount - g.admitted - max(g.givenUp, g.returned)
	switch p := g.session.process; {
	case g.over || unknown <= 0 || g.slots != nil:
	case p == nil:
		c.report.Untraced += unknown
	case p.eof && !p.ended:
		c.report.Unrecorded += unknown
		a.tally.Unrecorded += unknown
	}
	g.session.live--
	a.live--
	if a.live == 0 && a.window.closed != nil {
		c.closeAccount(a)
	}
}

// closeAccount reports a window of an account, of which everything is known.
func (c *checker) closeAccount(a *account) {
	c.report.Windows++
	c.judged(a)
	if f := c.report.Fullest; a.tally.Kind == KindWindow && (f == nil ||
		fuller(a.tally.Admitted, a.tally.Bound, f.Admitted, f.Bound)) {
		tally := a.tally
		c.report.Fullest = &tally
	}
	if c.opts.OnWindow != nil {
		c.opts.OnWindow(a.tally)
	}
}

// settleAll closes the books at the end of the trace.
func (c *checker) settleAll() {
	ids := make([]uint64, 0, len(c.leases))
	for id := range c.leases {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		g := c.leases[id]
		c.settle(g)
		// Of a window that is still open when the log ends, the last lease closes the books.
		if a := g.account; a != nil && a.live == 0 && a.window.closed == nil {
			c.closeAccount(a)
		}
	}
}

// settleOf settles what a process took, now that its file is at an end.
func (c *checker) settleOf(p *process) {
	var ids []uint64
	for id, g := range c.leases {
		if g.taken == p && (g.account == nil || g.account.window.closed != nil) &&
			(g.slots == nil || g.slots.out == 0) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		c.settle(c.leases[id])
	}
}
