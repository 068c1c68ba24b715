package explore

import "fmt"

// fold makes cluster time relative to the slot of T. Slots past the horizon are alike.
func (m *slidingModel) fold(s slidingState) slidingState {
	slot := int8(m.slot(int(s.T)))
	base := int16(slot) * int16(m.p.S)
	s.C -= base
	s.T -= base
	for r := range s.Tab {
		switch e := &s.Tab[r]; {
		case e.Slot == -1:
		case e.Slot < slot-int8(m.p.N):
			e.Slot = -2
		default:
			e.Slot -= slot - int8(m.p.N)
		}
	}
	return s
}

// sorted makes states that differ by a renaming of requests one.
func (m *slidingModel) sorted(s slidingState) slidingState {
	sortRequests(m.p.Req,
		func(r int) (uint64, uint64) { return s.Tab[r].word(), s.Cli[r].word() },
		func(i, j int) {
			s.Tab[i], s.Tab[j] = s.Tab[j], s.Tab[i]
			s.Cli[i], s.Cli[j] = s.Cli[j], s.Cli[i]
		})
	return s
}

func hashSliding(s slidingState) uint64 {
	h := mix(uint64(uint16(s.C))<<16|uint64(uint16(s.T)), pack(s.Hist[:]...))
	for r := range s.Tab {
		h = mix(mix(h, s.Tab[r].word()), s.Cli[r].word())
	}
	return h
}

// show returns s in words.
func (m *slidingModel) show(s slidingState) []Field {
	fields := []Field{{"C", fmt.Sprint(s.C)}, {"T", fmt.Sprint(s.T)},
		{"hist", fmt.Sprint(s.Hist[:m.p.M])}}
	for r := range m.p.Req {
		tab := "none"
		if e := s.Tab[r]; e != noCharge {
			tab = fmt.Sprintf("{slot %d amt %d ret %t}", e.Slot, e.Amt, e.Ret)
		}
		fields = append(fields,
			Field{fmt.Sprintf("tab[r%d]", r+1), tab},
			Field{fmt.Sprintf("cli[r%d]", r+1), s.Cli[r].text()})
	}
	return fields
}

func (s *slidingState) watched() int {
	sum := 0
	for _, n := range s.Hist {
		sum += int(n)
	}
	return sum
}

// slidingConfig is one configuration of SlidingLease.
type slidingConfig struct {
	name   string
	p      slidingParams
	check  []string
	ablate func(*slidingRules) // nil: the rules as they are
}

// model returns the transition system of c.
func (c slidingConfig) model() Model[slidingState] {
	rules := theSlidingRules()
	if c.ablate != nil {
		c.ablate(&rules)
	}
	m := &slidingModel{p: c.p, r: rules}
	all := map[string]func(slidingState) bool{
		// Any M consecutive real instants lie in an interval of real time in which the
		// cluster clock cannot advance by N*S.
		"AnyInterval": func(s slidingState) bool { return s.watched() <= c.p.Limit },
		"InBudget":    func(s slidingState) bool { return m.charged(&s, int(s.T)) <= c.p.Limit },
		// No invariant: it must be reachable.
		"NeverFull": func(s slidingState) bool { return s.watched() < c.p.Limit },
	}
	model := Model[slidingState]{
		Init: func(emit func(slidingState)) {
			emit(slidingState{Tab: [maxRequests]charge{noCharge, noCharge, noCharge}})
		},
		Next:       m.next,
		Constraint: func(s slidingState) bool { return int(s.C) <= int(s.T)+c.p.MaxAhead },
		Fold:       m.fold,
		Canonical:  m.sorted,
		Hash:       hashSliding,
		Name:       nameSliding,
		Show:       m.show,
	}
	for _, name := range c.check {
		model.Invariants = append(model.Invariants, Invariant[slidingState]{name, all[name]})
	}
	return model
}

// slidingConfigs returns the configurations of SlidingLease.
func slidingConfigs() []Config {
	drift, none := []int{2, 4}, []int{1}
	p := func(req, limit, s, n, x int, rate []int, m, ahead int) slidingParams {
		return slidingParams{Req: req, Limit: limit, S: s, N: n, X: x, LRate: rate, CRate: rate,
			M: m, MaxAhead: ahead}
	}
	checks, interval := []string{"AnyInterval", "InBudget"}, []string{"AnyInterval"}
	// The margin for drift left out.
	noMargin := func(r *slidingRules) {
		r.Life = func(_ *slidingModel, ttl int) int { return ttl }
	}
	var list []Config
	for _, c := range []slidingConfig{
		{name: "S_p1", p: p(2, 2, 4, 3, 0, drift, 3, 12), check: checks},
		{name: "S_p2_nodrift", p: p(2, 2, 1, 3, 0, none, 3, 4), check: checks},
		{name: "S_p3_nodrift_x1", p: p(2, 2, 2, 2, 1, none, 4, 5), check: checks},
		{name: "S_p4_x1", p: p(2, 2, 4, 2, 1, drift, 2, 12), check: checks},
		{name: "S_p5_fixed", p: p(2, 2, 6, 0, 0, drift, 1, 12), check: checks},
		{name: "S_reach", p: p(2, 2, 6, 2, 0, drift, 3, 20), check: []string{"NeverFull"}},
		// N slots summed, the current one among them.
		{name: "S_abl_horizon", p: p(3, 2, 2, 2, 0, none, 4, 8), check: interval,
			ablate: func(r *slidingRules) {
				r.Horizon = func(p *slidingParams) int { return p.N - 1 }
			}},
		// Charged where it is made, not where it expires.
		{name: "S_abl_early", p: p(3, 2, 2, 2, 1, none, 4, 8), check: interval,
			ablate: func(r *slidingRules) { r.ChargeSlot = (*slidingModel).slot }},
		{name: "S_abl_margin_x1", p: p(2, 1, 4, 2, 1, drift, 2, 12), check: interval,
			ablate: noMargin},
		{name: "S_abl_margin_fixed", p: p(2, 1, 6, 0, 0, drift, 1, 12), check: interval,
			ablate: noMargin},
		// A Return taken as often as it arrives.
		{name: "S_abl_twice", p: p(3, 2, 2, 2, 0, none, 4, 8), check: interval,
			ablate: func(r *slidingRules) { r.MayReturn = (*slidingModel).counts }},
	} {
		list = append(list, Config{c.name, func(o Options) Result {
			return Explore(c.model(), o)
		}})
	}
	return list
}
