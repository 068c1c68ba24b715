package client

import (
	"time"

	"github.com/leased-io/leased/transport/leasedv1"
)

// CalendarStatus is calendar time, which aligned limits follow, as a node knew it at its cluster
// time.
type CalendarStatus struct {
	Time time.Time // UTC
	// Offset is what it is ahead of cluster time, which begins with the cluster.
	Offset time.Duration
	// LeapIn is when it leaps by LeapBy, if a leap is announced: 0 if none is.
	LeapIn, LeapBy time.Duration
	// Slow is by how much it is being slowed down.
	Slow time.Duration
}

// toCalendar returns nil if no limit ever followed the calendar.
func toCalendar(resp *leasedv1.StatusResponse) *CalendarStatus {
	if resp.GetCalendarNanos() == 0 {
		return nil
	}
	return &CalendarStatus{
		Time:   time.Unix(0, resp.GetCalendarNanos()).UTC(),
		Offset: time.Duration(resp.GetCalendarOffsetNanos()),
		LeapIn: time.Duration(resp.GetLeapInNanos()),
		LeapBy: time.Duration(resp.GetLeapByNanos()),
		Slow:   time.Duration(resp.GetSlowNanos()),
	}
}
