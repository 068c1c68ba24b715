package explore

// believers counts the holders that believe they hold a slot.
func (m *slotModel) believers(s *slotState) int {
	n := 0
	for _, c := range s.Cli {
		if c.Left > 0 {
			n++
		}
	}
	return n
}

// atMostL: at every instant at most L holders believe that they hold a slot.
func (m *slotModel) atMostL(s slotState) bool { return m.believers(&s) <= m.p.L }

// covered is why: a holder's clock runs out before the coordinator may free its slot.
func (m *slotModel) covered(s slotState) bool {
	for h, c := range s.Cli {
		if c.Left > 0 && int(c.Left)*m.p.lMax() > int(s.Tab[h]-s.C)*m.p.cMin() {
			return false
		}
	}
	return true
}

// granted: the coordinator's table has at most L holders.
func (m *slotModel) granted(s slotState) bool {
	n := 0
	for _, until := range s.Tab {
		if until > s.T {
			n++
		}
	}
	return n <= m.p.L
}

// neverFull is no invariant: L holders at once must be reachable.
func (m *slotModel) neverFull(s slotState) bool { return m.believers(&s) < m.p.L }

// slotConfig is one configuration of SlotLease.
type slotConfig struct {
	name   string
	p      slotParams
	check  []string
	ablate func(*slotRules) // nil: the rules as they are
}

// model returns the transition system of c.
func (c slotConfig) model() Model[slotState] {
	r := theSlotRules()
	if c.ablate != nil {
		c.ablate(&r)
	}
	m := &slotModel{p: c.p, r: r}
	all := map[string]func(slotState) bool{
		"AtMostL": m.atMostL, "Covered": m.covered, "Granted": m.granted,
		"NeverFull": m.neverFull,
	}
	model := Model[slotState]{
		Init:       func(emit func(slotState)) { emit(slotState{}) },
		Next:       m.next,
		Constraint: func(s slotState) bool { return int(s.C) <= int(s.T)+c.p.MaxAhead },
		Fold:       foldSlot,
		Hash:       hashSlot,
		Name:       nameSlot,
		Show:       m.show,
	}
	for _, name := range c.check {
		model.Invariants = append(model.Invariants, Invariant[slotState]{name, all[name]})
	}
	return model
}

// slotConfigs returns the configurations of SlotLease.
func slotConfigs() []Config {
	base := slotParams{Holders: 2, Owner: []int{0, 0, 1}, L: 1, TTL: 6,
		LRate: []int{2, 4}, CRate: []int{2, 4}, MaxAhead: 8}
	four, three, jump := base, base, base
	four.Owner = []int{0, 0, 1, 1}
	three.Holders, three.Owner, three.L = 3, []int{0, 1, 2}, 2
	jump.Jump = 4
	checks, atMostL := []string{"AtMostL", "Covered", "Granted"}, []string{"AtMostL"}

	var list []Config
	for _, c := range []slotConfig{
		{name: "L_p1_two", p: base, check: checks},
		{name: "L_p2_four", p: four, check: checks},
		{name: "L_p3_three", p: three, check: checks},
		{name: "L_reach", p: three, check: []string{"NeverFull"}},
		{name: "L_abl_margin", p: base, check: atMostL,
			ablate: func(r *slotRules) { r.Life = slotLifeInFull }},
		{name: "L_abl_receipt", p: base, check: atMostL,
			ablate: func(r *slotRules) { r.LeftOnAnswer = slotLeftSinceReceipt }},
		{name: "L_abl_lastsend", p: base, check: atMostL,
			ablate: func(r *slotRules) { r.LeftOnAnswer = slotLeftSinceLastSend }},
		{name: "L_abl_wall", p: jump, check: atMostL,
			ablate: func(r *slotRules) { r.Resume = slotResumeAtWall }},
		{name: "L_abl_sameid", p: base, check: atMostL,
			ablate: func(r *slotRules) { r.FreshID = slotSameID }},
	} {
		list = append(list, Config{c.name, func(o Options) Result {
			return Explore(c.model(), o)
		}})
	}
	return list
}
