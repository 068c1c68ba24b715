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

func TestReadingUntil(t *testing.T) {
	const life = 100
	for _, c := range []struct {
		name       string
		start, now Reading
		want       time.Duration // of life
	}{
		{"both clocks agree", Reading{10, 1000}, Reading{15, 1005}, 95},
		{"suspend: the wall clock ran on", Reading{10, 1000}, Reading{11, 1900}, -800},
		{"wall clock set back", Reading{10, 1000}, Reading{15, -5000}, 95},
		{"wall clock jumps as far as it goes",
			Reading{10, -1}, Reading{11, math.MaxInt64}, -math.MaxInt64 + life - 1},
		{"and further", Reading{10, -1000}, Reading{11, math.MaxInt64}, math.MinInt64},
		{"and back", Reading{10, math.MaxInt64 - life}, Reading{15, math.MinInt64}, 95},
		{"a life past the end of the clock",
			Reading{10, math.MaxInt64 - 1}, Reading{10, math.MaxInt64 - 1}, 1},
		{"monotonic clock from end to end",
			Reading{math.MinInt64, 0}, Reading{math.MaxInt64, 0}, math.MinInt64},
		{"nothing passed", Reading{10, 1000}, Reading{10, 1000}, 100},
		{"all but the last moment", Reading{10, 1000}, Reading{109, 1099}, 1},
		{"over by the monotonic clock", Reading{10, 1000}, Reading{110, 1099}, 0},
		{"over by the wall clock", Reading{10, 1000}, Reading{109, 1100}, 0},
	} {
		end := c.start.plus(life)
		if got := c.now.until(end); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
		if got := c.now.before(end); got != (c.want > 0) {
			t.Errorf("%s: before the end: %v with %d left", c.name, got, c.want)
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
