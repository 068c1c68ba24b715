package timeline

// cell sums up the leases that a session had of one window of an account.
type cell struct {
	cellID
	leases, amount, admitted, returned int64
	from, to                           instant
}

type cellID struct {
	account *account
	session *session
	window  int64
}

// draw makes g one of the rectangles. Those that it pushes out become coarser, or cells.
func (t *Timeline) draw(g *lease) {
	old, out := t.drawn.push(g, maxLeases)
	if out {
		t.fold(old)
	}
	if all := t.drawn.all(); len(all) > fineLeases {
		all[len(all)-1-fineLeases].coarsen(coarseSpans)
	}
}

// fold sums g up in its cell.
func (t *Timeline) fold(g *lease) {
	t.out.Leases++
	id := cellID{g.account, g.session, g.window}
	c := t.cellOf[id]
	if c == nil {
		c = &cell{cellID: id, from: g.start(), to: g.start()}
		t.cellOf[id] = c
		if old, out := t.cells.push(c, maxCells); out {
			delete(t.cellOf, old.cellID)
			t.out.Cells++
		}
	}
	c.leases++
	c.amount += g.amount
	c.admitted += g.admitted
	c.returned += g.returned
	c.from = min(c.from, g.start())
	c.to = max(c.to, g.ended, g.start())
	g.cell, g.spans = c, nil
	if g.isOver() {
		delete(t.leases, g.id)
	} else {
		t.late = append(t.late, g)
	}
}

// isOver reports whether nothing more is to come of g but what says that it is over. A lease
// that was given up may still be taken back.
func (g *lease) isOver() bool {
	switch g.ending {
	case spent, expired:
		return true
	case givenUp:
		return g.returned > 0
	}
	return false
}

// start is where g is first to be seen.
func (g *lease) start() instant {
	if g.taken {
		return g.accepted
	}
	return g.granted
}

// addSpan adds a span of admissions.
func (g *lease) addSpan(s span) {
	if n := len(g.spans); n > 0 && s.from <= g.spans[n-1].to {
		last := &g.spans[n-1]
		last.from, last.to = min(last.from, s.from), max(last.to, s.to)
		last.n += s.n
		return
	}
	g.spans = append(g.spans, s)
	g.coarsen(g.spanLimit)
}

// coarsen lets g have at most limit spans from now on: the nearest two become one.
func (g *lease) coarsen(limit int) {
	g.spanLimit = limit
	for len(g.spans) > limit {
		nearest := 1
		for i := 2; i < len(g.spans); i++ {
			if g.gap(i) < g.gap(nearest) {
				nearest = i
			}
		}
		before, after := &g.spans[nearest-1], g.spans[nearest]
		before.to = max(before.to, after.to)
		before.n += after.n
		g.spans = append(g.spans[:nearest], g.spans[nearest+1:]...)
	}
}

// gap is the time between span i and the one before.
func (g *lease) gap(i int) int64 { return g.spans[i].from - g.spans[i-1].to }
