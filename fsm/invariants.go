package fsm

import (
	"fmt"
	"slices"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// Invariant is a property of every state that Apply can reach.
type Invariant struct {
	// Name is the TLA+ module's where it has one, else it follows its manner.
	Name string
	// Check returns how the state breaks the invariant, or nil. It takes time in proportion to
	// the state, and changes nothing.
	Check func(*State) error
}

// Invariants are all there are. Each may rely on those before it.
var Invariants = []Invariant{
	{"TypeOK", typeOK},
	{"LinesWhole", linesWhole},
	{"OneWindow", oneWindow},
	{"FencingMonotonic", fencingMonotonic},
	{"SessionsBounded", sessionsBounded},
	{"Overrides", overridesInOrder},
	{"NoOverGrant", noOverGrant},
	{"Books", books},
	{"TenantsWhole", tenantsWhole},
	{"StartsEmpty", startsEmpty},
	{"DecisionsRemembered", decisionsRemembered},
	{"GravesInFuture", gravesInFuture},
	{"TakenOver", takenOver},
	{"CalendarOK", calendarOK},
}

// Check returns the first invariant that s breaks, with its name, or nil.
func Check(s *State) error {
	for _, inv := range Invariants {
		if err := inv.Check(s); err != nil {
			return fmt.Errorf("invariant %s is broken: %w", inv.Name, err)
		}
	}
	return nil
}

// typeOK: every value is in its range, every table in its bounds, and the tables agree.
func typeOK(s *State) error {
	limits, accounts := 0, 0
	for name, p := range s.budgets {
		if err := p.Validate(); err != nil {
			return err
		}
		if p.Name != name || !p.Canonical().Equal(p.Budget) || len(p.lives) != len(p.Limits) {
			return fmt.Errorf("budget %q is filed as %q, or not canonical: %v", p.Name, name, p.Limits)
		}
		for i, l := range p.lives {
			if l.Limit != p.Limits[i] || l.budget != name || s.limits[l.serial] != l ||
				l.place >= len(*s.heap(l)) || (*s.heap(l))[l.place] != l {
				return fmt.Errorf("limit %d of budget %q is filed wrongly: %+v", i, name, *l)
			}
			if len(l.past) > maxPast || l.keep() > maxPast || len(l.was) > maxPaces {
				return fmt.Errorf("limit %d remembers %d windows and was %v", l.serial, len(l.past), l.was)
			}
			for _, gen := range l.generations() {
				for key := range gen.all() {
					if err := budget.ValidateKey(p.Keyed, key); err != nil {
						return fmt.Errorf("an account of budget %q: %w", name, err)
					}
				}
			}
			limits++
			accounts += l.counted()
		}
	}
	counts, b := s.Counts(), s.bounds
	switch {
	case s.t < 0 || s.t > MaxStamp:
		return fmt.Errorf("T is %d", s.t)
	case s.term < s.epoch || s.index < s.entries:
		return fmt.Errorf("epoch %d in term %d, %d entries at index %d",
			s.epoch, s.term, s.entries, s.index)
	case limits != counts.Limits || limits != len(s.rolls)+len(s.aligned) ||
		accounts != counts.Accounts:
		return fmt.Errorf("%d limits and %d accounts are counted as %+v, %d rolls",
			limits, accounts, counts, len(s.rolls)+len(s.aligned))
	case counts.Budgets > b.budgets || counts.Accounts > b.accounts || counts.Graves > b.graves:
		return fmt.Errorf("the tables hold %+v, more than %+v", counts, b)
	}
	return nil
}

// noOverGrant: no account was charged more than the largest limit that was in force (TLA+: Safe),
// in any of the windows that a sliding limit adds up (InBudget), and no bucket holds more than
// its burst (Whole).
func noOverGrant(s *State) error {
	for _, l := range s.limits {
		burst := slowest(l.Limit, l.was).Burst
		for i, gen := range l.generations() {
			for key, a := range gen.all() {
				sum, peak := a.Used, a.Peak
				for j := i + 1; j < len(l.past)+1 && l.Kind == budget.KindSliding && j <= i+l.Slots; j++ {
					if older := l.past[j-1].get(key); older != nil {
						sum, peak = sum+older.Used, max(peak, older.Peak)
					}
				}
				now := budget.Account{}
				if l.Kind == budget.KindBucket { // of which alone it says more
					now = l.present(key, s.t)
				}
				if a.Used < 0 || sum > peak || a.Peak > budget.MaxAmount || a.Tokens < 0 ||
					l.Kind != budget.KindBucket && a.Tokens > 0 || now.Tokens > 0 && now.Tokens+now.Used > burst {
					return fmt.Errorf("limit %d key %q %d windows ago: %+v, %d in all of %d",
						l.serial, key, i, *a, sum, peak)
				}
			}
		}
	}
	return nil
}

// maxMemory bounds for how long anything counts: what is remembered of a bucket is longest, whose
// windows are at most a quarter of MaxPer.
const maxMemory = (maxPast/4 + 1) * budget.MaxPer

// accountOf names an account of a current window.
type accountOf struct {
	limit uint64
	key   string
}

// books: what is charged to a limit's window is what sessions may still return of it and what
// they may not, the forgotten; no account is charged less than may be returned to it.
func books(s *State) error {
	live := map[accountOf]budget.Credits{}
	out := map[leasedUntil]budget.Credits{}
	for _, ss := range s.sessions {
		for _, h := range ss.Leases {
			if h.Amount < 1 || h.Amount > budget.MaxAmount {
				return fmt.Errorf("session %d holds %+v", ss.ID, h)
			}
			if !s.returnable(h) {
				continue
			}
			key, err := ss.keyIn(s.budgets[s.limits[h.Limit].budget])
			if err != nil {
				return fmt.Errorf("session %d holds %+v: %w", ss.ID, h, err)
			}
			if found, _ := s.limits[h.Limit].find(key); found == nil {
				return fmt.Errorf("session %d holds %+v, and key %q has no account", ss.ID, h, key)
			}
			live[accountOf{h.Limit, key}] += h.Amount
			if h.Until > 0 {
				out[leasedUntil{accountOf{h.Limit, key}, h.Until}] += h.Amount
			}
		}
	}
	for _, l := range s.limits {
		if l.Kind == budget.KindSlots {
			if err := slotBooks(l, out); err != nil {
				return err
			}
			continue
		}
		rest := l.forgotten
		for key, a := range l.accounts.all() {
			spent := a.Used - live[accountOf{l.serial, key}]
			if spent < 0 {
				return fmt.Errorf("limit %d key %q: used %d, and %d may be returned",
					l.serial, key, a.Used, live[accountOf{l.serial, key}])
			}
			rest -= spent
		}
		if rest != 0 || l.forgotten < 0 {
			return fmt.Errorf("limit %d: forgotten is %d, off by %d", l.serial, l.forgotten, rest)
		}
	}
	return nil
}

// oneWindow: every limit is in the window that T is in, and no lease is of a later one.
func oneWindow(s *State) error {
	for _, l := range s.limits {
		if l.window != l.WindowAt(s.t) {
			return fmt.Errorf("limit %d is in window %d at T %d", l.serial, l.window, s.t)
		}
	}
	for _, ss := range s.sessions {
		for _, h := range ss.Leases {
			if l := s.limits[h.Limit]; l != nil && h.Window > l.window {
				return fmt.Errorf("session %d holds %+v, and the window is %d", ss.ID, h, l.window)
			}
		}
		for _, m := range ss.Asked {
			if l := s.limits[m.Limit]; l != nil && m.Window > l.window {
				return fmt.Errorf("session %d asked %+v, and the window is %d", ss.ID, m, l.window)
			}
		}
	}
	return nil
}

// startsEmpty: a limit that is empty has granted nothing, and is so for a limit's period at most.
func startsEmpty(s *State) error {
	for _, l := range s.limits {
		if l.emptyUntil == 0 {
			continue
		}
		if l.emptyUntil < 0 || !l.empty() || l.emptyUntil.Sub(s.t) > maxMemory {
			return fmt.Errorf("limit %d is empty until %d at T %d", l.serial, l.emptyUntil, s.t)
		}
		for key, a := range l.accounts.all() {
			if a.Used != 0 {
				return fmt.Errorf("limit %d key %q is used, and empty: %+v", l.serial, key, *a)
			}
		}
	}
	return nil
}

// fencingMonotonic: no serial number is beyond its counter, and no lease is held twice.
func fencingMonotonic(s *State) error {
	for _, p := range s.budgets {
		if p.revision < 1 || p.revision > s.last.Revision {
			return fmt.Errorf("budget %q has revision %d of %d", p.Name, p.revision, s.last.Revision)
		}
		for _, l := range p.lives {
			if l.serial < 1 || l.serial > s.last.Limit {
				return fmt.Errorf("limit %d of %d", l.serial, s.last.Limit)
			}
		}
	}
	holder := map[lease.ID]lease.SessionID{}
	for id, ss := range s.sessions {
		if ss.ID != id || id < 1 || id > s.last.Session {
			return fmt.Errorf("session %d of %d is filed as %d", ss.ID, s.last.Session, id)
		}
		var before lease.ID
		for _, h := range ss.Leases {
			if h.Lease <= before || h.Lease > s.last.Lease || h.Limit > s.last.Limit {
				return fmt.Errorf("session %d holds %+v after lease %d", id, h, before)
			}
			if other, twice := holder[h.Lease]; twice {
				return fmt.Errorf("lease %d is held by sessions %d and %d", h.Lease, other, id)
			}
			before, holder[h.Lease] = h.Lease, id
		}
	}
	return nil
}

// sessionsBounded: there are not too many sessions, none holds too much, or what it should have
// forgotten, none has expired, unless too many did at once.
func sessionsBounded(s *State) error {
	n := 0
	var before *session
	for ss := s.idle.oldest; ss != nil; before, ss = ss, ss.newer {
		n++
		switch {
		case s.sessions[ss.ID] != ss || ss.older != before:
			return fmt.Errorf("session %d is listed wrongly", ss.ID)
		case ss.Touched < 0 || ss.Touched > s.t || ss.expires() <= s.t && !s.overdue ||
			before != nil && ss.Touched < before.Touched:
			return fmt.Errorf("session %d was touched at %d, T is %d", ss.ID, ss.Touched, s.t)
		case len(ss.Leases) > MaxSessionLeases || len(ss.Asked) > budget.MaxLimits:
			return fmt.Errorf("session %d holds %d leases, asked %d limits",
				ss.ID, len(ss.Leases), len(ss.Asked))
		case ss.pruned == s.endings && !s.holdsOnlyReturnable(ss):
			return fmt.Errorf("session %d holds what cannot be returned, and was pruned since", ss.ID)
		}
	}
	if n != len(s.sessions) || n > s.bounds.sessions || s.idle.newest != before {
		return fmt.Errorf("%d sessions are listed, %d filed, %d allowed",
			n, len(s.sessions), s.bounds.sessions)
	}
	return nil
}

func (s *State) holdsOnlyReturnable(ss *session) bool {
	return !slices.ContainsFunc(ss.Leases, func(h held) bool { return !s.returnable(h) })
}

// decisionsRemembered: what a retry is answered was decided, once, and is complete.
func decisionsRemembered(s *State) error {
	for _, ss := range s.sessions {
		d := ss.Decided
		ok := d.At >= 0 && d.At <= ss.Touched && d.Result.Session == 0 && d.Result.Taken == nil
		switch r := d.Result; r.Code {
		case 0:
			ok = ok && ss.Seq == 0 && d.At == 0
		case CodeDone:
			ok = ok && ss.Seq > 0 && len(r.Grants) <= budget.MaxLimits &&
				(r.Denial == nil || r.Denial.RetryAfter > 0 && len(r.Grants) > 0)
			for _, g := range r.Grants {
				ok = ok && g.Lease <= s.last.Lease && g.TTL > 0 && g.TTL <= maxMemory
			}
		case CodeDenied:
			ok = ok && ss.Seq > 0 && r.Grants == nil && r.Denial != nil && r.Denial.RetryAfter > 0
		case CodeTooLarge, CodeChanged:
			ok = ok && ss.Seq > 0 && r.Grants == nil && r.Denial == nil
		default:
			ok = false
		}
		if !ok {
			return fmt.Errorf("session %d seq %d: %+v", ss.ID, ss.Seq, d)
		}
	}
	return nil
}

// gravesInFuture: what is remembered of removed limits still matters.
func gravesInFuture(s *State) error {
	earliest := never
	for g, until := range s.graves {
		if until <= s.t || until.Sub(s.t) > maxMemory {
			return fmt.Errorf("grave %+v is until %d at T %d", g, until, s.t)
		}
		earliest = min(earliest, until)
	}
	if s.digAt > earliest {
		return fmt.Errorf("a grave is until %d, and none is looked for before %d", earliest, s.digAt)
	}
	return nil
}
