package explore

import "fmt"

// bucketParams are the constants of a configuration of BucketLease. Tokens are counted in
// parts: one admission costs Q of them, so that R may be a fraction of a token.
type bucketParams struct {
	Req      int   // requests
	B        int   // burst
	R        int   // rate, a unit of cluster time
	Q        int   // parts an admission
	Tau      int   // a grant's duration, in units of cluster time
	LRate    []int // units that a leader's clock may advance in a tick, ascending
	CRate    []int // the same of a client's
	MaxAhead int   // bound: how far the leader's clock is ahead of T
}

// bucketState is a state of BucketLease: in any interval of real time of length x the fleet
// admits at most B + R*phi*x, where phi is the fastest the cluster clock may run. A grant moves
// tokens from Tok to outstanding until it expires, and refill stops at tok + outstanding = B.
// That one rule is the whole proof: what is spent in an interval was in tok + outstanding when
// it began, or was refilled in it.
type bucketState struct {
	C, T int16
	Tok  int16 // tokens in the bucket at T
	Z    int16 // ghost: the least bucket that would admit everything that was admitted
	Tab  [maxRequests]hold
	Cli  spenders
	Ret  [maxRequests]bool // was a Return taken for the grant in Tab?
}

// hold is a grant: until when its tokens are outstanding, and how many. Exp is -1 in noHold.
type hold struct{ Exp, Amt int16 }

var noHold = hold{Exp: -1}

// bucketRules is what safety hangs on. Each ablation replaces some of them.
type bucketRules struct {
	// Cap: how much the bucket may hold at t.
	Cap func(m *bucketModel, s *bucketState, t int) int
	// Refill: what the bucket holds at t, when no command took effect since T.
	Refill func(m *bucketModel, s *bucketState, t int) int
	// Life, R6: how much of a duration the client uses, on its own clock.
	Life func(m *bucketModel, ttl int) int
	// MayReturn, R8: whether a Return for request r is taken at t.
	MayReturn func(s *bucketState, r, t int) bool
	// PutBack: what the bucket holds once b tokens were returned to its x.
	PutBack func(m *bucketModel, x, b int) int
}

// theBucketRules are the rules of the specification.
func theBucketRules() bucketRules {
	return bucketRules{
		Cap:    capLessOutstanding,
		Refill: refillExact,
		Life: func(m *bucketModel, ttl int) int {
			return floorDiv(ttl*m.p.CRate[0], m.lMax())
		},
		MayReturn: mayReturnLive,
		PutBack:   func(_ *bucketModel, x, b int) int { return x + b },
	}
}

// What is outstanding may yet be spent, so there is no room for it in the bucket.
func capLessOutstanding(m *bucketModel, s *bucketState, t int) int {
	return m.p.B - m.out(s, t)
}

// Refill stops at each expiry on the way: what expires makes room from then on, and not for
// the time before.
func refillExact(m *bucketModel, s *bucketState, t int) int {
	x, from := int(s.Tok), int(s.T)
	for {
		next := t
		expires := false
		for _, e := range s.Tab[:m.p.Req] {
			if exp := int(e.Exp); exp > from && exp <= next {
				next, expires = exp, true
			}
		}
		x = min(m.r.Cap(m, s, from), x+m.p.R*(next-from))
		if !expires {
			return x
		}
		from = next
	}
}

// Once, and only before expiry: afterwards the tokens' room is refilled already.
func mayReturnLive(s *bucketState, r, t int) bool { return int(s.Tab[r].Exp) > t && !s.Ret[r] }

// Ablations and variants.

// A static hold-back: the bucket is B - R*Tau deep, and knows no outstanding grants.
func capStatic(m *bucketModel, _ *bucketState, _ int) int { return m.p.B - m.p.R*m.p.Tau }

// No hold-back at all.
func capPlain(m *bucketModel, _ *bucketState, _ int) int { return m.p.B }

// The whole time is refilled at once, up to what there is room for at its end: expired grants
// are dropped first.
func refillAtOnce(m *bucketModel, s *bucketState, t int) int {
	return min(m.r.Cap(m, s, t), int(s.Tok)+m.p.R*(t-int(s.T)))
}

// ... or up to what there was room for at its beginning. Safe, and cheaper than exact.
func refillDropLast(m *bucketModel, s *bucketState, t int) int {
	return min(m.r.Cap(m, s, int(s.T)), int(s.Tok)+m.p.R*(t-int(s.T)))
}

