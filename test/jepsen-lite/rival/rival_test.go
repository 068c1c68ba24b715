package rival

import (
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/leased-io/leased/test/jepsen-lite/sim"
)

var (
	first = flag.Uint64("rival.seed", 1, "first seed of the matches")
	seeds = flag.Int("rival.seeds", 1, "matches for each cell of the tables")
)

// settings are the fleets and the errors of wall clocks; few under the race detector.
func settings() (fleets []int, errors []time.Duration) {
	if raceEnabled {
		return []int{3, 10}, []time.Duration{2 * time.Second}
	}
	return []int{3, 10, 50},
		[]time.Duration{100 * time.Millisecond, 500 * time.Millisecond, 2 * time.Second}
}

// TestRivals plays every rule under every setting. Ours overshoots nowhere; each of the others
// does, but not where its one decision can do no harm, or it would be a rival of straw.
func TestRivals(t *testing.T) {
	t.Logf("go test ./test/jepsen-lite/rival -run 'TestRivals$' -v -rival.seed=%d -rival.seeds=%d",
		*first, *seeds)
	over := map[Rule]int{}
	for _, faults := range []bool{false, true} {
		table := &Table{Faults: faults, First: *first, Seeds: *seeds}
		table.Fleets, table.Errors = settings()
		if err := table.Play(); err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if err := table.Write(&b); err != nil {
			t.Fatal(err)
		}
		t.Logf("faults %t\n%s", faults, b.String())
		for _, r := range table.rows {
			for i, s := range r.scores {
				over[r.rule] += len(s.Over)
				if s.Windows < *seeds*windows/2 || s.Served < 30 {
					t.Errorf("%v, %d limiters, faults %t: %d windows, %.0f %% served: not played",
						r.rule, table.Fleets[i], faults, s.Windows, s.Served)
				}
			}
		}
	}
	for rule := range rules {
		if rule == Ours && over[rule] > 0 {
			t.Errorf("%d windows of ours overshot", over[rule])
		}
		if rule != Ours && over[rule] == 0 {
			t.Errorf("no window of %v overshot", rule)
		}
	}
}

// TestNotOfStraw: with true clocks and without faults nobody overshoots but who carries over; and
// a margin of twice what clocks are off by is enough, with faults too.
func TestNotOfStraw(t *testing.T) {
	fleets, _ := settings()
	for _, holders := range fleets {
		for _, c := range []struct {
			rule    Rule
			setting Setting
		}{
			{Deadline, Setting{Holders: holders}},
			{Deadline, Setting{Holders: holders, Faults: true}},
			{Margin, Setting{Holders: holders, Off: margin / 2}},
			{Margin, Setting{Holders: holders, Off: margin / 2, Faults: true}},
			{Shares, Setting{Holders: holders}},
		} {
			s, err := Match(c.rule, c.setting, *first, *seeds)
			if err != nil {
				t.Fatal(err)
			}
			if len(s.Over) > 0 || s.Windows == 0 {
				t.Errorf("%v, %+v: %d of %d windows overshot", c.rule, c.setting, len(s.Over), s.Windows)
			}
		}
	}
}

// TestSameMatch: a rule and a seed are a match, whoever played before.
func TestSameMatch(t *testing.T) {
	s := Setting{Holders: 4, Off: time.Second, Faults: true}
	for rule := range rules {
		want, err := Match(rule, s, 7, 1)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Match(rule, s, 7, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got.Windows != want.Windows || got.Served != want.Served || len(got.Over) != len(want.Over) {
			t.Errorf("%v: %+v, then %+v", rule, want, got)
		}
	}
}

// TestMeasureSeesOurs: the measure shows an overshoot of ours as it does a rival's, where the
// harness breaks a rule of the protocol; and then the match is refused.
func TestMeasureSeesOurs(t *testing.T) {
	for seed := uint64(1); seed <= 100; seed++ {
		o := Setting{Holders: 10, Faults: true}.options(seed)
		o.Broken, o.DriftPPM = sim.NoMargin, 200_000
		m := &meter{limit: amount}
		if err := ours(o, m); err == nil {
			continue
		}
		if s := score([]*meter{m}); len(s.Over) > 0 {
			t.Logf("seed %d: %d windows over, by %.1f %% at most", seed, len(s.Over), s.Rank(100))
			return
		}
	}
	t.Error("no broken match of ours overshot by this measure")
}

// TestMeter: a window is what is between two rolls.
func TestMeter(t *testing.T) {
	m := &meter{limit: 10}
	m.admit(50) // before the first roll
	for _, n := range []int64{10, 11, 0, 15} {
		m.roll()
		m.admit(n)
	}
	m.roll()
	s := score([]*meter{m, {limit: 10}})
	if s.Windows != 4 || len(s.Over) != 2 || s.Share() != 50 || s.Rank(50) != 10 ||
		s.Rank(99) != 50 || s.Rank(100) != 50 {
		t.Errorf("got %+v: %v, %v and %v", s, s.Share(), s.Rank(50), s.Rank(99))
	}
	if none := score(nil); none.Share() != 0 || none.Rank(99) != 0 || none.Served != 0 {
		t.Errorf("of nothing: %+v", none)
	}
}
