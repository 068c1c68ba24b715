package fsm

import (
	"flag"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/trace"
)

var calendarSeed = flag.Uint64("fsm.calendar", 1, "first seed of TestCalendarIsSafe")

// toy is a zone in TZif, version 1: its clocks are one hour ahead of UTC, and always were.
var toy = []byte("TZif\x00" + strings.Repeat("\x00", 15) +
	strings.Repeat("\x00", 19) + "\x01\x00\x00\x00\x04" +
	"\x00\x00\x0e\x10\x00\x00CET\x00")

// shifted is toy with clocks that are so many seconds ahead.
func shifted(seconds int) []byte {
	data := []byte(string(toy))
	at := len(data) - 10
	data[at], data[at+1] = 0, byte(seconds>>16)
	data[at+2], data[at+3] = byte(seconds>>8), byte(seconds)
	return data
}

func calendarCommand(c SetCalendar) Command { return Command{Calendar: &c} }

func correct(r *replicas, c SetCalendar) Command {
	c.Revision = r.a.calendar.revision
	return calendarCommand(c)
}

func zoneCommand(name, version string, data []byte) Command {
	return calendarCommand(SetCalendar{Zone: &ZoneRules{name, version, data}})
}

func aligned(align budget.Align, zone string, amount budget.Credits) budget.Limit {
	return budget.Limit{Metric: "requests", Amount: amount, Align: align, Zone: zone}
}

// onCalendarOf returns replicas whose calendar shows wall at cluster time 0, and a session of the
// budget "b" with one such limit.
func onCalendarOf(t *testing.T, wall string, l budget.Limit) (*replicas, lease.SessionID) {
	t.Helper()
	r := newReplicas()
	r.open(t)
	moment, err := time.Parse(time.RFC3339, wall)
	if err != nil {
		t.Fatal(err)
	}
	res := r.at(t, 0, correct(r, SetCalendar{Leap: time.Duration(moment.UnixNano())}),
		zoneCommand("Toy", "1", toy), put("b", l),
		Command{OpenSession: &OpenSession{Budget: "b"}})
	for i, one := range res {
		if one.Code != CodeDone {
			t.Fatalf("command %d: %+v", i, one)
		}
	}
	return r, res[3].Session
}

func ask(s lease.SessionID, seq, revision uint64, need budget.Credits) Command {
	return Command{Acquire: &lease.Request{Session: s, Seq: seq, Revision: revision,
		Asks: []lease.Ask{{Need: need, Want: need}}}}
}

func sec(n int64) budget.Instant { return budget.Instant(n * int64(time.Second)) }

func TestAlignedNeedsACalendar(t *testing.T) {
	r := newReplicas()
	r.open(t)
	b := put("b", aligned("day", "Toy", 10))
	moment := time.Duration(budget.MinCalendar) + time.Hour
	for i, tt := range []struct {
		cmd    Command
		code   Code
		detail string
	}{
		{b, CodeCalendar, "limits[0].align: day, and the calendar is not set"},
		{correct(r, SetCalendar{Slow: 1}), CodeCalendar, "calendar.slow: the calendar is not set"},
		{correct(r, SetCalendar{Leap: time.Hour}), CodeCalendar, "calendar.leap: 1h0m0s from 1970"},
		{calendarCommand(SetCalendar{Leap: 1, Revision: 7}), CodeCalendar, "calendar.revision: is 7"},
		{correct(r, SetCalendar{Leap: moment}), CodeDone, ""},
		{calendarCommand(SetCalendar{Leap: moment}), CodeCalendar, "calendar.revision: is 0"},
		{b, CodeCalendar, "limits[0].zone: the calendar does not know Toy"},
		{zoneCommand("Toy", "1", toy), CodeDone, ""},
		{b, CodeDone, ""},
		{calendarCommand(SetCalendar{}), CodeInvalid, "0 of leap, slow and zone are set"},
		{calendarCommand(SetCalendar{Leap: 1, Slow: 1}), CodeInvalid, "2 of leap, slow and zone"},
		{calendarCommand(SetCalendar{Leap: -1}), CodeInvalid, "calendar.leap: is -1"},
		{calendarCommand(SetCalendar{Slow: maxSlow + 1}), CodeInvalid, "calendar.slow: is"},
		{zoneCommand("Toy", "", toy), CodeInvalid, "calendar.zone.version: has 0 bytes"},
		{zoneCommand("To y", "1", toy), CodeInvalid, `zone: "To y" is not allowed`},
		{zoneCommand("Toy", "2", toy[:9]), CodeInvalid, "zone data: "},
	} {
		res := r.at(t, sec(int64(i)), tt.cmd)[0]
		if res.Code != tt.code || !strings.Contains(res.Detail, tt.detail) {
			t.Errorf("%d: got %s %q, want %s %q", i, res.Code, res.Detail, tt.code, tt.detail)
		}
	}
}

