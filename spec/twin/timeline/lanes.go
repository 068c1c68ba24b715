package timeline

// addHolders adds what the lanes show: leases, their sums, denials and open failures.
func (b *builder) addHolders() {
	for _, g := range b.drawn.all() {
		if at, shown := b.accountOf[g.account]; shown {
			a := &b.Accounts[at]
			a.Leases = append(a.Leases, b.leaseRow(g))
		}
	}
	for _, c := range b.cells.all() {
		if at, shown := b.accountOf[c.account]; shown {
			a := &b.Accounts[at]
			a.Cells = append(a.Cells, [8]int64{int64(b.lane(c.session)), c.window, c.from, c.to,
				c.leases, c.amount, c.admitted, c.returned})
		}
	}
	for _, d := range b.denials.all() {
		if at, shown := b.accountOf[d.account]; shown {
			a := &b.Accounts[at]
			a.Denials = append(a.Denials, [3]int64{d.at, int64(b.lane(d.session)), d.left})
		}
	}
	for _, f := range b.failures.all() {
		if at, shown := b.accountOf[f.account]; shown {
			a := &b.Accounts[at]
			a.FailOpens = append(a.FailOpens,
				[5]int64{f.from, f.to, int64(b.lane(f.session)), f.n, f.count})
		}
	}
}

// lane returns the index of a session.
func (b *builder) lane(s *session) int {
	if at, known := b.sessionOf[s.id]; known {
		return at
	}
	process := -1
	if s.file != "" {
		process = b.processOf[s.file]
	}
	b.sessionOf[s.id] = len(b.Sessions)
	b.Sessions = append(b.Sessions, [2]int64{int64(s.id), int64(process)})
	return len(b.Sessions) - 1
}

func (b *builder) leaseRow(g *lease) []int64 {
	from, to, how := b.extent(g)
	row := []int64{int64(g.id), int64(b.lane(g.session)), g.window, g.granted, from, to,
		g.amount, g.admitted, g.returned, int64(how), g.ttl / perMicro, g.life / perMicro,
		g.admissions, g.replays}
	for _, s := range g.spans {
		row = append(row, s.from, s.to, s.n)
	}
	return row
}

// extent is where a lease is drawn, and how it ended.
func (b *builder) extent(g *lease) (from, to instant, how ending) {
	from, to, how = g.start(), g.ended, g.ending
	switch how {
	case untaken:
		to = b.checked
		for _, w := range g.account.limit.bands {
			if w.window == g.window && !w.open {
				to = w.to
			}
		}
	case alive:
		if g.named { // how long it could be used is what there is to see
			return from, max(from, min(g.lifeEnds, b.axis.end)), how
		}
		to = min(g.lifeEnds, b.checked)
		if f := b.file(g.session.file); f != nil && !f.Ended {
			if died := b.last(f); died < to {
				to, how = died, orphaned
			}
		}
	}
	return from, max(from, to), how
}
