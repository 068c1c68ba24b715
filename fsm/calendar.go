package fsm

import (
	"fmt"
	"time"

	"github.com/leased-io/leased/budget"
)

// SetCalendar corrects the calendar clock, or tells how a zone's clocks are set. Exactly one of
// Leap, Slow and Zone is set. Which correction is right is not asked here, only which is safe: the
// rules K1 to K6 of CalendarLeap.tla.
type SetCalendar struct {
	// Revision is that of the calendar which the correction was decided on. One that was changed
	// since then refuses it: a leap whose outcome is not known must not be made twice.
	Revision uint64 `cbor:"1,keyasint,omitempty"`
	// Leap is by how much calendar time is to be advanced, MaxAlignedLease of cluster time from now
	// (K2). A calendar that is not set is, at once: nothing is leased by it yet.
	Leap time.Duration `cbor:"2,keyasint,omitempty"`
	// Slow is by how much it is to be slowed down from now on: it runs at half speed until then. It
	// takes the place of an earlier one.
	Slow time.Duration `cbor:"3,keyasint,omitempty"`
	Zone *ZoneRules    `cbor:"4,keyasint,omitempty"`
}

// ZoneRules are how the clocks of a zone are set. They are told in the log, so that all replicas
// have the same, whatever their hosts know of zones.
type ZoneRules struct {
	Name string `cbor:"1,keyasint"`
	// Version of the database that Data is from: only a later one replaces it.
	Version string `cbor:"2,keyasint"`
	Data    []byte `cbor:"3,keyasint"` // TZif
}

const (
	// MaxZones bounds the zones of a calendar; there are some 600.
	MaxZones = 1024
	// maxVersionLen bounds a database's version, in bytes.
	maxVersionLen = 16
	// maxSlow bounds how much calendar time may be slowed down by one correction.
	maxSlow = budget.MaxPer
	// slowPart is one over the part of elapsed time that a slow-down may take from calendar time
	// (K5 allows all of it).
	slowPart = 2
)

// problem says how c is malformed whatever the state, or nothing.
func (c SetCalendar) problem() string {
	set := 0
	for _, is := range [...]bool{c.Leap != 0, c.Slow != 0, c.Zone != nil} {
		if is {
			set++
		}
	}
	switch {
	case set != 1:
		return fmt.Sprintf("calendar: %d of leap, slow and zone are set, must be 1", set)
	case c.Leap < 0:
		return fmt.Sprintf("calendar.leap: is %d, must be at least 1", c.Leap)
	case c.Slow < 0 || c.Slow > maxSlow:
		return fmt.Sprintf("calendar.slow: is %d, must be in 1..%d", c.Slow, maxSlow)
	case c.Zone != nil && (c.Zone.Version == "" || len(c.Zone.Version) > maxVersionLen):
		return fmt.Sprintf("calendar.zone.version: has %d bytes, must have 1..%d",
			len(c.Zone.Version), maxVersionLen)
	case c.Zone != nil:
		_, err := budget.NewZone(c.Zone.Name, c.Zone.Data)
		return oneLine(err)
	}
	return ""
}

// calendar is calendar time, and what is known of zones (CalendarLeap: off, leap).
type calendar struct {
	set bool
	// off is calendar time minus cluster time. It is replicated, and no wall clock's (K1).
	off time.Duration
	// leap is the one that is announced, if its instant is not 0 (K6: one at a time).
	leap leap
	// owed is by how much calendar time is still to be slowed down, slowed by how much it ever was.
	owed, slowed time.Duration
	// revision counts corrections, and leaps that took effect.
	revision uint64
	zones    map[string]*zone
}

// leap is a forward correction: at cluster time At the offset grows.
type leap struct {
	At budget.Instant `cbor:"1,keyasint"`
	By time.Duration  `cbor:"2,keyasint"`
}

// zone is one that the log has told of.
type zone struct {
	ZoneRules
	*budget.Zone
}

// at returns the calendar time at t, if no correction comes before that.
func (c *calendar) at(t budget.Instant) budget.Calendar {
	return budget.Calendar(t.Add(c.off))
}

// instant is when calendar time is v, likewise.
func (c *calendar) instant(v budget.Calendar) budget.Instant {
	return budget.Instant(v).Add(-c.off)
}

// passes reports whether the leap that is announced enters v or goes beyond it.
func (c *calendar) passes(v budget.Calendar) bool {
	return c.leap.At > 0 && c.at(c.leap.At).Add(c.leap.By) >= v
}

