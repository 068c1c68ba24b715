package budget_test

import (
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/budget/zones"
)

func zone(t *testing.T, name string) *budget.Zone {
	t.Helper()
	data, err := zones.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	z, err := budget.NewZone(name, data)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func utcAt(t *testing.T, text string) budget.Calendar {
	t.Helper()
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return budget.CalendarOf(moment)
}

// TestCalendarWindows: where zones set their clocks, and where calendars are odd. All instants are
// UTC.
func TestCalendarWindows(t *testing.T) {
	tests := []struct {
		zone       string
		align      budget.Align
		in         string
		start, end string
	}{
		{"UTC", "minute", "2026-03-01T10:00:59", "2026-03-01T10:00:00", "2026-03-01T10:01:00"},
		{"UTC", "month", "2024-02-29T12:00:00", "2024-02-01T00:00:00", "2024-03-01T00:00:00"},
		{"UTC", "month", "2100-02-28T12:00:00", "2100-02-01T00:00:00", "2100-03-01T00:00:00"},
		{"UTC", "week", "2026-01-01T00:00:00", "2025-12-29T00:00:00", "2026-01-05T00:00:00"},
		// Berlin: 23 hours in March, 25 in October; its months begin at two offsets.
		{"Europe/Berlin", "day", "2026-03-29T12:00:00", "2026-03-28T23:00:00", "2026-03-29T22:00:00"},
		{"Europe/Berlin", "day", "2026-10-25T12:00:00", "2026-10-24T22:00:00", "2026-10-25T23:00:00"},
		{"Europe/Berlin", "week", "2026-03-29T12:00:00", "2026-03-22T23:00:00", "2026-03-29T22:00:00"},
		{"Europe/Berlin", "month", "2026-03-29T12:00:00", "2026-02-28T23:00:00", "2026-03-31T22:00:00"},
		{"Europe/Berlin", "month", "2026-10-25T12:00:00", "2026-09-30T22:00:00", "2026-10-31T23:00:00"},
		// The hour from 2 to 3 comes twice.
		{"Europe/Berlin", "hour", "2026-10-25T00:30:00", "2026-10-25T00:00:00", "2026-10-25T01:00:00"},
		{"Europe/Berlin", "hour", "2026-10-25T01:30:00", "2026-10-25T01:00:00", "2026-10-25T02:00:00"},
		{"Asia/Kathmandu", "hour", "2026-05-01T10:00:00", "2026-05-01T09:15:00", "2026-05-01T10:15:00"},
		{"Asia/Kathmandu", "day", "2026-05-01T18:15:00", "2026-05-01T18:15:00", "2026-05-02T18:15:00"},
		{"Asia/Kathmandu", "month", "2024-02-29T18:14:59", "2024-01-31T18:15:00", "2024-02-29T18:15:00"},
		// Lord Howe sets its clocks by half an hour: 01:30 is shown twice, and 2 o'clock once.
		{"Australia/Lord_Howe", "hour", "2026-04-04T15:00:00",
			"2026-04-04T14:00:00", "2026-04-04T15:30:00"},
		// Apia had no 30 December 2011.
		{"Pacific/Apia", "day", "2011-12-30T09:59:59", "2011-12-29T10:00:00", "2011-12-30T10:00:00"},
		{"Pacific/Apia", "day", "2011-12-30T10:00:00", "2011-12-30T10:00:00", "2011-12-31T10:00:00"},
		{"Pacific/Apia", "week", "2011-12-30T10:00:00", "2011-12-26T10:00:00", "2012-01-01T10:00:00"},
		{"Pacific/Apia", "month", "2011-12-30T10:00:00", "2011-12-01T10:00:00", "2011-12-31T10:00:00"},
		// Sao Paulo had no midnight, its day began at 1.
		{"America/Sao_Paulo", "day", "2018-11-04T12:00:00", "2018-11-04T03:00:00", "2018-11-05T02:00:00"},
		// Toronto went from 00:01 back to 23:01: the day had begun, and goes on.
		{"America/Toronto", "day", "2006-10-29T12:00:00", "2006-10-29T04:00:00", "2006-10-30T05:00:00"},
		{"America/St_Johns", "day", "2010-11-07T03:00:00", "2010-11-07T02:30:00", "2010-11-08T03:30:00"},
	}
	for _, tt := range tests {
		z, c := zone(t, tt.zone), utcAt(t, tt.in+"Z")
		if got := z.Start(tt.align, c); got != utcAt(t, tt.start+"Z") {
			t.Errorf("%s %s of %s starts %s, want %s", tt.zone, tt.align, tt.in,
				got.UTC().Format(time.RFC3339), tt.start)
		}
		if got := z.End(tt.align, c); got != utcAt(t, tt.end+"Z") {
			t.Errorf("%s %s of %s ends %s, want %s", tt.zone, tt.align, tt.in,
				got.UTC().Format(time.RFC3339), tt.end)
		}
	}
}

// TestCalendarWindowsTile: windows follow each other without gap or overlap, at every transition,
// and no longer than they may be: in zones that do all there is to do.
func TestCalendarWindowsTile(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Apia",
		"America/St_Johns", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Casablanca",
		"Antarctica/Troll", "Pacific/Kwajalein", "America/Havana", "Africa/Monrovia"} {
		z := zone(t, name)
		for _, align := range []budget.Align{"day", "week", "month"} {
			c := z.Start(align, utcAt(t, "1971-06-01T00:00:00Z"))
			for c < utcAt(t, "2040-01-01T00:00:00Z") {
				end := z.End(align, c)
				if end <= c || z.Start(align, c) != c || z.Start(align, end-1) != c ||
					z.End(align, end-1) != end || end.Sub(c) > 32*24*time.Hour {
					t.Fatalf("%s: the %s from %s to %s", name, align, c.UTC(), end.UTC())
				}
				c = end
			}
		}
		for _, align := range []budget.Align{"minute", "hour"} {
			for _, year := range []string{"1972-01-06", "1989-04-01", "2011-12-29", "2026-03-28",
				"2026-04-04", "2026-10-24"} {
				c := z.Start(align, utcAt(t, year+"T00:00:00Z"))
				for last := c.Add(48 * time.Hour); c < last; {
					end := z.End(align, c)
					if end <= c || z.Start(align, end-1) != c || end.Sub(c) > 2*time.Hour {
						t.Fatalf("%s: the %s from %s to %s", name, align, c.UTC(), end.UTC())
					}
					c = end
				}
			}
		}
	}
}

