---------------------------- MODULE CalendarLeap ----------------------------
(*****************************************************************************)
(* Leases on windows of CALENDAR time.                                       *)
(*                                                                           *)
(* Users want windows that begin with the minute, the day or the month.      *)
(* Such windows are cut in calendar time, which is elapsed cluster time plus *)
(* an offset:  calendar = T + off.  The offset is corrected now and then,    *)
(* since no clock keeps time, and every correction could strand a live lease *)
(* in the next window.  So:                                                  *)
(*                                                                           *)
(*   BACKWARD corrections only slow calendar time down.  It may stand, it    *)
(*   never goes back.                                                        *)
(*   FORWARD corrections are LEAPS: a committed command announces that at    *)
(*   the ELAPSED instant L the offset grows.  Leases granted from then on    *)
(*   end at L or before, and L is at least the longest lease away, so those  *)
(*   that were granted before are over at L too.  A leap is a boundary like  *)
(*   any other.                                                              *)
(*                                                                           *)
(* C, T, stamps, ages, lives and durations stay ELAPSED time: no client and  *)
(* no duration ever sees the calendar.  Only which window it is, and so when *)
(* it rolls, is the calendar's affair.  All that is not defined here is      *)
(* WindowLease's, in full: retries, the log, failover that loses any suffix, *)
(* returns, crashes.  Window!Send is its operator Send, and so on; what      *)
(* WindowLease says of windows of T (Win(T), Ttl, Commit) is not used, it is *)
(* said anew, of windows of calendar time.  (Notations: see there.)          *)
(*                                                                           *)
(* A command of the new kind "clock" carries no request.  It advances T, and *)
(* may correct the calendar.  That a request's command may do so as well is  *)
(* covered: it is a clock command and then a request of the same stamp.      *)
(*****************************************************************************)
EXTENDS Integers, Sequences, FiniteSets

CONSTANTS Att, Key, KeyOf, Limit, W, LRate, CRate, MaxLog,    \* as in WindowLease
          MaxLease,     \* longest duration in an answer, at most W
          LeapBy,       \* by how much a leap may advance calendar time
          Later,        \* by how much it may be announced earlier than it must be
          Slow          \* by how much one command may slow calendar time down

VARIABLES C, T, avail, tab, up, log, ans, cli, use, adm,      \* as in WindowLease
  off,    \* calendar time minus elapsed time                 (replicated)
  leap    \* the leap that is announced, or NoLeap            (replicated)

vars == <<C, T, avail, tab, up, log, ans, cli, use, adm, off, leap>>

Window == INSTANCE WindowLease

ASSUME MaxLease \in 1..W
ASSUME \A d \in LeapBy \cup Slow : d > 0
-----------------------------------------------------------------------------
Min(a, b) == IF a < b THEN a ELSE b
Cal    == T + off                  \* calendar time of the last committed command
Win(c) == c \div W                 \* the window of calendar time c, and its end
End(c) == (Win(c) + 1) * W
NoLeap == [at |-> -1, by |-> 0]

(*****************************************************************************)
(* THE RULES.  t is the elapsed time of a command's effect, o the offset and *)
(* l the leap that are in force after it.  MCLeap takes them away.           *)
(*****************************************************************************)
\* K1  OFFSET.  The offset is replicated, and so is the leap: a new leader goes on with
\*     those of the log.  It never takes its wall clock's.
\*     Why: R2 for the calendar.  A wall clock that is ahead is a leap that nobody was
\*     told of; one that is behind enters a window again, and grants it again.
\*     Without it: K_abl_wall_ahead, K_abl_wall_behind.
ResumeOff == {off}
\* K2  NOTICE.  A leap is at least the longest lease away from the effect of the
\*     command that announces it.
\*     Why: the leases that are out know nothing of it.  They are over by then.
\*     Without it: K_abl_atonce (no notice at all), K_abl_notice (some, but less than the
\*     longest lease).
LeapAts(t, l) == {t + MaxLease + n : n \in Later}
\* K3  CAP.  A lease that is granted after the announcement ends at the leap or before.
\*     The ttl is of elapsed time: to the window's end as if nothing slowed calendar time
\*     down, to the leap, or the longest lease, whichever is the least.
\*     Why: whether L is in the next window or not is not asked; nothing is alive at L.
\*     Without it: K_abl_nocap; without the longest lease: K_abl_toolong.
ToLeap(t, l)  == IF l = NoLeap THEN MaxLease ELSE l.at - t
Ttl(t, o, l)  == Min(MaxLease, Min(End(t + o) - (t + o), ToLeap(t, l)))
\* K4  RETRY.  So does the answer to a retry, though the grant was made before.
\*     Why: R5.  An answer is a lease that begins now, whenever the credits were charged.
\*     Without it: K_abl_dupcap.
DupTtl(t, o, l) == Ttl(t, o, l)
\* K5  SLOW.  A correction backwards takes no more from calendar time than has elapsed
\*     since the last command: it stands still, at most.
\*     Why: R4.  A window that is entered twice is granted twice.
\*     Without it: K_abl_back; at once, when it is set back, K_abl_back_calendar.
MaySlow(s, t) == s <= t - T
\* K6  ONE.  At most one leap is announced at a time.
\*     Why: to announce another, nearer one breaks the promise to those that K3 capped
\*     at the first.
\*     Without it: nothing breaks, if the second has a notice of its own and takes the
\*     first one's place (K_s1_replace).  If the first is brought nearer: K_abl_nearer.
MayAnnounce(l) == l = NoLeap
-----------------------------------------------------------------------------
Init == Window!Init /\ off = 0 /\ leap = NoLeap

Still == UNCHANGED <<off, leap>>

ProposeClock ==        \* the leader proposes a command of its own
  /\ up /\ Len(log) < MaxLog
  /\ \E s \in Window!Stamps : log' = Append(log, [op |-> "clock", a |-> "none", stamp |-> s])
  /\ UNCHANGED <<C, T, avail, tab, up, ans, cli, use, adm>> /\ Still

\* What a command of effect t makes of the calendar: the leap takes effect if it is due;
\* then a clock command may slow calendar time down, or announce a leap.  The leader may
\* have any reason: what is right is not asked, only what is safe.
Calendars(op, t) ==
  LET due == leap # NoLeap /\ t >= leap.at
      o   == IF due THEN off + leap.by ELSE off
      l   == IF due THEN NoLeap ELSE leap
  IN  {[off |-> o, leap |-> l]}
      \cup {[off |-> o - s, leap |-> l] :
              s \in {s \in Slow : op = "clock" /\ MaySlow(s, t)}}
      \cup {[off |-> o, leap |-> [at |-> x, by |-> d]] :
              x \in {x \in LeapAts(t, l) : op = "clock" /\ MayAnnounce(l)}, d \in LeapBy}

Commit ==              \* as Window!Commit; windows are of calendar time
  /\ log # <<>>
  /\ LET c == Head(log)
         k == KeyOf[c.a]
         t == Window!Effect(c.stamp)
     IN \E x \in Calendars(c.op, t) :
        LET win    == Win(t + x.off)
            rolled == win > Win(Cal)
            tab1   == IF rolled THEN [y \in Key |-> Window!NoGrant] ELSE tab
            use1   == IF rolled THEN [y \in Key |-> Window!NoUse] ELSE use
            avail1 == IF rolled THEN Limit ELSE avail
            e      == tab1[k]
        IN
        /\ log' = Tail(log)
        /\ T' = t
        /\ C' = Window!Max(C, t)
        /\ off' = x.off /\ leap' = x.leap
        /\ use' = use1
        /\ adm' = IF rolled THEN 0 ELSE adm
        /\ CASE c.op = "reserve" /\ Window!IsDup(e) ->
                  /\ Window!Answer(c.a, [win |-> e.win, g |-> e.g,
                                         ttl |-> DupTtl(t, x.off, x.leap)])
                  /\ avail' = avail1 /\ tab' = tab1
             [] c.op = "reserve" /\ ~Window!IsDup(e) /\ avail1 > 0 ->
                  \E g \in 1..avail1 :
                    /\ Window!Answer(c.a, [win |-> win, g |-> g, ttl |-> Ttl(t, x.off, x.leap)])
                    /\ avail' = avail1 - g
                    /\ tab' = [tab1 EXCEPT ![k] = [win |-> win, g |-> g, ret |-> FALSE]]
             [] c.op = "return" /\ Window!MayReturn(e, cli[c.a].win) ->
                  /\ avail' = avail1 + cli[c.a].back
                  /\ tab' = [tab1 EXCEPT ![k].ret = TRUE]
                  /\ UNCHANGED ans
             [] OTHER -> avail' = avail1 /\ tab' = tab1 /\ UNCHANGED ans
  /\ UNCHANGED <<up, cli>>

Recover == Window!Recover /\ off' \in ResumeOff /\ UNCHANGED leap

Next ==
  \/ Commit \/ Recover \/ ProposeClock
  \/ Window!Tick /\ Still
  \/ Window!Failover /\ Still
  \/ \E a \in Att : /\ \/ Window!Send(a)  \/ Window!Accept(a) \/ Window!Admit(a)
                       \/ Window!Return(a) \/ Window!Crash(a)
                       \/ Window!Propose("reserve", a) \/ Window!Propose("return", a)
                    /\ Still
  \/ \E k \in Key : Window!Recycle(k) /\ Still

Spec == Init /\ [][Next]_vars
-----------------------------------------------------------------------------
(* WHAT IS CHECKED: as in WindowLease, by the same names, and that calendar  *)
(* time never goes back.                                                     *)
TypeOK ==
  /\ C \in Nat /\ T \in Nat /\ up \in BOOLEAN /\ adm \in Nat
  /\ Cal \in Nat
  /\ leap = NoLeap \/ (leap.at > T /\ leap.by \in LeapBy)
  /\ avail \in 0..Limit
  /\ \A k \in Key : tab[k].win \in {-1, Win(Cal)} /\ tab[k].g \in 0..Limit
  /\ \A a \in Att : cli[a].st \in {"idle", "sent", "held", "gone"}

Safe  == Window!Safe
Books == Window!Books
NoCarryOver == \A a \in Att : Window!MayAdmit(cli[a]) => cli[a].win = Win(Cal)

\* Whatever is out ends no later than a lease would that were granted now: so at the
\* window's end, and at a leap, nothing is.
Deadline == T + Ttl(T, off, leap)
Covered(left, win) ==
  left > 0 => win = Win(Cal) /\ left * Window!LMax <= (Deadline - C) * Window!CMin
LeaseCover ==
  \A a \in Att : /\ cli[a].st = "held" => Covered(cli[a].left, cli[a].win)
                 /\ ans[a] # Window!NoAns =>
                      Covered(Window!LeftOnAccept(a, ans[a]), ans[a].win)

CalMonotone == [][Cal' >= Cal]_vars

\* Not invariants: TLC must break each.  (off is 0 at first, and K_reach_* have no VIEW.)
\* The limit is attained in a window that no elapsed time, but a leap has entered;
NeverFullByLeap == ~(adm = Limit /\ Win(T) = 0 /\ Win(Cal) = 1)
\* ... a leap within a window takes effect, after an admission and with a grant;
NeverWithin == [][off' > off /\ Win(Cal') = Win(Cal) => adm = 0 \/ avail' = avail]_vars
\* a lease ends at a leap, before its window and before the longest lease;
NeverCapped == \A a \in Att : ans[a] # Window!NoAns /\ leap # NoLeap /\ ans[a].ttl = leap.at - T
                 => ans[a].ttl >= Min(MaxLease, End(Cal) - Cal)
\* calendar time stands while a lease can be spent; a leap skips a whole window.
NeverSlowed  == [][T' > T /\ Cal' = Cal => \A a \in Att : ~Window!MayAdmit(cli[a])]_vars
NeverSkipped == [][Win(Cal') <= Win(Cal) + 1]_vars
=============================================================================
