package explore

import "slices"

// Count is what TLC found for one configuration.
type Count struct {
	Config string
	// Violates is the invariant that must be violated; empty where the configuration passes.
	Violates string
	// Generated and Distinct are TLC's counts of an exhausted state space, to be equalled. Of
	// a violation they are how far TLC's two workers happened to get, and only tell the
	// size. They are 0 where TLC has no figure.
	Generated, Distinct int
	// Symmetry is whether TLC counted classes of states that differ by a renaming.
	Symmetry bool
	// Varies is whether the twin's counts are only near TLC's, within 0.1 %. With both SYMMETRY
	// and VIEW, TLC picks a representative before it applies the VIEW: the least in its order
	// of values, which goes by when it met the names of variables, fields and strings. A
	// release or a text of the module that it meets them otherwise in has another count. The
	// number of workers made no difference.
	Varies bool
}

// Comparable is whether an exploration must generate just these numbers.
func (c Count) Comparable() bool {
	return c.Violates == "" && c.Generated > 0 && !c.Varies
}

// Recorded returns TLC's counts, of every configuration.
func Recorded() []Count { return slices.Clone(recorded) }

var recorded = []Count{
	// The protocol, WindowLease.
	{Config: "W_p1_two", Generated: 6_887_832, Distinct: 833_750},
	{Config: "W_p2_retry", Generated: 5_418_997, Distinct: 457_192},
	{Config: "W_p2n_retry_nosym", Generated: 618_628, Distinct: 67_248},
	{Config: "W_p3_mix3", Generated: 8_870_354, Distinct: 886_824},
	{Config: "W_p4_log2", Generated: 6_977_657, Distinct: 818_094},
	{Config: "W_p7_lim3", Generated: 28_149_627, Distinct: 3_262_478},
	{Config: "W_p5_three", Generated: 38_016_344, Distinct: 4_667_926,
		Symmetry: true, Varies: true},
	{Config: "W_twin_a", Generated: 18_976, Distinct: 3_174},
	{Config: "W_twin_b", Generated: 164_513, Distinct: 27_665},
	{Config: "W_twin_c", Generated: 7_715_216, Distinct: 949_540},
	{Config: "W_s1_nobarrier", Generated: 29_522_729, Distinct: 3_434_590},
	{Config: "W_s2_firstsend", Generated: 8_870_354, Distinct: 886_824},
	{Config: "W_s3_firstsend_rearm", Generated: 8_502_440, Distinct: 816_887},
	{Config: "W_p6_w9"}, // TLC has no figure
	// Rule (x) alone: safe, since the barrier makes up for it. README.md, section 1.
	{Config: "W_abl_x", Generated: 2_098_310, Distinct: 293_767},

	// Witnesses: what must be reachable.
	{Config: "W_reach_NeverFull", Violates: "NeverFull", Generated: 9_522, Distinct: 2_506},
	{Config: "W_reach_NeverFull2", Violates: "NeverFull2", Generated: 16_721, Distinct: 4_271},
	{Config: "W_reach_NeverExpired", Violates: "NeverExpired", Generated: 1_600, Distinct: 557},

	// Ablations: each must fail.
	{Config: "W_abl_i_absolute", Violates: "Safe", Generated: 244_401, Distinct: 39_164},
	{Config: "W_abl_ii_receipt", Violates: "Safe", Generated: 201_782, Distinct: 33_940},
	{Config: "W_abl_iii_wall", Violates: "Safe", Generated: 230_545, Distinct: 37_243},
	{Config: "W_abl_iv_nomargin", Violates: "Safe", Generated: 234_520, Distinct: 35_794},
	{Config: "W_abl_v_twice", Violates: "Safe", Generated: 4_144_882, Distinct: 632_256},
	{Config: "W_abl_v_late", Violates: "Safe", Generated: 3_051_333, Distinct: 463_015},
	{Config: "W_abl_vi_rearm", Violates: "Safe", Generated: 3_479_516, Distinct: 423_792},
	{Config: "W_abl_vi_lastsend", Violates: "Safe", Generated: 1_363_247, Distinct: 184_792},
	{Config: "W_abl_vii_stale", Violates: "Safe", Generated: 203_507, Distinct: 31_462},
	{Config: "W_abl_viii_nodedupe", Violates: "Books", Generated: 848, Distinct: 405},
	{Config: "W_abl_ixx_both", Violates: "Safe", Generated: 1_097_472, Distinct: 210_956},
	{Config: "W_abl_xi_back", Violates: "Safe", Generated: 850_671, Distinct: 169_321},
	{Config: "W_abl_xii_noclock", Violates: "Safe", Generated: 147_893, Distinct: 24_393},
	{Config: "W_abl_xiii_closes", Violates: "Safe", Generated: 28_898, Distinct: 7_869},
	{Config: "W_abl_xiv_forgetfirst", Violates: "NoCarryOver",
		Generated: 1_281_795, Distinct: 173_111},

	// The clock, ClusterClock. TLC did not exhaust C_p2_pause.
	{Config: "C_p1_epoch", Generated: 7_667_975, Distinct: 1_513_492, Symmetry: true},
	{Config: "C_p2_drift", Generated: 9_365_993, Distinct: 1_589_596, Symmetry: true},
	{Config: "C_p3_terms", Generated: 7_478_429, Distinct: 1_287_498, Symmetry: true},
	{Config: "C_v1_receive", Generated: 8_811_647, Distinct: 1_492_988, Symmetry: true},
	{Config: "C_v2_receive_atonce", Generated: 46_530_600, Distinct: 7_219_948, Symmetry: true},
	{Config: "C_p2_pause", Symmetry: true},

	// Witnesses.
	{Config: "C_reach_inherit", Violates: "NoInherit",
		Generated: 274_480, Distinct: 67_881, Symmetry: true},
	{Config: "C_reach_drop", Violates: "NoDrop",
		Generated: 22_868, Distinct: 6_460, Symmetry: true},

	// Ablations.
	{Config: "C_abl_wall", Violates: "NeverFast",
		Generated: 6_536_924, Distinct: 1_665_587, Symmetry: true},
	{Config: "C_abl_anyepoch", Violates: "Monotone",
		Generated: 713_690, Distinct: 206_887, Symmetry: true},
	{Config: "C_abl_anyepoch_fast", Violates: "NeverFast",
		Generated: 1_642_433, Distinct: 440_739, Symmetry: true},
	{Config: "C_abl_neverback", Violates: "NeverFast",
		Generated: 12_696_629, Distinct: 2_904_053, Symmetry: true},

	// SlotLease.
	{Config: "L_p1_two", Generated: 155_617, Distinct: 8_919},
	{Config: "L_p2_four", Generated: 679_616, Distinct: 33_067},
	{Config: "L_p3_three", Generated: 2_705_138, Distinct: 113_795},
	{Config: "L_reach", Violates: "NeverFull", Generated: 25_055, Distinct: 3_819},
	{Config: "L_abl_margin", Violates: "AtMostL", Generated: 85_837, Distinct: 7_264},
	{Config: "L_abl_receipt", Violates: "AtMostL", Generated: 48_152, Distinct: 4_143},
	{Config: "L_abl_lastsend", Violates: "AtMostL", Generated: 62_295, Distinct: 4_688},
	{Config: "L_abl_wall", Violates: "AtMostL", Generated: 59_091, Distinct: 4_625},
	{Config: "L_abl_sameid", Violates: "AtMostL", Generated: 160_520, Distinct: 12_648},

	// SlidingLease.
	{Config: "S_p1", Generated: 217_045, Distinct: 40_746, Symmetry: true},
	{Config: "S_p2_nodrift", Generated: 61_167, Distinct: 14_566, Symmetry: true},
	{Config: "S_p3_nodrift_x1", Generated: 377_214, Distinct: 89_021, Symmetry: true},
	{Config: "S_p4_x1", Generated: 298_982, Distinct: 50_081, Symmetry: true},
	{Config: "S_p5_fixed", Generated: 136_647, Distinct: 21_241, Symmetry: true},
	{Config: "S_reach", Violates: "NeverFull", Generated: 682, Distinct: 256, Symmetry: true},
	{Config: "S_abl_horizon", Violates: "AnyInterval",
		Generated: 50_747, Distinct: 15_150, Symmetry: true},
	{Config: "S_abl_early", Violates: "AnyInterval",
		Generated: 442_761, Distinct: 119_980, Symmetry: true},
	{Config: "S_abl_margin_x1", Violates: "AnyInterval",
		Generated: 56_732, Distinct: 8_427, Symmetry: true},
	{Config: "S_abl_margin_fixed", Violates: "AnyInterval",
		Generated: 7_137, Distinct: 1_451, Symmetry: true},
	{Config: "S_abl_twice", Violates: "AnyInterval",
		Generated: 59_985, Distinct: 18_088, Symmetry: true},

	// BucketLease.
	{Config: "B_p1_drift", Generated: 522_385, Distinct: 79_739, Symmetry: true},
	{Config: "B_p2_nodrift", Generated: 577_818, Distinct: 104_970, Symmetry: true},
	{Config: "B_p3_three", Generated: 6_245_723, Distinct: 948_958, Symmetry: true},
	{Config: "B_p4_tau6", Generated: 1_014_855, Distinct: 141_923, Symmetry: true},
	{Config: "B_s1_droplast", Generated: 527_414, Distinct: 80_739, Symmetry: true},
	{Config: "B_s2_static_noreturn", Generated: 6_024, Distinct: 906, Symmetry: true},
	{Config: "B_s2n_static_noreturn", Generated: 938_324, Distinct: 137_000, Symmetry: true},
	{Config: "B_reach", Violates: "NeverFull", Generated: 1_832, Distinct: 501, Symmetry: true},
	{Config: "B_abl_plain", Violates: "AnyInterval",
		Generated: 23_714, Distinct: 6_274, Symmetry: true},
	{Config: "B_abl_static_return", Violates: "AnyInterval",
		Generated: 4_714_881, Distinct: 732_291, Symmetry: true},
	{Config: "B_abl_dropfirst", Violates: "AnyInterval",
		Generated: 133_949, Distinct: 32_573, Symmetry: true},
	{Config: "B_abl_latereturn", Violates: "AnyInterval",
		Generated: 729_438, Distinct: 128_897, Symmetry: true},
	{Config: "B_abl_margin", Violates: "AnyInterval",
		Generated: 296_328, Distinct: 51_666, Symmetry: true},

	// CalendarLeap.
	{Config: "K_p0_one", Generated: 141_984, Distinct: 20_600},
	{Config: "K_p1_two", Generated: 5_997_539, Distinct: 724_280},
	{Config: "K_p2_retry", Generated: 8_562_233, Distinct: 868_824},
	{Config: "K_p3_maxlease", Generated: 10_095_111, Distinct: 1_376_022},
	{Config: "K_p4_log2", Generated: 12_468_373, Distinct: 1_639_473},
	{Config: "K_p5_lim2", Generated: 12_130_474, Distinct: 1_705_102},
	{Config: "K_p6_slow", Generated: 710_642, Distinct: 87_744},
	{Config: "K_s1_replace", Generated: 2_215_523, Distinct: 321_426},

	// Witnesses.
	{Config: "K_reach_byleap", Violates: "NeverFullByLeap", Generated: 85_159, Distinct: 23_638},
	{Config: "K_reach_within", Violates: "NeverWithin", Generated: 534_587, Distinct: 109_387},
	{Config: "K_reach_capped", Violates: "NeverCapped", Generated: 17_617, Distinct: 5_475},
	{Config: "K_reach_slowed", Violates: "NeverSlowed", Generated: 64_800, Distinct: 18_885},
	{Config: "K_reach_skipped", Violates: "NeverSkipped", Generated: 7_177, Distinct: 2_430},

	// Ablations.
	{Config: "K_abl_wall_ahead", Violates: "Safe", Generated: 480_611, Distinct: 100_333},
	{Config: "K_abl_wall_behind", Violates: "Safe", Generated: 534_368, Distinct: 116_951},
	{Config: "K_abl_atonce", Violates: "Safe", Generated: 329_547, Distinct: 65_749},
	{Config: "K_abl_notice", Violates: "Safe", Generated: 285_435, Distinct: 57_588},
	{Config: "K_abl_nocap", Violates: "Safe", Generated: 787_756, Distinct: 145_299},
	{Config: "K_abl_toolong", Violates: "Safe", Generated: 291_527, Distinct: 58_354},
	{Config: "K_abl_dupcap", Violates: "NoCarryOver", Generated: 854_509, Distinct: 142_355},
	{Config: "K_abl_back_calendar", Violates: "CalMonotone", Generated: 59, Distinct: 41},
	{Config: "K_abl_back", Violates: "Safe", Generated: 556_678, Distinct: 120_273},
	{Config: "K_abl_nearer", Violates: "Safe", Generated: 823_155, Distinct: 160_826},
	{Config: "K_abl_margin", Violates: "Safe", Generated: 601_871, Distinct: 152_274},
}
