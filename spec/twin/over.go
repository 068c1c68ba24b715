package twin

import "slices"

// A holder says of each lease that it is over, even if it has nothing left to lose. It does so
// lazily: not at the end of the lease's life, but when it next looks. It has surely looked when it
// asks for something new, and when it is closed.

// holds notes that the session has taken a lease, of which its holder must tell the end.
func (s *session) holds(g *lease) { s.held = append(s.held, g) }

// overdue returns the violation of a session that asks for something new and has not told the
// end of a lease whose life was over when it last sent or took anything: it has looked since.
func (s *session) overdue(p *process, at *Located) error {
	kept := s.held[:0]
	for _, g := range s.held {
		if !g.over {
			kept = append(kept, g)
		}
	}
	clear(s.held[len(kept):])
	s.held = kept
	if p.gap {
		return nil
	}
	for _, g := range s.held {
		if g.send != nil && s.looked-g.send.Event.At >= g.life {
			return violated(Books, []Located{*at, *g.accepted, *g.send, g.granted},
				"lease %d was over %d ns after its attempt was sent, and %d ns later its holder "+
					"had not said so", g.id, g.life, s.looked-g.send.Event.At-g.life)
		}
	}
	return nil
}

// closedInOrder looks at the leases of a process whose file is at its end.
func (c *checker) closedInOrder(p *process) error {
	if !p.ended || p.gap {
		return nil
	}
	var left []*lease
	for _, g := range c.leases {
		if g.taken == p && !g.over && g.session.closed {
			left = append(left, g)
		}
	}
	if len(left) == 0 {
		return nil
	}
	return neverOver(slices.MinFunc(left, func(a, b *lease) int { return int(a.id) - int(b.id) }))
}

// closes is a session that its holder has closed. If its file is at its end before the log is, it
// has told all that it ever will.
func (s *session) closes() error {
	s.closed = true
	if p := s.process; p == nil || !p.eof || !p.ended || p.gap {
		return nil
	}
	for _, g := range s.held {
		if !g.over {
			return neverOver(g)
		}
	}
	return nil
}

func neverOver(g *lease) error {
	return violated(Books, []Located{*g.accepted, g.granted},
		"session %d was closed, and its holder never said that lease %d is over",
		g.session.id, g.id)
}
