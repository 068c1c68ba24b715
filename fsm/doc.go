// Package fsm is the replicated state machine: every account, session and lease of a cluster,
// and the cluster clock, as one deterministic State.
//
// A State changes only by Apply, one raft log entry at a time, and depends on nothing else: no
// clock, no randomness, no map order, no float. Replicas that applied the same entries hold the
// same bytes, give the same answers, write the same trace and have the same Hash.
//
// What an entry does, in this order:
//
//  1. An entry that opens an epoch sets it to its raft term, and that is all (R2, R3). An entry
//     of another epoch than the open one does nothing; its commands are answered CodeStaleEpoch.
//  2. Time: T becomes the later of T and the entry's stamp (R4).
//  3. Every limit whose window ended rolls, in the order of their ends, then of their serial
//     numbers. Its accounts become those of the last window, and it starts without any.
//  4. Sessions that were idle for SessionTTL end, at most MaxCommands of them: others are unknown
//     all the same, and end with later entries. Graves whose instant has come go, and overrides
//     of limits whose time is over.
//  5. The commands take effect, one after the other.
//
// The TLA+ module WindowLease has this as one action, Commit; docs/proof.md maps the rules.
//
// # Serial numbers
//
// Sessions, leases, lives of limits and revisions of budgets are each counted up from 1 and
// never reused, so that nothing old can be taken for anything new (fencing).
//
// # What a limit's removal leaves
//
// Leases that were granted from a limit outlive it: at most until its window ends, the instant
// its grave remembers. A limit of the same budget name and metric that is created before that
// starts empty, and grants nothing until its first window that begins at or after that instant;
// so no window of it overlaps with a lease of the life before. A changed amount is no removal:
// the accounts stay, and grants are made under the new amount from that command on.
//
// # The last decision of a session
//
// A session's requests are serial, so one decision is enough to answer every retry (R8): the
// last that was CodeDone, CodeDenied, CodeTooLarge or CodeChanged, exactly as it was, but for
// its durations, which are told as what is left of them (R5). That holds whatever became of the
// budget since. No other code is remembered: those requests had no effect that a second run
// could double, since a lease is returned once, and are decided anew.
package fsm
