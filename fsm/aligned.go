package fsm

import (
	"container/heap"
	"time"

	"github.com/leased-io/leased/budget"
)

// A window of an aligned limit is named by the second of calendar time that it began at, so that
// its number depends on no zone's rules and only grows.

// onCalendar is what an aligned limit has beside.
type onCalendar struct {
	cal  *calendar
	zone *budget.Zone
	ends budget.Calendar // of window: when the next one begins
}

// began is when the limit's window did, in calendar time.
func (l *limit) began() budget.Calendar {
	return budget.Calendar(int64(l.window) * int64(time.Second))
}

// enter takes the limit into the window of calendar time now.
func (l *limit) enter(now budget.Calendar) {
	l.window = l.windowOf(now)
	l.ends = l.zone.End(l.Align, now)
}

func (l *limit) windowOf(c budget.Calendar) budget.Window {
	return budget.Window(int64(l.zone.Start(l.Align, c)) / int64(time.Second))
}

// WindowAt returns the window that t lies in, if no correction of the calendar comes before that.
func (l *limit) WindowAt(t budget.Instant) budget.Window {
	if l.Align == "" {
		return l.Limit.WindowAt(t)
	}
	return l.windowOf(l.cal.at(t))
}

// Until returns when a lease ends that is granted at t. Of an aligned limit it is where the window
// ends if nothing slows the calendar down, and no later than a leap that is announced, wherever
// that leads (K3), and no lease is longer than what a leap is announced ahead.
func (l *limit) Until(t budget.Instant) budget.Instant {
	if l.Align == "" {
		return l.Limit.Until(t)
	}
	until := min(l.end(), t.Add(budget.MaxAlignedLease))
	if at := l.cal.leap.At; at > 0 {
		until = min(until, at)
	}
	return until
}

// startAligned is no later than the instant of cluster time at which the window began: a leap may
// have entered it at any point, and slow-downs have taken from the offset since.
func (l *limit) startAligned() budget.Instant {
	return max(0, l.cal.instant(l.began()).Add(-l.cal.slowed))
}

// opensAligned is when the limit may have more, for all that is known of the calendar: where its
// window ends, or at a leap beyond it. Where the limit is empty, where its first window begins
// that is not.
func (l *limit) opensAligned() budget.Instant {
	if l.empty() {
		from := l.cal.at(l.emptyUntil - 1).Add(l.cal.slowed)
		return l.cal.instant(l.zone.End(l.Align, max(from, l.ends-1)))
	}
	return l.rolls()
}

// rolls is when the limit's window is over, for all that is known of the calendar.
func (l *limit) rolls() budget.Instant {
	if l.Align != "" && l.cal.passes(l.ends) {
		return min(l.cal.leap.At, l.end())
	}
	return l.end()
}

// rollAligned is roll of an aligned limit.
func (l *limit) rollAligned(t budget.Instant) int {
	before := l.counted()
	adjacent := l.ends
	accounts := l.accounts
	l.accounts, l.forgotten, l.past = nil, 0, nil
	l.enter(l.cal.at(t))
	if l.began() == adjacent && accounts.len() > 0 {
		l.past = []*table{accounts}
	}
	if !l.empty() {
		l.emptyUntil = 0
	}
	return before - l.counted()
}

// atAligned returns the limit as it is at t, its own or a later instant.
func (l *limit) atAligned(t budget.Instant) *limit {
	rolled, cal := *l, *l.cal
	rolled.cal = &cal
	if cal.leap.At > 0 && cal.leap.At <= t {
		cal.off += cal.leap.By
		cal.leap = leap{}
	}
	if rolled.end() <= t {
		rolled.rollAligned(t)
	}
	return &rolled
}

// align puts a limit that is created on the calendar.
func (s *State) align(l *limit) {
	l.cal, l.zone = &s.calendar, s.calendar.zone(l.Zone)
	l.enter(s.calendar.at(s.t))
	if !l.empty() {
		l.emptyUntil = 0
	}
}

// heap returns where the limit waits for its window to end: aligned limits share an offset, so
// that their order stays as it is when that is corrected.
func (s *State) heap(l *limit) *rolls {
	if l.Align != "" {
		return &s.aligned
	}
	return &s.rolls
}

// rollAligned has the aligned limits roll whose windows are over.
func (s *State) rollAligned() {
	for len(s.aligned) > 0 && s.aligned[0].end() <= s.t {
		l := s.aligned[0]
		s.accounts -= l.rollAligned(s.t)
		s.endings++
		heap.Fix(&s.aligned, 0)
		s.emitRoll(l)
	}
}
