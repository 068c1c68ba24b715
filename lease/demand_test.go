package lease

import (
	"math"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
)

func TestHorizon(t *testing.T) {
	for _, c := range []struct{ per, want time.Duration }{
		{budget.MinPer, MinHorizon},
		{time.Second, 125 * time.Millisecond},
		{time.Minute, 7500 * time.Millisecond},
		{24 * time.Hour, MaxHorizon},
	} {
		if got := horizon(c.per); got != c.want {
			t.Errorf("horizon(%v) = %v, want %v", c.per, got, c.want)
		}
	}
}

// offers offers n credits every gap for a while, from the reading now, and returns the end.
func (d *demand) offers(now int64, n budget.Credits, gap, during time.Duration) int64 {
	for end := now + int64(during); now < end; now += int64(gap) {
		d.offer(now, n)
	}
	d.fold(now)
	return now
}

func TestDemandLearnsARate(t *testing.T) {
	d := demand{horizon: 10 * time.Second}
	now := d.offers(1<<40, 5, 10*time.Millisecond, 100*time.Second) // 500 a second
	for _, c := range []struct {
		t    time.Duration
		want budget.Credits
	}{
		{10 * time.Second, 5000}, {time.Second, 500}, {20 * time.Millisecond, 10}, {1, 1}, {0, 0},
		{-time.Second, 0},
	} {
		if got := d.expect(c.t); got < c.want*97/100 || got > c.want*101/100+1 {
			t.Errorf("expects %d within %v, want about %d", got, c.t, c.want)
		}
	}
	// And forgets it: three horizons later a twentieth is left, or a quarter by one long look.
	d.fold(now + int64(30*time.Second))
	if got := d.expect(10 * time.Second); got < 1200 || got > 1260 {
		t.Errorf("expects %d after 30 s of silence, want a quarter", got)
	}
}

// Right after a start the demand of a horizon is what was offered so far.
func TestDemandDoublesAtFirst(t *testing.T) {
	d := demand{horizon: 10 * time.Second}
	d.offers(0, 1, time.Millisecond, 50*time.Millisecond)
	if got := d.expect(10 * time.Second); got != 50 {
		t.Errorf("expects %d, want the 50 offered", got)
	}
}

func TestDemandSaturates(t *testing.T) {
	d := demand{horizon: MinHorizon}
	for now := range int64(100) {
		d.offer(now, math.MaxInt64)
	}
	if got := d.expect(time.Hour); got != budget.MaxAmount {
		t.Errorf("expects %d, want %d", got, budget.MaxAmount)
	}
	d.fold(math.MaxInt64)
	if got := d.expect(time.Hour); got < 0 {
		t.Errorf("expects %d", got)
	}
}

// Polling often must not eat the level by rounding.
func TestDemandSurvivesManyFolds(t *testing.T) {
	often, seldom := demand{horizon: 10 * time.Second}, demand{horizon: 10 * time.Second}
	often.offer(0, 100)
	seldom.offer(0, 100)
	for now := int64(0); now <= int64(time.Second); now += 1000 {
		often.fold(now)
	}
	seldom.fold(int64(time.Second))
	a, b := often.expect(10*time.Second), seldom.expect(10*time.Second)
	if a < b-1 || a > b+1 {
		t.Errorf("expects %d when polled every microsecond, %d when polled once", a, b)
	}
}

func TestIdleAfter(t *testing.T) {
	for _, c := range []struct {
		per, gap, want time.Duration
		kind           budget.Kind
	}{
		{8 * time.Second, time.Hour, time.Second, budget.KindSlots},
		{time.Minute, 0, IdleAfter, budget.KindSlots},
		{time.Minute, 0, IdleAfter, ""},
		{time.Second, 0, 250 * time.Millisecond, ""},
		{10 * time.Millisecond, 0, minIdle, ""},
		{time.Minute, 100 * time.Millisecond, IdleAfter, ""},
		{time.Minute, 3 * time.Second, 12 * time.Second, ""},
		{time.Minute, time.Hour, gapsToIdle * maxGap, ""},
	} {
		l := newLine(budget.Limit{Kind: c.kind, Amount: 9, Per: c.per})
		d := &l.demand
		for i := range int64(4) {
			d.offer(i*int64(c.gap), 1)
		}
		if got := l.idleAfter(); got != c.want {
			t.Errorf("per %v, an offer every %v: idle after %v, want %v", c.per, c.gap, got, c.want)
		}
	}
}

func TestAheadEndsWithTheWindow(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	r.holds(time.Minute, 10)
	for _, c := range []struct{ tick, want time.Duration }{
		{50 * time.Second, 7500 * time.Millisecond},
		{9 * time.Second, time.Second},
		{time.Second, 7500 * time.Millisecond}, // over: the next one's length is not known
	} {
		r.tick(c.tick)
		if got := r.h.lines[0].ahead(r.now); got != c.want {
			t.Errorf("looks %v ahead, want %v", got, c.want)
		}
	}
}

// Whatever is expected, no more is aimed at than a window holds.
func TestTargetIsAtMostTheCeiling(t *testing.T) {
	l := newLine(perMinute(50)[0])
	l.demand.offer(0, 40)
	l.demand.offer(1, 40)
	now := Reading{Mono: 1}
	if got := l.target(now, 7, 0); got != 50 {
		t.Errorf("target %d, want 50", got)
	}
	if got := l.lowWater(now, 0); got != 40 {
		t.Errorf("low water %d, want one more offer of 40", got)
	}
}
