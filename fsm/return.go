package fsm

import (
	"fmt"
	"slices"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// giveBack takes a session's returns, and closes it if told so (TLA+: Commit, "return").
func (s *State) giveBack(c *Return) Result {
	ss, _ := s.session(c.Session)
	if ss == nil {
		return Result{Code: CodeUnknownSession}
	}
	ss = s.touch(ss)
	taken := s.take(nil, ss, c.Returns)
	if c.Close {
		s.endSession(ss, true)
	}
	return Result{Code: CodeDone, Taken: taken}
}

// take takes back what each return gives, and says how much that is: all of it, or 0 (R8). A
// lease is returned once: a part that was not given with the rest counts as spent. The amounts are
// appended to taken, which is empty.
func (s *State) take(
	taken []budget.Credits, ss *session, returns []lease.Return,
) []budget.Credits {
	taken = slices.Grow(taken, len(returns))[:len(returns)]
	clear(taken)
	for i, r := range returns {
		at := slices.IndexFunc(ss.Leases, func(h held) bool { return h.Lease == r.Lease })
		ok := at >= 0 && s.mayReturn(ss.Leases[at], r)
		s.emitReturn(ss, r, at, ok)
		if !ok {
			continue
		}
		h := ss.Leases[at]
		l := s.limits[h.Limit]
		account := l.account(s.keyOf(ss, l), s.t)
		if h.Until > 0 {
			ok = account.Free(h.Until, r.Amount)
		} else {
			ok = account.Return(l.Limit, r.Amount)
		}
		if !ok {
			panic(broken("Books", s.index, s.term, fmt.Sprintf(
				"lease %d of %d is not charged to limit %d", h.Lease, h.Amount, h.Limit)))
		}
		ss.debit(account, r.Amount)
		ss.Leases = slices.Delete(ss.Leases, at, at+1)
		h.Amount -= r.Amount
		l.forget(h)
		taken[i] = r.Amount
	}
	return taken
}

// mayReturn is rule R8: while T is in the lease's window, or a lease of slots is not over, and its
// limit lives, 1 credit up to all.
func (s *State) mayReturn(h held, r lease.Return) bool {
	return s.returnable(h) && r.Window == h.Window && r.Amount >= 1 && r.Amount <= h.Amount
}

// returnable reports whether h is of a limit that lives and of its current window, or of slots and
// not over.
func (s *State) returnable(h held) bool {
	l := s.limits[h.Limit]
	if h.Until > 0 {
		return l != nil && s.t < h.Until
	}
	return l != nil && l.window == h.Window
}