// TestAlignedRolls: a window ends with the zone's day, a lease before that and within a minute.
func TestAlignedRolls(t *testing.T) {
	r, s := onCalendarOf(t, "2026-03-01T22:00:00Z", aligned("day", "Toy", 10))
	got := r.at(t, sec(10), ask(s, 1, 1, 6))[0]
	if got.Code != CodeDone || got.Grants[0].TTL != budget.MaxAlignedLease ||
		int64(got.Grants[0].Window) != time.Date(2026, 2, 28, 23, 0, 0, 0, time.UTC).Unix() {
		t.Fatalf("a lease of a day is %+v", got)
	}
	s = r.at(t, sec(3560), Command{OpenSession: &OpenSession{Budget: "b"}})[0].Session
	if got := r.at(t, sec(3570), ask(s, 2, 1, 6))[0]; got.Code != CodeDenied ||
		got.Denial.RetryAfter != 30*time.Second || got.Denial.Left != 4 {
		t.Fatalf("half a minute before midnight: %+v", got)
	}
	if got := r.at(t, sec(3580), ask(s, 3, 1, 4))[0]; got.Grants[0].TTL != 20*time.Second {
		t.Fatalf("the last lease of the day: %+v", got)
	}
	if st, _ := r.a.BudgetAt("b", "", sec(3600)); st.Limits[0].Left != 10 ||
		st.Limits[0].Ends != sec(3600+86400) {
		t.Errorf("at midnight: %+v", st)
	}
	if got := r.at(t, sec(3600), ask(s, 4, 1, 10))[0]; got.Code != CodeDone {
		t.Fatalf("at midnight: %+v", got)
	}
}

// TestLeap: nothing lives at the leap, and another one waits for it.
func TestLeap(t *testing.T) {
	r, s := onCalendarOf(t, "2026-03-01T12:00:00Z", aligned("day", "UTC", 10))
	before := r.at(t, sec(10), ask(s, 1, 1, 6))[0].Grants[0]
	revision := r.a.calendar.revision
	announced := r.at(t, sec(20), correct(r, SetCalendar{Leap: 24 * time.Hour}),
		calendarCommand(SetCalendar{Leap: 1, Revision: revision + 1}), ask(s, 2, 1, 6))
	if announced[0].Code != CodeDone || announced[1].Code != CodeCalendar ||
		r.a.calendar.leap.At != sec(80) {
		t.Fatalf("announced %+v: %+v", r.a.calendar.leap, announced)
	}
	if sec(10).Add(before.TTL) > sec(80) {
		t.Errorf("a lease of before lives until %s", sec(10).Add(before.TTL).Sub(0))
	}
	if d := announced[2].Denial; d == nil || d.RetryAfter != time.Minute {
		t.Errorf("the next day begins with the leap: %+v", announced[2])
	}
	granted := r.at(t, sec(50), ask(s, 3, 1, 2))[0]
	if granted.Grants[0].TTL != 30*time.Second {
		t.Errorf("a lease that knows of the leap: %+v", granted)
	}
	if again := r.at(t, sec(60), ask(s, 3, 1, 2))[0]; again.Grants[0].TTL != 20*time.Second {
		t.Errorf("a retry: %+v", again)
	}
	if st, _ := r.a.BudgetAt("b", "", sec(70)); st.Limits[0].Ends != sec(80) {
		t.Errorf("before the leap: %+v", st)
	}
	if st, _ := r.a.BudgetAt("b", "", sec(90)); st.Limits[0].Left != 10 {
		t.Errorf("after the leap: %+v", st)
	}
	if got := r.at(t, sec(95), ask(s, 4, 1, 10))[0]; got.Code != CodeDone {
		t.Errorf("after the leap: %+v", got)
	}
	if got := r.a.CalendarAt(sec(95)).Time; got != budget.CalendarOf(
		time.Date(2026, 3, 2, 12, 1, 35, 0, time.UTC)) {
		t.Errorf("the calendar shows %s", got.UTC())
	}
	stale := calendarCommand(SetCalendar{Leap: 1, Revision: revision})
	if got := r.at(t, sec(96), stale)[0]; got.Code != CodeCalendar {
		t.Errorf("a correction that was decided before: %+v", got)
	}
}

