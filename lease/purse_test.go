package lease

import (
	"math"
	"sync"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/trace"
)

// lends returns a purse that must be lent.
func (r *rig) lends(span time.Duration, stripes int) *Purse {
	r.Helper()
	p := r.h.Lend(r.now, span, stripes)
	if p == nil {
		r.Fatalf("nothing is lent: %+v", r.h.Status(r.now))
	}
	return p
}

func (r *rig) spends(want bool, p *Purse, cost ...budget.Credits) {
	r.Helper()
	if got := p.SpendCost(r.now, 0, cost); got != want {
		r.Fatalf("SpendCost(%v) = %v, want %v", cost, got, want)
	}
}

// What was spent from a purse is booked with the holder's next call, which takes back the rest.
func TestPurseIsTakenBack(t *testing.T) {
	r := newRig(t, perMinute(100, 1000)...)
	r.holds(time.Minute, 10, 200)
	r.took(trace.KindAccept)
	p := r.lends(time.Second, 4)
	lentAt := r.now.Mono
	r.tick(5 * time.Millisecond)
	r.spends(true, p, 4, 0)
	r.spends(true, p, 0, 150)
	r.spends(true, p, 5, 50)
	r.spends(false, p, 1, 1) // of the second there is nothing left
	r.spends(true, p, 1, 0)
	r.spends(false, p, 1, 0)
	r.tick(time.Millisecond)
	if got := r.h.Recall(r.now); got.Admitted != 4 || got.Refused != 0 || got.Last != r.now.Mono {
		t.Errorf("recalled %+v, want 4 admissions until now", got)
	}
	r.live(0, 0)
	r.h.Flush(r.now)
	for i, e := range r.took(trace.KindAdmit) {
		want := []trace.Event{{N: 10, Count: 3}, {N: 200, Count: 2}}[i]
		if e.N != want.N || e.Count != want.Count || e.First != lentAt || e.Last != r.now.Mono {
			t.Errorf("got %+v, want %d in %d admissions since the purse was lent", e, want.N, want.Count)
		}
	}
	r.spends(false, p, 1, 0)
	if p.SpendCost(r.now, 0, Cost{1}) || p.Spend(r.now, 0, 1) {
		t.Error("spent a cost of another number of limits")
	}
}

// A purse is over with its span, and with the lease, by either clock (R6).
func TestPurseIsOver(t *testing.T) {
	life := Life(time.Minute, DefaultMaxClockDriftPPM)
	for name, c := range map[string]struct {
		span       time.Duration
		mono, wall time.Duration
	}{
		"with its span":                        {time.Second, time.Second, 0},
		"with the lease, by the monotonic one": {time.Hour, life, 0},
		"with the lease, by the wall clock":    {time.Hour, 0, life},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, perMinute(100)...)
			r.holds(time.Minute, 10)
			p := r.lends(c.span, 1)
			at := r.now
			for _, late := range []struct {
				by   time.Duration
				want bool
			}{{-1, true}, {0, false}} {
				r.now = at
				if c.mono > 0 {
					r.now.Mono += int64(c.mono + late.by)
				}
				if c.wall > 0 {
					r.now.Wall += int64(c.wall + late.by)
				}
				if got := p.Spend(r.now, 0, 1); got != late.want {
					t.Errorf("%v before the end: Spend = %v", -late.by, got)
				}
			}
			r.now = at
			r.now.Mono--
			if p.Spend(r.now, 0, 1) {
				t.Error("spent by a reading from before the purse was lent (R10)")
			}
		})
	}
}

func TestOddCostsAreNotSpent(t *testing.T) {
	r := newRig(t, perMinute(budget.MaxAmount)...)
	r.holds(time.Minute, budget.MaxAmount/2)
	p := r.lends(time.Second, 1)
	for _, n := range []budget.Credits{0, -1, math.MinInt64, math.MaxInt64, maxPursed + 1, 1 << 40} {
		if p.Spend(r.now, 0, n) {
			t.Errorf("spent %d", n)
		}
	}
	r.spends(true, p, maxPursed)
	r.spends(false, p, 1) // there is more, but not in the purse
	r.live(budget.MaxAmount/2 - maxPursed)
}

