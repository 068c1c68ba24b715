package explore

import (
	"strings"
	"testing"
)

// Each invariant of CalendarLeap can fail: with a rule taken away, whichever it is that the
// configurations name, the exploration ends at it.
func TestLeapInvariantsCanFail(t *testing.T) {
	two := leapBase(windowBase(one2, 1).extreme())
	setBack := func(r *leapRules) { r.MaySlow = slowToAny }
	for _, c := range []leapConfig{
		{name: "TypeOK", p: two, ablate: setBack}, // calendar time falls below 0
		{name: "CalMonotone", p: two, ablate: setBack},
		{name: "Safe", p: two, ablate: func(r *leapRules) { r.LeapAts = leapAtOnce }},
		{name: "NoCarryOver", p: two, ablate: func(r *leapRules) { r.LeapAts = leapAtOnce }},
		// A lease that knows nothing of the leap is not covered, long before it is spent.
		{name: "LeaseCover", p: two, ablate: func(r *leapRules) { r.DupTTL = ttlPastLeap }},
		{name: "LeaseCover", p: two, window: func(r *windowRules) { r.Life = lifeInFull }},
		{name: "Books", p: leapBase(windowBase(retry, 2).extreme()),
			window: func(r *windowRules) { r.IsDup = isDupNever }},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.check = []string{c.name}
			if r := Explore(c.model(), Options{}); r.Violated != c.name {
				t.Errorf("got %s after %d states, want %s violated",
					r.Verdict(), r.Distinct, c.name)
			}
		})
	}
}

// States that differ by a stretch of elapsed time and by whole windows of calendar time fold
// into one; states that differ by less do not.
func TestLeapFold(t *testing.T) {
	m := &leapModel{p: leapBase(windowBase(one2, 1))}
	m.window = newWindowModel(m.p.windowParams, theWindowRules())
	base := m.init0()
	base.C, base.T, base.Off = 4, 2, 1
	base.Leap = leap{At: 8, By: 4}
	base.Tab[0] = grant{Win: 0, G: 1}
	base.Cli[0] = client{St: held, Left: 1, Win: 0, Cred: 1}
	base.Log[0], base.LogLen = command{Stamp: 4, Op: opClock, A: nobody}, 1

	// 5 units of elapsed time and two windows of calendar time later.
	later := base
	later.C, later.T, later.Off, later.Leap.At, later.Log[0].Stamp = 9, 7, 8, 13, 9
	later.Tab[0].Win, later.Cli[0].Win = 2, 2
	if got, want := m.fold(later), m.fold(base); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for name, change := range map[string]func(*leapState){
		"offset": func(s *leapState) { s.Off++ },
		"at":     func(s *leapState) { s.Leap.At++ },
		"by":     func(s *leapState) { s.Leap.By++ },
		"window": func(s *leapState) { s.Cli[0].Win-- },
		"stamp":  func(s *leapState) { s.Log[0].Stamp++ },
	} {
		other := later
		change(&other)
		if m.fold(other) == m.fold(base) {
			t.Errorf("states that differ by %s fold into one", name)
		}
	}
}

// A clock command reads as one in a trace, and so does the leap that it announces.
func TestLeapTrace(t *testing.T) {
	config, _ := Find("K_reach_skipped")
	r := config.Run(Options{})
	story := r.Trace.String()
	for _, want := range []string{
		"Propose(clock)", "proposed=[clock@", "leap={at ", "leap=none", "cal=",
	} {
		if !strings.Contains(story, want) {
			t.Errorf("trace does not say %q:\n%s", want, story)
		}
	}
}
