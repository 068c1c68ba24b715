package fsm

import (
	"fmt"
	"slices"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// A limit of a budget with a sharing divides each of its accounts among the tenants that its
// sessions are of. What a tenant may be granted is a part of what is left: may is the one place
// that asks for it, and nothing here can grant more than left.

// share gives the limits of a policy its sharing.
func (p *policy) share() {
	for _, l := range p.lives {
		l.sharing = p.Sharing
	}
}

// tenant returns the value of a label of the session, or nothing if it has none.
func (ss *session) tenant(label string) string {
	if label == "key" && ss.Key != "" {
		return ss.Key
	}
	value, _ := ss.Labels.Get(label)
	return value
}

// tenantsOf returns the table of an account of l, and a new one if there is none of use.
func (l *limit) tenantsOf(a *budget.Account) *budget.Tenants {
	if a.Tenants == nil || a.Tenants.By != l.sharing.By {
		a.Tenants = &budget.Tenants{By: l.sharing.By}
	}
	return a.Tenants
}

// carry takes key's table into the window that has just begun, out of the last one that has one: it
// is of use there, or nowhere. It costs at most the windows that the limit remembers.
func (l *limit) carry(key string) (table *budget.Tenants) {
	if l.sharing == nil {
		return nil
	}
	for ago, gen := range l.past {
		if before := gen.get(key); before == nil || before.Tenants == nil {
			continue
		}
		before := gen.own(key)
		table, before.Tenants = before.Tenants, nil
		for range ago + 1 {
			if table = table.Next(l.Limit); table == nil {
				return nil
			}
		}
		return table
	}
	return nil
}

// countHolder counts a session among those of its tenant that asked.
func (ss *session) countHolder(l *limit, a *budget.Account) {
	if l.sharing != nil {
		l.tenantsOf(a).Row(l.sharing, ss.tenant(l.sharing.By)).Holders++
	}
}

// want notes what the asks want of limits that are shared, and divides what is left of these.
func (s *State) want(ss *session, at *reach, asks []lease.Ask) {
	for _, ask := range asks {
		l, key := at.limit(ask.Limit)
		if l.sharing == nil {
			continue
		}
		a, tenant := l.accounts.own(key), ss.tenant(l.sharing.By)
		table := l.tenantsOf(a)
		row := table.Row(l.sharing, tenant)
		row.Ask(l.of(key), ask.Want, false)
		d := l.sharing.Divide(l.of(key), table, tenant, ss.Priority, l.left(a, key), l.end())
		row.Ask(l.of(key), ask.Want, d.May(s.t) < ask.Want)
		at.divided[ask.Limit] = &d
	}
}

// may returns what the session may be granted of a limit: what is left of it, less what is withheld
// for other tenants, and for those of a higher priority.
func (s *State) may(at *reach, limit int) budget.Credits {
	l, key := at.limit(limit)
	left := l.left(l.accounts.get(key), key)
	if l.sharing == nil {
		return left
	}
	return min(left, at.divided[limit].May(s.t))
}

// size says how much to grant to an ask: see budget.Account.Share. Of a tenant the holders are
// those that count.
func (s *State) size(ss *session, at *reach, a lease.Ask) budget.Credits {
	l, key := at.limit(a.Limit)
	account := l.accounts.get(key)
	if l.sharing != nil {
		tenant := *account
		row := account.Tenants.Row(l.sharing, ss.tenant(l.sharing.By))
		tenant.Askers, tenant.PrevAskers = row.Holders, row.PrevHolders
		account = &tenant
	}
	return account.Share(a.Need, a.Want, s.may(at, a.Limit))
}

// retryOf is for how long a denied request need not be made again: until the limit opens, or, if
// enough is left and withheld, until it may be free.
func (s *State) retryOf(at *reach, a lease.Ask) time.Duration {
	l, key := at.limit(a.Limit)
	if l.sharing == nil || l.left(l.accounts.get(key), key) < max(1, a.Need) {
		return s.retry(l, key, a.Need)
	}
	return at.divided[a.Limit].Opens(s.t, a.Need).Sub(s.t)
}

// credit notes that a tenant was granted n credits.
func (ss *session) credit(l *limit, a *budget.Account, n budget.Credits) {
	if l.sharing != nil {
		l.tenantsOf(a).Row(l.sharing, ss.tenant(l.sharing.By)).Granted += n
	}
}

// debit notes that it returned as many. The budget may be shared no more, or by another label.
func (ss *session) debit(a *budget.Account, n budget.Credits) {
	if a.Tenants != nil {
		a.Tenants.Return(ss.tenant(a.Tenants.By), n)
	}
}

// sharedBy reports whether a budget of the line is shared by a label.
func (n *line) sharedBy(label string) bool {
	return slices.ContainsFunc(n.policies, func(p *policy) bool {
		return p.Sharing != nil && p.Sharing.By == label
	})
}

// beside returns a session's labels without those that it may have beside its key's: what some
// budget of the line is shared by.
func (n *line) beside(labels budget.Labels) (rest budget.Labels) {
	own := n.policies[0].template.Labels()
	for _, l := range labels {
		if slices.Contains(own, l.Name) || !n.sharedBy(l.Name) {
			rest = append(rest, l)
		}
	}
	return rest
}

// tenantsWhole: of each account, what its tenants have is a part of what is used, and no more of
// them are remembered than may be.
func tenantsWhole(s *State) error {
	for _, p := range s.budgets {
		for _, l := range p.lives {
			if l.sharing != p.Sharing {
				return fmt.Errorf("limit %d is shared by %+v, and budget %q by %+v",
					l.serial, l.sharing, p.Name, p.Sharing)
			}
			for _, gen := range l.generations() {
				for key, a := range gen.all() {
					if a.Tenants == nil {
						continue
					}
					if err := a.Tenants.Check(a.Used); err != nil {
						return fmt.Errorf("limit %d key %q: %w", l.serial, key, err)
					}
				}
			}
		}
	}
	return nil
}