// TestSlow: calendar time runs at half speed until what is owed is paid, and a leap forgives it.
func TestSlow(t *testing.T) {
	r, s := onCalendarOf(t, "2026-03-01T23:59:00Z", aligned("day", "UTC", 10))
	start := r.a.calendar.at(0)
	r.at(t, sec(10), correct(r, SetCalendar{Slow: 30 * time.Second}))
	if got := r.at(t, sec(30), ask(s, 1, 1, 10))[0]; got.Grants[0].TTL != 40*time.Second {
		t.Errorf("20 s later, of which 10 s count: %+v", got)
	}
	if got := r.a.calendar.at(sec(30)); got != start.Add(20*time.Second) {
		t.Errorf("calendar time is %s", got.UTC())
	}
	if got := r.at(t, sec(60), ask(s, 2, 1, 1))[0]; got.Denial == nil ||
		got.Denial.RetryAfter != 25*time.Second {
		t.Errorf("another 30 s later, of which 15 s count: %+v", got)
	}
	r.at(t, sec(80))
	if now := r.a.calendar.at(sec(80)); r.a.calendar.owed != 0 ||
		!strings.Contains(now.UTC().String(), "23:59:50") {
		t.Errorf("%s are owed at %s", r.a.calendar.owed, r.a.calendar.at(sec(80)).UTC())
	}
	r.at(t, sec(81), correct(r, SetCalendar{Slow: time.Hour}))
	r.at(t, sec(82), correct(r, SetCalendar{Leap: time.Second}))
	if r.a.calendar.owed != 0 {
		t.Errorf("a leap is announced, and %s are owed", r.a.calendar.owed)
	}
}

// TestZoneRulesChange: later rules are taken where no window that has begun is another one.
func TestZoneRulesChange(t *testing.T) {
	r, _ := onCalendarOf(t, "2026-03-01T12:00:00Z", aligned("hour", "Toy", 10))
	got := r.at(t, sec(1),
		zoneCommand("Toy", "1", shifted(1800)), zoneCommand("Toy", "2", shifted(1800)),
		zoneCommand("Toy", "2", shifted(7200)), zoneCommand("UTC", "9", toy))
	if got[0].Changed || got[1].Code != CodeCalendar || !got[2].Changed || got[3].Changed {
		t.Errorf("%+v", got)
	}
	if r.a.calendar.zones["Toy"].Version != "2" {
		t.Errorf("%+v", r.a.calendar.zones)
	}
}

// TestAlignedStartsEmpty: a limit in the place of another waits for the next window.
func TestAlignedStartsEmpty(t *testing.T) {
	r, s := onCalendarOf(t, "2026-03-01T12:59:00Z", aligned("hour", "UTC", 10))
	r.at(t, sec(1), Command{DeleteBudget: &DeleteBudget{Name: "b"}},
		put("b", aligned("hour", "UTC", 10)))
	if got := r.at(t, sec(2), ask(s, 1, 2, 1))[0]; got.Code != CodeDenied ||
		got.Denial.RetryAfter != 58*time.Second {
		t.Errorf("in the same hour: %+v", got)
	}
	if got := r.at(t, sec(60), ask(s, 2, 2, 1))[0]; got.Code != CodeDone {
		t.Errorf("in the next: %+v", got)
	}
}