// Only who would be admitted is served by a purse: it never goes past those who wait.
func TestNothingIsLent(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	lends := func(why string) {
		t.Helper()
		if r.h.Lend(r.now, time.Second, 1) != nil {
			t.Errorf("lent: %s", why)
		}
	}
	lends("nothing is held")
	r.holds(time.Minute, 10)
	r.h.SetBacklog(Cost{20})
	lends("a queue waits")
	r.h.SetBacklog(nil)
	r.h.SetRules(budget.Rules{Mode: budget.ModeStrict})
	lends("in strict mode")
	r.h.SetRules(budget.Rules{Unlimited: []string{"free"}})
	lends("a metric is unlimited")
	r.h.SetRules(budget.Rules{})
	r.lends(time.Second, 1)
	r.h.Close(r.now)
	lends("closed")
}

// Where the coordinator has said that nothing is left, a purse refuses, and what it refused is
// demand.
func TestPurseOfRefusals(t *testing.T) {
	r := newRig(t, perMinute(100)...)
	r.admits(Pending, 3)
	r.asks()
	r.answers(0, Answer{Outcome: Denied, Denial: &Denial{RetryAfter: 30 * time.Second}})
	p := r.lends(time.Minute, 1)
	if !p.Refuses() {
		t.Fatal("a purse with credits")
	}
	r.spends(true, p, 7)
	r.spends(true, p, 100)
	r.spends(false, p, 101) // too large, which is another verdict
	r.tick(30*time.Second - 1)
	r.spends(true, p, 1)
	r.tick(1)
	r.spends(false, p, 1)
	if got := r.h.Recall(r.now); got.Refused != 3 || got.Admitted != 0 {
		t.Errorf("recalled %+v, want 3 refusals", got)
	}
	if s := r.h.Status(r.now).Limits[0]; s.Demand < 20 || s.Live != 0 {
		t.Errorf("%+v, want what was refused as demand", s)
	}
	r.asks() // the denial is over, and somebody wants something
}

// Callers on all processors spend while the holder lends and takes back: no credit is spent twice,
// and none is lost. Run it with -race.
func TestPursesUnderContention(t *testing.T) {
	const limits, callers, credits = 3, 8, 20_000
	for _, n := range []int{1, limits} {
		amounts := make([]budget.Credits, n)
		for i := range amounts {
			amounts[i] = credits
		}
		r := newRig(t, perMinute(amounts...)...)
		r.holds(time.Minute, amounts...)
		var mu sync.Mutex
		purse := r.lends(time.Minute, MaxStripes)
		var spent [callers][limits]budget.Credits
		var calls sync.WaitGroup
		for c := range callers {
			calls.Go(func() {
				cost := make(Cost, n)
				for k := range credits / callers {
					for i := range cost {
						cost[i] = budget.Credits((k + i + c) % 3)
					}
					cost[0] = max(1, cost[0])
					mu.Lock()
					p := purse
					mu.Unlock()
					if k%1000 == 0 {
						mu.Lock()
						if p := r.h.Lend(r.now, time.Minute, MaxStripes); p != nil {
							purse = p
						}
						mu.Unlock()
					}
					if p.SpendCost(r.now, uint64(c)<<11, cost) {
						for i, n := range cost {
							spent[c][i] += n
						}
					}
				}
			})
		}
		calls.Wait()
		for i, l := range r.h.Status(r.now).Limits {
			sum := l.Live
			for c := range callers {
				sum += spent[c][i]
			}
			if sum != credits || sum == l.Live {
				t.Errorf("%d limits: of limit %d %d were spent or are left, of %d", n, i, sum, credits)
			}
		}
	}
}

// A purse has more stripes once callers meet at one, and fewer when they do not use them; each has
// a part like what it paid before.
func TestStripesAdapt(t *testing.T) {
	r := newRig(t, perMinute(1000)...)
	r.holds(time.Minute, 1000)
	for _, want := range []int{1, 2, 4, 4} {
		p := r.lends(time.Second, 7) // of which 4 are a power of two
		if got := len(p.stripes); got != want {
			t.Fatalf("%d stripes, want %d", got, want)
		}
		p.meet()
	}
	p := r.lends(time.Second, 7)
	other := uint64(1 << 11)
	for p.stripe(other) == p.stripe(0) {
		other += 1 << 11
	}
	for range 100 {
		p.Spend(r.now, 0, 1)
	}
	p.Spend(r.now, other, 1)
	p = r.lends(time.Second, 7)
	if got := p.stripe(0).word.Load().credits(); got < 800 || len(p.stripes) != 4 {
		t.Errorf("the stripe that paid nearly all has %d of 899", got)
	}
	r.spends(true, p, 1)
	if p = r.lends(time.Second, 7); len(p.stripes) != 2 {
		t.Errorf("%d stripes where one is used, want 2", len(p.stripes))
	}
}
