----------------------------- MODULE SlotLease -----------------------------
(*****************************************************************************)
(* CONCURRENCY slots: at any instant at most L holders believe they hold     *)
(* one.  A holder keeps its slot with heartbeats (the first one acquires);   *)
(* the coordinator frees a slot TTL units of cluster time after the last     *)
(* heartbeat it took, or on Release.  (Notations: see WindowLease.)          *)
(*                                                                           *)
(* Every heartbeat is timed from its own send and matched with its own       *)
(* answer.  Heartbeats and Releases may arrive late, again, or never.        *)
(*****************************************************************************)
EXTENDS Integers, FiniteSets

CONSTANTS Holder, Beat, Owner,   \* Owner: [Beat -> Holder]
          L, TTL, LRate, CRate

VARIABLES C, T, tab,   \* tab: Holder -> cluster time at which its slot is freed
          cli,         \* Holder -> [st, left]
          beat,        \* Beat -> [st, age]: free, sent, taken (answer on its way)
          rel          \* holders whose Release is in the network

vars == <<C, T, tab, cli, beat, rel>>

Max(a, b) == IF a > b THEN a ELSE b
Min(a, b) == IF a < b THEN a ELSE b
LMax == CHOOSE r \in LRate : \A q \in LRate : q <= r
CMin == CHOOSE r \in CRate : \A q \in CRate : r <= q

(* The rules; MCSlot replaces them one at a time. *)
\* R6 of WindowLease.  Without it: L_abl_margin.
Life(ttl) == (ttl * CMin) \div LMax
\* R7: from the send of the heartbeat that is answered.
\* Without it: L_abl_receipt (from the answer), L_abl_lastsend (from the newest send).
LeftOnAnswer(b) == Life(TTL) - beat[b].age
\* R2.  Without it: L_abl_wall.
Resume == {T}
\* A new acquisition has a new id: old Releases miss it.  Without it: L_abl_sameid.
Fresh(h) == rel \ {h}
\* A late heartbeat may take a slot again only if one is free.
Room(h, t) == Cardinality({x \in Holder \ {h} : tab[x] > t}) < L

Init == /\ C = 0 /\ T = 0 /\ rel = {}
        /\ tab = [h \in Holder |-> 0]
        /\ cli = [h \in Holder |-> [st |-> "idle", left |-> 0]]
        /\ beat = [b \in Beat |-> [st |-> "free", age |-> 0]]

Clocks == {h \in Holder : cli[h].st = "on"}
Tick ==
  /\ \E d \in LRate : C' = C + d
  /\ \E f \in [Clocks -> CRate] :
       /\ cli' = [h \in Holder |-> IF h \in Clocks
                    THEN [cli[h] EXCEPT !.left = Max(0, @ - f[h])] ELSE cli[h]]
       /\ beat' = [b \in Beat |-> IF beat[b].st # "free"
                    THEN [beat[b] EXCEPT !.age = Min(Life(TTL), @ + f[Owner[b]])] ELSE beat[b]]
  /\ UNCHANGED <<T, tab, rel>>

Failover == C' \in Resume /\ UNCHANGED <<T, tab, cli, beat, rel>>

SendBeat(b) ==
  /\ beat[b].st = "free" /\ cli[Owner[b]].st # "gone"
  /\ beat' = [beat EXCEPT ![b] = [st |-> "sent", age |-> 0]]
  /\ cli' = [cli EXCEPT ![Owner[b]].st = "on"]
  /\ UNCHANGED <<C, T, tab, rel>>

Hold(h) ==             \* the state machine: keep, or take if there is room
  /\ tab[h] > C \/ Room(h, C)
  /\ tab' = [tab EXCEPT ![h] = C + TTL]
  /\ T' = C

TakeBeat(b) ==
  /\ beat[b].st = "sent" /\ Hold(Owner[b])
  /\ beat' = [beat EXCEPT ![b].st = "taken"]
  /\ UNCHANGED <<C, cli, rel>>

StaleBeat(h) ==        \* one that the holder no longer waits for
  /\ cli[h].st # "idle" /\ Hold(h)
  /\ UNCHANGED <<C, cli, beat, rel>>

Answer(b) ==
  /\ beat[b].st = "taken" /\ cli[Owner[b]].st = "on"
  /\ cli' = [cli EXCEPT ![Owner[b]].left = Max(@, LeftOnAnswer(b))]
  /\ beat' = [beat EXCEPT ![b] = [st |-> "free", age |-> 0]]
  /\ UNCHANGED <<C, T, tab, rel>>

GiveUp(b) ==
  /\ beat[b].st # "free"
  /\ beat' = [beat EXCEPT ![b] = [st |-> "free", age |-> 0]]
  /\ UNCHANGED <<C, T, tab, cli, rel>>

Stop(h, sends) ==      \* stops, for good; tells the coordinator or crashes
  /\ cli[h].st = "on"
  /\ cli' = [cli EXCEPT ![h] = [st |-> "gone", left |-> 0]]
  /\ beat' = [b \in Beat |-> IF Owner[b] = h THEN [st |-> "free", age |-> 0] ELSE beat[b]]
  /\ rel' = IF sends THEN rel \cup {h} ELSE rel
  /\ UNCHANGED <<C, T, tab>>

TakeRelease(h) ==      \* any time, any number of times
  /\ h \in rel
  /\ tab' = [tab EXCEPT ![h] = 0] /\ T' = C
  /\ UNCHANGED <<C, cli, beat, rel>>

Recycle(h) ==          \* the same process comes back, under a new id
  /\ cli[h].st = "gone" /\ tab[h] <= T
  /\ cli' = [cli EXCEPT ![h].st = "idle"]
  /\ rel' = Fresh(h)
  /\ UNCHANGED <<C, T, tab, beat>>

Next == \/ Tick \/ Failover
        \/ \E b \in Beat : SendBeat(b) \/ TakeBeat(b) \/ Answer(b) \/ GiveUp(b)
        \/ \E h \in Holder : \/ StaleBeat(h) \/ TakeRelease(h) \/ Recycle(h)
                             \/ Stop(h, TRUE) \/ Stop(h, FALSE)
Spec == Init /\ [][Next]_vars
-----------------------------------------------------------------------------
Believes == {h \in Holder : cli[h].left > 0}
AtMostL == Cardinality(Believes) <= L
Covered == \A h \in Believes : cli[h].left * LMax <= (tab[h] - C) * CMin
Granted == Cardinality({h \in Holder : tab[h] > T}) <= L
NeverFull == Cardinality(Believes) < L
=============================================================================
