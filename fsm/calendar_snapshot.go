package fsm

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/leased-io/leased/budget"
)

// calendarItem is the calendar in a snapshot.
type calendarItem struct {
	Set      bool          `cbor:"1,keyasint,omitempty"`
	Off      time.Duration `cbor:"2,keyasint,omitempty"`
	Leap     *leap         `cbor:"3,keyasint,omitempty"`
	Owed     time.Duration `cbor:"4,keyasint,omitempty"`
	Slowed   time.Duration `cbor:"5,keyasint,omitempty"`
	Revision uint64        `cbor:"6,keyasint,omitempty"`
	Zones    []ZoneRules   `cbor:"7,keyasint,omitempty"` // by name
}

// item returns the calendar for a snapshot; nil if nothing ever happened to it.
func (c *calendar) item() *calendarItem {
	if c.revision == 0 && len(c.zones) == 0 {
		return nil
	}
	item := &calendarItem{Set: c.set, Off: c.off, Owed: c.owed, Slowed: c.slowed,
		Revision: c.revision}
	if leap := c.leap; leap.At > 0 {
		item.Leap = &leap
	}
	for _, name := range slices.Sorted(maps.Keys(c.zones)) {
		item.Zones = append(item.Zones, c.zones[name].ZoneRules)
	}
	return item
}

func (s *State) readCalendar(item *calendarItem) error {
	if item == nil {
		return nil
	}
	c := &s.calendar
	c.set, c.off, c.owed, c.slowed = item.Set, item.Off, item.Owed, item.Slowed
	c.revision = item.Revision
	if item.Leap != nil {
		c.leap = *item.Leap
	}
	for _, rules := range item.Zones {
		parsed, err := budget.NewZone(rules.Name, rules.Data)
		if err != nil {
			return err
		}
		if c.zones == nil {
			c.zones = map[string]*zone{}
		}
		c.zones[rules.Name] = &zone{rules, parsed}
	}
	return nil
}

// realign puts a limit that is restored on the calendar.
func (s *State) realign(l *limit) error {
	if l.Align == "" {
		return nil
	}
	l.cal, l.zone = &s.calendar, s.calendar.zone(l.Zone)
	if !s.calendar.set || l.zone == nil {
		return fmt.Errorf("limit %d is aligned in %q, and the calendar lacks it", l.serial, l.Zone)
	}
	if l.window < 0 || l.began() > budget.MaxCalendar {
		return fmt.Errorf("limit %d is aligned, and in window %d", l.serial, l.window)
	}
	l.ends = l.zone.End(l.Align, l.began())
	return nil
}

// calendarOK: calendar time is one, a leap that is announced is in the future and no further than
// it must be (K2), and a limit is in its window until calendar time leaves it.
func calendarOK(s *State) error {
	c := &s.calendar
	if !c.set {
		if c.off != 0 || c.leap != (leap{}) || c.owed != 0 || len(s.aligned) > 0 {
			return fmt.Errorf("the calendar is not set: off %d, leap %+v, owed %d, %d limits",
				c.off, c.leap, c.owed, len(s.aligned))
		}
		return nil
	}
	wait := c.leap.At.Sub(s.t)
	switch {
	case c.at(s.t) < budget.MinCalendar || c.owed < 0 || c.owed > maxSlow || c.slowed < 0:
		return fmt.Errorf("calendar time is %s, slowed by %s, and %s are owed",
			c.at(s.t).UTC(), c.slowed, c.owed)
	case c.leap.At != 0 &&
		(wait <= 0 || wait > budget.MaxAlignedLease || c.leap.By <= 0 || c.owed > 0):
		return fmt.Errorf("leap %+v is announced at T %d, and %s are owed", c.leap, s.t, c.owed)
	}
	for _, l := range s.aligned {
		if now := c.at(s.t); now < l.began() || now >= l.ends {
			return fmt.Errorf("limit %d is in %s..%s at %s", l.serial, l.began().UTC(), l.ends.UTC(),
				now.UTC())
		}
	}
	return nil
}
