// Package kinds records runs of limits that are no window limits, and has the trace checker judge
// them (spec/twin), which shares no arithmetic with the product.
//
// The schedules are the simulation's (test/jepsen-lite/sim), with the real fsm.State, the real
// lease.Holder and all faults, and limits that slide or are buckets, or budgets of several levels.
// The logs are random commands to a State alone, which come closer to its corners: many limits,
// many keys, many changes.
package kinds
