package lease

import (
	"math"
	"testing"
	"time"

	"github.com/leased-io/leased/budget"
)

// fleet is several holders on one account of a coordinator that keeps its rules, with a round
// trip in which nothing is lost. It measures what sizing is for: how much of the budget gets
// used, and how many requests that takes.
type fleet struct {
	limit    budget.Limit
	account  budget.Account
	window   budget.Window
	asked    []bool // in the window, by holder
	now      time.Duration
	holders  []*Holder
	wake     []time.Duration // when to poll a holder, as it said
	inFlight []inFlight
	lease    ID

	offered, admitted, requests int
}

type inFlight struct {
	holder  int
	attempt uint64
	req     Request
	at      time.Duration // when it is decided, rtt/2 after it was sent
}

const fleetRTT = 2 * time.Millisecond

func newFleet(holders int, limit budget.Limit) *fleet {
	f := &fleet{
		limit: limit, asked: make([]bool, holders), wake: make([]time.Duration, holders),
	}
	for i := range holders {
		f.holders = append(f.holders, NewHolder(Config{
			Session: SessionID(i + 1), Limits: []budget.Limit{limit},
			DriftPPM: DefaultMaxClockDriftPPM,
		}))
	}
	return f
}

func (f *fleet) reading() Reading { return Reading{Mono: int64(f.now), Wall: int64(f.now)} }

// run lets every holder's caller offer one credit every gap, for a while.
func (f *fleet) run(during, gap time.Duration) {
	const step = 250 * time.Microsecond
	for end := f.now + during; f.now < end; f.now += step {
		for i, h := range f.holders {
			// Callers do not come all at the same instant.
			if (f.now+time.Duration(i)*gap/time.Duration(len(f.holders)))/step%(gap/step) == 0 {
				f.offered++
				if h.Admit(f.reading(), Cost{1}) == Admitted {
					f.admitted++
				}
				f.poll(i)
			} else if f.now >= f.wake[i] {
				f.poll(i)
			}
		}
		f.deliver()
	}
}

func (f *fleet) poll(i int) {
	h := f.holders[i]
	if req, ok := h.Poll(f.reading()); ok {
		f.requests++
		id := h.Sent(f.reading())
		f.inFlight = append(f.inFlight, inFlight{i, id, req, f.now + fleetRTT/2})
	}
	f.wake[i] = math.MaxInt64
	if d, ok := h.WakeAfter(f.reading()); ok {
		f.wake[i] = f.now + d
	}
}

func (f *fleet) deliver() {
	for len(f.inFlight) > 0 && f.inFlight[0].at <= f.now {
		m := f.inFlight[0]
		f.inFlight = f.inFlight[1:]
		answer := f.decide(m)
		back := f.reading()
		back.Mono += int64(fleetRTT / 2)
		back.Wall = back.Mono
		f.holders[m.holder].Take(back, m.attempt, answer)
		f.poll(m.holder)
	}
}

func (f *fleet) decide(m inFlight) Answer {
	t := budget.Instant(f.now)
	if w := f.limit.WindowAt(t); w > f.window {
		f.window = w
		f.account = budget.Account{PrevAskers: f.account.Askers}
		clear(f.asked)
	}
	for _, r := range m.req.Returns {
		if r.Window == f.window {
			f.account.Return(f.limit, r.Amount)
		}
	}
	if len(m.req.Asks) == 0 {
		return Answer{Outcome: Granted}
	}
	if !f.asked[m.holder] {
		f.asked[m.holder] = true
		f.account.Askers++
	}
	ask, ttl := m.req.Asks[0], f.limit.End(f.window).Sub(t)
	left := f.account.Left(f.limit, 0)
	n := f.account.Share(ask.Need, ask.Want, left)
	if n == 0 {
		return Answer{Outcome: Denied, Denial: &Denial{Left: left, RetryAfter: ttl}}
	}
	f.account.Charge(f.limit, 0, n)
	f.lease++
	return Answer{Outcome: Granted, Grants: []Grant{{
		Lease: f.lease, Window: f.window, Amount: n, TTL: ttl,
	}}}
}

func TestFleetUsesItsBudget(t *testing.T) {
	for _, c := range []struct {
		name     string
		holders  int
		amount   budget.Credits
		per      time.Duration
		gap      time.Duration
		used     int // least percent of what could be admitted
		requests int // most per holder and window
	}{
		{"half the budget wanted", 4, 4000, 10 * time.Second, 20 * time.Millisecond, 99, 16},
		{"twice the budget wanted", 4, 1000, 10 * time.Second, 20 * time.Millisecond, 98, 20},
		{"one holder, twice", 1, 1000, 10 * time.Second, 5 * time.Millisecond, 98, 20},
		{"many holders, twice", 50, 1000, 10 * time.Second, 250 * time.Millisecond, 97, 20},
		{"more holders than credits", 100, 50, 10 * time.Second, time.Second, 97, 10},
		{"short window, twice", 4, 100, time.Second, 20 * time.Millisecond, 95, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFleet(c.holders, budget.Limit{
				Metric: "requests", Kind: budget.KindWindow, Amount: c.amount, Per: c.per,
			})
			const windows = 6
			f.run(windows*c.per, c.gap)
			most := min(f.offered, windows*int(c.amount))
			t.Logf("%d of %d offered, %d admitted of %d, %d requests: %.1f per holder and window",
				f.offered, f.offered, f.admitted, most, f.requests,
				float64(f.requests)/windows/float64(c.holders))
			if f.admitted > windows*int(c.amount) {
				t.Errorf("admitted %d of at most %d", f.admitted, windows*c.amount)
			}
			if f.admitted*100 < c.used*most {
				t.Errorf("admitted %d of %d, want %d %%", f.admitted, most, c.used)
			}
			if f.requests > c.requests*windows*c.holders {
				t.Errorf("%d requests, want at most %d", f.requests, c.requests*windows*c.holders)
			}
		})
	}
}
