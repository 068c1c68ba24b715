---------------------------- MODULE BucketLease ----------------------------
(*****************************************************************************)
(* Leases on a TOKEN BUCKET of rate R and burst B: in ANY interval of real   *)
(* time of length x the fleet admits at most B + R*phi*x, where phi is the   *)
(* fastest the cluster clock may run (phi = LMax units a tick).              *)
(* (Notations: see WindowLease.)                                             *)
(*                                                                           *)
(* The bucket holds tok.  A grant moves tokens from tok to OUTSTANDING       *)
(* until it expires, Tau units of cluster time after its stamp.  Refill      *)
(* stops when                                                                *)
(*                     tok + outstanding = B.                                *)
(* That one rule is the whole proof: what is spent in an interval was in     *)
(* tok + outstanding when it began (<= B) or was refilled in it (<= R*t).    *)
(* It needs no static hold-back of R*Tau and it stays right when clients     *)
(* return tokens; the static hold-back does not (B_abl_static_return).       *)
(*                                                                           *)
(* Same abstractions as SlidingLease.  Tokens are counted in parts: one      *)
(* admission costs Q of them, so that R may be a fraction of a token.        *)
(*****************************************************************************)
EXTENDS Integers, FiniteSets

CONSTANTS Req, B, R, Q, Tau, LRate, CRate

VARIABLES C, T,  \* the leader's reading; cluster time of the last command
          tok,   \* tokens in the bucket at T
          tab,   \* Req -> [exp, amt, ret] of its grant
          cli,   \* Req -> the client's side
          z      \* ghost: GCRA monitor, all admissions in real time

vars == <<C, T, tok, tab, cli, z>>

Max(a, b) == IF a > b THEN a ELSE b
Min(a, b) == IF a < b THEN a ELSE b
LMax == CHOOSE r \in LRate : \A q \in LRate : q <= r
CMin == CHOOSE r \in CRate : \A q \in CRate : r <= q
RECURSIVE Sum(_, _)
Sum(f, D) == IF D = {} THEN 0
             ELSE LET x == CHOOSE x \in D : TRUE IN f[x] + Sum(f, D \ {x})
Free == [exp |-> -1, amt |-> 0, ret |-> FALSE]
Idle == [st |-> "idle", age |-> 0, left |-> 0, cred |-> 0, back |-> 0]
Live(t) == {r \in Req : tab[r].exp > t}
Out(t) == Sum([r \in Req |-> tab[r].amt], Live(t))

(* The rules; MCBucket replaces them one at a time. *)
\* Refill stops where tok and outstanding fill the bucket.
\* Without it: B_abl_plain (nothing held back), B_abl_static_return.
Cap(t) == B - Out(t)
\* Refill from (x, from) to t, stopping at each expiry on the way.
\* Without it: B_abl_dropfirst.  Cheaper, and safe: B_s1_droplast.
RECURSIVE Exact(_, _, _)
Exact(x, from, t) ==
  LET E == {tab[r].exp : r \in Live(from)} \cap 0..t
      e == CHOOSE e \in E : \A f \in E : e <= f
  IN  IF E = {} THEN Min(Cap(from), x + R * (t - from))
      ELSE Exact(Min(Cap(from), x + R * (e - from)), e, t)
Refill(t) == Exact(tok, T, t)
\* R6 of WindowLease.  Without it: B_abl_margin.
Life(ttl) == (ttl * CMin) \div LMax
\* R8: once, and before the grant expires.  Without the latter: B_abl_latereturn.
MayReturn(e, t) == e.exp > t /\ ~e.ret
PutBack(x, b, t) == x + b

Init == /\ C = 0 /\ T = 0 /\ z = 0
        /\ tab = [r \in Req |-> Free] /\ cli = [r \in Req |-> Idle]
        /\ tok = Cap(0)

AgeCap == Life(Tau)
Running == {r \in Req : \/ cli[r].st = "sent" /\ cli[r].age < AgeCap
                        \/ cli[r].st = "held" /\ cli[r].left > 0}
