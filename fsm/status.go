package fsm

import (
	"maps"
	"slices"
	"time"

	"github.com/leased-io/leased/budget"
)

// BudgetStatus is a budget and the use of one key's accounts at an instant.
type BudgetStatus struct {
	Budget   budget.Budget // as it was put
	Revision uint64
	Limits   []LimitStatus // of Budget.Limits, in the same order
	// Overrides are those in force, by limit and key, of all keys.
	Overrides []OverrideStatus
}

// OverrideStatus is an override in force.
type OverrideStatus struct {
	Limit  int    // index of what it overrides, in Budget.Limits
	Key    string // empty: of everybody who has none of his own
	Amount budget.Credits
	Burst  budget.Credits // of a bucket
	Until  budget.Instant // 0: until it is cleared
}

// LimitStatus is a limit and the use of one account of it.
type LimitStatus struct {
	Limit  budget.Limit  // in force for the key
	Serial uint64        // of this life of the limit
	Window budget.Window // the current one
	// Ends is when the limit rolls: cluster time, for all that is known of the calendar.
	Ends budget.Instant
	// Used is charged to the current window and, of a sliding limit, to those before that count;
	// of a bucket, what it lacks until it is full.
	Used budget.Credits
	// Left is what may be granted: nothing while the limit starts empty.
	Left budget.Credits
	// Opens is when all of the limit may be granted again: cluster time. Of a window limit, where
	// its window ends; of a sliding one, where nothing that is charged now counts any more; of a
	// bucket, when it is full, but at most where its window ends.
	Opens budget.Instant
}

// Budget returns the budget of a name, with the use of key's accounts as of T: see BudgetAt.
func (s *State) Budget(name, key string) (BudgetStatus, bool) { return s.BudgetAt(name, key, s.t) }

// BudgetAt returns the budget of a name, with the use of key's accounts, the empty key's if it
// has no keys, as a command would find them that took effect at now, but not before T. An account
// that nothing was asked of is unused.
func (s *State) BudgetAt(name, key string, now budget.Instant) (BudgetStatus, bool) {
	now = max(now, s.t)
	p, ok := s.budgets[name]
	if !ok {
		return BudgetStatus{}, false
	}
	st := BudgetStatus{Budget: p.asPut(), Revision: p.revision}
	for i, l := range p.lives {
		l = l.at(now)
		for _, o := range overrideItems(l.overrides) {
			st.Overrides = append(st.Overrides, OverrideStatus{Limit: i, Key: o.Key, Amount: o.Amount,
				Burst: o.Burst, Until: o.Until})
		}
		in := l.of(key)
		a := l.present(key, now)
		used := a.Used + l.before(key)
		if l.Kind == budget.KindBucket {
			used = in.Burst - a.Left(in, 0)
		}
		st.Limits = append(st.Limits, LimitStatus{Limit: in, Serial: l.serial,
			Window: l.window, Ends: l.rolls(), Used: used, Left: l.left(&a, key),
			Opens: l.opens(&a, key, in.Bound())})
	}
	return st, true
}

// at returns the limit as it is at t, its own or a later instant.
func (l *limit) at(t budget.Instant) *limit {
	lapsed := l.lapsed(t)
	if l.Align != "" {
		if lapsed {
			l = l.without(t)
		}
		return l.atAligned(t)
	}
	if t < l.end() && !lapsed {
		return l
	} else if lapsed {
		l = l.without(t)
	}
	rolled := *l
	rolled.was = slices.Clone(l.was)
	if t >= l.end() {
		rolled.roll(t)
	}
	return &rolled
}

// Budgets returns all budgets by name, each with the use of the empty key's accounts at now. The
// overrides of keys are left out: they are many.
func (s *State) Budgets(now budget.Instant) []BudgetStatus {
	all := make([]BudgetStatus, 0, len(s.budgets))
	for _, name := range slices.Sorted(maps.Keys(s.budgets)) {
		st, _ := s.BudgetAt(name, "", now)
		st.Overrides = slices.DeleteFunc(st.Overrides, func(o OverrideStatus) bool { return o.Key != "" })
		all = append(all, st)
	}
	return all
}

// CalendarStatus is the calendar clock at an instant.
type CalendarStatus struct {
	// Set: a limit needed it once. All else is zero before that.
	Set  bool
	Time budget.Calendar
	// Off is calendar time minus cluster time.
	Off time.Duration
	// LeapIn is when a leap by LeapBy is due, if one is announced: 0 if none is.
	LeapIn, LeapBy time.Duration
	// Owed is by how much it is being slowed down.
	Owed time.Duration
	// Revision is what a correction must name.
	Revision uint64
}

// CalendarAt returns the calendar at now, or at T if that is later.
func (s *State) CalendarAt(now budget.Instant) CalendarStatus {
	c := s.calendar
	if !c.set {
		return CalendarStatus{Revision: c.revision}
	}
	now = max(now, s.t)
	if c.leap.At > 0 && c.leap.At <= now {
		c.off += c.leap.By
		c.leap = leap{}
	}
	st := CalendarStatus{Set: true, Time: c.at(now), Off: c.off, Owed: c.owed, Revision: c.revision}
	if c.leap.At > 0 {
		st.LeapIn, st.LeapBy = c.leap.At.Sub(now), c.leap.By
	}
	return st
}

// ZoneVersion returns of which version the rules of a zone are that the log has told, empty if it
// has told none.
func (s *State) ZoneVersion(name string) string {
	if z := s.calendar.zones[name]; z != nil {
		return z.Version
	}
	return ""
}

// ZonesBefore returns the zones whose rules are of an earlier version, by name.
func (s *State) ZonesBefore(version string) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(s.calendar.zones)) {
		if s.calendar.zones[name].Version < version {
			names = append(names, name)
		}
	}
	return names
}
