package twin

// A session admits for its own account and for one of each budget above its own. Which accounts
// these are is made here anew, of what the log tells of budgets and of the session's labels.

// budget learns how a budget's keys are made, and what is above it.
func (c *checker) budget(at *Located) error {
	before := c.families[at.Event.Budget]
	if guard, why := c.families.Learn(&at.Event); guard != "" {
		return violated(OneHolder, []Located{*at}, "%s", why)
	}
	if is := c.families[at.Event.Budget]; is.Template != before.Template ||
		is.Parent != before.Parent || is.Weights != before.Weights {
		c.changes[at.Event.Budget]++
	}
	return nil
}

// forgetFamily drops what is known of a budget that has no limit any more: another one of its name
// is told of anew.
func (c *checker) forgetFamily(budget string) {
	for _, l := range c.inForce {
		if l.budget == budget {
			return
		}
	}
	delete(c.families, budget)
}

// reaches returns the violation of an answer to a session for an account that is not its own, and
// not above it.
func (c *checker) reaches(s *session, l *limit, at *Located) error {
	want, ok := c.families.Key(s.who, l.budget)
	switch {
	case !ok:
		return violated(OneHolder, []Located{*at, l.at},
			"session %d of budget %s was answered for budget %s, which is not above it",
			s.id, s.who.Budget, l.budget)
	case at.Event.Key != want:
		return violated(OneHolder, []Located{*at, l.at},
			"session %d of budget %s, key %q, was answered for budget %s, key %q",
			s.id, s.who.Budget, s.who.Key, l.budget, at.Event.Key)
	}
	return nil
}
