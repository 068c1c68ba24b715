package linear

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// command is an Op as the model takes it: porcupine's input. Its output is porcupine's: an
// *Output, nil if the call was not answered.
type command struct {
	Input
	// told is what another attempt of the same request was told, if there is one that was
	// answered: this one, if it took effect, came to the same.
	told *Output
	// horizon is after everything that any answer dates, in cluster time; until is the latest
	// that it can have been when the call had effect, by the answers to calls that began later.
	horizon, until int64
	// class is the same for calls that say the same.
	class int
	// settled is the tick since which it can have no effect, if that is known; or 0.
	settled int64
	// dated is the cluster time of its effect, if the log has told it; or 0.
	dated int64
}

// step returns the states that s can have become by c, if its client was told out: after any of
// the calls that were not answered, in any order. A call that is not answered itself is pending
// from here on. What it returns after ctx has ended is of no use.
func step(ctx context.Context, s *state, c *command, out *Output) []*state {
	if out == nil {
		n := s.clone()
		n.pending = append(n.pending, c)
		slices.SortStableFunc(n.pending, func(a, b *command) int { return a.class - b.class })
		return []*state{n.seal()}
	}
	var all []*state
	for _, before := range s.closure(ctx, c) {
		for _, n := range before.do(c, out) {
			all = append(all, n.seal())
		}
	}
	return all
}

// closure lists s, and what it can have become by calls that are pending, before the call next.
func (s *state) closure(ctx context.Context, next *command) []*state {
	all := []*state{s}
	if len(s.pending) == 0 {
		return all
	}
	seen := map[string]bool{s.id: true}
	for i := 0; i < len(all) && ctx.Err() == nil; i++ {
		from := all[i]
		for j, c := range from.pending {
			if j > 0 && from.pending[j-1].class == c.class {
				continue // it would come to the same
			}
			by := *c
			by.until = next.until
			for _, n := range from.do(&by, nil) {
				n.pending = slices.Delete(n.pending, j, j+1)
				if n.seal(); !seen[n.id] {
					seen[n.id] = true
					all = append(all, n)
				}
			}
		}
	}
	return all
}

// do returns the states that s becomes by c, if its client was told out; if out is nil, all those
// in which c had effect. None of them is sealed.
func (s *state) do(c *command, out *Output) []*state {
	switch c.Kind {
	case OpenSession:
		return s.open(c, out)
	case Acquire:
		return s.acquire(c, out)
	case GiveBack:
		return s.giveBack(c, out)
	case PutBudget:
		return s.put(c, out)
	case GetBudget:
		return s.get(c, out)
	case DeleteBudget:
		return s.drop(c, out)
	case TakeOver:
		n := s.clone()
		n.heir, n.restored = true, c.At
		return one(n, true)
	}
	return nil
}

// over reports whether a call that is pending can have no effect any more.
func (s *state) over(c *command) bool {
	ss := s.session(c.Session)
	switch c.Kind {
	case Acquire:
		return ss == nil || c.Seq <= ss.seq
	case GiveBack:
		return ss == nil || !c.Close && !slices.ContainsFunc(c.Returns, func(r Return) bool {
			return slices.ContainsFunc(ss.held, func(h held) bool {
				return h.lease == r.Lease && s.returnable(h)
			})
		})
	}
	return false
}

// one returns s in a list, or none.
func one(s *state, ok bool) []*state {
	if !ok {
		return nil
	}
	return []*state{s}
}

// open starts a session.
func (s *state) open(c *command, out *Output) []*state {
	switch {
	case out.Answer == NoBudget:
		return one(s.clone(), !s.exists)
	case out.Answer != Done || !s.exists || s.keyed != (c.Key != "") ||
		out.Session <= s.lastSession || !slices.Equal(out.Limits, s.limits()):
		return nil
	}
	n := s.clone()
	ok := n.learn(out.Revision)
	n.lastSession = out.Session
	n.sessions = append(n.sessions, session{id: out.Session, key: c.Key, touched: n.t})
	return one(n, ok)
}

func (s *state) limits() []Limit {
	var all []Limit
	for _, l := range s.lives {
		all = append(all, l.Limit)
	}
	return all
}

