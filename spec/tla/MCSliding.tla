----------------------------- MODULE MCSliding -----------------------------
(*****************************************************************************)
(* SlidingLease for TLC: symmetry, bounds, a view, and the ablations.  The   *)
(* view takes states that differ by whole slots for the same.                *)
(*****************************************************************************)
EXTENDS SlidingLease, TLC
CONSTANTS MaxAhead
Sym == Permutations(Req)
Bound == C <= T + MaxAhead
Base == Slot(T) * S
RelSlot(s) == IF s = -1 THEN -1 ELSE IF s < Slot(T) - N THEN -2 ELSE s - Slot(T) + N
View == <<C - Base, T - Base, [r \in Req |-> [tab[r] EXCEPT !.slot = RelSlot(@)]], cli, hist>>
\* Ablations: S_abl_horizon, S_abl_margin_x1 and S_abl_margin_fixed, S_abl_early, S_abl_twice.
ShortHorizon == N - 1
FullLife(ttl) == ttl
EarlySlot(t) == Slot(t)                 \* with X > 0: charged where made, not where it expires
ReturnTwice(e, t) == Counts(e, t)
=============================================================================
