package mutants

// lifeMutants break how a holder counts a lease's life (R6, R7).
var lifeMutants = []Mutant{
	{
		Name: "no-margin", Rule: "R6", By: Pure, Ablation: "W_abl_iv_nomargin",
		Means: "a holder uses a lease's whole ttl",
		Edits: []Edit{{leaseLease, "uint64(1_000_000+driftPPM))", "uint64(1_000_000-driftPPM))"}},
	},
	{
		Name: "half-margin", Rule: "R6", By: Pure, Ablation: "W_abl_iv_nomargin",
		Means: "the margin allows for a slow holder, and not for a fast leader",
		Edits: []Edit{{leaseLease, "uint64(1_000_000+driftPPM))", "uint64(1_000_000))"}},
	},
	{
		Name: "rounds-up", Rule: "R6", By: Pure,
		Means: "a life is rounded up",
		Edits: []Edit{{leaseLease, "	return time.Duration(q)\n", "	return time.Duration(q + 1)\n"}},
	},
	{
		Name: "smaller-drift", Rule: "R6", By: Pure, Ablation: "W_abl_iv_nomargin",
		Means: "of the holder's and the cluster's bound on drift the smaller counts",
		Edits: []Edit{{leaseTake, "max(h.driftPPM, answer.DriftPPM)",
			"min(h.driftPPM, answer.DriftPPM)"}},
	},
	{
		Name: "monotonic-only", Rule: "R6", By: Pure,
		Means: "a suspend, which stops the monotonic clock, is not noticed",
		Edits: []Edit{{leaseLease,
			"return r.Mono < end.Mono && r.Wall < end.Wall", "return r.Mono < end.Mono"}},
	},
	{
		Name: "wall-only", Rule: "R6", By: Pure, Ablation: "W_abl_i_absolute",
		Means: "a life is counted on the wall clock alone",
		Edits: []Edit{{leaseLease,
			"return r.Mono < end.Mono && r.Wall < end.Wall", "return r.Wall < end.Wall"}},
	},
	{
		Name: "shorter-of-both", Rule: "R6", By: Pure,
		Means: "a lease is over when both clocks say so, not when either does",
		Edits: []Edit{{leaseLease,
			"return r.Mono < end.Mono && r.Wall < end.Wall",
			"return r.Mono < end.Mono || r.Wall < end.Wall"}},
	},
	{
		Name: "good-at-its-end", Rule: "R6", By: Pure,
		Means: "a lease is good at the very instant at which its life ends",
		Edits: []Edit{{leaseLease,
			"return r.Mono < end.Mono && r.Wall < end.Wall",
			"return r.Mono <= end.Mono && r.Wall <= end.Wall"}},
	},
	{
		Name: "timed-from-receipt", Rule: "R7", By: Pure, Ablation: "W_abl_ii_receipt",
		Means: "a life counts from the answer's arrival",
		Edits: []Edit{{leaseTake, "until: a.start.plus(life),", "until: now.plus(life),"}},
	},
	{
		Name: "timed-from-last-send", Rule: "R7", By: Pure, Ablation: "W_abl_vi_lastsend",
		Means: "an answer to an earlier attempt is timed from the latest one",
		Edits: []Edit{{leaseTake, "until: a.start.plus(life),",
			"until: h.request.attempts[h.request.sent%MaxAttempts].start.plus(life),"}},
	},
	{
		Name: "attempt-by-its-place", Rule: "R7", By: Pure, Ablation: "W_abl_vi_lastsend",
		Means: "an answer to a forgotten attempt is timed from the one that took its place",
		Edits: []Edit{{leaseSend, "	if a.id != id {", "	if a.id < id {"}},
	},
}
