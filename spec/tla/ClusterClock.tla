---------------------------- MODULE ClusterClock ----------------------------
(*****************************************************************************)
(* Where the cluster clock of WindowLease comes from: a Raft log, leaders    *)
(* with drifting monotonic clocks, elections, deposed leaders that do not    *)
(* know it, restarts, and code that is paused between reading the clock      *)
(* and appending the command.  (Notations: see WindowLease.)                 *)
(*                                                                           *)
(* CONTRACT (what the leases need, and all they need).  Let "read" be the    *)
(* instant at which a command's stamp was read from the clock, and           *)
(* "append" the later one at which it entered a leader's log.  Then along    *)
(* the committed log, of commands i before j:                                *)
(*    Monotone   stamp(i) <= stamp(j)                                        *)
(*    NeverFast  stamp(j) - stamp(i) <= LMax * (append(j) - read(i))         *)
(*                                                                           *)
(* Raft is reduced to what matters here: an election takes a quorum's        *)
(* votes in one step; a leader copies its whole log to a follower in one     *)
(* step; terms, the up-to-date check, overwritten suffixes and the           *)
(* commit-only-own-term rule are as in Raft.                                 *)
(*                                                                           *)
(* An epoch is named by the term of the barrier that opens it.               *)
(*****************************************************************************)
EXTENDS Integers, Sequences, FiniteSets

CONSTANTS Server, Rate,            \* units a tick a server's clock may advance
          MaxNow, MaxTerm, MaxLen  \* bounds for TLC

VARIABLES
  now,    \* real time, in ticks (ghost: nobody reads it)
  term,   \* Server -> current term
  log,    \* Server -> sequence of entries
  lead,   \* servers that believe they lead
  ready,  \* those that may stamp
  clock,  \* Server -> its reading of the cluster clock
  hand,   \* Server -> a stamp read and not yet appended, or None
  done    \* ghost: the committed log

vars == <<now, term, log, lead, ready, clock, hand, done>>

Max(a, b) == IF a > b THEN a ELSE b
LMax == CHOOSE r \in Rate : \A q \in Rate : q <= r
Quorum == {Q \in SUBSET Server : 2 * Cardinality(Q) > Cardinality(Server)}

\* term: of the leader that appended it.  epoch: the leadership under which its
\* stamp was read.  A barrier (bar) opens an epoch and has no time of its own.
Zero == [term |-> 0, epoch |-> 0, bar |-> TRUE, stamp |-> 0, read |-> 0, append |-> 0]
None == [epoch |-> 0, stamp |-> 0, read |-> 0]
Last(l) == IF l = <<>> THEN Zero ELSE l[Len(l)]
Prefix(l, m) == Len(l) <= Len(m) /\ SubSeq(m, 1, Len(l)) = l
UpToDate(l, m) == \/ Last(l).term > Last(m).term
                  \/ Last(l).term = Last(m).term /\ Len(l) >= Len(m)

(* The rules; MCClock replaces them one at a time. *)
\* R3  The state machine drops a command whose epoch is not the last one opened.
\*     Why: a stamp can be read under one leadership and appended under another, by code
\*     that slept through the loss and the regain; Raft takes it as a new proposal.
\*     Without it: C_abl_anyepoch (time goes back), C_abl_anyepoch_fast (it leaps ahead).
Valid(l, i) == LET B == {j \in 1..i : l[j].bar}
               IN  B # {} /\ l[i].epoch = l[CHOOSE j \in B : \A k \in B : k <= j].epoch
\* Cluster time according to a log: the last stamp that counts.
TimeOf(l) == LET V == {i \in 1..Len(l) : ~l[i].bar /\ Valid(l, i)}
             IN  IF V = {} THEN 0 ELSE l[CHOOSE i \in V : \A j \in V : j <= i].stamp
\* R2  A new leader's clock when its barrier is committed: what the log says.
\*     Without it: C_abl_wall, a leader that jumps to its wall clock.
OnReady(s) == {TimeOf(log[s])}
\* R3  It stamps only from then on.  (The variant "receive" need not wait: C_v2.)
OnElect(s) == ready \ {s}
\* R2  A follower's clock when it takes a new log (used by the variant "receive").
\*     Without it: C_abl_neverback, a follower whose log is overwritten and whose clock
\*     is not set back.
OnCopy(l, f) == TimeOf(log[l])

Init ==
  /\ now = 0 /\ lead = {} /\ ready = {} /\ done = <<>>
  /\ term = [s \in Server |-> 0]
  /\ log = [s \in Server |-> <<>>]
  /\ clock = [s \in Server |-> 0]
  /\ hand = [s \in Server |-> None]

Tick ==
  /\ now < MaxNow
  /\ now' = now + 1
  /\ \E f \in [Server -> Rate] : clock' = [s \in Server |-> clock[s] + f[s]]
  /\ UNCHANGED <<term, log, lead, ready, hand, done>>

Elect(s) ==            \* and append the barrier
  /\ Len(log[s]) < MaxLen
  /\ \E Q \in Quorum, t \in 1..MaxTerm :
       /\ s \in Q
       /\ t = 1 + (CHOOSE x \in {term[q] : q \in Q} : \A q \in Q : term[q] <= x)
       /\ \A q \in Server : term[q] = t => q \in Q     \* t not yet voted for
       /\ \A q \in Q : UpToDate(log[s], log[q])
       /\ term' = [q \in Server |-> IF q \in Q THEN t ELSE term[q]]
       /\ lead' = (lead \ Q) \cup {s}
       /\ log' = [log EXCEPT ![s] = Append(@, [Zero EXCEPT !.term = t, !.epoch = t])]
       /\ ready' = OnElect(s) \ (Q \ {s})
  /\ UNCHANGED <<now, clock, hand, done>>

Ready(l) ==
  /\ l \in lead \ ready
  /\ Last(done).term = term[l]
  /\ ready' = ready \cup {l}
  /\ \E r \in OnReady(l) : clock' = [clock EXCEPT ![l] = r]
  /\ UNCHANGED <<now, term, log, lead, hand, done>>

Read(l) ==             \* a request has arrived: read the clock for its stamp ...
  /\ l \in lead \cap ready /\ hand[l] = None
  /\ hand' = [hand EXCEPT ![l] = [epoch |-> term[l], stamp |-> clock[l], read |-> now]]
  /\ UNCHANGED <<now, term, log, lead, ready, clock, done>>

Append_(l) ==          \* ... and append it, maybe much later, if leader then
  /\ l \in lead /\ hand[l] # None /\ Len(log[l]) < MaxLen
  /\ log' = [log EXCEPT ![l] = Append(@, [term |-> term[l], epoch |-> hand[l].epoch,
               bar |-> FALSE, stamp |-> hand[l].stamp, read |-> hand[l].read, append |-> now])]
  /\ hand' = [hand EXCEPT ![l] = None]
  /\ UNCHANGED <<now, term, lead, ready, clock, done>>