// TestCalendarWindowsAreDates: a day's window ends where a clock that is read every minute shows a
// later date than any before.
func TestCalendarWindowsAreDates(t *testing.T) {
	for name, from := range map[string]string{"America/St_Johns": "2010-11-05T00:00:00Z",
		"Pacific/Apia": "2011-12-27T00:00:00Z", "Europe/Berlin": "2026-10-23T00:00:00Z"} {
		z, latest := zone(t, name), ""
		var ends []budget.Calendar
		for c := utcAt(t, from); c < utcAt(t, from).Add(5*24*time.Hour); c = c.Add(time.Minute) {
			if shown := z.Time(c).Format(time.DateOnly); shown > latest {
				latest, ends = shown, append(ends, c)
			}
		}
		for i := range ends[1 : len(ends)-1] {
			if got := z.End(budget.AlignDay, ends[i+1]); got != ends[i+2] {
				t.Errorf("%s: the day from %s ends %s, want %s", name, ends[i+1].UTC(), got.UTC(),
					ends[i+2].UTC())
			}
		}
	}
}

// TestZonesThatAreNone: what is no zone's data, or too much, is refused.
func TestZonesThatAreNone(t *testing.T) {
	for _, data := range []string{"", "TZif", strings.Repeat("x", budget.MaxZoneData+1)} {
		if _, err := budget.NewZone("Here", []byte(data)); err == nil {
			t.Errorf("NewZone took %.20q", data)
		}
	}
	if got := zone(t, "Asia/Kathmandu").Name(); got != "Asia/Kathmandu" {
		t.Errorf("got the name %q", got)
	}
}
