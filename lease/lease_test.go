package lease

import (
	"math"
	"testing"
	"time"
)

func TestLife(t *testing.T) {
	for _, c := range []struct {
		ttl   time.Duration
		drift int64
		want  time.Duration
	}{
		{0, 5000, 0},
		{-time.Second, 5000, 0},
		{1, 5000, 0}, // rounds down: a nanosecond at any drift is gone
		{1, 0, 1},
		{time.Minute, 0, time.Minute},
		{201_000, 5000, 199_000},
		{time.Minute, 5000, 59_402_985_074},
		{time.Minute, MaxMaxClockDriftPPM, 40 * time.Second},
		{math.MaxInt64, 0, math.MaxInt64},
		{math.MaxInt64, MaxMaxClockDriftPPM, math.MaxInt64 / 3 * 2},
		{time.Minute, 1_000_000, 0},
		{time.Minute, 1_000_001, 0},
		{time.Minute, math.MaxInt64, 0},
		{time.Minute, -1, 0},
	} {
		if got := Life(c.ttl, c.drift); got != c.want {
			t.Errorf("Life(%d, %d) = %d, want %d", c.ttl, c.drift, got, c.want)
		}
	}
}

func TestReadingSince(t *testing.T) {
	for _, c := range []struct {
		name       string
		start, now Reading
		want       time.Duration
	}{
		{"both clocks agree", Reading{10, 1000}, Reading{15, 1005}, 5},
		{"suspend: the wall clock ran on", Reading{10, 1000}, Reading{11, 1900}, 900},
		{"wall clock set back", Reading{10, 1000}, Reading{15, -5000}, 5},
		{"wall clock jumps as far as it goes",
			Reading{10, -1}, Reading{11, math.MaxInt64}, math.MaxInt64},
		{"and back", Reading{10, math.MaxInt64}, Reading{15, math.MinInt64}, 5},
		{"monotonic clock from end to end",
			Reading{math.MinInt64, 0}, Reading{math.MaxInt64, 0}, math.MaxInt64},
		{"nothing passed", Reading{10, 1000}, Reading{10, 1000}, 0},
	} {
		if got := c.now.since(c.start); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

func TestVerdictString(t *testing.T) {
	for v, want := range map[Verdict]string{
		0: "verdict 0", Admitted: "admitted", NoBudget: "no budget", Invalid: "invalid",
		Invalid + 1: "verdict 9",
	} {
		if got := v.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
