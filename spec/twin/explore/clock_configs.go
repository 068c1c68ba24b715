package explore

// clockConfig is one configuration of ClusterClock. All of them count classes of states that
// differ by a renaming of servers, as the .cfg files do.
type clockConfig struct {
	name      string
	p         clockParams
	check     []string          // the invariants
	ablate    func(*clockRules) // nil: the rules as they are
	noPause   bool              // see the function noPause
	onlyGrows bool              // also check OnlyGrows
}

// model returns the transition system of c.
func (c clockConfig) model() Model[clockState] {
	r := theClockRules()
	if c.ablate != nil {
		c.ablate(&r)
	}
	m := &clockModel{p: c.p, r: r}
	model := Model[clockState]{
		Init:       func(emit func(clockState)) { emit(clockState{}) },
		Next:       m.next,
		Invariants: m.invariants(c.check...),
		Canonical:  canonicalClock,
		Hash:       hashClock,
		Name:       nameClock,
		Show:       showClock,
	}
	if c.noPause {
		model.StepConstraint = noPause
	}
	if c.onlyGrows {
		model.StepInvariants = []StepInvariant[clockState]{{"OnlyGrows", onlyGrows}}
	}
	return model
}

// clockConfigs returns the configurations of ClusterClock.
func clockConfigs() []Config {
	var list []Config
	for _, group := range [][]clockConfig{clockProofs(), clockReaches(), clockAblations()} {
		for _, c := range group {
			list = append(list, Config{c.name, func(o Options) Result {
				return Explore(c.model(), o)
			}})
		}
	}
	return list
}

// The bounds that configurations share. No exploration of this module is for all of time.
var (
	clockEpochs = clockParams{Rate: []int{3}, MaxNow: 1, MaxTerm: 3, MaxLen: 5}
	clockDrift  = clockParams{Rate: []int{1, 3}, MaxNow: 2, MaxTerm: 2, MaxLen: 4}
	clockTerms  = clockParams{Rate: []int{1, 3}, MaxNow: 1, MaxTerm: 3, MaxLen: 4}

	clockChecks = []string{"Monotone", "NeverFast", "Complete"}
)

// clockProofs must pass.
func clockProofs() []clockConfig {
	receive := func(r *clockRules) { r.OnReady = readyKeepRunning }
	return []clockConfig{
		{name: "C_p1_epoch", p: clockEpochs, check: clockChecks},
		{name: "C_p2_drift", p: clockDrift, check: clockChecks, noPause: true, onlyGrows: true},
		{name: "C_p2_pause", p: clockDrift, check: clockChecks, onlyGrows: true},
		{name: "C_p3_terms", p: clockTerms, check: clockChecks},
		{name: "C_v1_receive", p: clockDrift, check: clockChecks, noPause: true,
			ablate: receive},
		{name: "C_v2_receive_atonce", p: clockDrift, check: clockChecks, noPause: true,
			ablate: func(r *clockRules) { receive(r); r.OnElect = electedAtOnce }},
	}
}

// clockReaches must find their witness.
func clockReaches() []clockConfig {
	return []clockConfig{
		{name: "C_reach_drop", p: clockEpochs, check: []string{"NoDrop"}},
		{name: "C_reach_inherit", p: clockDrift, check: []string{"NoInherit"}},
	}
}

// clockAblations each replace one rule, and must fail.
func clockAblations() []clockConfig {
	anyEpoch := func(r *clockRules) { r.Valid = validInAnyEpoch }
	jump := clockDrift
	jump.Jump = 1
	return []clockConfig{
		{name: "C_abl_anyepoch", p: clockEpochs, check: clockChecks, ablate: anyEpoch},
		{name: "C_abl_anyepoch_fast", p: clockEpochs, check: []string{"NeverFast"},
			ablate: anyEpoch},
		{name: "C_abl_neverback", p: clockDrift, check: clockChecks, noPause: true,
			ablate: func(r *clockRules) {
				r.OnReady, r.OnCopy = readyKeepRunning, copyNeverBack
			}},
		{name: "C_abl_wall", p: jump, check: clockChecks,
			ablate: func(r *clockRules) { r.OnReady = readyAtWall }},
	}
}
