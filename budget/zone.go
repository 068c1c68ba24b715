package budget

import (
	"fmt"
	"time"
)

// Zone says how the clocks of a time zone are set: the transitions of the time zone database, as
// a TZif file has them (RFC 8536). It never looks at the host's database: replicas have the same
// bytes from the same log entry, and so the same windows (docs/adr/0015).
type Zone struct {
	name string
	loc  *time.Location
}

// MaxZoneData bounds a zone's TZif bytes. The largest there is has less than 2,000.
const MaxZoneData = 8 << 10

// NewZone returns the zone that TZif bytes describe. It returns a *FieldError if the name could be
// no zone's, or the bytes are none.
func NewZone(name string, data []byte) (*Zone, error) {
	if !validZone(name) {
		return nil, &FieldError{Field: "zone", Value: quote(name), Allowed: allowedZone}
	}
	if len(data) > MaxZoneData {
		return nil, &FieldError{Field: "zone data", Value: fmt.Sprintf("%d bytes", len(data)),
			Allowed: fmt.Sprintf("0..%d bytes", MaxZoneData)}
	}
	loc, err := time.LoadLocationFromTZData(name, data)
	if err != nil {
		return nil, &FieldError{Field: "zone data", Value: quote(string(data)),
			Allowed: "TZif bytes of a time zone"}
	}
	return &Zone{name, loc}, nil
}

// UTC is the zone that needs no data.
var UTC = &Zone{UTCZone, time.UTC}

// Name returns the zone's name.
func (z *Zone) Name() string { return z.name }

// Time returns c as the zone's clocks show it.
func (z *Zone) Time(c Calendar) time.Time { return c.UTC().In(z.loc) }

// Start returns when the window began that c lies in, End when the next one begins. A minute or an
// hour begins whenever the zone's clocks show a full one; a day when its date is reached for the
// first time, a week with its Monday, a month with its first. So a day on which clocks are set is
// longer or shorter than others, and an hour that clocks show twice is two windows. A date that a
// zone skips has no window. Windows are contiguous, whatever a zone does.
func (z *Zone) Start(a Align, c Calendar) Calendar {
	if unit := a.clock(); unit > 0 {
		return z.fullBefore(unit, c)
	}
	first := firstOf(a, z.reached(c))
	// Early enough that the date was not reached: zones skip a day at most.
	return z.reaches(first, c.Add(-a.period()-3*day))
}

// End is the first instant after the window that c lies in.
func (z *Zone) End(a Align, c Calendar) Calendar {
	if unit := a.clock(); unit > 0 {
		return z.fullAfter(unit, c)
	}
	return z.reaches(nextOf(a, z.reached(c)), c)
}

// clock is the unit of a window that begins when clocks show a full one; 0: it begins with a date.
func (a Align) clock() time.Duration {
	if a == AlignMinute || a == AlignHour {
		return a.period()
	}
	return 0
}

// regime is a stretch of time in which the zone's clocks are not set, or a part of one.
type regime struct {
	offset   time.Duration
	from, to Calendar // to is after it
}

// Bounds of a stretch that has none.
const (
	beginning = Calendar(-1 << 62)
	forever   = Calendar(1<<63 - 1)
)

func (z *Zone) regimeAt(c Calendar) regime {
	t := z.Time(c)
	_, seconds := t.Zone()
	r := regime{time.Duration(seconds) * time.Second, beginning, forever}
	from, to := t.ZoneBounds()
	// A bound beyond what nanoseconds can tell is none: no such instant is asked about.
	if !from.IsZero() && from.Unix() > int64(beginning/1e9) {
		r.from = CalendarOf(from)
	}
	if !to.IsZero() && to.Unix() < int64(forever/1e9) {
		r.to = CalendarOf(to)
	}
	// Where a rule stands for all years to come, package time tells of each year by itself, and
	// gives leap years 365 days: their last day is after the end of its stretch.
	if r.to <= c {
		r.to = r.to.Add(day)
	}
	return r
}

// fullAfter is the first instant after c at which clocks show a full unit.
func (z *Zone) fullAfter(unit time.Duration, c Calendar) Calendar {
	for {
		r := z.regimeAt(c)
		at := c.Add(unit - floorMod(int64(c)+int64(r.offset), unit))
		if at < r.to {
			return at
		}
		if next := z.regimeAt(r.to); floorMod(int64(r.to)+int64(next.offset), unit) == 0 {
			return r.to
		}
		c = r.to
	}
}

// fullBefore is the last instant up to c at which clocks showed a full unit.
func (z *Zone) fullBefore(unit time.Duration, c Calendar) Calendar {
	for {
		r := z.regimeAt(c)
		at := c.Add(-floorMod(int64(c)+int64(r.offset), unit))
		if at >= r.from {
			return at
		}
		c = r.from - 1
	}
}

// date counts days from 1970-01-01.
type date int64

func (r regime) date(c Calendar) date {
	local := int64(c) + int64(r.offset)
	return date((local - int64(floorMod(local, day))) / int64(day))
}

// reached is the latest date that clocks showed up to c. Clocks that are set back across midnight
// show the day before again, which is over.
func (z *Zone) reached(c Calendar) date {
	r := z.regimeAt(c)
	d := r.date(c)
	if r.from > beginning && c.Sub(r.from) < 2*day {
		d = max(d, z.regimeAt(r.from-1).date(r.from-1))
	}
	return d
}

// reaches is the first instant from c on at which clocks show d or a later date.
func (z *Zone) reaches(d date, c Calendar) Calendar {
	for {
		r := z.regimeAt(c)
		midnight := Calendar(int64(d)*int64(day) - int64(r.offset))
		if at := max(c, midnight); at < r.to {
			return at
		}
		c = r.to
	}
}

// civil is d in UTC: only its date is looked at.
func (d date) civil() time.Time { return time.Unix(int64(d)*int64(day/time.Second), 0).UTC() }

func dateOf(t time.Time) date { return date(t.Unix() / int64(day/time.Second)) }

// firstOf is the first date of the day, week or month that d lies in.
func firstOf(a Align, d date) date {
	switch a {
	case AlignWeek:
		return d - date(floorMod(int64(d)+3, 7)) // 1970-01-01 was a Thursday
	case AlignMonth:
		t := d.civil()
		return d - date(t.Day()-1)
	default:
		return d
	}
}

// nextOf is the first date after that day, week or month.
func nextOf(a Align, d date) date {
	switch a {
	case AlignWeek:
		return firstOf(a, d) + 7
	case AlignMonth:
		return dateOf(firstOf(a, d).civil().AddDate(0, 1, 0))
	default:
		return d + 1
	}
}

// floorMod returns n modulo m, in 0..m-1.
func floorMod(n int64, m time.Duration) time.Duration {
	r := n % int64(m)
	if r < 0 {
		r += int64(m)
	}
	return time.Duration(r)
}