Copy(l, f) ==
  /\ l \in lead /\ f # l /\ term[f] <= term[l] /\ log[f] # log[l]
  /\ log' = [log EXCEPT ![f] = log[l]]
  /\ term' = [term EXCEPT ![f] = term[l]]
  /\ lead' = lead \ {f} /\ ready' = ready \ {f}
  /\ clock' = [clock EXCEPT ![f] = OnCopy(l, f)]
  /\ UNCHANGED <<now, hand, done>>

Commit(l) ==
  /\ l \in lead
  /\ \E i \in Len(done)+1..Len(log[l]) :
       /\ log[l][i].term = term[l]
       /\ \E Q \in Quorum : \A q \in Q : Prefix(SubSeq(log[l], 1, i), log[q])
       /\ done' = SubSeq(log[l], 1, i)
  /\ UNCHANGED <<now, term, log, lead, ready, clock, hand>>

Restart(s) ==          \* the log survives, the monotonic clock does not
  /\ s \in lead \/ clock[s] # TimeOf(log[s]) \/ hand[s] # None
  /\ lead' = lead \ {s} /\ ready' = ready \ {s}
  /\ clock' = [clock EXCEPT ![s] = TimeOf(log[s])]
  /\ hand' = [hand EXCEPT ![s] = None]
  /\ UNCHANGED <<now, term, log, done>>

Next == Tick \/ \E s \in Server :
          \/ Elect(s) \/ Ready(s) \/ Read(s) \/ Append_(s) \/ Commit(s) \/ Restart(s)
          \/ \E f \in Server : Copy(s, f)
Spec == Init /\ [][Next]_vars
-----------------------------------------------------------------------------
\* The committed commands that have effect.
Eff == {i \in 1..Len(done) : ~done[i].bar /\ Valid(done, i)}
Monotone == \A i, j \in Eff : i <= j => done[i].stamp <= done[j].stamp
NeverFast == \A i, j \in Eff : i < j =>
               done[j].stamp - done[i].stamp <= LMax * (done[j].append - done[i].read)
\* Sanity of the reduced Raft: leader completeness, and a log that only grows.
Complete == \A l \in lead : term[l] >= Last(done).term => Prefix(done, log[l])
OnlyGrows == [][Prefix(done, done')]_vars
\* Not invariants: TLC must find a state that breaks each.  So a stamped command does
\* survive into a later leadership, and a command of another epoch is committed.
NoInherit == ~(\E i \in Eff : done[i].stamp > 0 /\ Last(done).epoch > done[i].epoch)
NoDrop == ~(\E i \in 1..Len(done) : ~Valid(done, i))
=============================================================================
