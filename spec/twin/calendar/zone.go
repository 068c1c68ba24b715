// Package calendar says where the windows of aligned limits begin, for the trace checker and its
// model. It was written from the documents, not from the product: it looks at what a zone's clocks
// show from minute to minute, where package budget computes. Both have a zone's offsets from Go's
// package time and the TZif bytes that the trace tells, never from the host.
package calendar

import (
	"encoding/base64"
	"fmt"
	"time"
)

// Zone is how the clocks of a time zone are set.
type Zone struct{ loc *time.Location }

// UTC is the zone that no trace tells of.
var UTC = &Zone{time.UTC}

// Load returns the zone of TZif bytes in base64, as a trace has them.
func Load(name, data string) (*Zone, error) {
	bytes, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		return nil, fmt.Errorf("zone %q: %w", name, err)
	}
	loc, err := time.LoadLocationFromTZData(name, bytes)
	if err != nil {
		return nil, fmt.Errorf("zone %q: %w", name, err)
	}
	return &Zone{loc}, nil
}

const (
	second = int64(time.Second)
	minute = 60 * second
	hour   = 60 * minute
	// setBack is longer than any clock is set back by, and longest than any window.
	setBack = 4 * hour
	longest = 32 * 24 * hour
)

// Known reports whether there are windows of a name.
func Known(align string) bool {
	switch align {
	case "minute", "hour", "day", "week", "month":
		return true
	}
	return false
}

// Next returns the first instant after c at which a window begins. Instants are nanoseconds of
// calendar time since 1970.
func (z *Zone) Next(align string, c int64) int64 {
	if align == "minute" || align == "hour" {
		at := c - c%minute + minute
		for !z.full(align, at) {
			at += minute
		}
		return at
	}
	latest := z.latest(align, c)
	at := c - c%minute + minute
	// By hours until a later date stays, and then by minutes from where it may have come first.
	for far := at; ; far += hour {
		if z.name(align, far) > latest {
			at = max(at, far-setBack)
			break
		}
	}
	for z.name(align, at) <= latest {
		at += minute
	}
	return at
}

// Begin returns the last instant up to c at which a window began.
func (z *Zone) Begin(align string, c int64) int64 {
	if align == "minute" || align == "hour" {
		at := c - c%minute
		for !z.full(align, at) {
			at -= minute
		}
		return at
	}
	back := int64(2 * 24 * hour)
	switch align {
	case "week":
		back = 9 * 24 * hour
	case "month":
		back = longest
	}
	at := c - back
	for {
		next := z.Next(align, at)
		if next > c {
			return at
		}
		at = next
	}
}

// full reports whether clocks show a full minute or hour.
func (z *Zone) full(align string, c int64) bool {
	_, min, sec := z.clock(c).Clock()
	return sec == 0 && (align == "minute" || min == 0)
}

func (z *Zone) clock(c int64) time.Time { return time.Unix(0, c).In(z.loc) }

// name is what clocks show of a day, week or month: later ones are greater.
func (z *Zone) name(align string, c int64) int {
	shown := z.clock(c)
	switch align {
	case "week":
		year, week := shown.ISOWeek()
		return 100*year + week
	case "month":
		return 100*shown.Year() + int(shown.Month())
	default:
		return 1000*shown.Year() + shown.YearDay()
	}
}

// latest is the greatest name that clocks have shown up to c.
func (z *Zone) latest(align string, c int64) int {
	best := z.name(align, c)
	for at := c - c%minute; at > c-setBack; at -= minute {
		best = max(best, z.name(align, at))
	}
	return best
}
