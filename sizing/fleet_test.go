package sizing

import (
	"math"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

const (
	fleetRTT = 2 * time.Millisecond
	// lookEvery is how often the credits that lie with the holders are counted.
	lookEvery = 250 * time.Millisecond
)

// fleet is whole holders on one account of a coordinator that keeps its rules, taper included.
// Nothing is lost, and clocks keep time. A caller whose credits are not there waits in line.
type fleet struct {
	game    game
	now     time.Duration
	account budget.Account
	window  budget.Window
	asked   []bool // in the window, by holder
	lease   lease.ID
	members []*member
	flying  []flight // in order of arrival
	paid    bill
	spent   budget.Credits
	missed  int // callers that had to wait, and
	denied  int // those that were sent away
}

type member struct {
	*lease.Holder
	wake  time.Duration
	queue []budget.Credits
}

type flight struct {
	holder  int
	attempt uint64
	request lease.Request
	answer  *lease.Answer // nil on the way there
	at      time.Duration
}

func newFleet(g game, holders int, sizing func(holder int) lease.Sizing) *fleet {
	f := &fleet{game: g, asked: make([]bool, holders)}
	for i := range holders {
		f.members = append(f.members, &member{wake: math.MaxInt64, Holder: lease.NewHolder(
			lease.Config{
				Session: lease.SessionID(i + 1), Limits: []budget.Limit{g.limit},
				DriftPPM: lease.DefaultMaxClockDriftPPM, Sizing: sizing(i),
			})})
	}
	return f
}

func (f *fleet) reading() lease.Reading {
	return lease.Reading{Mono: int64(f.now), Wall: int64(f.now)}
}

// play lets the windows' offers come to the holders in turn, and returns the bill.
func (f *fleet) play(windows [][]offer) bill {
	turn, look := 0, time.Duration(0)
	for k, offers := range windows {
		for _, o := range offers {
			at := time.Duration(k)*f.game.limit.Per + o.at
			look = f.until(at, look)
			f.offer(turn%len(f.members), o.n)
			turn++
		}
	}
	f.until(time.Duration(len(windows))*f.game.limit.Per, look)
	f.enter(f.window + 1)
	f.paid.stranded = f.paid.granted - f.spent
	f.paid.cost = float64(f.paid.calls) + f.game.hold*(f.paid.held+float64(f.paid.stranded))
	return f.paid
}

// until passes time, with all that happens meanwhile.
func (f *fleet) until(end, look time.Duration) time.Duration {
	for {
		next, who := end, -1
		for i, m := range f.members {
			if m.wake < next {
				next, who = m.wake, i
			}
		}
		if len(f.flying) > 0 && f.flying[0].at <= next {
			next, who = f.flying[0].at, -2
		}
		if look <= next {
			f.now = max(f.now, look)
			f.look()
			look += lookEvery
			continue
		}
		f.now = max(f.now, next)
		switch {
		case who >= 0:
			f.serve(who)
		case who == -2:
			f.arrive()
		default:
			return look
		}
	}
}

// look counts what lies with the holders, and enters a window that has come.
func (f *fleet) look() {
	f.enter(f.game.limit.WindowAt(budget.Instant(f.now)))
	part := float64(lookEvery) / float64(f.game.limit.Per)
	for _, m := range f.members {
		f.paid.held += float64(m.Status(f.reading()).Limits[0].Live) * part
	}
}

// enter rolls the account. What is charged to a window then was granted and not returned.
func (f *fleet) enter(w budget.Window) {
	if w > f.window {
		f.paid.granted += f.account.Used
		f.window = w
		f.account = budget.Account{PrevAskers: f.account.Askers}
		clear(f.asked)
	}
}

func (f *fleet) offer(i int, n budget.Credits) {
	m := f.members[i]
	f.paid.offered++
	v := lease.Pending
	if len(m.queue) == 0 {
		v = m.Admit(f.reading(), lease.Cost{n})
	}
	switch v {
	case lease.Admitted:
		f.admitted(n)
	case lease.Pending:
		f.missed++
		m.queue = append(m.queue, n)
	default:
		f.denied++
	}
	f.serve(i)
}

func (f *fleet) admitted(n budget.Credits) {
	f.paid.admitted++
	f.spent += n
}

// serve admits who waits, as far as it goes, and polls.
func (f *fleet) serve(i int) {
	m := f.members[i]
	for len(m.queue) > 0 {
		v := m.AdmitWaiting(f.reading(), lease.Cost{m.queue[0]})
		if v == lease.Pending {
			break
		}
		if v == lease.Admitted {
			f.admitted(m.queue[0])
		} else {
			f.denied++
		}
		m.queue = m.queue[1:]
	}
	m.SetBacklog(m.backlog())
	if request, due := m.Poll(f.reading()); due {
		f.paid.calls++
		f.flying = append(f.flying, flight{
			holder: i, attempt: m.Sent(f.reading()), request: request, at: f.now + fleetRTT/2,
		})
	}
	m.wake = math.MaxInt64
	if d, ok := m.WakeAfter(f.reading()); ok {
		m.wake = f.now + d
	}
}

func (m *member) backlog() lease.Cost {
	if len(m.queue) == 0 {
		return nil
	}
	var sum budget.Credits
	for _, n := range m.queue {
		sum += n
	}
	return lease.Cost{sum}
}

// arrive has the next message arrive: a request is decided, an answer is taken.
func (f *fleet) arrive() {
	m := f.flying[0]
	f.flying = f.flying[1:]
	if m.answer == nil {
		answer := f.decide(m)
		m.answer, m.at = &answer, f.now+fleetRTT/2
		f.flying = append(f.flying, m)
		return
	}
	f.members[m.holder].Take(f.reading(), m.attempt, *m.answer)
	f.serve(m.holder)
}

func (f *fleet) decide(m flight) lease.Answer {
	t := budget.Instant(f.now)
	f.enter(f.game.limit.WindowAt(t))
	for _, r := range m.request.Returns {
		if r.Window == f.window {
			f.account.Return(f.game.limit, r.Amount)
		}
	}
	if len(m.request.Asks) == 0 {
		return lease.Answer{Outcome: lease.Granted}
	}
	if !f.asked[m.holder] {
		f.asked[m.holder] = true
		f.account.Askers++
	}
	ask, ttl := m.request.Asks[0], f.game.limit.End(f.window).Sub(t)
	left := f.account.Left(f.game.limit, 0)
	n := f.account.Share(ask.Need, ask.Want, left)
	if n == 0 {
		return lease.Answer{Outcome: lease.Denied,
			Denial: &lease.Denial{Left: left, RetryAfter: ttl}}
	}
	f.account.Charge(f.game.limit, 0, n)
	f.lease++
	return lease.Answer{Outcome: lease.Granted, Grants: []lease.Grant{{
		Lease: f.lease, Window: f.window, Amount: n, TTL: ttl,
	}}}
}
