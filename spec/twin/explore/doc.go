// Package explore visits every state that the lease protocol can reach, for small parameters,
// and checks each of them. It is written from the TLA+ modules and not from the product: what is
// explored here is the design, and the rest of spec/twin holds the running code against the
// same rules. The modules, by the letter of their configurations:
//
//	W  WindowLease   a budget per window: retries, log, failover, returns, crashes in full
//	C  ClusterClock  where the cluster clock comes from: elections, deposed leaders, pauses
//	S  SlidingLease  a budget in any interval
//	B  BucketLease   a token bucket
//	L  SlotLease     a number of concurrent holders
//	K  CalendarLeap  WindowLease by the calendar: slow-downs and announced leaps
//
// No TLA+ is needed to read it. A state is a small struct. Next lists the states that one step
// may lead to, and Explore visits them breadth first, so that the first violation it meets is
// a shortest one; it is returned as a Trace, step by step. A rule of the protocol (R1..R10) is
// one function in a struct; an ablation is the same struct with one function replaced, and must
// lead to a violation, or the rule would not be needed.
//
// A second author is only worth something if the two agree, so states are counted exactly as
// TLC, the TLA+ model checker, counts them, and Recorded has its figures:
//
//   - generated: initial states, and every successor as often as it is produced. Where a rule
//     says "there is an x" each x produces a successor, though they be equal; so does each
//     true part of an "or", even in a guard.
//   - distinct: generated states that were new and within bounds. A state out of bounds
//     (Constraint, StepConstraint) is counted as generated and checked, but not visited.
//   - two states with the same Fold are the same: this is TLC's VIEW. The state that was met
//     first is the one that is visited.
//   - with Canonical, states that differ by a renaming are the same: TLC's SYMMETRY. TLC picks
//     the representative before it applies the VIEW, so two states that are one only by both
//     may stay two, depending on its order of states. Where that matters the order here is
//     TLC's, and says so.
//
// The names of configurations, actions and invariants are those of the .cfg files and modules.
package explore
