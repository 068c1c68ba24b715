package node

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
)

func TestMedianOf(t *testing.T) {
	const hours, s = 5 * time.Hour, time.Second
	for _, tt := range []struct {
		name       string
		known      []time.Duration
		voters     int
		ahead      time.Duration
		correction time.Duration
	}{
		{"all agree", []time.Duration{0, 0, 0}, 3, 0, 0},
		{"within the tolerance", []time.Duration{0, 0, 0}, 3, calendarTolerance, 0},
		{"behind", []time.Duration{0, 0, 0}, 3, -s, s},
		{"ahead", []time.Duration{0, 0, 0}, 3, s, -s},
		{"one is ahead by hours", []time.Duration{hours, 0, 0}, 3, 0, 0},
		{"this one is behind by hours", []time.Duration{0, hours, hours}, 3, hours, 0},
		{"one is silent, one is wrong, and time is right", []time.Duration{0, hours}, 3, 0, 0},
		{"one is silent, one is wrong, and time is behind both", []time.Duration{0, hours}, 3, -s, s},
		{"one is silent, one is wrong, and time is ahead of both", []time.Duration{0, hours}, 3,
			hours + s, -s},
		{"two of three are silent", []time.Duration{0}, 3, -hours, 0},
		{"one alone", []time.Duration{0}, 1, -hours, hours},
		{"two agree", []time.Duration{0, 0}, 2, -s, s},
		{"two disagree", []time.Duration{0, hours}, 2, s, 0},
		{"two of five are wrong", []time.Duration{hours, 0, -hours, 0, 0}, 5, -s, s},
		{"a clock that was never set", []time.Duration{-50 * 365 * 24 * time.Hour, 0, 0}, 3, -s, s},
		{"nobody", nil, 3, hours, 0},
	} {
		if got := medianOf(tt.known, tt.voters).correction(tt.ahead); got != tt.correction {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.correction)
		}
	}
}

// wallClocks are the nodes' wall clocks, each off from the bubble's by as much as it is told.
type wallClocks struct {
	mu   sync.Mutex
	off  map[string]time.Duration
	read int
}

func (w *wallClocks) set(id string, off time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.off[id] = off
}

func (w *wallClocks) tune(cfg *Config) {
	id := cfg.ID
	cfg.Wall = func() time.Time {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.read++
		return time.Now().Add(w.off[id])
	}
}

// daily is a budget that follows Berlin's days.
func daily() fsm.Command {
	return fsm.Command{PutBudget: &fsm.PutBudget{Budget: budget.Budget{Name: "daily",
		Limits: []budget.Limit{{Metric: "tokens", Amount: 10, Align: budget.AlignDay,
			Zone: "Europe/Berlin"}}}}}
}

// shows is what the calendar of a node shows, ahead of right.
func shows(n *Node, right time.Duration) time.Duration {
	_, now, _ := n.calendar.look()
	return now.Time.Sub(budget.CalendarOf(time.Now().Add(right)))
}

// TestCalendarFollowsTheMedian: the leader's wall clock is hours off, and steps; calendar time is
// that of the other two, also of the next leader.
func TestCalendarFollowsTheMedian(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wallClocks{off: map[string]time.Duration{}}
		c := startVirtual(t, 3, w.tune)
		leader := c.leader("")
		w.set(leader.ID(), 5*time.Hour)
		if res := propose(t, leader, daily()); res.Code != fsm.CodeDone {
			t.Fatalf("got %+v", res)
		}
		right := func(n *Node) {
			t.Helper()
			if off := shows(n, 0); off.Abs() > 2*calendarTolerance {
				t.Errorf("the calendar of %s is off by %s", n.ID(), off)
			}
		}
		right(leader)
		for _, step := range []time.Duration{-8 * time.Hour, 48 * time.Hour} {
			w.set(leader.ID(), step)
			time.Sleep(2 * time.Minute) //nolint:forbidigo // virtual time: a synctest bubble
			right(leader)
		}
		c.cut(leader.ID())
		next := c.leader(leader.ID())
		time.Sleep(2 * time.Minute) //nolint:forbidigo // virtual time: a synctest bubble
		right(next)
	})
}

// TestCalendarLeapsADay: a cluster that was down for a day, as far as its clocks tell, leaps once,
// a minute later.
func TestCalendarLeapsADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const day = 24 * time.Hour
		w := &wallClocks{off: map[string]time.Duration{}}
		c := startVirtual(t, 3, w.tune)
		leader := c.leader("")
		propose(t, leader, daily())
		for _, id := range []string{"n1", "n2", "n3"} {
			w.set(id, day)
		}
		time.Sleep(2 * calendarEvery) //nolint:forbidigo // virtual time: a synctest bubble
		_, now, _ := leader.calendar.look()
		if now.LeapIn <= 0 || now.LeapIn > budget.MaxAlignedLease ||
			(now.LeapBy-day).Abs() > time.Second {
			t.Errorf("announced: %+v", now)
		}
		time.Sleep(budget.MaxAlignedLease) //nolint:forbidigo // virtual time: a synctest bubble
		if off := shows(leader, day); off.Abs() > 2*calendarTolerance {
			t.Errorf("the calendar is off by %s", off)
		}
	})
}

// TestCalendarSlowsDown: two of three clocks are set back by 20 seconds. Calendar time never goes
// back, and is right after 40.
func TestCalendarSlowsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const back = -20 * time.Second
		w := &wallClocks{off: map[string]time.Duration{}}
		c := startVirtual(t, 3, w.tune)
		leader := c.leader("")
		h := openHolder(t, leader, 100)
		propose(t, leader, daily())
		w.set("n1", back)
		w.set("n2", back)
		var shown []budget.Calendar
		for range 100 {
			time.Sleep(time.Second) //nolint:forbidigo // virtual time: a synctest bubble
			propose(t, leader, h.ask(1))
			leader.fsm.View(func(s *fsm.State) { shown = append(shown, s.CalendarAt(0).Time) })
		}
		if !slices.IsSorted(shown) {
			t.Error("calendar time went back")
		}
		if off := shows(leader, back); off.Abs() > 2*calendarTolerance {
			t.Errorf("the calendar is off by %s", off)
		}
	})
}

// TestNoClockIsRead: a cluster of which no limit follows the calendar reads no wall clock.
func TestNoClockIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wallClocks{off: map[string]time.Duration{}}
		c := startVirtual(t, 3, w.tune)
		leader := c.leader("")
		openHolder(t, leader, 100)
		time.Sleep(4 * calendarEvery) //nolint:forbidigo // virtual time: a synctest bubble
		w.mu.Lock()
		defer w.mu.Unlock()
		if leader.Status().Calendar.Set || w.read > 0 {
			t.Errorf("%+v, and wall clocks were read %d times", leader.Status().Calendar, w.read)
		}
	})
}
