package explore

import "fmt"

// slidingParams are the constants of a configuration of SlidingLease.
type slidingParams struct {
	Req      int   // requests
	Limit    int   // admissions in any interval of length N*S
	S        int   // a slot's length, in units of cluster time
	N        int   // slots before the current one that count
	X        int   // slots that a grant lives beyond its own
	LRate    []int // units that a leader's clock may advance in a tick, ascending
	CRate    []int // the same of a client's
	M        int   // real instants watched: any M consecutive ones
	MaxAhead int   // bound: how far the leader's clock is ahead of T
}

// slidingState is a state of SlidingLease: at most Limit admissions in any interval of cluster
// time of length N*S. Time is cut into slots of S. A grant is charged to the slot in which it
// expires, and the charges of the current slot, the N before it and all later ones never add
// up to more than Limit. N = 0 and X = 0 is the fixed window.
type slidingState struct {
	C, T int16
	Tab  [maxRequests]charge
	Cli  spenders
	Hist [4]int8 // ghost: admissions at each of the last M real instants
}

// charge is what a request is charged. Slot is -1 in noCharge.
type charge struct {
	Slot, Amt int8
	Ret       bool
}

var noCharge = charge{Slot: -1}

func (e *charge) word() uint64 { return pack(e.Slot+2, e.Amt, bit(e.Ret)) }

// slidingRules is what safety hangs on. Each ablation replaces one of them.
type slidingRules struct {
	// Horizon: how many slots before the current one count.
	Horizon func(p *slidingParams) int
	// ChargeSlot: the slot that a grant made at t is charged to.
	ChargeSlot func(m *slidingModel, t int) int
	// Life, R6: how much of a duration the client uses, on its own clock.
	Life func(m *slidingModel, ttl int) int
	// MayReturn, R8: whether a Return is taken at t.
	MayReturn func(m *slidingModel, e charge, t int) bool
}

// theSlidingRules are the rules of the specification.
func theSlidingRules() slidingRules {
	return slidingRules{
		Horizon: func(p *slidingParams) int { return p.N },
		// A grant may be used until it expires, so it counts from then on.
		ChargeSlot: func(m *slidingModel, t int) int { return m.slot(t) + m.p.X },
		Life: func(m *slidingModel, ttl int) int {
			return floorDiv(ttl*m.p.CRate[0], m.lMax())
		},
		// Once, and while the charge still counts.
		MayReturn: func(m *slidingModel, e charge, t int) bool {
			return m.counts(e, t) && !e.Ret
		},
	}
}

// slidingModel is SlidingLease for one configuration.
type slidingModel struct {
	p slidingParams
	r slidingRules
}

func (m *slidingModel) lMax() int      { return m.p.LRate[len(m.p.LRate)-1] }
func (m *slidingModel) slot(t int) int { return floorDiv(t, m.p.S) }

// counts is whether a charge counts at t.
func (m *slidingModel) counts(e charge, t int) bool {
	return e != noCharge && int(e.Slot) >= m.slot(t)-m.r.Horizon(&m.p)
}

// charged is the sum of what counts at t.
func (m *slidingModel) charged(s *slidingState, t int) int {
	sum := 0
	for _, e := range s.Tab[:m.p.Req] {
		if m.counts(e, t) {
			sum += int(e.Amt)
		}
	}
	return sum
}

// The actions of SlidingLease, after those of a client alone.
const (
	sTick = iota + ownCrash + 1
	sFailover
	sGrant
	sAdmit
	sTakeBack
	sRecycle
)

func nameSliding(a Action) string {
	names := [...]string{"Send", "Return", "Crash", "Tick", "Failover", "Grant", "Admit",
		"TakeBack", "Recycle"}
	if k := a.kind(); k == sTick || k == sFailover {
		return names[k]
	}
	return fmt.Sprintf("%s(r%d)", names[a.kind()], a.whom()+1)
}

type slidingEmit = func(Action, slidingState)

// next emits every successor of s.
func (m *slidingModel) next(s slidingState, emit slidingEmit) {
	for _, d := range m.p.LRate {
		to := s
		to.C += int16(d)
		to.Hist[0] = 0
		copy(to.Hist[1:m.p.M], s.Hist[:])
		ageCap := m.r.Life(m, (m.p.X+1)*m.p.S) // an older attempt can get nothing
		s.Cli.tick(m.p.Req, ageCap, m.p.CRate, func(c spenders) {
			to.Cli = c
			emit(act(sTick, 0), to)
		})
	}
	to := s
	to.C = s.T
	emit(act(sFailover, 0), to)
	for r := range m.p.Req {
		s.Cli.own(r, func(step int, c spenders) {
			to := s
			to.Cli = c
			emit(act(step, r), to)
		})
		m.grant(&s, r, emit)
		m.client(&s, r, emit)
	}
}

// grant: any part of what is not charged. A command takes effect when it is stamped.
func (m *slidingModel) grant(s *slidingState, r int, emit slidingEmit) {
	if s.Cli[r].St == idle || s.Tab[r] != noCharge {
		return
	}
	c := int(s.C)
	ttl := (m.slot(c)+m.p.X+1)*m.p.S - c
	for g := 1; g <= m.p.Limit-m.charged(s, c); g++ {
		to := *s
		to.T = s.C
		to.Tab[r] = charge{Slot: int8(m.r.ChargeSlot(m, c)), Amt: int8(g)}
		to.Cli[r].take(g, m.r.Life(m, ttl))
		emit(act(sGrant, r), to)
	}
}

// client is what may happen to a request once it was granted.
func (m *slidingModel) client(s *slidingState, r int, emit slidingEmit) {
	v := s.Cli[r]
	if v.mayAdmit() {
		to := *s
		to.Cli[r].Cred--
		to.Hist[0]++
		emit(act(sAdmit, r), to)
	}
	if v.Back > 0 && m.r.MayReturn(m, s.Tab[r], int(s.C)) {
		to := *s
		to.T = s.C
		to.Tab[r].Amt -= v.Back
		to.Tab[r].Ret = true
		emit(act(sTakeBack, r), to)
	}
	if v.St == gone && !m.counts(s.Tab[r], int(s.C)) { // the charge has left the horizon
		to := *s
		to.T = s.C
		to.Tab[r], to.Cli[r] = noCharge, spender{}
		emit(act(sRecycle, r), to)
	}
}
