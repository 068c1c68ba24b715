---------------------------- MODULE SlidingLease ----------------------------
(*****************************************************************************)
(* Leases on a SLIDING window: at most Limit admissions in ANY interval of   *)
(* cluster time of length N*S, and so in any interval of real time in        *)
(* which the cluster clock cannot advance more than that.  (Notations: see   *)
(* WindowLease.)                                                             *)
(*                                                                           *)
(* Cluster time is cut into slots of S units.  A grant is charged to the     *)
(* slot in which it EXPIRES, and the charges of the current slot, of the N   *)
(* slots before it and of all later ones never add up to more than Limit.    *)
(*   X = 0: a grant expires with the slot that made it.                      *)
(*   X > 0: it lives X slots longer (fewer RPCs, slower refill).             *)
(*   N = 0, X = 0 is the fixed window of WindowLease: one rule for both.     *)
(*                                                                           *)
(* WindowLease treats retries, the log and failover in full.  Here a         *)
(* command takes effect when it is stamped: one that is never committed      *)
(* never happened, one committed late is a late answer, and a failover       *)
(* only sets the leader's reading back to T.  An answer in flight is a       *)
(* grant the client has not used yet: its life runs from the send anyway.    *)
(*****************************************************************************)
EXTENDS Integers, FiniteSets

CONSTANTS Req, Limit, S, N, X, LRate, CRate,
          M      \* real instants watched: any M consecutive ones

VARIABLES C, T,  \* the leader's reading; cluster time of the last command
          tab,   \* Req -> what it is charged: slot, amount, returned?
          cli,   \* Req -> the client's side, as in WindowLease
          hist   \* ghost: admissions at each of the last M real instants

vars == <<C, T, tab, cli, hist>>

Max(a, b) == IF a > b THEN a ELSE b
Min(a, b) == IF a < b THEN a ELSE b
LMax == CHOOSE r \in LRate : \A q \in LRate : q <= r
CMin == CHOOSE r \in CRate : \A q \in CRate : r <= q
RECURSIVE Sum(_, _)
Sum(f, D) == IF D = {} THEN 0
             ELSE LET x == CHOOSE x \in D : TRUE IN f[x] + Sum(f, D \ {x})
Slot(t) == t \div S
Free == [slot |-> -1, amt |-> 0, ret |-> FALSE]
Idle == [st |-> "idle", age |-> 0, left |-> 0, cred |-> 0, back |-> 0]

(* The rules; MCSliding replaces them one at a time. *)
\* How far back charges count, in slots before the current one.
\* Without it: S_abl_horizon, one slot fewer.
Horizon == N
Counts(e, t) == e # Free /\ e.slot >= Slot(t) - Horizon
Charged(t) == Sum([r \in Req |-> IF Counts(tab[r], t) THEN tab[r].amt ELSE 0], Req)
\* A grant is charged where it expires: it can be spent until then.
\* Without it: S_abl_early, charged where it was made.
ChargeSlot(t) == Slot(t) + X
Ttl(t) == (Slot(t) + X + 1) * S - t
\* R6 of WindowLease.  Without it: S_abl_margin_x1, S_abl_margin_fixed.
Life(ttl) == (ttl * CMin) \div LMax
\* R8: a Return reduces its own charge, once, while that counts.
\* Without it: S_abl_twice.
MayReturn(e, t) == Counts(e, t) /\ ~e.ret

Init == /\ C = 0 /\ T = 0
        /\ tab = [r \in Req |-> Free] /\ cli = [r \in Req |-> Idle]
        /\ hist = [i \in 1..M |-> 0]

AgeCap == Life((X + 1) * S)
Running == {r \in Req : \/ cli[r].st = "sent" /\ cli[r].age < AgeCap
                        \/ cli[r].st = "held" /\ cli[r].left > 0}
Tick ==
  /\ \E d \in LRate : C' = C + d
  /\ hist' = [i \in 1..M |-> IF i = 1 THEN 0 ELSE hist[i-1]]
  /\ \E f \in [Running -> CRate] :
       cli' = [r \in Req |->
         IF r \notin Running THEN cli[r]
         ELSE IF cli[r].st = "sent" THEN [cli[r] EXCEPT !.age = Min(AgeCap, @ + f[r])]
         ELSE [cli[r] EXCEPT !.left = Max(0, @ - f[r])]]
  /\ UNCHANGED <<T, tab>>

Failover == C' = T /\ UNCHANGED <<T, tab, cli, hist>>

Send(r) ==
  /\ cli[r].st = "idle"
  /\ cli' = [cli EXCEPT ![r].st = "sent"]
  /\ UNCHANGED <<C, T, tab, hist>>

Grant(r) ==
  /\ cli[r].st # "idle" /\ tab[r] = Free /\ Charged(C) < Limit
  /\ T' = C
  /\ \E g \in 1..(Limit - Charged(C)) :
       /\ tab' = [tab EXCEPT ![r] = [slot |-> ChargeSlot(C), amt |-> g, ret |-> FALSE]]
       /\ cli' = IF cli[r].st # "sent" THEN cli
                 ELSE [cli EXCEPT ![r] = [st |-> "held", age |-> 0, cred |-> g, back |-> 0,
                                          left |-> Max(0, Life(Ttl(C)) - cli[r].age)]]
  /\ UNCHANGED <<C, hist>>

Admit(r) ==
  /\ cli[r].st = "held" /\ cli[r].cred > 0 /\ cli[r].left > 0
  /\ cli' = [cli EXCEPT ![r].cred = @ - 1]
  /\ hist' = [hist EXCEPT ![1] = @ + 1]
  /\ UNCHANGED <<C, T, tab>>

Return(r) ==
  /\ cli[r].st = "held" /\ cli[r].cred > 0 /\ cli[r].back = 0
  /\ \E b \in 1..cli[r].cred : cli' = [cli EXCEPT ![r].cred = @ - b, ![r].back = b]
  /\ UNCHANGED <<C, T, tab, hist>>

TakeBack(r) ==         \* the coordinator takes a Return that was sent
  /\ cli[r].back > 0 /\ MayReturn(tab[r], C)
  /\ T' = C
  /\ tab' = [tab EXCEPT ![r].amt = @ - cli[r].back, ![r].ret = TRUE]
  /\ UNCHANGED <<C, cli, hist>>

Crash(r) ==
  /\ cli[r].st \in {"sent", "held"}
  /\ cli' = [cli EXCEPT ![r] = [Idle EXCEPT !.st = "gone", !.back = cli[r].back]]
  /\ UNCHANGED <<C, T, tab, hist>>

Recycle(r) ==          \* the charge has left the horizon: forget the request
  /\ cli[r].st = "gone" /\ ~Counts(tab[r], C)
  /\ cli' = [cli EXCEPT ![r] = Idle] /\ tab' = [tab EXCEPT ![r] = Free]
  /\ T' = C
  /\ UNCHANGED <<C, hist>>

Next == \/ Tick \/ Failover
        \/ \E r \in Req : \/ Send(r) \/ Grant(r) \/ Admit(r) \/ Return(r)
                          \/ TakeBack(r) \/ Crash(r) \/ Recycle(r)
Spec == Init /\ [][Next]_vars
-----------------------------------------------------------------------------
\* Any M consecutive real instants lie in an interval of real time in which the
\* cluster clock advances by at most (M-1)*LMax.
ASSUME N > 0 => (M - 1) * LMax < N * S
AnyInterval == Sum(hist, 1..M) <= Limit
InBudget == Charged(T) <= Limit
NeverFull == Sum(hist, 1..M) < Limit                      \* must be reachable
=============================================================================
