package fsm

import (
	"fmt"
	"slices"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// acquire decides a request: the rows of Code, from top to bottom (TLA+: Commit, "reserve").
func (s *State) acquire(r *lease.Request) Result {
	ss, at := s.session(r.Session)
	switch {
	case ss == nil:
		return Result{Code: CodeUnknownSession}
	case r.Seq < ss.Seq:
		return Result{Code: CodeStale}
	case r.Seq == ss.Seq: // a retry: R8, R5
		ss = s.touch(ss)
		again := ss.Decided.answer(s.t)
		s.emitReplay(ss, again.Grants)
		return again
	case at.line == nil:
		s.touch(ss)
		return Result{Code: CodeUnknownBudget}
	}
	if r.Revision == at.revision {
		// The only malformations that need the state. Under another revision the ask may have
		// been right.
		for i, a := range r.Asks {
			if a.Limit >= len(at.lives) {
				return Result{Code: CodeInvalid, Detail: fmt.Sprintf(
					"asks[%d].limit: is %d, and the budget has %d limits", i, a.Limit, len(at.lives))}
			}
			if a.Keep > 0 && at.limits[a.Limit].Kind != budget.KindSlots {
				return Result{Code: CodeInvalid, Detail: fmt.Sprintf(
					"asks[%d].keep: is %d, and limit %d has no slots", i, a.Keep, a.Limit)}
			}
		}
	}
	ss = s.touch(ss)
	s.expect(ss)
	s.taken = s.take(s.taken[:0], ss, r.Returns)
	res := s.decide(ss, &at, r)
	res.Revision = at.revision
	if res.Code == CodeFull {
		return res
	}
	ss.Seq, ss.Decided = r.Seq, decision{At: s.t, Result: res}
	return res // what is told again later is a copy
}

// decide grants every ask of r that has a need, in whatever budget of the line, or none at all.
func (s *State) decide(ss *session, at *reach, r *lease.Request) Result {
	if r.Revision != at.revision {
		return Result{Code: CodeChanged, Limits: at.told(), Levels: at.levels, Rules: at.rules}
	}
	fresh := 0
	for _, a := range r.Asks {
		l, key := at.limit(a.Limit)
		if a.Need > l.of(key).Bound() {
			return Result{Code: CodeTooLarge, Limit: a.Limit}
		}
		if found, _ := l.find(key); found == nil {
			fresh++
		}
	}
	if s.accounts+fresh > s.bounds.accounts {
		return full("accounts", s.bounds.accounts)
	}
	s.accounts += fresh
	s.countAsker(ss, at, r.Asks)
	s.want(ss, at, r.Asks)
	refused, spared := s.short(ss, at, r.Asks)
	if refused != nil {
		l, key := at.limit(refused.Limit)
		s.emitDeny(ss, r.Seq, l, key, *refused)
		return Result{Code: CodeDenied, Denial: refused}
	}
	return Result{Code: CodeDone, Grants: s.grant(ss, at, r), Denial: spared}
}

// countAsker creates the accounts that the asks are for, and counts the session once per
// account and window.
func (s *State) countAsker(ss *session, at *reach, asks []lease.Ask) {
	for _, a := range asks {
		l, key := at.limit(a.Limit)
		account := l.account(key, s.t)
		place := l.accounts.last
		i := slices.IndexFunc(ss.Asked, func(m asked) bool { return m.Limit == l.serial })
		if i < 0 {
			// Marks of limits that are gone make room, and, of too many, those of former parents.
			ss.Asked = slices.DeleteFunc(ss.Asked, func(m asked) bool { return s.limits[m.Limit] == nil })
			if len(ss.Asked) >= budget.MaxLimits {
				ss.Asked = slices.DeleteFunc(ss.Asked, func(m asked) bool {
					return !slices.Contains(at.lives, s.limits[m.Limit])
				})
			}
			i = len(ss.Asked)
			ss.Asked = append(ss.Asked, asked{Limit: l.serial, Window: -1})
		}
		ss.Asked[i].place = place
		if ss.Asked[i].Window != l.window {
			ss.Asked[i].Window = l.window
			if key == ss.Key {
				ss.Key = l.accounts.rows.get(int(place)).key // one string, so that equality is seen at once
			}
			account.Askers++
			ss.countHolder(l, account)
		}
	}
}

// expect tells the limits that the session asked before where its accounts were, so that few are
// looked up: of a million keys, one costs more than all else that a grant does.
func (s *State) expect(ss *session) {
	for _, m := range ss.Asked {
		if l := s.limits[m.Limit]; l != nil {
			l.accounts.expect(m.place)
		}
	}
}

// short finds the asks that cannot be met. Of those with a need, or of all if nothing at all can
// be granted, refused is the one whose limit opens last: the first asked of those that open at
// the same instant. Spared is likewise the one without a need that gets nothing. Nil: none.
func (s *State) short(ss *session, at *reach, asks []lease.Ask) (refused, spared *lease.Denial) {
	later := func(d *lease.Denial, a lease.Ask, left budget.Credits) *lease.Denial {
		retry := s.retryOf(at, a)
		if d != nil && d.RetryAfter >= retry {
			return d
		}
		return &lease.Denial{Limit: a.Limit, Left: left, RetryAfter: retry}
	}
	met := len(asks) == 0
	for _, a := range asks {
		l, _ := at.limit(a.Limit)
		a, kept := s.keeps(ss, l, a)
		switch left := s.may(at, a.Limit); {
		case left < a.Need:
			refused = later(refused, a, left)
		case left == 0 && kept == nil:
			spared = later(spared, a, left)
		default:
			met = true
		}
	}
	if refused == nil && !met {
		return spared, nil
	}
	return refused, spared
}

// grant charges every ask of which anything is left; short has found that to be enough.
func (s *State) grant(ss *session, at *reach, r *lease.Request) []lease.Grant {
	s.prune(ss)
	var grants []lease.Grant // nil without asks, as a restored decision has it
	for _, a := range r.Asks {
		l, key := at.limit(a.Limit)
		account := l.accounts.own(key)
		a, kept := s.keeps(ss, l, a)
		amount := budget.Credits(0)
		if a.Want > 0 {
			amount = s.size(ss, at, a)
		}
		if amount == 0 && kept == nil {
			continue
		}
		if amount > 0 && !account.Charge(l.of(key), l.before(key), amount) {
			panic(broken("NoOverGrant", s.index, s.term, fmt.Sprintf(
				"limit %d cannot be charged %d: %+v", l.serial, amount, *account)))
		}
		ss.credit(l, account, amount)
		from := s.swap(ss, l, key, a, kept)
		s.last.Lease++
		g := lease.Grant{Lease: s.last.Lease, Limit: a.Limit, Window: l.window,
			Amount: amount + from.Amount, TTL: l.Until(s.t).Sub(s.t)}
		grants = append(grants, g)
		h := held{Lease: s.last.Lease, Limit: l.serial, Window: l.window, Amount: g.Amount}
		if l.Kind == budget.KindSlots {
			h.Until = l.Until(s.t)
		}
		s.hold(ss, h)
		s.emitGrant(ss, r.Seq, l, key, g, from)
	}
	return grants
}

// prune forgets what can no longer be returned. That can be something only after a window or a
// limit has ended, or of slots.
func (s *State) prune(ss *session) {
	if ss.pruned == s.endings {
		return
	}
	ss.Leases = slices.DeleteFunc(ss.Leases, func(h held) bool { return !s.returnable(h) })
	ss.pruned = s.endings
	if slices.ContainsFunc(ss.Leases, func(h held) bool { return h.Until > 0 }) {
		ss.pruned = 0
	}
}

// hold adds a lease to those that the session may return. Of too many the oldest makes room, and
// counts as spent from then on.
func (s *State) hold(ss *session, h held) {
	if h.Until > 0 {
		ss.pruned = 0
	}
	if len(ss.Leases) >= MaxSessionLeases {
		s.limits[ss.Leases[0].Limit].forget(ss.Leases[0])
		ss.Leases = slices.Delete(ss.Leases, 0, 1)
	}
	ss.Leases = append(ss.Leases, h)
}
