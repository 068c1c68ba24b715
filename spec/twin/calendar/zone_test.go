package calendar

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"
)

// west is a zone in TZif, version 1, whose clocks are 3 h behind UTC until 2026-03-01T03:01:00Z,
// and then 4 h: they show 00:01, and then 23:01 again.
func west() string {
	return "TZif\x00" + strings.Repeat("\x00", 15) +
		strings.Repeat("\x00", 15) + "\x01\x00\x00\x00\x02\x00\x00\x00\x08" +
		at32(time.Date(2026, 3, 1, 3, 1, 0, 0, time.UTC).Unix()) + "\x01" +
		at32(-3*3600) + "\x00\x00" + at32(-4*3600) + "\x00\x04" + "AAA\x00BBB\x00"
}

func at32(n int64) string {
	return string([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

func instant(t *testing.T, text string) int64 {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at.UnixNano()
}

func TestWindows(t *testing.T) {
	zone, err := Load("West", base64.StdEncoding.EncodeToString([]byte(west())))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		zone             *Zone
		align            string
		in, begins, ends string
	}{
		{UTC, "minute", "2026-02-28T23:59:59Z", "2026-02-28T23:59:00Z", "2026-03-01T00:00:00Z"},
		{UTC, "hour", "2026-02-28T23:00:00Z", "2026-02-28T23:00:00Z", "2026-03-01T00:00:00Z"},
		{UTC, "week", "2026-01-01T10:00:00Z", "2025-12-29T00:00:00Z", "2026-01-05T00:00:00Z"},
		{UTC, "month", "2024-02-29T10:00:00Z", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"},
		{zone, "day", "2026-03-01T02:59:59Z", "2026-02-28T03:00:00Z", "2026-03-01T03:00:00Z"},
		{zone, "day", "2026-03-01T03:30:00Z", "2026-03-01T03:00:00Z", "2026-03-02T04:00:00Z"},
		{zone, "month", "2026-03-01T03:30:00Z", "2026-03-01T03:00:00Z", "2026-04-01T04:00:00Z"},
		{zone, "hour", "2026-03-01T03:30:00Z", "2026-03-01T03:00:00Z", "2026-03-01T04:00:00Z"},
	} {
		c := instant(t, tt.in)
		if got := tt.zone.Begin(tt.align, c); got != instant(t, tt.begins) {
			t.Errorf("the %s of %s begins %s, want %s", tt.align, tt.in, time.Unix(0, got).UTC(), tt.begins)
		}
		if got := tt.zone.Next(tt.align, c); got != instant(t, tt.ends) {
			t.Errorf("the %s of %s ends %s, want %s", tt.align, tt.in, time.Unix(0, got).UTC(), tt.ends)
		}
	}
	for _, data := range []string{"*", base64.StdEncoding.EncodeToString([]byte("TZif"))} {
		if _, err := Load("X", data); err == nil {
			t.Errorf("Load took %q", data)
		}
	}
	if Known("year") || !Known("day") {
		t.Error("which windows are known")
	}
}