func putBackStatic(m *bucketModel, x, b int) int { return min(capStatic(m, nil, 0), x+b) }

func mayReturnNever(*bucketState, int, int) bool { return false }

// A Return is taken after the grant expired.
func mayReturnExpired(s *bucketState, r, _ int) bool { return !s.Ret[r] }

// bucketModel is BucketLease for one configuration.
type bucketModel struct {
	p bucketParams
	r bucketRules
}

func (m *bucketModel) lMax() int { return m.p.LRate[len(m.p.LRate)-1] }

// out is what is outstanding at t.
func (m *bucketModel) out(s *bucketState, t int) int {
	sum := 0
	for _, e := range s.Tab[:m.p.Req] {
		if int(e.Exp) > t {
			sum += int(e.Amt)
		}
	}
	return sum
}

// init0 is the one initial state.
func (m *bucketModel) init0() bucketState {
	s := bucketState{Tab: [maxRequests]hold{noHold, noHold, noHold}}
	s.Tok = int16(m.r.Cap(m, &s, 0))
	return s
}

// The actions of BucketLease, after those of a client alone.
const (
	bTick = iota + ownCrash + 1
	bFailover
	bTouch
	bGrant
	bAdmit
	bTakeBack
	bRecycle
)

func nameBucket(a Action) string {
	names := [...]string{"Send", "Return", "Crash", "Tick", "Failover", "Touch", "Grant",
		"Admit", "TakeBack", "Recycle"}
	if k := a.kind(); k >= bTick && k <= bTouch {
		return names[k]
	}
	return fmt.Sprintf("%s(r%d)", names[a.kind()], a.whom()+1)
}

type bucketEmit = func(Action, bucketState)

// next emits every successor of s.
func (m *bucketModel) next(s bucketState, emit bucketEmit) {
	for _, d := range m.p.LRate {
		to := s
		to.C += int16(d)
		to.Z = int16(max(0, int(s.Z)-m.p.R*m.lMax()))
		s.Cli.tick(m.p.Req, m.r.Life(m, m.p.Tau), m.p.CRate, func(c spenders) {
			to.Cli = c
			emit(act(bTick, 0), to)
		})
	}
	to := s
	to.C = s.T
	emit(act(bFailover, 0), to)
	// Any other command: time passes in the state machine.
	touched := s
	touched.T, touched.Tok = s.C, int16(m.r.Refill(m, &s, int(s.C)))
	emit(act(bTouch, 0), touched)
	for r := range m.p.Req {
		s.Cli.own(r, func(step int, c spenders) {
			to := s
			to.Cli = c
			emit(act(step, r), to)
		})
		m.grant(&s, touched, r, emit)
		m.client(&s, touched, r, emit)
	}
}

// grant: any part of what the bucket holds. Touched is s with time passed.
func (m *bucketModel) grant(s *bucketState, touched bucketState, r int, emit bucketEmit) {
	if s.Cli[r].St == idle || s.Tab[r] != noHold || s.Ret[r] {
		return
	}
	for g := 1; g <= floorDiv(int(touched.Tok), m.p.Q); g++ {
		to := touched
		to.Tok -= int16(g * m.p.Q)
		to.Tab[r] = hold{Exp: s.C + int16(m.p.Tau), Amt: int16(g * m.p.Q)}
		to.Cli[r].take(g, m.r.Life(m, m.p.Tau))
		emit(act(bGrant, r), to)
	}
}

// client is what may happen to a request once it was granted.
func (m *bucketModel) client(s *bucketState, touched bucketState, r int, emit bucketEmit) {
	v := s.Cli[r]
	if v.mayAdmit() {
		to := *s
		to.Cli[r].Cred--
		to.Z += int16(m.p.Q)
		emit(act(bAdmit, r), to)
	}
	if v.Back > 0 && m.r.MayReturn(s, r, int(s.C)) {
		to := touched
		back := int(v.Back) * m.p.Q
		to.Tok = int16(m.r.PutBack(m, int(touched.Tok), back))
		to.Tab[r].Amt -= int16(back)
		to.Ret[r] = true
		emit(act(bTakeBack, r), to)
	}
	if v.St == gone && s.Tab[r].Exp <= s.T { // forget the request
		to := *s
		to.Tab[r], to.Ret[r], to.Cli[r] = noHold, false, spender{}
		emit(act(bRecycle, r), to)
	}
}
