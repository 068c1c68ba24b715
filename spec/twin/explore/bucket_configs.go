package explore

import "fmt"

// fold makes cluster time relative to T. What expired before T is alike.
func (m *bucketModel) fold(s bucketState) bucketState {
	for r := range s.Tab {
		if e := &s.Tab[r]; e.Exp != -1 {
			e.Exp = max(0, e.Exp-s.T)
		}
	}
	s.C, s.T = s.C-s.T, 0
	return s
}

// sorted makes states that differ by a renaming of requests one. The order is TLC's: by
// expiry, return and amount, then by the client. It matters since the VIEW comes after it.
func (m *bucketModel) sorted(s bucketState) bucketState {
	sortRequests(m.p.Req,
		func(r int) (uint64, uint64) { return s.word(r), s.Cli[r].word() },
		func(i, j int) {
			s.Tab[i], s.Tab[j] = s.Tab[j], s.Tab[i]
			s.Ret[i], s.Ret[j] = s.Ret[j], s.Ret[i]
			s.Cli[i], s.Cli[j] = s.Cli[j], s.Cli[i]
		})
	return s
}

func (s *bucketState) word(r int) uint64 {
	e := s.Tab[r]
	return uint64(uint16(e.Exp+1))<<32 | uint64(bit(s.Ret[r]))<<16 | uint64(uint16(e.Amt))
}

func hashBucket(s bucketState) uint64 {
	h := mix(uint64(uint16(s.C))<<16|uint64(uint16(s.T)),
		uint64(uint16(s.Tok))<<16|uint64(uint16(s.Z)))
	for r := range s.Tab {
		h = mix(mix(h, s.word(r)), s.Cli[r].word())
	}
	return h
}

// show returns s in words.
func (m *bucketModel) show(s bucketState) []Field {
	fields := []Field{{"C", fmt.Sprint(s.C)}, {"T", fmt.Sprint(s.T)},
		{"tok", fmt.Sprint(s.Tok)}, {"z", fmt.Sprint(s.Z)}}
	for r := range m.p.Req {
		tab := "none"
		if e := s.Tab[r]; e != noHold || s.Ret[r] {
			tab = fmt.Sprintf("{exp %d amt %d ret %t}", e.Exp, e.Amt, s.Ret[r])
		}
		fields = append(fields,
			Field{fmt.Sprintf("tab[r%d]", r+1), tab},
			Field{fmt.Sprintf("cli[r%d]", r+1), s.Cli[r].text()})
	}
	return fields
}

// bucketConfig is one configuration of BucketLease.
type bucketConfig struct {
	name   string
	p      bucketParams
	check  []string
	ablate func(*bucketRules) // nil: the rules as they are
}

// model returns the transition system of c.
func (c bucketConfig) model() Model[bucketState] {
	rules := theBucketRules()
	if c.ablate != nil {
		c.ablate(&rules)
	}
	m := &bucketModel{p: c.p, r: rules}
	all := map[string]func(bucketState) bool{
		// Every real interval of x ticks, whichever its ends, saw at most
		// (B + R*phi*x)/Q admissions.
		"AnyInterval": func(s bucketState) bool { return int(s.Z) <= c.p.B },
		"Whole": func(s bucketState) bool {
			return s.Tok >= 0 && int(s.Tok)+m.out(&s, int(s.T)) <= c.p.B
		},
		// No invariant: it must be reachable.
		"NeverFull": func(s bucketState) bool { return int(s.Z) < c.p.B },
	}
	model := Model[bucketState]{
		Init:       func(emit func(bucketState)) { emit(m.init0()) },
		Next:       m.next,
		Constraint: func(s bucketState) bool { return int(s.C) <= int(s.T)+c.p.MaxAhead },
		Fold:       m.fold,
		Canonical:  m.sorted,
		Hash:       hashBucket,
		Name:       nameBucket,
		Show:       m.show,
	}
	for _, name := range c.check {
		model.Invariants = append(model.Invariants, Invariant[bucketState]{name, all[name]})
	}
	return model
}

// bucketConfigs returns the configurations of BucketLease.
func bucketConfigs() []Config {
	// With drift, a token is two parts, and R half a token; without, whole ones.
	drift := func(tau int) bucketParams {
		return bucketParams{Req: 2, B: 6, R: 1, Q: 2, Tau: tau,
			LRate: []int{2, 4}, CRate: []int{2, 4}, MaxAhead: 8}
	}
	plain := func(req, b, tau int) bucketParams {
		return bucketParams{Req: req, B: b, R: 1, Q: 1, Tau: tau,
			LRate: []int{1}, CRate: []int{1}, MaxAhead: 4}
	}
	static := func(r *bucketRules) {
		r.Cap, r.Refill, r.PutBack = capStatic, refillAtOnce, putBackStatic
	}
	staticNoReturn := func(r *bucketRules) { static(r); r.MayReturn = mayReturnNever }
	checks, interval := []string{"AnyInterval", "Whole"}, []string{"AnyInterval"}

	var list []Config
	for _, c := range []bucketConfig{
		{name: "B_p1_drift", p: drift(4), check: checks},
		{name: "B_p2_nodrift", p: plain(2, 3, 2), check: checks},
		{name: "B_p3_three", p: plain(3, 2, 3), check: checks},
		{name: "B_p4_tau6", p: drift(6), check: checks},
		{name: "B_s1_droplast", p: drift(4), check: checks,
			ablate: func(r *bucketRules) { r.Refill = refillDropLast }},
		{name: "B_s2_static_noreturn", p: drift(4), check: interval, ablate: staticNoReturn},
		{name: "B_s2n_static_noreturn", p: plain(3, 4, 2), check: interval,
			ablate: staticNoReturn},
		{name: "B_reach", p: drift(4), check: []string{"NeverFull"}},
		{name: "B_abl_plain", p: plain(2, 3, 2), check: interval,
			ablate: func(r *bucketRules) {
				r.Cap, r.Refill, r.MayReturn = capPlain, refillAtOnce, mayReturnNever
			}},
		{name: "B_abl_static_return", p: plain(3, 4, 2), check: interval, ablate: static},
		{name: "B_abl_dropfirst", p: plain(2, 3, 2), check: interval,
			ablate: func(r *bucketRules) { r.Refill = refillAtOnce }},
		{name: "B_abl_latereturn", p: plain(2, 3, 2), check: interval,
			ablate: func(r *bucketRules) { r.MayReturn = mayReturnExpired }},
		{name: "B_abl_margin", p: drift(6), check: interval,
			ablate: func(r *bucketRules) {
				r.Life = func(_ *bucketModel, ttl int) int { return ttl }
			}},
	} {
		list = append(list, Config{c.name, func(o Options) Result {
			return Explore(c.model(), o)
		}})
	}
	return list
}
