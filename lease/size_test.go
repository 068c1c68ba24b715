package lease

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
)

// scripted is a sizer that says what the test does, and notes what it hears.
type scripted struct {
	size, reserve budget.Credits
	limit         budget.Limit
	offered       budget.Credits
	left, lead    time.Duration
}

func (s *scripted) Offered(_ int64, n budget.Credits) { s.offered += n }

func (s *scripted) Size(_ int64, left, lead time.Duration) (size, reserve budget.Credits) {
	s.left, s.lead = left, lead
	return s.size, s.reserve
}

// sizedRig is a rig whose holder has a scripted sizer for each of its limits, in made.
func sizedRig(t *testing.T, limits ...budget.Limit) (r *rig, made *[]*scripted) {
	t.Helper()
	r, made = newRig(t, limits...), new([]*scripted)
	r.h = NewHolder(Config{
		Session: 7, Revision: 3, Limits: limits, DriftPPM: DefaultMaxClockDriftPPM,
		Sizing: func(limit budget.Limit) Sizer {
			s := &scripted{size: 30, reserve: 5, limit: limit}
			*made = append(*made, s)
			return s
		},
	})
	return r, made
}

func TestSizerDecidesWhatIsAsked(t *testing.T) {
	r, made := sizedRig(t, perMinute(1000)...)
	s := (*made)[0]
	r.admits(Pending, 3)
	r.wantAsks(Ask{Limit: 0, Need: 3, Want: 35}) // an order above the reserve
	r.answers(4*time.Millisecond, r.grants(time.Minute, 35))
	for range 10 {
		r.admits(Admitted, 3)
		r.asksNothing() // the reserve is there
	}
	r.admits(Admitted, 3)
	r.wantAsks(Ask{Limit: 0, Need: 0, Want: 33})
	if s.offered != 36 {
		t.Errorf("the sizer heard of %d credits, want 36", s.offered)
	}
	if s.lead != 8*time.Millisecond || s.left != time.Minute-4*time.Millisecond {
		t.Errorf("lead %v, left %v; want two round trips, and the rest of the window", s.lead, s.left)
	}
	if got := r.h.Status(r.now).Limits[0]; got.Low != 5 || got.Target != 35 || got.Sizer != Sizer(s) {
		t.Errorf("got status %+v, want the marks 5 and 35", got)
	}
}

// An ask is for no less than is needed and no more than there can be, whatever the sizer says.
func TestSizeStaysWithinTheRules(t *testing.T) {
	for _, c := range []struct{ size, reserve, want budget.Credits }{
		{math.MinInt64, math.MinInt64, 41},
		{0, 0, 41},
		{10, -1, 50},
		{math.MaxInt64, 0, 1000},
		{1, math.MaxInt64, 1000},
		{math.MaxInt64, math.MaxInt64, 1000},
	} {
		r, made := sizedRig(t, perMinute(1000)...)
		(*made)[0].size, (*made)[0].reserve = c.size, c.reserve
		r.admits(Pending, 40)
		if got := r.asks().Asks; !reflect.DeepEqual(got, []Ask{{Limit: 0, Need: 40, Want: c.want}}) {
			t.Errorf("size %d, reserve %d: asks %+v, want 40..%d", c.size, c.reserve, got, c.want)
		}
	}
}

// A renewal asks for what it returns, and orders nothing.
func TestRenewalIsNoOrder(t *testing.T) {
	r, _ := sizedRig(t, perMinute(1000)...)
	r.holds(time.Minute, 100)
	r.tick(55 * time.Second)
	r.admits(Admitted, 10)
	got := r.asks()
	if len(got.Returns) != 1 || got.Asks[0].Want != got.Returns[0].Amount {
		t.Errorf("got %+v, want an ask of what is returned", got)
	}
}

// A sizer lives as long as its limit's bound.
func TestSizerOfAChangedLimit(t *testing.T) {
	r, made := sizedRig(t, perMinute(1000, 1000)...)
	first := *made
	r.h.Reset(r.now, 8, 4, perMinute(1000, 500), 0)
	got := r.h.Status(r.now).Limits
	if got[0].Sizer != Sizer(first[0]) || got[1].Sizer == Sizer(first[1]) {
		t.Errorf("got sizers %v, want the first kept and the second made anew", got)
	}
	if len(*made) != 3 || (*made)[2].limit.Amount != 500 {
		t.Errorf("made %d sizers, want 3, the last for 500", len(*made))
	}
}

// hostile says sizes that make no sense, one after the other.
type hostile struct{ calls int }

func (h *hostile) Offered(int64, budget.Credits) {}

func (h *hostile) Size(int64, time.Duration, time.Duration) (size, reserve budget.Credits) {
	said := []budget.Credits{
		0, -1, 1, budget.MaxAmount, budget.MaxAmount + 1, math.MaxInt64, math.MinInt64, 7,
	}
	h.calls++
	return said[h.calls%len(said)], said[h.calls/len(said)%len(said)]
}

func hostileSizing(budget.Limit) Sizer { return new(hostile) }

// hostileButFirst leaves the first of a rig's limits alone.
func hostileButFirst(limit budget.Limit) Sizer {
	if limit.Metric == "a" {
		return nil
	}
	return new(hostile)
}

// Safety does not know that there is sizing: the world of TestSafety holds with sizes that make
// no sense, and still notices what TestAblations switches off.
func TestSafetyWithHostileSizes(t *testing.T) {
	admitted := 0
	for seed := uint64(1); seed <= 30; seed++ {
		w := runSized(intact, seed, 20_000, hostileSizing)
		w.finish()
		if w.broken != nil {
			t.Fatalf("seed %d of runSized: %v", seed, w.broken)
		}
		admitted += w.admitted
	}
	if admitted < 30*100 {
		t.Errorf("%d admissions vouch for nothing", admitted)
	}
	for seed := uint64(1); ; seed++ {
		if runSized(twiceTaken, seed, 4000, hostileSizing).broken != nil {
			break
		}
		if seed == 300 {
			t.Fatalf("%s: not noticed in %d runs", twiceTaken, seed)
		}
	}
}