Tick ==
  /\ \E d \in LRate : C' = C + d
  /\ z' = Max(0, z - R * LMax)
  /\ \E f \in [Running -> CRate] :
       cli' = [r \in Req |->
         IF r \notin Running THEN cli[r]
         ELSE IF cli[r].st = "sent" THEN [cli[r] EXCEPT !.age = Min(AgeCap, @ + f[r])]
         ELSE [cli[r] EXCEPT !.left = Max(0, @ - f[r])]]
  /\ UNCHANGED <<T, tok, tab>>

Failover == C' = T /\ UNCHANGED <<T, tok, tab, cli, z>>

Send(r) ==
  /\ cli[r].st = "idle"
  /\ cli' = [cli EXCEPT ![r].st = "sent"]
  /\ UNCHANGED <<C, T, tok, tab, z>>

Grant(r) ==
  /\ cli[r].st # "idle" /\ tab[r] = Free /\ Refill(C) >= Q
  /\ T' = C
  /\ \E g \in 1..(Refill(C) \div Q) :
       /\ tok' = Refill(C) - g * Q
       /\ tab' = [tab EXCEPT ![r] = [exp |-> C + Tau, amt |-> g * Q, ret |-> FALSE]]
       /\ cli' = IF cli[r].st # "sent" THEN cli
                 ELSE [cli EXCEPT ![r] = [st |-> "held", age |-> 0, cred |-> g, back |-> 0,
                                          left |-> Max(0, Life(Tau) - cli[r].age)]]
  /\ UNCHANGED <<C, z>>

Admit(r) ==
  /\ cli[r].st = "held" /\ cli[r].cred > 0 /\ cli[r].left > 0
  /\ cli' = [cli EXCEPT ![r].cred = @ - 1]
  /\ z' = z + Q
  /\ UNCHANGED <<C, T, tok, tab>>

Return(r) ==
  /\ cli[r].st = "held" /\ cli[r].cred > 0 /\ cli[r].back = 0
  /\ \E b \in 1..cli[r].cred : cli' = [cli EXCEPT ![r].cred = @ - b, ![r].back = b]
  /\ UNCHANGED <<C, T, tok, tab, z>>

TakeBack(r) ==
  /\ cli[r].back > 0 /\ MayReturn(tab[r], C)
  /\ T' = C
  /\ tok' = PutBack(Refill(C), cli[r].back * Q, C)
  /\ tab' = [tab EXCEPT ![r].amt = @ - cli[r].back * Q, ![r].ret = TRUE]
  /\ UNCHANGED <<C, cli, z>>

Touch ==               \* any other command: time passes in the state machine
  /\ T' = C /\ tok' = Refill(C) /\ UNCHANGED <<C, tab, cli, z>>

Crash(r) ==
  /\ cli[r].st \in {"sent", "held"}
  /\ cli' = [cli EXCEPT ![r] = [Idle EXCEPT !.st = "gone", !.back = cli[r].back]]
  /\ UNCHANGED <<C, T, tok, tab, z>>

Recycle(r) ==
  /\ cli[r].st = "gone" /\ tab[r].exp <= T
  /\ cli' = [cli EXCEPT ![r] = Idle] /\ tab' = [tab EXCEPT ![r] = Free]
  /\ UNCHANGED <<C, T, tok, z>>

Next == \/ Tick \/ Failover \/ Touch
        \/ \E r \in Req : \/ Send(r) \/ Grant(r) \/ Admit(r) \/ Return(r)
                          \/ TakeBack(r) \/ Crash(r) \/ Recycle(r)
Spec == Init /\ [][Next]_vars
-----------------------------------------------------------------------------
\* z is the least bucket (rate R*LMax a tick) that would admit everything that
\* was admitted: z <= B says that every real interval of x ticks, whichever its
\* ends, saw at most (B + R*LMax*x)/Q admissions.
AnyInterval == z <= B
Whole == tok >= 0 /\ tok + Out(T) <= B
NeverFull == z < B                                        \* must be reachable
=============================================================================
