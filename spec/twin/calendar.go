package twin

import "github.com/leased-io/leased/spec/twin/calendar"

// longestAligned is how long a lease of an aligned limit may last, and so how far ahead a leap is
// announced at least (CalendarLeap: MaxLease).
const longestAligned = int64(60_000_000_000)

const nanos = 1_000_000_000

// almanac is what the log says of the calendar (CalendarLeap.tla: off, leap).
type almanac struct {
	set       bool
	off       int64
	slowed    int64 // by how much it ever was
	at, by    int64 // the leap that is announced; at 0: none
	announced Located
	was       int64 // T before the entry
	next      int64 // no window of an aligned limit ends before, in calendar time; 0: there is none
	zones     map[string]*calendar.Zone
}

func (c *almanac) zone(name string) *calendar.Zone {
	if name == "UTC" {
		return calendar.UTC
	}
	return c.zones[name]
}

// onCalendar is what an aligned limit has beside. Its windows are named by the second that they
// begin at.
type onCalendar struct {
	cal  *almanac
	zone *calendar.Zone // nil: it is not aligned
	from int64          // the latest instant that its window surely did not begin before
	over int64          // when its window ends, in calendar time
}

// enter puts an aligned limit into the window of now.
func (l *limit) enter(now int64) {
	shown := now + l.cal.off
	begins := l.zone.Begin(l.align, shown)
	l.number, l.over = begins/nanos, l.zone.Next(l.align, shown)
	l.from = max(l.from, begins-l.cal.off-l.cal.slowed) // no earlier than the window before
	if l.cal.next == 0 || l.over < l.cal.next {
		l.cal.next = l.over
	}
}

// endsAligned is when a lease of the limit ends that is granted now (K3).
func (l *limit) endsAligned(now int64) int64 {
	ends := min(l.end(), now+longestAligned)
	if l.cal.at > 0 {
		ends = min(ends, l.cal.at)
	}
	return ends
}

// opens is when a denied request may be told to ask again: where the window ends, or at a leap
// that ends it.
func (l *limit) opens() int64 {
	if l.zone != nil && l.cal.at > 0 && l.cal.at+l.cal.off+l.cal.by >= l.over {
		return min(l.cal.at, l.end())
	}
	return l.end()
}

// alignLimit puts a limit that comes into force on the calendar.
func (c *checker) alignLimit(l *limit) error {
	if l.align == "" {
		return nil
	}
	l.cal, l.zone = &c.cal, c.cal.zone(l.zoneName)
	if !c.cal.set || l.zone == nil {
		return violated(CalMonotone, []Located{l.at},
			"limit %d follows the %s in %s, and the log has not told of that", l.serial, l.align,
			l.zoneName)
	}
	l.enter(c.now)
	return nil
}

// closeAligned closes the windows of aligned limits that are over, once the entry has told what it
// does to the calendar: corrections come before all else.
func (c *checker) closeAligned() error {
	if c.cal.at > 0 && c.cal.at <= c.now {
		return violated(LeapAhead, []Located{c.step.entry, c.cal.announced},
			"the leap that was announced for %d does not take effect at %d", c.cal.at, c.now)
	}
	if c.cal.next == 0 || c.now+c.cal.off < c.cal.next {
		return nil
	}
	c.cal.next = 0
	for _, l := range c.inForce {
		if l.zone == nil {
			continue
		}
		if l.end() <= c.now {
			w := l.current
			l.current = nil
			l.enter(c.now)
			if !l.unrolled {
				l.unrolled = true
				c.unrolled++
			}
			if err := c.closeWindow(w); err != nil {
				return err
			}
		}
		if c.cal.next == 0 || l.over < c.cal.next {
			c.cal.next = l.over
		}
	}
	return nil
}

// leap is a leap that is announced, or takes effect.
func (c *checker) leap(at *Located) error {
	e, cal := &at.Event, &c.cal
	if !e.OK {
		if err := c.closeAligned(); err != nil {
			return err
		}
		switch {
		case !cal.set || e.Off != cal.off || e.By < 1:
			return violated(CalMonotone, []Located{*at},
				"a leap by %d from offset %d is announced; the offset is %d", e.By, e.Off, cal.off)
		case cal.at > 0:
			return violated(LeapAhead, []Located{*at, cal.announced},
				"a second leap is announced for %d, and one is for %d", e.Until, cal.at)
		case e.Until < c.now+longestAligned:
			return violated(LeapAhead, []Located{*at, c.step.entry},
				"a leap is announced at %d for %d; leases that know nothing of it last up to %d",
				c.now, e.Until, c.now+longestAligned)
		}
		cal.at, cal.by, cal.announced = e.Until, e.By, *at
		return nil
	}
	switch {
	case e.By < 1 || e.Off != cal.off+e.By:
		return violated(CalMonotone, []Located{*at},
			"calendar time leaps by %d from offset %d to %d", e.By, cal.off, e.Off)
	case cal.set && (cal.at == 0 || cal.at > c.now || cal.by != e.By):
		return violated(LeapAhead, []Located{*at, c.step.entry},
			"calendar time leaps by %d at %d; announced is one by %d for %d", e.By, c.now, cal.by, cal.at)
	}
	cal.set, cal.off, cal.at, cal.by = true, e.Off, 0, 0
	return nil
}

// slow is calendar time that does not pass (K5): no more than has elapsed.
func (c *checker) slow(at *Located) error {
	e, cal := &at.Event, &c.cal
	if !cal.set || e.By < 1 || e.Off != cal.off-e.By || e.By > c.now-cal.was {
		return violated(CalMonotone, []Located{*at, c.step.entry},
			"calendar time is slowed down by %d from offset %d to %d, and %d have elapsed",
			e.By, cal.off, e.Off, c.now-cal.was)
	}
	cal.off, cal.was = e.Off, c.now
	cal.slowed += e.By
	return nil
}

// tellZone tells how the clocks of a zone are set.
func (c *checker) tellZone(at *Located) error {
	e := &at.Event
	z, err := calendar.Load(e.Zone, e.Data)
	if err != nil || e.Zone == "UTC" {
		return violated(CalMonotone, []Located{*at}, "the rules of %q cannot be read: %v", e.Zone, err)
	}
	if c.cal.zones == nil {
		c.cal.zones = map[string]*calendar.Zone{}
	}
	c.cal.zones[e.Zone] = z
	for _, l := range c.inForce {
		if l.zone == nil || l.zoneName != e.Zone {
			continue
		}
		if z.Next(l.align, l.over-1) != l.over || z.Begin(l.align, l.over-1) != l.number*nanos {
			return violated(Roll, []Located{*at, l.at},
				"the rules of %s change the window that limit %d is in", e.Zone, l.serial)
		}
		l.zone = z
	}
	return nil
}
