package lease

import (
	"time"

	"github.com/leased-io/leased/budget"
)

// Status is what a holder has and does, for people to look at.
type Status struct {
	Session  SessionID
	Revision uint64
	// State is zero while the holder works, and otherwise the verdict on every offer.
	State Verdict
	// Seq is that of the outstanding request, or of the last one. Zero: there was none.
	Seq         uint64
	Outstanding bool
	RTT         time.Duration // usual time from send to answer; zero before the first
	Limits      []LimitStatus // one per limit, in canonical order
}

// LimitStatus is what a holder has of one limit.
type LimitStatus struct {
	Limit  budget.Limit
	Live   budget.Credits // credits that may be spent now
	InUse  budget.Credits // slots
	Leases int            // live leases, all of one window
	Window budget.Window  // theirs; meaningful if there are any
	Left   time.Duration  // until the last of them ends
	// Demand is what is expected to be offered within Horizon.
	Demand  budget.Credits
	Horizon time.Duration
	Backlog budget.Credits // what the limiter's queue wants
	// With fewer live credits than Low the holder asks before callers miss, so that it has Target.
	Low, Target budget.Credits
	Sizer       Sizer // of this limit; nil: none
	// RetryAfter is how long the coordinator's refusal still stands, with DeniedLeft credits
	// left there. Zero: there is none.
	RetryAfter time.Duration
	DeniedLeft budget.Credits
}

// Status describes the holder.
func (h *Holder) Status(now Reading) Status {
	now = h.observe(now)
	s := Status{
		Session: h.rec.session, Revision: h.revision, State: h.state,
		Seq: h.request.seq, Outstanding: h.request.outstanding, RTT: h.request.rtt,
		Limits: make([]LimitStatus, len(h.lines)),
	}
	for i := range h.lines {
		l := &h.lines[i]
		l.expire(now, &h.rec)
		l.demand.fold(now.Mono)
		st := LimitStatus{
			Limit: l.limit, Live: l.live, Leases: len(l.leases), Horizon: l.demand.horizon,
			Demand: l.demand.expect(l.demand.horizon), Backlog: h.backlog[i], Sizer: l.sizer,
		}
		st.Low = l.lowWater(now, h.request.rtt)
		st.Target = l.target(now, h.backlog[i], h.request.rtt)
		if l.denial.stands(now) {
			st.RetryAfter, st.DeniedLeft = elapsed(now.Mono, l.denial.until), l.denial.left
		}
		for j := range l.leases {
			st.Window = l.leases[j].window
			st.InUse += l.leases[j].used
			st.Left = max(st.Left, l.leases[j].remaining(now))
		}
		s.Limits[i] = st
	}
	return s
}
