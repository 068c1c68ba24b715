// Package sim is the innermost ring of the fault campaigns: the pure fsm.State and the pure
// lease.Holder under a modelled log, network and clocks, all drawn from one seed.
//
// A schedule is replayable to the byte: one goroutine, one queue of events ordered by virtual
// time, one PCG. It has loss, delay, duplication and reordering of messages; clock rates up
// to the drift bound on both sides, suspends and wall-clock jumps; crashes; failovers that
// lose or late-commit what was in flight; proposals that sleep between the reading of the clock
// and the append, through the loss and the regain of leadership; replicas restored from
// snapshots; budgets changed, deleted and created again under way.
//
// Two judges watch: the oracle here, which sees the true committed state at every admission,
// and the trace checker, which sees only what was recorded.
package sim
