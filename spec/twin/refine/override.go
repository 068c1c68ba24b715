package refine

import "github.com/leased-io/leased/trace"

// To the specification a limit's amount is a constant of its instance. Here each key's account is
// an instance of its own, so that its amount may be its own, too; and it may change, which only
// makes the next grant another one.

// amountOf is what l has for key.
func (l *limit) amountOf(key string) int64 {
	if own, has := l.own[key]; has {
		return own
	}
	return l.amount
}

// mostOf is the most that a request for key can be granted.
func (l *limit) mostOf(key string) int64 {
	if l.shape == bucket {
		return l.burst
	}
	return l.amountOf(key)
}

// lapseOverdue is the key of what was in force for a time, which is over; for key, or for all.
func (m *Machine) lapseOverdue(l *limit, key string) (of string, is bool) {
	for _, of := range [...]string{"", key} {
		if until := l.lapses[of]; until > 0 && until <= m.T {
			return of, true
		}
	}
	return "", false
}

// lapse notes until when what an event says of a limit is in force.
func (m *Machine) lapse(l *limit, e *trace.Event) {
	if until := l.lapses[e.Key]; until > 0 && until <= m.T {
		m.counts.step(lapses)
	}
	delete(l.lapses, e.Key)
	if e.Lapse > 0 {
		if l.lapses == nil {
			l.lapses = make(map[string]int64)
		}
		l.lapses[e.Key] = e.Lapse
	}
}

// changeKey gives one key another amount than everybody has, or, with 0, the same again.
func (m *Machine) changeKey(l *limit, e *trace.Event) *Refusal {
	until := int64(0)
	if l.empty() {
		until = l.until
	}
	own, has := l.own[e.Key]
	switch {
	case e.Budget != l.budget || e.Metric != l.metric || e.Per != l.per || e.Shape != l.shape ||
		e.Slots != l.slots || l.shape != "" && e.Span != l.span:
		return refuse(ChangeKey, "Same", "limit %d is %s %s in %d ns, shape %q; not %s %s in %d, %q",
			l.serial, l.budget, l.metric, l.per, l.shape, e.Budget, e.Metric, e.Per, e.Shape)
	case l.shape == bucket:
		return refuse(ChangeKey, "Alike", "all buckets of limit %d are refilled alike, and key %q's is "+
			"changed", l.serial, e.Key)
	case e.Amount < 0 || e.Amount == 0 && !has || has && own == e.Amount && e.Lapse == l.lapses[e.Key]:
		return refuse(ChangeKey, "Amount", "key %q has %d of its own of limit %d (%t), and gets %d",
			e.Key, own, l.serial, has, e.Amount)
	case e.OK != (until == 0) || e.Until != until:
		return refuse(ChangeKey, "Empty", "limit %d is empty: %t, until %d; it is until %d",
			l.serial, !e.OK, e.Until, until)
	case e.Lapse != 0 && (e.Lapse <= m.T || e.Amount == 0):
		return refuse(ChangeKey, "Lapse", "key %q has %d of limit %d until %d, and it is %d",
			e.Key, e.Amount, l.serial, e.Lapse, m.T)
	case e.TTL != 0 && e.TTL != m.ends(l)-m.T:
		return refuse(ChangeKey, "Ttl", "leases of limit %d may be out for %d ns, not %d",
			l.serial, m.ends(l)-m.T, e.TTL)
	}
	m.lapse(l, e)
	if e.Amount == 0 {
		delete(l.own, e.Key)
	} else {
		if l.own == nil {
			l.own = make(map[string]int64)
		}
		l.own[e.Key] = e.Amount
	}
	m.counts.step(changesKey)
	return nil
}
