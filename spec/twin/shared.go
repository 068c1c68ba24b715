package twin

import "github.com/leased-io/leased/trace"

// A limit that is shared may withhold what is left from some who ask, for others. Who gets what is
// left is no matter of safety, so the checker does not judge it; but a denial that withholds says
// less than there is, and that it is so for a part of a window at most. Every other limit's denial
// must say all that is left.

// withholds reports whether a denial says that less may be had than is left, where it may.
func (l *limit) withholds(e *trace.Event, left int64) bool {
	return l.shares && e.Amount >= 0 && e.Amount < left
}

// mayWithhold is about how long such a denial tells to wait: until some time in the window, or its
// end; or, of a sliding limit, until what is charged now counts no more.
func (c *checker) mayWithhold(l *limit, at *Located) error {
	e := &at.Event
	latest := l.end()
	if l.kind == KindSliding {
		latest = l.leaves(l.number)
	}
	if e.TTL < 1 || e.TTL > latest-c.now {
		return violated(TTL, []Located{*at, c.step.entry, l.at},
			"the denial was told to last %d ns; what is withheld from it at %d is free in %d at most",
			e.TTL, c.now, latest-c.now)
	}
	return nil
}
