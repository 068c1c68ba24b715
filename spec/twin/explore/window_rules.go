package explore

import "slices"

// windowParams are the constants of a configuration.
type windowParams struct {
	KeyOf    []int // the request of each attempt; attempts of one request are its retries
	Limit    int   // credits a window
	W        int   // a window's length, in units of cluster time
	LRate    []int // units that a leader's clock may advance in a tick of real time, ascending
	CRate    []int // the same of a client's
	MaxLog   int   // most commands proposed and not yet committed
	MaxT     int   // bound: T
	MaxAhead int   // bound: how far the leader's clock is ahead of T
	Jump     int   // ablation iii: how far a new leader's wall clock is ahead
	Skew     int   // ablation i: how far a client's wall clock is behind
}

func (p *windowParams) keys() int { return 1 + slices.Max(p.KeyOf) }

// lMax is the fastest cluster clock, cMin the slowest client's.
func (p *windowParams) lMax() int { return p.LRate[len(p.LRate)-1] }
func (p *windowParams) cMin() int { return p.CRate[0] }

// windowRules is everything that safety hangs on. Each ablation replaces one of them.
type windowRules struct {
	// Stamps, R1: what a leader may stamp a command with when it appends it.
	Stamps func(s *windowState) []int16
	// Resume, R2: where a new leader's clock may start.
	Resume func(m *windowModel, s *windowState) []int16
	// BarrierDone, R3: whether a new leader may begin to stamp.
	BarrierDone func(s *windowState) bool
	// Effect, R4: the cluster time at which a command takes effect.
	Effect func(t, stamp int) int
	// TTL, R5: the duration in the answer to a new grant, from the command's effect t.
	TTL func(m *windowModel, t, stamp int) int
	// DupTTL, R5: the duration in the answer to a retry of request k.
	DupTTL func(m *windowModel, s *windowState, k, t, stamp int) int
	// Life, R6: how much of a duration the client uses, on its own clock.
	Life func(m *windowModel, ttl int) int
	// LeftOnAccept, R7: what is left of that when attempt a takes answer n.
	LeftOnAccept func(m *windowModel, s *windowState, a int, n answer) int
	// IsDup, R8: whether a Reserve finds its request charged already.
	IsDup func(e grant) bool
	// MayReturn, R8: whether a Return for a grant of window win is taken.
	MayReturn func(e grant, win int8) bool
	// Closes, R9: whether attempt b ends when a takes an answer.
	Closes func(m *windowModel, a, b int) bool
	// MayAdmit, R10: whether a client may spend a credit.
	MayAdmit func(c client) bool
}

// theWindowRules are the rules of the specification.
func theWindowRules() windowRules {
	return windowRules{
		Stamps:       stampNow,
		Resume:       resumeAtT,
		BarrierDone:  nothingInherited,
		Effect:       effectNeverBack,
		TTL:          ttlToWindowEnd,
		DupTTL:       dupTTLRemaining,
		Life:         lifeWithMargin,
		LeftOnAccept: leftSinceSend,
		IsDup:        isDupInWindow,
		MayReturn:    mayReturnOnce,
		Closes:       closesRequest,
		MayAdmit:     mayAdmitLive,
	}
}

// R1. The stamp is the leader's reading as it appends, so the request was sent before it: a
// client that counts from its send never counts less than the cluster clock will.
func stampNow(s *windowState) []int16 { return []int16{s.C} }

// R2. A new leader resumes from committed cluster time. A wall clock's value would let cluster
// time jump, that is, run faster than the drift bound allows.
func resumeAtT(_ *windowModel, s *windowState) []int16 { return []int16{s.T} }

// R3. A leader stamps nothing before all it inherited is committed: what it inherited may
// carry stamps that are ahead of its clock.
func nothingInherited(s *windowState) bool { return s.LogLen == 0 }

// R4. Cluster time never goes back: a window that was rolled into stays rolled into.
func effectNeverBack(t, stamp int) int { return max(t, stamp) }

// R5. An answer carries the duration from the command's effect to the end of the window. An
// instant would mean something else on each client's clock.
func ttlToWindowEnd(m *windowModel, t, _ int) int { return m.end(t) - t }

// R5. A retry is told what is left by its own effect, because it counts from its own send.
func dupTTLRemaining(m *windowModel, _ *windowState, _, t, stamp int) int {
	return m.r.TTL(m, t, stamp)
}

// R6. The slowest client's clock must run out before the fastest cluster clock gets there.
func lifeWithMargin(m *windowModel, ttl int) int {
	return floorDiv(ttl*m.p.cMin(), m.p.lMax())
}

// R7. The life counts from just before the send of the attempt that is answered: the stamp is
// later than that, however long the answer took.
func leftSinceSend(m *windowModel, s *windowState, a int, n answer) int {
	return m.r.Life(m, int(n.TTL)) - int(s.Cli[a].Age)
}

// R8. A request is charged once a window, or its retries would burn the budget.
func isDupInWindow(e grant) bool { return e != noGrant }

// R8. A Return is taken once, by the window that granted; else credits would be made by it.
func mayReturnOnce(e grant, win int8) bool { return e != noGrant && e.Win == win && !e.Ret }

// R9. The first answer closes the request with all its attempts: there is one grant, so one
// client state may hold it.
func closesRequest(m *windowModel, a, b int) bool { return m.p.KeyOf[a] == m.p.KeyOf[b] }

// R10. A client looks at its clock, then spends a credit that it has.
func mayAdmitLive(c client) bool { return c.St == held && c.Cred > 0 && c.Left > 0 }

func floorDiv(a, b int) int {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}
