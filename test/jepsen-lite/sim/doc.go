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
// expire; clusters that take the place of others; and a stranger who keeps no rule of the protocol.
//
// Most schedules are lean: a few holders want little, over many windows, with some of the faults.
// They are quick, and what many faults drown shows in few. One in a thousand is large and has them
// all; few of these are crowds, of 200 limiters on tiny windows or of a thousand keys. Small ones,
// of a few windows, are what mutants are judged by. Demand is steady or comes in waves; budgets are
// one hot account, or keyed, or of two metrics with large costs, and change under way. A third of
// the schedules have sliding limits or buckets.
//
// Three judges watch: the oracle here, which sees the true committed state at every admission, and
// adds up any interval of true time that a sliding limit or a bucket bounds; fsm.Check, after each
// entry; and the trace checker, which sees only what was recorded. The oracle costs next to nothing
// and is always there; the others see every so many-th schedule. Nobody who looks changes what
// happens. So one state stands for all replicas where nobody records what each of them applied:
// those that do not lead decide nothing.
//
// Every fault is counted, and a Watcher is told of those that last, so that a report can show what
// struck when. A Stage is the same world without us on it: package rival plays others there.
//
// What fails is made smaller before it is told: fewer holders, fewer windows, one fault after
// another switched off, as long as it fails for the same reason. What is left is printed as a
// command that plays it.
package sim
