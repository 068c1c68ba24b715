------------------------------ MODULE MCWindow ------------------------------
(*****************************************************************************)
(* WindowLease for TLC: bounds, a view, and the ablations of its rules.      *)
(*                                                                           *)
(* An ablation takes one rule away and shows what goes wrong: a definition   *)
(* below takes the place of the rule's operator in one configuration         *)
(* (CONSTANT Stamps <- StaleStamps), and the module itself stays as it is.   *)
(* TLC must then find a run that breaks an invariant.  The shortest one is   *)
(* told in a few words; there Limit is 1 unless said, W is 6, and c is the   *)
(* leader's reading of the cluster clock.                                    *)
(*                                                                           *)
(* a :> b  is the map from a to b alone, and f @@ g  joins two maps.         *)
(* Jump is how far a wall clock may be ahead, Skew how far one is behind;    *)
(* a1.. and k1.. are names of attempts and of requests, nothing more.        *)
(*****************************************************************************)
EXTENDS WindowLease, TLC
CONSTANTS MaxT, MaxAhead, Jump, Skew, a1, a2, a3, k1, k2, k3

One2  == (a1 :> k1 @@ a2 :> k2)                  \* two requests
Retry == (a1 :> k1 @@ a2 :> k1)                  \* one request, two attempts
One3  == (a1 :> k1 @@ a2 :> k2 @@ a3 :> k3)      \* three requests
Mix3  == (a1 :> k1 @@ a2 :> k1 @@ a3 :> k2)      \* one retried, one not

\* States beyond are checked, but not explored further.
Bound == T <= MaxT /\ C <= T + MaxAhead

\* What TLC takes for "the same state".  Cluster time enters every action only relative to Win(T): states that differ
\* by a whole number of windows are the same.  With this view TLC explores ALL
\* of time, not a prefix.  Grants of past windows are all alike ("-2").
Base == Win(T) * W
RelWin(w) == IF w = -1 THEN -1 ELSE IF w < Win(T) THEN -2 ELSE 0
View == << C - Base, T - Base, avail,
           [k \in Key |-> [tab[k] EXCEPT !.win = RelWin(@)]], up,
           [i \in 1..Len(log) |-> [log[i] EXCEPT !.stamp = @ - Base]],
           [a \in Att |-> [ans[a] EXCEPT !.win = RelWin(@)]],
           [a \in Att |-> [cli[a] EXCEPT !.win = RelWin(@)]],
           use, adm >>

\* Renaming whole requests (attempt and key together) changes nothing.  For One3.
\* (TLC takes a set that is written out, with as many values as elements, for one of symmetry
\* sets of one element each: it warns, and has no symmetry at all.  Hence the TRUE.)
Ren(x, y, z, p, q, r) == (a1 :> x @@ a2 :> y @@ a3 :> z @@ k1 :> p @@ k2 :> q @@ k3 :> r)
Sym3 == {f \in {Ren(a1, a2, a3, k1, k2, k3), Ren(a2, a1, a3, k2, k1, k3),
                Ren(a1, a3, a2, k1, k3, k2), Ren(a3, a2, a1, k3, k2, k1),
                Ren(a2, a3, a1, k2, k3, k1), Ren(a3, a1, a2, k3, k1, k2)} : TRUE}

(* ------------------------------ ablations ------------------------------ *)
\* (i) R5, W_abl_i_absolute.  Absolute expiry: the answer names the window's end, and
\*     the client, whose wall clock is Skew behind cluster time, waits for that moment.
\*     A is granted in window 0 at c=2 and waits for "6" on a clock 4 behind; B is
\*     granted and admits in window 1; A admits: 2.
AbsLeft(a, m) == (m.win + 1) * W - (C - Skew)
\* (ii) R7, W_abl_ii_receipt.  Life counted from the receipt of the answer.
\*     A sends, stamp 2, ttl 4, life 2.  The answer arrives when c=6, and A starts to
\*     count then.  B is granted at c=6.  Both admit.
ReceiptLeft(a, m) == Life(m.ttl)
\* (iii) R2, W_abl_iii_wall.  A new leader adopts its wall clock, maybe Jump ahead.
\*     A is granted at c=4; failover; the new leader's wall clock says 8, window 1, at
\*     the same real instant; B is granted.  Both admit.
WallResume == {T, T + Jump}
\* (iv) R6, W_abl_iv_nomargin.  No margin for drift.
\*     A is granted at c=2 with ttl 4; one tick: the leader is fast (+4, c=6), A slow
\*     (2 of its 4 are gone).  B is granted.  Both admit.
FullLife(ttl) == ttl
\* (v) R8, W_abl_v_twice and W_abl_v_late.  A Return is taken twice; after the roll.
\*     Twice, Limit 2: A returns 1 of 1 twice, so 3 are available, and B is granted 3.
\*     Late: a credit of window 0 is taken back at c=6: 3 are available in window 1.
\*     No cap at Limit would help once something was charged in window 1.
ReturnTwice(e, w) == e # NoGrant /\ e.win = w
ReturnLate(e, w) == e = NoGrant \/ ~e.ret
\* (vi) R5, W_abl_vi_rearm.  A retry is answered with the ttl of the first answer.
\*     A's answer (ttl 6 at c=0) is lost; A retries at c=2, counts from the retry and is
\*     told 6 again; at c=6 A still has 1 left.
Answered(k) == {ans[a].ttl : a \in {b \in Att : KeyOf[b] = k /\ ans[b] # NoAns}}
RearmTtl(k, t, stamp) == IF Answered(k) = {} THEN Ttl(t, stamp)
                         ELSE CHOOSE x \in Answered(k) : \A y \in Answered(k) : y <= x
\* (vi') R7, W_abl_vi_lastsend.  An answer to an earlier attempt is timed from the last
\*     send.  A sends at c=2, the answer (ttl 4) is slow, A retries at c=6; then the
\*     FIRST answer arrives and is timed from c=6.
LastSendLeft(a, m) ==
  LET S == {cli[b].age : b \in {b \in Att : KeyOf[b] = KeyOf[a] /\ cli[b].st = "sent"}}
  IN  Life(m.ttl) - (CHOOSE x \in S : \A y \in S : x <= y)
\* (vii) R1, W_abl_vii_stale.  A Reserve that carries no stamp of its own: timed from
\*     the last committed T.  T=0 is committed, c=6; A's Reserve takes effect at T=0 and
\*     is told ttl 6; B's carries stamp 6 and rolls.
StaleStamps == {T, C}
\* (viii) R8, W_abl_viii_nodedupe.  No dedupe: every delivery of a Reserve is charged,
\*     and answered.  Credits are lost (Books), none is spent twice (Safe holds).
NoDedupe(e) == FALSE
\* (ix) R3, no barrier; (x) R5, ttl from the raw stamp.  One alone is safe: see
\*     W_s1_nobarrier.  Both, W_abl_ixx_both: L1 appends stamp 4 and dies; L2 (no
\*     barrier) starts at 0 and appends a retry with stamp 0; both commit.  The retry
\*     is told 6-0 = 6 though T is 4.
NoBarrier == TRUE
RawTtl(t, stamp) == End(t) - stamp
\* (xi) R4, W_abl_xi_back.  Cluster time follows the stamp even backwards (with no
\*     barrier).  As before, but T goes from 8 to 0, and window 1 is granted twice.
RawEffect(stamp) == stamp
\* (xii) R10, W_abl_xii_noclock.  The client does not look at its clock.
AdmitAlways(c) == c.st = "held" /\ c.cred > 0
\* (xiii) R9, W_abl_xiii_closes.  Each attempt may take an answer of its own.
\*     Both answers to one charged credit are taken: 2 are spent, 1 is charged.
ClosesOne(a) == {a}
\* Variant of R7, SAFE: time from the FIRST send of the request, whichever attempt is
\* answered, with the remaining ttl (W_s2_firstsend) or even the first answer's
\* (W_s3_firstsend_rearm, with KeepFirst) ...
FirstSendLeft(a, m) ==
  LET S == {cli[b].age : b \in {b \in Att : KeyOf[b] = KeyOf[a] /\ cli[b].st = "sent"}}
  IN  Life(m.ttl) - (CHOOSE x \in S : \A y \in S : y <= x)
\* ... but only if the first send is remembered after that attempt was given up.  (xiv)
\* W_abl_xiv_forgetfirst is without KeepFirst: attempt 1 (sent at c=0) is given up and
\* forgotten, attempt 2 is told attempt 1's ttl; then as in (vi).
KeepFirst == \A a \in Att : cli[a].st = "sent" /\ cli'[a].st = "gone" =>
               \A b \in Att : KeyOf[b] = KeyOf[a] => cli'[b].st # "sent"
=============================================================================
