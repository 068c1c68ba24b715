package budget

import (
	"slices"
	"strings"
	"time"
)

// Calendar is a point in calendar time: nanoseconds since 1970 began in UTC. It is elapsed
// cluster time plus a replicated offset (CalendarLeap.tla), so that the windows of aligned limits
// begin with the minute or the day. It backs no duration: leases and waits are elapsed time.
type Calendar int64

// Add returns the calendar time d later.
func (c Calendar) Add(d time.Duration) Calendar { return c + Calendar(d) }

// Sub returns the calendar time from u to c.
func (c Calendar) Sub(u Calendar) time.Duration { return time.Duration(c - u) }

// CalendarOf returns the calendar time that a wall clock shows.
func CalendarOf(wall time.Time) Calendar { return Calendar(wall.UnixNano()) }

// UTC returns c as people read it.
func (c Calendar) UTC() time.Time { return time.Unix(0, int64(c)).UTC() }

// Calendar time is set between these. A hundred years are left after the later one before it
// does not fit its type any more, in which cluster time runs on.
var (
	MinCalendar = CalendarOf(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))
	MaxCalendar = CalendarOf(time.Date(2150, 1, 1, 0, 0, 0, 0, time.UTC))
)

// Align is what the windows of a window limit begin with, in the limit's zone.
type Align string

// The alignments. Empty: windows tile cluster time, and need no wall clock.
const (
	AlignMinute Align = "minute"
	AlignHour   Align = "hour"
	AlignDay    Align = "day"
	AlignWeek   Align = "week" // Mondays, as ISO 8601 has them
	AlignMonth  Align = "month"
)

// UTCZone is the zone of an aligned limit that names none.
const UTCZone = "UTC"

// MaxAlignedLease is the longest that a lease of an aligned limit lasts, however long its window
// is (CalendarLeap: MaxLease). It is how long ahead a leap of the calendar must be announced, and
// what a holder that dies, or that nobody reaches, is without its renewals.
const MaxAlignedLease = time.Minute

// maxZoneLen bounds a zone's name, in bytes. The longest there is has 32.
const maxZoneLen = 64

var aligns = []Align{AlignMinute, AlignHour, AlignDay, AlignWeek, AlignMonth}

// period returns the nominal length of such a window, 0 of none. A day may have 23 hours, and a
// month 31 days; the rates that are derived from a period are no part of the bound.
func (a Align) period() time.Duration {
	switch a {
	case AlignMinute:
		return time.Minute
	case AlignHour:
		return time.Hour
	case AlignDay:
		return day
	case AlignWeek:
		return 7 * day
	case AlignMonth:
		return 30 * day
	default:
		return 0
	}
}

const (
	allowedAlign = `"minute", "hour", "day", "week" or "month", and only with kind window`
	allowedZone  = "the name of a time zone, such as Europe/Berlin or UTC, and only with align"
)

// canonicalAlign fills in what an aligned limit may leave out.
func (l Limit) canonicalAlign() Limit {
	if per := l.Align.period(); per > 0 && l.Kind == KindWindow {
		if l.Per == 0 {
			l.Per = per
		}
		if l.Zone == "" {
			l.Zone = UTCZone
		}
	}
	return l
}

// alignProblem is what is wrong with a canonical limit's alignment, or nil.
func (l Limit) alignProblem() *FieldError {
	per := l.Align.period()
	switch {
	case l.Align != "" && (!slices.Contains(aligns, l.Align) || l.Kind != KindWindow):
		return &FieldError{Field: "align", Value: quote(string(l.Align)), Allowed: allowedAlign}
	case l.Align == "" && l.Zone != "" || l.Align != "" && !validZone(l.Zone):
		return &FieldError{Field: "zone", Value: quote(l.Zone), Allowed: allowedZone}
	case l.Align != "" && l.Per != per:
		return &FieldError{Field: "per", Value: FormatPer(l.Per), Allowed: "nothing, or " +
			FormatPer(per) + ", with align " + string(l.Align)}
	}
	return nil
}

// validZone reports whether name could be a zone's. Which zones there are a state machine knows
// only by what its log says: see Zone.
func validZone(name string) bool {
	return name != "" && len(name) <= maxZoneLen && strings.Trim(name, zoneLetters) == ""
}

const zoneLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/"
