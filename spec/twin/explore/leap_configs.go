package explore

// one1 is one request with one attempt, by the name of MCLeap.
var one1 = []int{0}

// leapConfig is one configuration of CalendarLeap.
type leapConfig struct {
	name   string
	p      leapParams
	check  []string
	ablate func(*leapRules)   // nil: the rules as they are
	window func(*windowRules) // the same of WindowLease's

	noView bool // bounded by MaxT, not folded
}

// model returns the transition system of c.
func (c leapConfig) model() Model[leapState] {
	rules, window := theLeapRules(), theWindowRules()
	if c.ablate != nil {
		c.ablate(&rules)
	}
	if c.window != nil {
		c.window(&window)
	}
	m := &leapModel{p: c.p, r: rules, window: newWindowModel(c.p.windowParams, window)}
	model := Model[leapState]{
		Init: func(emit func(leapState)) { emit(m.init0()) },
		Next: m.next,
		Constraint: func(s leapState) bool {
			return int(s.T) <= c.p.MaxT && int(s.C) <= int(s.T)+c.p.MaxAhead
		},
		Hash: hashLeap,
		Name: nameLeap,
		Show: m.show,
	}
	if !c.noView {
		model.Fold = m.fold
	}
	m.check(&model, c.check...)
	return model
}

// leapConfigs returns the configurations of CalendarLeap.
func leapConfigs() []Config {
	var list []Config
	for _, group := range [][]leapConfig{leapProofs(), leapReaches(), leapAblations()} {
		for _, c := range group {
			list = append(list, Config{c.name, func(o Options) Result {
				return Explore(c.model(), o)
			}})
		}
	}
	return list
}

// leapBase is what most configurations share.
func leapBase(w windowParams) leapParams {
	return leapParams{windowParams: w, MaxLease: w.W, LeapBy: []int{4}, Later: []int{0},
		Slow: []int{2}}
}

func (p leapParams) leaps(by ...int) leapParams    { p.LeapBy = by; return p }
func (p leapParams) later(n ...int) leapParams     { p.Later = n; return p }
func (p leapParams) slowed(by ...int) leapParams   { p.Slow = by; return p }
func (p leapParams) longestLease(n int) leapParams { p.MaxLease = n; return p }

// leapProofs are explored for all of time, and must pass.
func leapProofs() []leapConfig {
	checks := []string{"TypeOK", "Safe", "NoCarryOver", "LeaseCover", "Books", "CalMonotone"}
	two := leapBase(windowBase(one2, 1).extreme())
	return []leapConfig{
		{name: "K_p0_one", check: checks, p: leapBase(windowBase(one1, 1))},
		{name: "K_p1_two", check: checks, p: leapBase(windowBase(one2, 1))},
		{name: "K_p2_retry", check: checks, p: leapBase(windowBase(retry, 2)).leaps(2, 14)},
		{name: "K_p3_maxlease", check: checks,
			p: two.longestLease(4).leaps(2, 8).later(0, 1).slowed(1, 2)},
		{name: "K_p4_log2", check: checks,
			p: leapBase(windowBase(one2, 1).extreme().logOf(2)).slowed(4)},
		{name: "K_p5_lim2", check: checks, p: leapBase(windowBase(one2, 2).extreme())},
		{name: "K_p6_slow", check: checks,
			p: leapBase(windowBase(one1, 1)).leaps(1, 8).slowed(1, 2, 3, 4, 5, 6)},
		{name: "K_s1_replace", check: checks, p: two.longestLease(4).later(0, 2),
			ablate: func(r *leapRules) { r.MayAnnounce = mayReplaceLeap }},
	}
}

// leapReaches must find their witness.
func leapReaches() []leapConfig {
	p := leapBase(windowBase(one2, 2).until(11))
	reach := func(name, check string, p leapParams) leapConfig {
		return leapConfig{name: name, p: p, check: []string{check}, noView: true}
	}
	return []leapConfig{
		reach("K_reach_byleap", "NeverFullByLeap", p.longestLease(4)),
		reach("K_reach_capped", "NeverCapped", p),
		reach("K_reach_skipped", "NeverSkipped", p.leaps(8)),
		reach("K_reach_slowed", "NeverSlowed", p),
		reach("K_reach_within", "NeverWithin", p.longestLease(2).leaps(2)),
	}
}

// leapAblations each replace one rule, and must fail.
func leapAblations() []leapConfig {
	safe := []string{"Safe"}
	two := windowBase(one2, 1).extreme()
	p := leapBase(two)
	return []leapConfig{
		{name: "K_abl_wall_ahead", p: leapBase(two.jumpOf(4)), check: safe,
			ablate: func(r *leapRules) { r.ResumeOff = resumeAhead }},
		{name: "K_abl_wall_behind", p: leapBase(two.jumpOf(2)), check: safe,
			ablate: func(r *leapRules) { r.ResumeOff = resumeBehind }},
		{name: "K_abl_atonce", p: p, check: safe,
			ablate: func(r *leapRules) { r.LeapAts = leapAtOnce }},
		{name: "K_abl_notice", p: p, check: safe,
			ablate: func(r *leapRules) { r.LeapAts = leapOnShortNotice }},
		{name: "K_abl_nocap", p: p, check: safe,
			ablate: func(r *leapRules) { r.TTL = ttlPastLeap }},
		{name: "K_abl_toolong", p: p.longestLease(4), check: safe,
			ablate: func(r *leapRules) { r.TTL = ttlTooLong }},
		{name: "K_abl_dupcap", p: leapBase(windowBase(retry, 2).extreme()),
			check:  []string{"Safe", "NoCarryOver"},
			ablate: func(r *leapRules) { r.DupTTL = ttlPastLeap }},
		{name: "K_abl_back_calendar", p: p, check: []string{"CalMonotone"},
			ablate: func(r *leapRules) { r.MaySlow = slowToAny }},
		{name: "K_abl_back", p: p, check: safe,
			ablate: func(r *leapRules) { r.MaySlow = slowToAny }},
		{name: "K_abl_nearer", p: p, check: safe,
			ablate: func(r *leapRules) {
				r.MayAnnounce, r.LeapAts = mayReplaceLeap, leapNearer
			}},
		// A window so long that a leap comes first.
		{name: "K_abl_margin", p: leapBase(two.window(18, 8)).longestLease(6).leaps(14),
			check:  safe,
			window: func(r *windowRules) { r.Life = lifeInFull }},
	}
}
