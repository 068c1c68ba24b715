------------------------------ MODULE MCSlot ------------------------------
(*****************************************************************************)
(* SlotLease for TLC: who owns which heartbeat, bounds, a view, and the      *)
(* ablations.  Only time relative to T matters.  Jump is how far a wall      *)
(* clock may be ahead.                                                       *)
(*****************************************************************************)
EXTENDS SlotLease, TLC
CONSTANTS MaxAhead, Jump, h1, h2, h3, b1, b2, b3, b4
Two  == (b1 :> h1 @@ b2 :> h1 @@ b3 :> h2)
Four == (b1 :> h1 @@ b2 :> h1 @@ b3 :> h2 @@ b4 :> h2)
Three == (b1 :> h1 @@ b2 :> h2 @@ b3 :> h3)
Bound == C <= T + MaxAhead
View == <<C - T, [h \in Holder |-> Max(0, tab[h] - T)], cli, beat, rel>>
(* ------------------------------ ablations ------------------------------ *)
\* In this order: L_abl_margin, L_abl_receipt, L_abl_lastsend, L_abl_wall, L_abl_sameid.
FullLife(ttl) == ttl
ReceiptLeft(b) == Life(TTL)
LastSendLeft(b) ==
  LET A == {beat[x].age : x \in {x \in Beat : Owner[x] = Owner[b] /\ beat[x].st # "free"}}
  IN  Life(TTL) - (CHOOSE a \in A : \A y \in A : a <= y)
WallResume == {T, T + Jump}
\* h1 releases, the Release is delayed; h1 acquires again under the same id; h2 waits; the
\* old Release frees h1's new slot; h2 acquires: 2 holders of 1.
SameId(h) == rel
=============================================================================
