------------------------------ MODULE MCLeap ------------------------------
(*****************************************************************************)
(* CalendarLeap for TLC: bounds, a view, and the ablations of its rules, as  *)
(* MCWindow has them for WindowLease's.  In the counterexamples Limit is 1,  *)
(* W is 6 and so is MaxLease unless said, c is the leader's reading of the   *)
(* elapsed cluster clock, and off is 0 at first.                             *)
(*****************************************************************************)
EXTENDS CalendarLeap, TLC
CONSTANTS MaxT, MaxAhead, Jump, a1, a2, k1, k2

One1  == (a1 :> k1)                              \* one request, one attempt
One2  == (a1 :> k1 @@ a2 :> k2)                  \* two requests
Retry == (a1 :> k1 @@ a2 :> k1)                  \* one request, two attempts

\* States beyond are checked, but not explored further.
Bound == T <= MaxT /\ C <= T + MaxAhead

\* Elapsed time enters every action only relative to T, calendar time only relative to the
\* window that it is in.  States that differ by any stretch of elapsed time, and by whole
\* windows of calendar time, are the same, and TLC explores ALL of time.
RelWin(w) == IF w = -1 THEN -1 ELSE IF w < Win(Cal) THEN -2 ELSE 0
View == << C - T, Cal - Win(Cal) * W, avail,
           [k \in Key |-> [tab[k] EXCEPT !.win = RelWin(@)]], up,
           [i \in 1..Len(log) |-> [log[i] EXCEPT !.stamp = @ - T]],
           [a \in Att |-> [ans[a] EXCEPT !.win = RelWin(@)]],
           [a \in Att |-> [cli[a] EXCEPT !.win = RelWin(@)]],
           use, adm,
           IF leap = NoLeap THEN NoLeap ELSE [leap EXCEPT !.at = @ - T] >>

(* ------------------------------ ablations ------------------------------ *)
\* K1, K_abl_wall_ahead.  A new leader takes its wall clock's offset, maybe Jump ahead.
\*     A is granted at c=0; failover; the new leader's calendar is 4 ahead, and says 8 at
\*     c=4: window 1.  A has 1 left, and B is granted.  Both admit.
WallAhead == {off, off + Jump}
\* K1, K_abl_wall_behind.  Or Jump behind.  (As if a leap had been the old leader's alone,
\*     and were lost with it.)  A is granted at c=0; failover; the new leader's calendar is 2
\*     behind, before window 0; at c=4 window 0 begins again.  Both admit in it.
WallBehind == {off, off - Jump}
\* K2, K_abl_atonce.  A leap takes effect at once.
\*     A is granted at c=0, ttl 6, life 3; then a leap is announced, for elapsed time 1.  At
\*     c=4 A has 1 left, calendar time is 8, and B is granted.  Both admit.
AtOnce(t, l) == {t + 1}
\* K2, K_abl_notice.  The notice is 2 less than the longest lease.
\*     As above, but the leap is announced for 4: which is when B is granted.
ShortNotice(t, l) == {t + MaxLease - 2}
\* K3, K_abl_nocap.  A lease that is granted after the announcement may outlive the leap.
\*     At T=8 a leap is announced, for 14.  A is granted at c=12, with ttl 6, to 18; at c=16 it
\*     has 1 left, calendar time is 20, and B is granted.  Both admit.
NoCap(t, l) == MaxLease
\* K3, K_abl_toolong.  A lease may last to its window's end, though the notice counts on
\*     MaxLease, which is 4: as K_abl_notice.
LongTtl(t, o, l) == Min(End(t + o) - (t + o), IF l = NoLeap THEN W ELSE l.at - t)
\* K4, K_abl_dupcap.  The answer to a retry knows nothing of the leap.
\*     As K_abl_nocap; but A is told 2 at c=12, and 6 when it retries then.
DupToEnd(t, o, l) == Min(MaxLease, End(t + o) - (t + o))
\* K5, K_abl_back, K_abl_back_calendar.  The calendar is set back, here by 2.
\*     A is granted at c=0; calendar time goes to -2, before window 0; as K_abl_wall_behind.
SetBack(s, t) == TRUE
\* Variant of K6, SAFE, K_s1_replace.  A second announcement, with a notice of its own, takes
\* the place of the first.
MayReplace(l) == TRUE
\* K6, K_abl_nearer, with MayReplace.  A second announcement brings the leap 2 nearer.
\*     A leap is announced for 6; A is granted at c=4, capped at 6, life 1.  The leap is brought
\*     to 4, so calendar time is 8 already, and B is granted.  Both admit.
Nearer(t, l) == IF l = NoLeap THEN {t + MaxLease + n : n \in Later} ELSE {l.at - 2}
\* R6, K_abl_margin.  No margin for drift; W is 18, so that a leap comes first.
\*     A leap by 14 is announced for 6; A sends at c=0 and is told 6.  Two ticks: the leader is
\*     fast (c=8), A slow (2 of its 6 are left), B is granted.  Both admit.
FullLife(ttl) == ttl
=============================================================================
