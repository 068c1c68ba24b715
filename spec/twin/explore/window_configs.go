package explore

// Which request each attempt belongs to, by the names of MCWindow.
var (
	one2  = []int{0, 1}    // two requests
	retry = []int{0, 0}    // one request, two attempts
	one3  = []int{0, 1, 2} // three requests
	mix3  = []int{0, 0, 1} // one retried, one not
)

// anyT is the bound on T of a configuration that is explored for all of time.
const anyT = 1_000_000

// windowConfig is one configuration of WindowLease.
type windowConfig struct {
	name   string
	p      windowParams
	check  []string           // the invariants
	ablate func(*windowRules) // nil: the rules as they are

	noView    bool // bounded by MaxT, not folded
	symmetric bool // requests are alike
	keepFirst bool // see windowModel.keepFirst
}

// model returns the transition system of c.
func (c windowConfig) model() Model[windowState] {
	r := theWindowRules()
	if c.ablate != nil {
		c.ablate(&r)
	}
	m := newWindowModel(c.p, r)
	model := Model[windowState]{
		Init:       func(emit func(windowState)) { emit(m.init0()) },
		Next:       m.next,
		Invariants: m.invariants(c.check...),
		Constraint: func(s windowState) bool {
			return int(s.T) <= c.p.MaxT && int(s.C) <= int(s.T)+c.p.MaxAhead
		},
		Hash: hashWindow,
		Name: nameWindow,
		Show: m.show,
	}
	if !c.noView {
		model.Fold = m.fold
	}
	if c.keepFirst {
		model.StepConstraint = m.keepFirst
	}
	if c.symmetric {
		model.Canonical = canonicalWindow
	}
	return model
}

// windowConfigs returns the configurations of WindowLease.
func windowConfigs() []Config {
	var list []Config
	for _, group := range [][]windowConfig{
		windowTwins(), windowProofs(), windowReaches(), windowAblations(), windowLogAblations(),
	} {
		for _, c := range group {
			list = append(list, Config{c.name, func(o Options) Result {
				return Explore(c.model(), o)
			}})
		}
	}
	return list
}

// windowBase is what most configurations share: W is two ticks of 3 units, and a drift of one
// third, large enough to bite in a few ticks.
func windowBase(keyOf []int, limit int) windowParams {
	return windowParams{
		KeyOf: keyOf, Limit: limit, W: 6, LRate: []int{2, 4}, CRate: []int{2, 4},
		MaxLog: 1, MaxT: anyT, MaxAhead: 8,
	}
}

// extreme has the fastest leader and the slowest clients only.
func (p windowParams) extreme() windowParams {
	p.LRate, p.CRate = []int{4}, []int{2}
	return p
}

func (p windowParams) until(t int) windowParams     { p.MaxT = t; return p }
func (p windowParams) logOf(n int) windowParams     { p.MaxLog = n; return p }
func (p windowParams) jumpOf(n int) windowParams    { p.Jump = n; return p }
func (p windowParams) skewOf(n int) windowParams    { p.Skew = n; return p }
func (p windowParams) rates(r []int) windowParams   { p.LRate, p.CRate = r, r; return p }
func (p windowParams) window(w, a int) windowParams { p.W, p.MaxAhead = w, a; return p }

// windowChecks are the invariants of a configuration that must pass.
var windowChecks = []string{"TypeOK", "Safe", "NoCarryOver", "LeaseCover", "Books"}

// windowTwins are bounded and not folded: the plainest to compare with TLC.
func windowTwins() []windowConfig {
	return []windowConfig{
		{name: "W_twin_a", p: windowBase(retry, 1).extreme().until(5), check: windowChecks,
			noView: true},
		{name: "W_twin_b", p: windowBase(one2, 1).extreme().until(11), check: windowChecks,
			noView: true},
		{name: "W_twin_c", p: windowBase(one2, 2).until(11), check: windowChecks,
			noView: true},
	}
}

