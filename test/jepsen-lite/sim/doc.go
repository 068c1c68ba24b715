// Package sim is the innermost ring of the fault campaigns: the pure fsm.State and the pure
// lease.Holder under a modelled log, network and clocks, all drawn from one seed.
//
// A schedule is replayable to the byte: one goroutine, one queue of events ordered by virtual
// time, one PCG. It has loss, delay, duplication and reordering of messages; clock rates up
// to the drift bound on both sides, suspends and wall-clock jumps; offers at the very instant at
// which a lease ends, or with a reading that was taken earlier; crashes, and holders that close;
// failovers that lose or late-commit what was in flight; proposals that sleep between the reading
// of the clock and the append, through the loss and the regain of leadership; replicas restored
// from snapshots; budgets changed, reshaped, deleted and created again under way; sessions that
// expire; and a stranger who keeps no rule of the protocol.
//
// Most schedules are small, with some of the faults only: they are quick, and what many faults
// drown shows in few. One in eight is large and has them all.
//
// Three judges watch: the oracle here, which sees the true committed state at every admission,
// the trace checker, which sees only what was recorded, and fsm.Check, after each entry.
package sim
