package twin

// lateAnswer checks the answer that brings a lease which was forgotten: it closes its request,
// was not taken before, and is the log's answer, if that is remembered.
func (c *checker) lateAnswer(p *process, s *session, at *Located) error {
	e := &at.Event
	if s == nil {
		return nil
	}
	for _, g := range s.charged {
		if g.id == e.Lease && g.accepted != nil {
			return acceptedTwice(g, at)
		}
	}
	if _, err := c.firstAnswer(p, s, nil, at); err != nil || p.gap {
		return err
	}
	if e.Seq < s.decided {
		return nil // what its answer was is forgotten
	}
	for _, g := range s.charged {
		if g.id == e.Lease && g.seq == e.Seq {
			return nil
		}
	}
	return violated(FirstAnswer, []Located{*at},
		"lease %d answers another request than %d", e.Lease, e.Seq)
}

func acceptedTwice(g *lease, at *Located) error {
	return violated(FirstAnswer, []Located{*at, *g.accepted}, "lease %d was accepted twice", g.id)
}