// windowProofs are explored for all of time, and must pass.
func windowProofs() []windowConfig {
	safe := []string{"Safe", "NoCarryOver"}
	return []windowConfig{
		{name: "W_p1_two", p: windowBase(one2, 2), check: windowChecks},
		{name: "W_p2_retry", p: windowBase(retry, 2).rates([]int{2, 3, 4}),
			check: windowChecks},
		{name: "W_p2n_retry_nosym", p: windowBase(retry, 2), check: windowChecks},
		{name: "W_p3_mix3", p: windowBase(mix3, 1), check: windowChecks},
		{name: "W_p4_log2", p: windowBase(one2, 1).logOf(2), check: windowChecks},
		{name: "W_p5_three", p: windowBase(one3, 2).extreme(), check: windowChecks,
			symmetric: true},
		{name: "W_p6_w9", p: windowBase(one2, 2).window(9, 11), check: windowChecks},
		{name: "W_p7_lim3", p: windowBase(one2, 3), check: windowChecks},
		{name: "W_s1_nobarrier", p: windowBase(one2, 1).logOf(2), check: windowChecks,
			ablate: func(r *windowRules) { r.BarrierDone = inheritedIgnored }},
		{name: "W_s2_firstsend", p: windowBase(mix3, 1), check: safe,
			ablate: func(r *windowRules) { r.LeftOnAccept = leftSinceFirstSend }},
		{name: "W_s3_firstsend_rearm", p: windowBase(mix3, 1), check: safe, keepFirst: true,
			ablate: func(r *windowRules) {
				r.LeftOnAccept, r.DupTTL = leftSinceFirstSend, dupTTLRearmed
			}},
	}
}

// windowReaches must find their witness.
func windowReaches() []windowConfig {
	p := windowBase(one2, 2)
	return []windowConfig{
		{name: "W_reach_NeverExpired", p: p, check: []string{"NeverExpired"}},
		{name: "W_reach_NeverFull", p: p, check: []string{"NeverFull"}},
		{name: "W_reach_NeverFull2", p: p, check: []string{"NeverFull2"}},
	}
}

// windowAblations each replace one rule of the client or of the state machine, and must fail.
func windowAblations() []windowConfig {
	safe := []string{"Safe"}
	two, mixed := windowBase(one2, 1), windowBase(mix3, 1)
	bounded := windowBase(one2, 2).until(11)
	return []windowConfig{
		{name: "W_abl_i_absolute", p: two.skewOf(4), check: safe,
			ablate: func(r *windowRules) { r.LeftOnAccept = leftOnWallClock }},
		{name: "W_abl_ii_receipt", p: two, check: safe,
			ablate: func(r *windowRules) { r.LeftOnAccept = leftSinceReceipt }},
		{name: "W_abl_iii_wall", p: two.jumpOf(4), check: safe,
			ablate: func(r *windowRules) { r.Resume = resumeAtWall }},
		{name: "W_abl_iv_nomargin", p: two, check: safe,
			ablate: func(r *windowRules) { r.Life = lifeInFull }},
		{name: "W_abl_v_late", p: bounded, check: safe, noView: true,
			ablate: func(r *windowRules) { r.MayReturn = mayReturnLate }},
		{name: "W_abl_v_twice", p: bounded, check: safe, noView: true,
			ablate: func(r *windowRules) { r.MayReturn = mayReturnTwice }},
		{name: "W_abl_vi_lastsend", p: mixed, check: safe,
			ablate: func(r *windowRules) { r.LeftOnAccept = leftSinceLastSend }},
		{name: "W_abl_vi_rearm", p: mixed, check: safe,
			ablate: func(r *windowRules) { r.DupTTL = dupTTLRearmed }},
		{name: "W_abl_vii_stale", p: two, check: safe,
			ablate: func(r *windowRules) { r.Stamps = stampStale }},
		{name: "W_abl_viii_nodedupe", p: windowBase(retry, 2).extreme(),
			check:  []string{"Safe", "Books"},
			ablate: func(r *windowRules) { r.IsDup = isDupNever }},
		{name: "W_abl_xii_noclock", p: two, check: safe,
			ablate: func(r *windowRules) { r.MayAdmit = mayAdmitAlways }},
		{name: "W_abl_xiii_closes", p: windowBase(retry, 1).extreme(), check: safe,
			ablate: func(r *windowRules) { r.Closes = closesOne }},
		{name: "W_abl_xiv_forgetfirst", p: mixed, check: []string{"Safe", "NoCarryOver"},
			ablate: func(r *windowRules) {
				r.LeftOnAccept, r.DupTTL = leftSinceFirstSend, dupTTLRearmed
			}},
	}
}

// windowLogAblations break the barrier and a rule that makes up for it, and must fail; the
// rule alone may be broken.
func windowLogAblations() []windowConfig {
	safe := []string{"Safe"}
	p := windowBase(one2, 1).extreme().logOf(2)
	return []windowConfig{
		{name: "W_abl_x", p: p, check: safe,
			ablate: func(r *windowRules) { r.TTL = ttlFromStamp }},
		{name: "W_abl_ixx_both", p: p, check: safe,
			ablate: func(r *windowRules) {
				r.BarrierDone, r.TTL = inheritedIgnored, ttlFromStamp
			}},
		{name: "W_abl_xi_back", p: p, check: safe,
			ablate: func(r *windowRules) {
				r.BarrierDone, r.Effect = inheritedIgnored, effectRaw
			}},
	}
}
