package twin

import (
	"maps"
	"slices"
)

// A limit may have another amount for a key than for everybody, and another one for a time than
// otherwise. Both are changes of a limit like any other: a grant goes by what is in force for its
// key when it is made, and leases that were granted before live to their end.

// amountOf is what l has for key.
func (l *limit) amountOf(key string) int64 {
	if own, has := l.own[key]; has {
		return own
	}
	return l.amount
}

// override is a limit's event about one key: it has an amount of its own, or, with 0, no more.
func (c *checker) override(l *limit, at *Located) error {
	e := &at.Event
	switch {
	case l.kind == KindBucket:
		return violated(l.rule(), []Located{*at, l.at},
			"key %q gets a bucket of its own in limit %d; all of a limit are refilled alike",
			e.Key, l.serial)
	case e.Amount == 0:
		delete(l.own, e.Key)
	default:
		if l.own == nil {
			l.own = make(map[string]int64)
		}
		l.own[e.Key] = e.Amount
	}
	return nil
}

// lapses notes until when what a limit's event says is in force, if that is for a time.
func (c *checker) lapses(l *limit, at *Located) error {
	e := &at.Event
	if e.Lapse == 0 {
		delete(l.lapses, e.Key)
		return nil
	}
	if e.Lapse <= c.now || e.Amount == 0 {
		return violated(Lapse, []Located{*at, c.step.entry},
			"limit %d is overridden for key %q until %d, and it is %d", l.serial, e.Key, e.Lapse, c.now)
	}
	if l.lapses == nil {
		l.lapses = make(map[string]int64)
	}
	l.lapses[e.Key] = e.Lapse
	if c.nextLapse == 0 || e.Lapse < c.nextLapse {
		c.nextLapse = e.Lapse
	}
	return nil
}

// lapsed checks that what is in force for key is so still.
func (c *checker) lapsed(l *limit, key string, at *Located) error {
	for _, key := range [...]string{"", key} {
		if until := l.lapses[key]; until > 0 && until <= c.now {
			return violated(Lapse, []Located{*at, c.step.entry, l.at},
				"limit %d was overridden for key %q until %d, and is so at %d",
				l.serial, key, until, c.now)
		}
	}
	return nil
}

// mustLapse checks at the end of an entry that it has ended all whose time was over.
func (c *checker) mustLapse() error {
	if c.nextLapse == 0 || c.now < c.nextLapse {
		return nil
	}
	c.nextLapse = 0
	for _, l := range c.inForce {
		for _, key := range slices.Sorted(maps.Keys(l.lapses)) {
			if err := c.lapsed(l, key, &c.step.entry); err != nil {
				return err
			}
			if until := l.lapses[key]; c.nextLapse == 0 || until < c.nextLapse {
				c.nextLapse = until
			}
		}
	}
	return nil
}

// complies checks what the change of a limit was said to take: for so long leases may be out that
// were granted before, and for no longer. An older recorder does not say.
func (c *checker) complies(l *limit, at *Located) error {
	e := &at.Event
	if longest := l.ends(c.now) - c.now; e.TTL != 0 && e.TTL != longest {
		return violated(TTL, []Located{*at, c.step.entry, l.at},
			"limit %d was changed, and its leases said to be out for %d ns; they may be for %d",
			l.serial, e.TTL, longest)
	}
	return nil
}
