----------------------------- MODULE MCBucket -----------------------------
(*****************************************************************************)
(* BucketLease for TLC: symmetry, bounds, a view, and the ablations.  Only   *)
(* time relative to T matters, so the view leaves the rest out.              *)
(*****************************************************************************)
EXTENDS BucketLease, TLC
CONSTANTS MaxAhead
Sym == Permutations(Req)
Bound == C <= T + MaxAhead
View == <<C - T, tok, [r \in Req |-> [tab[r] EXCEPT !.exp = IF @ = -1 THEN -1 ELSE Max(0, @ - T)]], cli, z>>
(* ------------------------ ablations and variants ----------------------- *)
\* B_abl_margin
FullLife(ttl) == ttl
\* Static hold-back: the bucket is B - R*Tau deep and knows no outstanding grants.  Safe
\* without returns (B_s2_static_noreturn, B_s2n_static_noreturn), not with them
\* (B_abl_static_return, B 4, Tau 2): grants are outstanding while the bucket refills to
\* its cap; grant what is in it, take back the old ones, grant again: B+1 in an instant.
StaticCap(t) == B - R * Tau
StaticRefill(t) == Min(StaticCap(t), tok + R * (t - T))
StaticPut(x, b, t) == Min(StaticCap(t), x + b)
NeverReturn(e, t) == FALSE
\* No hold-back at all: B_abl_plain.
PlainCap(t) == B
PlainRefill(t) == Min(B, tok + R * (t - T))
\* B_abl_dropfirst: expired grants are dropped first, then the whole time is refilled at
\* once.  B 3, Tau 2: at T=0 A gets 2 (tok 1), and spends them at 1.  At T=2 they expire:
\* dropped first, the bucket is refilled by 2 to 3, and B gets and spends 3: 5 in one
\* tick, where B + R*1 = 4 is allowed.  By the rule tok stays 1 until T=2.
DropFirst(t) == Min(B - Out(t), tok + R * (t - T))
\* B_s1_droplast, safe: refilled against what was outstanding before, then dropped.
DropLast(t) == Min(B - Out(T), tok + R * (t - T))
\* B_abl_latereturn
LateReturn(e, t) == ~e.ret
=============================================================================