// TestCalendarIsSafe plays random corrections and leases: calendar time never goes back, no window
// is entered twice or granted more than its limit, and when a limit rolls no lease of the window
// before is alive (Theorem 5). Replay a seed with -run TestCalendarIsSafe -fsm.calendar=SEED.
func TestCalendarIsSafe(t *testing.T) {
	leaps, slowed, denied := 0, 0, 0
	for seed := *calendarSeed; seed < *calendarSeed+20; seed++ {
		p := calendarPlay{rand: rand.New(rand.NewPCG(seed, 15)), alive: map[uint64]budget.Instant{},
			window: map[uint64]int64{}, used: map[uint64]int64{}}
		p.play(t, seed)
		leaps, slowed, denied = leaps+p.leaps, slowed+p.slowed, denied+p.denied
	}
	if leaps < 20 || slowed < 20 || denied < 20 {
		t.Errorf("%d leaps, %d slow-downs, %d denials: nothing was tested", leaps, slowed, denied)
	}
}

type calendarPlay struct {
	rand   *rand.Rand
	alive  map[uint64]budget.Instant // by limit: when its last lease ends
	window map[uint64]int64
	used   map[uint64]int64
	t      budget.Instant

	leaps, slowed, denied int
}

func (p *calendarPlay) play(t *testing.T, seed uint64) {
	aligns := []budget.Align{"minute", "hour", "day", "month"}
	l := aligned(aligns[p.rand.IntN(len(aligns))], []string{"UTC", "Toy"}[p.rand.IntN(2)], 20)
	r, s := onCalendarOf(t, "2026-02-28T22:58:30Z", l)
	p.judge(t, seed, r)
	before := r.a.calendar.at(0)
	for seq := uint64(1); seq <= 150; seq++ {
		p.t = p.t.Add(time.Duration(p.rand.Int64N(int64(30 * time.Second))))
		var commands []Command
		switch p.rand.IntN(8) {
		case 0:
			by := []time.Duration{time.Second, time.Minute, time.Hour, 40 * 24 * time.Hour}
			commands = append(commands, correct(r, SetCalendar{Leap: by[p.rand.IntN(len(by))]}))
		case 1:
			slow := time.Duration(1 + p.rand.Int64N(int64(2*time.Minute)))
			commands = append(commands, correct(r, SetCalendar{Slow: slow}))
		}
		commands = append(commands, ask(s, seq, 1, budget.Credits(1+p.rand.IntN(12))))
		r.at(t, p.t, commands...)
		p.judge(t, seed, r)
		if now := r.a.calendar.at(p.t); now < before {
			t.Fatalf("seed %d: calendar time goes from %d back to %d", seed, before, now)
		} else {
			before = now
		}
	}
}

// judge adds up what the last entry's events tell.
func (p *calendarPlay) judge(t *testing.T, seed uint64, r *replicas) {
	t.Helper()
	for _, e := range r.events {
		switch e.Kind {
		case trace.KindRoll:
			if p.alive[e.Limit] > p.t {
				t.Fatalf("seed %d: at %d limit %d rolls, and a lease lives until %d",
					seed, p.t, e.Limit, p.alive[e.Limit])
			}
			if e.Window <= p.window[e.Limit] {
				t.Fatalf("seed %d: window %d comes after %d", seed, e.Window, p.window[e.Limit])
			}
			p.window[e.Limit], p.used[e.Limit] = e.Window, 0
		case trace.KindGrant:
			if p.used[e.Limit] += e.Amount; p.used[e.Limit] > 20 {
				t.Fatalf("seed %d: %d were granted", seed, p.used[e.Limit])
			}
			p.alive[e.Limit] = max(p.alive[e.Limit], p.t.Add(time.Duration(e.TTL)))
		case trace.KindLeap:
			if e.OK {
				p.leaps++
			}
		case trace.KindSlow:
			p.slowed++
		case trace.KindDeny:
			p.denied++
		}
	}
}