// get reads. Its instant is a reading of the clock, not before the last command's, and moves
// nothing: a window that was read is not yet rolled into.
func (s *state) get(c *command, out *Output) []*state {
	switch {
	case out.Answer == NoBudget:
		return one(s.clone(), !s.exists)
	case out.Answer != Done || !s.exists || s.keyed != out.Keyed || s.late ||
		len(out.Usage) != len(s.lives) || !slices.Equal(out.Limits, s.limits()):
		return nil
	}
	n := s.clone()
	ok := n.learn(out.Revision)
	for i, u := range out.Usage {
		l := &n.lives[i]
		now := l.end(u.Window) - u.EndsIn
		first := n.lives[0].end(out.Usage[0].Window) - out.Usage[0].EndsIn
		switch {
		case now < n.t || now != first || l.window(now) != u.Window:
			ok = false
		case u.Window == l.window(n.t):
			ok = ok && l.account(c.Key).is(u.Used)
		default:
			ok = ok && u.Used == 0
		}
	}
	return one(n, ok)
}

// put creates a budget or replaces its limits.
func (s *state) put(c *command, out *Output) []*state {
	same := s.exists && s.keyed == c.Keyed && slices.Equal(s.limits(), c.Limits)
	if out != nil {
		if out.Answer != Done || out.Created == s.exists || out.Changed == same {
			return nil
		}
	}
	if same {
		n := s.clone()
		return one(n, out != nil && n.learn(out.Revision))
	}
	var all []*state
	begin := []*state{s.clone()}
	if s.buries(c) {
		begin = s.from(c)
	}
	for _, n := range begin {
		n.replace(c)
		n.revision = 0
		all = append(all, one(n, out == nil || n.learn(out.Revision))...)
	}
	return all
}

// buries reports whether it matters when c takes effect: it ends limits, or begins some over
// graves.
func (s *state) buries(c *command) bool {
	gone := func(l life) bool {
		return !slices.ContainsFunc(c.Limits, l.same)
	}
	return s.exists && (s.keyed != c.Keyed || slices.ContainsFunc(s.lives, gone)) ||
		len(s.graves) > 0
}

func (l life) same(m Limit) bool {
	return l.Metric == m.Metric && l.Kind == m.Kind && l.Per == m.Per
}

// replace puts the limits of c in force.
func (s *state) replace(c *command) {
	old := s.lives
	s.lives = make([]life, len(c.Limits))
	for _, l := range old {
		i := slices.IndexFunc(c.Limits, l.same)
		if i >= 0 && s.keyed == c.Keyed {
			s.lives[i] = l
		} else {
			s.bury(&l)
		}
	}
	for i, want := range c.Limits {
		if s.lives[i].serial > 0 {
			s.lives[i].Amount = want.Amount
			continue
		}
		s.lastLife++
		s.lives[i] = life{Limit: want, serial: s.lastLife, emptyUntil: s.grave(want.Metric)}
		if s.heir { // leases of another coordinator are over a period later
			s.lives[i].emptyUntil = max(s.lives[i].emptyUntil, s.restored+want.Per)
		}
	}
	s.exists, s.keyed = true, c.Keyed
}

func (s *state) grave(metric string) int64 {
	for _, g := range s.graves {
		if g.metric == metric {
			return g.until
		}
	}
	return 0
}

// bury remembers until when the leases of a limit that ends may be spent.
func (s *state) bury(l *life) {
	until := max(s.grave(l.Metric), l.end(l.window(s.t)))
	s.graves = slices.DeleteFunc(s.graves, func(g grave) bool { return g.metric == l.Metric })
	s.graves = append(s.graves, grave{l.Metric, until})
	slices.SortFunc(s.graves, func(a, b grave) int { return cmp.Compare(a.metric, b.metric) })
}

// drop removes the budget. Its sessions stay.
func (s *state) drop(c *command, out *Output) []*state {
	switch {
	case out != nil && out.Answer == NoBudget:
		return one(s.clone(), !s.exists)
	case out != nil && out.Answer != Done, !s.exists:
		return nil
	}
	var all []*state
	for _, n := range s.from(c) {
		for i := range n.lives {
			n.bury(&n.lives[i])
		}
		n.lives, n.exists, n.revision = nil, false, 0
		all = append(all, one(n, true)...)
	}
	return all
}

// terms writes what a decision says, apart from what passes with time.
func terms(o *Output) string {
	denial := ""
	if o.Denial != nil {
		denial = fmt.Sprint(o.Denial.Limit, o.Denial.Left)
	}
	grants := ""
	for _, g := range o.Grants {
		grants += fmt.Sprint(g.Lease, g.Limit, g.Window, g.Amount, ";")
	}
	return fmt.Sprint(o.Answer, o.Revision, o.Limit, o.Limits, "|", grants, "|", denial)
}
