package main

import (
	"fmt"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/client"
)

// calendarView is calendar time, as JSON.
type calendarView struct {
	Time     string `json:"time"` // RFC 3339, UTC
	OffsetNS int64  `json:"offset_ns"`
	LeapInNS int64  `json:"leap_in_ns,omitempty"`
	LeapByNS int64  `json:"leap_by_ns,omitempty"`
	SlowNS   int64  `json:"slow_ns,omitempty"`
}

func calendarOf(c *client.CalendarStatus) *calendarView {
	if c == nil {
		return nil
	}
	return &calendarView{c.Time.Format(time.RFC3339Nano), int64(c.Offset), int64(c.LeapIn),
		int64(c.LeapBy), int64(c.Slow)}
}

// newest is the calendar of the member that has applied most, or nil.
func newest(views []memberView) (found *calendarView) {
	applied := uint64(0)
	for _, v := range views {
		if v.Calendar != nil && v.Applied >= applied {
			found, applied = v.Calendar, v.Applied
		}
	}
	return found
}

// String tells calendar time, and what is to be done about it.
func (v *calendarView) String() string {
	text := "Calendar time is " + v.Time
	short := func(ns int64) time.Duration { return time.Duration(ns).Round(time.Millisecond) }
	if v.LeapInNS > 0 {
		text += fmt.Sprintf("; in %s it leaps by %s", short(v.LeapInNS), short(v.LeapByNS))
	}
	if v.SlowNS > 0 {
		text += fmt.Sprintf("; it is slowed down by %s", short(v.SlowNS))
	}
	return text + "."
}

// beganAt is when an aligned limit's window did, RFC 3339 in UTC; empty of others.
func beganAt(u client.LimitUsage) string {
	if u.Limit.Align == "" {
		return ""
	}
	return budget.Calendar(int64(u.Window) * int64(time.Second)).UTC().Format(time.RFC3339)
}
