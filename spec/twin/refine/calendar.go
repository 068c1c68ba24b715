package refine

import (
	"github.com/leased-io/leased/spec/twin/calendar"
	"github.com/leased-io/leased/trace"
)

// maxLease is how long a lease of an aligned limit may last, and how far ahead a leap is announced
// at least (CalendarLeap: MaxLease).
const maxLease = int64(60_000_000_000)

// almanac is the calendar clock of CalendarLeap: off and leap.
type almanac struct {
	set    bool
	off    int64
	at, by int64 // the leap that is announced; at 0: none
	slowed int64 // by how much calendar time was ever slowed down
	was    int64 // T before the entry
	zones  map[string]*calendar.Zone
}

func (c *almanac) zone(name string) *calendar.Zone {
	if name == "UTC" {
		return calendar.UTC
	}
	return c.zones[name]
}

// overdue refuses whatever an entry does before a leap that is due takes effect.
func (m *Machine) overdue() *Refusal {
	if c := &m.cal; c.at > 0 && c.at <= m.T {
		return refuse(Leap, "Missed", "a leap is announced for %d, and it is %d", c.at, m.T)
	}
	return nil
}

// leaps is an announcement (CalendarLeap!Commit, Calendars, MayAnnounce), or a leap that takes
// effect.
func (m *Machine) leaps(e *trace.Event) *Refusal {
	c := &m.cal
	if !e.OK {
		return m.announce(e)
	}
	switch {
	case c.set && (c.at == 0 || c.at > m.T):
		return refuse(Leap, "Due", "calendar time leaps at %d, and the leap is announced for %d",
			m.T, c.at)
	case e.By < 1 || c.set && e.By != c.by:
		return refuse(Leap, "By", "calendar time leaps by %d, and %d were announced", e.By, c.by)
	case e.Off != c.off+e.By:
		return refuse(Leap, "Offset", "the offset is %d after a leap by %d from %d", e.Off, e.By, c.off)
	}
	if !c.set {
		m.at.begun = true
		m.counts.step(setsCalendar)
	} else {
		m.counts.step(leaps)
	}
	c.set, c.off, c.at, c.by = true, e.Off, 0, 0
	return nil
}

func (m *Machine) announce(e *trace.Event) *Refusal {
	c := &m.cal
	m.at.begun = true
	switch {
	case !c.set:
		return refuse(Announce, "Set", "a leap is announced, and the calendar is not set")
	case c.at > 0:
		return refuse(Announce, "One", "a leap is announced while one is, for %d", c.at)
	case e.Until < m.T+maxLease:
		return refuse(Announce, "Notice", "a leap is announced at %d for %d: leases may last %d",
			m.T, e.Until, maxLease)
	case e.By < 1 || e.Off != c.off:
		return refuse(Announce, "Offset", "a leap by %d from offset %d is announced; it is %d",
			e.By, e.Off, c.off)
	}
	c.at, c.by = e.Until, e.By
	m.counts.step(announces)
	return nil
}

// slow is a slow-down (CalendarLeap!Commit, Calendars, MaySlow).
func (m *Machine) slow(e *trace.Event) *Refusal {
	c := &m.cal
	switch {
	case !c.set:
		return refuse(Slow, "Set", "calendar time is slowed down, and is not set")
	case m.at.begun:
		return refuse(Slow, "First", "calendar time is slowed down after the entry has begun to do "+
			"other things")
	case e.By < 1 || e.By > m.T-c.was:
		return refuse(Slow, "Elapsed", "calendar time is slowed down by %d; %d have elapsed",
			e.By, m.T-c.was)
	case e.Off != c.off-e.By:
		return refuse(Slow, "Offset", "the offset is %d after %d, slowed down by %d", e.Off, c.off, e.By)
	}
	c.off -= e.By
	c.slowed += e.By
	c.was = m.T // what elapsed is used up
	m.counts.step(slows)
	return nil
}

// rules tells how a zone's clocks are set. Windows that have begun stay as they are.
func (m *Machine) rules(e *trace.Event) *Refusal {
	z, err := calendar.Load(e.Zone, e.Data)
	if err != nil || e.Zone == "UTC" {
		return refuse(TellZone, "Rules", "the rules of zone %q cannot be read: %v", e.Zone, err)
	}
	for _, l := range m.limits {
		if l.zone != nil && l.zoneName == e.Zone &&
			(z.Next(l.align, l.ends-1) != l.ends || z.Begin(l.align, l.ends-1) != l.begins()) {
			return refuse(TellZone, "Begun", "the rules of %s change the window of limit %d", e.Zone,
				l.serial)
		}
	}
	if m.cal.zones == nil {
		m.cal.zones = map[string]*calendar.Zone{}
	}
	m.cal.zones[e.Zone] = z
	for _, l := range m.limits {
		if l.zone != nil && l.zoneName == e.Zone {
			l.zone = z
		}
	}
	m.counts.step(zonesTold)
	return nil
}

// aligned is what a limit that follows the calendar has beside.
type aligned struct {
	cal             *almanac
	align, zoneName string
	zone            *calendar.Zone // nil: it does not
	ends            int64          // of its window, in calendar time
}

// begins is when the limit's window did, in calendar time.
func (l *limit) begins() int64 { return l.window * 1_000_000_000 }

// alignAt puts a limit into the window of T by the calendar.
func (l *limit) alignAt(t int64) {
	l.window = l.windowAt(t)
	l.ends = l.zone.Next(l.align, t+l.cal.off)
}

// windowAt is the window that t lies in.
func (l *limit) windowAt(t int64) int64 {
	if l.zone == nil {
		return t / l.span
	}
	return l.zone.Begin(l.align, t+l.cal.off) / 1_000_000_000
}

// opensAligned is when a denied request may be told to ask again: where the window is over, or a
// leap ends it.
func (l *limit) opensAligned() int64 {
	c := l.cal
	if l.empty() {
		return l.zone.Next(l.align, max(l.until-1+c.off+c.slowed, l.ends-1)) - c.off
	}
	if c.at > 0 && c.at+c.off+c.by >= l.ends {
		return min(c.at, l.end())
	}
	return l.end()
}

// endsAligned is when a lease of the limit ends that is granted now (CalendarLeap!Ttl: K3).
func (m *Machine) endsAligned(l *limit) int64 {
	ends := min(l.end(), m.T+maxLease)
	if m.cal.at > 0 {
		ends = min(ends, m.cal.at)
	}
	return ends
}

// align puts a limit that comes into force into its window.
func (m *Machine) align(l *limit, e *trace.Event) *Refusal {
	if e.Align != "" {
		l.cal, l.align, l.zoneName, l.zone = &m.cal, e.Align, e.Zone, m.cal.zone(e.Zone)
		if !m.cal.set || l.zone == nil {
			return refuse(PutLimit, "Calendar", "limit %d follows the %s in %s, and the log has not told "+
				"of that", l.serial, e.Align, e.Zone)
		}
		l.alignAt(m.T)
		return nil
	}
	l.window = m.T / l.span
	return nil
}
