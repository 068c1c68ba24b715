package kinds

import (
	"fmt"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/budget/zones"
	"github.com/leased-io/leased/fsm"
)

// PlayCalendar is Play with limits that follow the calendar, most of them, and corrections of it.
func PlayCalendar(seed uint64, steps int, dir string) (file string, broken, err error) {
	return play(seed, steps, dir, func(l *log) { l.calendar, l.wait = true, l.stroll })
}

// oddZones set their clocks in many ways, and oddTimes is when: just before something happens.
var (
	oddZones = []string{"Europe/Berlin", "Asia/Kathmandu", "Pacific/Apia", "America/Sao_Paulo",
		"Australia/Lord_Howe"}
	oddTimes = []string{"2026-03-28T22:55:00Z", "2026-10-25T00:57:00Z", "2011-12-30T09:56:00Z",
		"2018-11-04T02:58:00Z", "2024-02-28T23:50:00Z", "2026-04-04T14:55:00Z",
		"2026-12-31T23:58:00Z"}
)

// stroll is how long the log waits: mostly shorter than a lease, so that many are alive.
func (l *log) stroll() int64 {
	scales := []time.Duration{1, time.Second, 20 * time.Second, time.Minute, 5 * time.Minute,
		2 * time.Hour, 40 * 24 * time.Hour}
	n := l.r.IntN(len(scales))
	if l.r.IntN(3) > 0 {
		n = min(n, 4)
	}
	return l.r.Int64N(int64(scales[n]) + 1)
}

// setCalendar sets it for the first time, and tells of the zones.
func (l *log) setCalendar() {
	text := oddTimes[l.r.IntN(len(oddTimes))]
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(fmt.Sprintf("kinds: %s is no time: %v", text, err))
	}
	l.do(0, fsm.Command{Calendar: &fsm.SetCalendar{Leap: time.Duration(at.UnixNano())}})
	for _, name := range oddZones {
		data, err := zones.Find(name)
		if err != nil {
			panic(fmt.Sprintf("kinds: %v", err))
		}
		l.do(0, fsm.Command{Calendar: &fsm.SetCalendar{
			Zone: &fsm.ZoneRules{Name: name, Version: zones.Version, Data: data}}})
	}
}

// correct leaps or slows down, mostly as the calendar allows it.
func (l *log) correct() {
	now := l.s.CalendarAt(l.s.T())
	c := fsm.SetCalendar{Revision: now.Revision}
	if l.r.IntN(10) == 0 {
		c.Revision--
	}
	scales := []time.Duration{time.Second, time.Minute, time.Hour, 24 * time.Hour,
		40 * 24 * time.Hour}
	if by := time.Duration(1 + l.r.Int64N(int64(scales[l.r.IntN(len(scales))]))); l.r.IntN(3) == 0 {
		c.Slow = by
	} else {
		c.Leap = by
	}
	l.do(min(l.wait(), l.wait()), fsm.Command{Calendar: &c})
}

// align has a limit follow the calendar.
func (l *log) align(m budget.Limit) budget.Limit {
	aligns := []budget.Align{budget.AlignMinute, budget.AlignHour, budget.AlignDay, budget.AlignWeek,
		budget.AlignMonth}
	zone := append([]string{budget.UTCZone}, oddZones...)[l.r.IntN(1+len(oddZones))]
	return budget.Limit{Metric: m.Metric, Amount: m.Amount, Align: aligns[l.r.IntN(len(aligns))],
		Zone: zone}
}