// zone returns the rules of a zone's clocks, nil if the log has not told of it.
func (c *calendar) zone(name string) *budget.Zone {
	if name == budget.UTCZone {
		return budget.UTC
	}
	if z := c.zones[name]; z != nil {
		return z.Zone
	}
	return nil
}

// passCalendar lets the calendar run on from was to T: a leap takes effect when it is due, and a
// slow-down takes a part of what has elapsed, so that calendar time never goes back (K5).
func (s *State) passCalendar(was budget.Instant) {
	c := &s.calendar
	switch {
	case c.leap.At > 0 && c.leap.At <= s.t:
		by := c.leap.By
		c.off += by
		c.leap = leap{}
		c.revision++
		s.emitLeapt(by)
	case c.owed > 0:
		by := min(c.owed, s.t.Sub(was)/slowPart)
		if by == 0 {
			return
		}
		c.off -= by
		c.owed -= by
		c.slowed += by
		s.emitSlowed(by)
	}
}

// setCalendar decides a correction.
func (s *State) setCalendar(cmd *SetCalendar) Result {
	c := &s.calendar
	refused := func(format string, args ...any) Result {
		return Result{Code: CodeCalendar, Detail: fmt.Sprintf(format, args...)}
	}
	if cmd.Zone != nil {
		return s.putZone(cmd.Zone)
	}
	now := c.at(s.t)
	switch {
	case cmd.Revision != c.revision:
		return refused("calendar.revision: is %d, and the calendar's is %d", cmd.Revision, c.revision)
	case c.leap.At > 0: // K6
		return refused("calendar: a leap is announced")
	case cmd.Slow > 0 && !c.set:
		return refused("calendar.slow: the calendar is not set")
	case cmd.Leap > budget.MaxCalendar.Sub(now) ||
		cmd.Leap > 0 && now.Add(cmd.Leap) < budget.MinCalendar:
		return refused("calendar.leap: %s from %s, must lead to %s..%s", cmd.Leap, now.UTC(),
			budget.MinCalendar.UTC(), budget.MaxCalendar.UTC())
	}
	c.revision++
	switch {
	case cmd.Slow > 0:
		c.owed = cmd.Slow
	case !c.set:
		c.set, c.off = true, cmd.Leap
		s.emitLeapt(cmd.Leap)
	default:
		c.owed = 0
		c.leap = leap{At: s.t.Add(budget.MaxAlignedLease), By: cmd.Leap} // K2
		s.emitLeap()
	}
	return Result{Code: CodeDone, Changed: true}
}

// putZone tells how a zone's clocks are set. Later rules may change windows that have not begun;
// the present ones have leases that are told their ends.
func (s *State) putZone(rules *ZoneRules) Result {
	c := &s.calendar
	old := c.zones[rules.Name]
	switch {
	case rules.Name == budget.UTCZone, old != nil && old.Version >= rules.Version:
		return Result{Code: CodeDone}
	case old == nil && len(c.zones) >= MaxZones:
		return full("zones", MaxZones)
	}
	parsed, err := budget.NewZone(rules.Name, rules.Data)
	if err != nil {
		panic(broken("WellFormed", s.index, s.term, err.Error())) // problem has found none
	}
	for _, l := range s.aligned { // in any order: none is changed unless all may be
		if l.Zone == rules.Name && (parsed.End(l.Align, l.ends-1) != l.ends ||
			parsed.Start(l.Align, l.ends-1) != l.began()) {
			return Result{Code: CodeCalendar, Detail: fmt.Sprintf(
				"zone: %s of %s would change a window that has begun", rules.Name, rules.Version)}
		}
	}
	if c.zones == nil {
		c.zones = map[string]*zone{}
	}
	c.zones[rules.Name] = &zone{*rules, parsed}
	for _, l := range s.aligned {
		if l.Zone == rules.Name {
			l.zone = parsed
		}
	}
	s.emitZone(rules)
	return Result{Code: CodeDone, Changed: true}
}

// calendarLacks is the answer to a budget that the calendar is not ready for; or it is.
func (s *State) calendarLacks(b budget.Budget) (Result, bool) {
	for i, l := range b.Limits {
		switch {
		case l.Align == "":
		case !s.calendar.set:
			return Result{Code: CodeCalendar, Detail: fmt.Sprintf(
				"limits[%d].align: %s, and the calendar is not set", i, l.Align)}, true
		case s.calendar.zone(l.Zone) == nil:
			return Result{Code: CodeCalendar, Detail: fmt.Sprintf(
				"limits[%d].zone: the calendar does not know %s", i, l.Zone)}, true
		}
	}
	return Result{}, false
}
