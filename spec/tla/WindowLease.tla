---------------------------- MODULE WindowLease ----------------------------
(*****************************************************************************)
(* Fleet-wide leases on a fixed-window budget, over a replicated log.        *)
(*                                                                           *)
(* A budget of Limit credits per window lives in a replicated state          *)
(* machine.  Windows are [k*W, (k+1)*W) in CLUSTER TIME.  Clients lease      *)
(* credits with an RPC (Reserve) and then admit locally, with no further     *)
(* message.  Nobody zeroes the clients' credits when a window rolls: each    *)
(* client stops by itself, on its own clock, before the cluster clock can    *)
(* have reached the end of the window.                                       *)
(*                                                                           *)
(* HOW TO READ THIS FILE.  A state is one value for each of the VARIABLES.   *)
(* Init says which states a run may start in.  Every operator under "time",  *)
(* "clients" and "replicated log" is one atomic STEP: it says when the step  *)
(* may happen and what the next state is.  Next says: any one of them.  TLC  *)
(* walks through every state that can be reached so, and stops at the first  *)
(* one that breaks an invariant (WHAT IS CHECKED, at the end), with the run  *)
(* that leads there.  The ten notations:                                     *)
(*                                                                           *)
(*  1. Name(x) == e      defines Name.  a = b compares, a # b: not equal.    *)
(*  2. /\  \/  ~  =>     and, or, not, implies.  A column of /\ or \/ is a   *)
(*                       list with bullets: all of it, or one of it.         *)
(*  3. x' = e            e is x's value AFTER the step; plain x is the value *)
(*                       before.  UNCHANGED <<x, y>>: x' = x and y' = y.     *)
(*  4. \A a \in S : P    P holds of every a in S.  \E a \in S : P  of some;  *)
(*                       in a step: for ANY choice of a.  TLC tries all.     *)
(*  5. {..}  1..n        sets: {f(a) : a \in S} has all f(a), {a \in S : P}  *)
(*                       those with P; S \cup R: both, S \ R: S without R.   *)
(*  6. [a \in S |-> e]   a map from S, read as f[a]; [p |-> 1, q |-> 2] is a *)
(*                       record, read r.p; [S -> R]: all maps from S to R.   *)
(*  7. [f EXCEPT ![a] = e]  f, but e at a; there, @ is the old f[a].         *)
(*                       ![a].p = e  changes one field of the record at a.   *)
(*  8. <<a, b>>          a sequence or tuple: Len, Head, Tail, Append, and   *)
(*                       SubSeq(l, i, j), its elements i to j.               *)
(*  9. LET x == e IN f   local names.  CASE p -> e [] q -> f [] OTHER -> g:  *)
(*                       e if p, ...  CHOOSE a \in S : P: the a in S with P. *)
(* 10. Init /\ [][Next]_vars  a run: it starts in Init, and each step is a   *)
(*                       Next (or changes nothing).                          *)
(*                                                                           *)
(* Besides, a \div b is integer division, rounded down.  A GHOST variable    *)
(* is kept for the invariants alone: no step looks at it to decide.          *)
(*                                                                           *)
(* TIME.  A step Tick is one tick of real time.  No participant sees real    *)
(* time.  In one tick a leader's cluster clock advances by some r in LRate   *)
(* units and a client's monotonic clock by some r in CRate units, chosen     *)
(* afresh each tick for each clock: with K nominal units a tick,             *)
(* CRate = K-d..K+d is drift rho = d/K, and max LRate = K(1+rho)(1+sigma),   *)
(* sigma being the rate at which a leader may slew its clock (0 in leased).  *)
(* Any number of other steps happen at one instant (between two Ticks).      *)
(*                                                                           *)
(* NETWORK.  There is no network variable: whatever was sent can be          *)
(* delivered at any later time, any number of times, in any order, or        *)
(* never.  A Reserve or Return can be delivered whenever it was ever sent.   *)
(* An attempt takes one answer; ans holds the one it will take, if any.      *)
(*                                                                           *)
(* CLIENTS.  Att is a set of RPC ATTEMPTS, each with its own start time;     *)
(* attempts with the same KeyOf are retries of one request.  Attempts have   *)
(* independent clocks and crash independently, which covers every way to     *)
(* group them into client processes: the number of clients is irrelevant.    *)
(*****************************************************************************)
EXTENDS Integers, Sequences, FiniteSets

CONSTANTS Att, Key, KeyOf,   \* attempts, request ids, [Att -> Key]
          Limit,             \* credits per window
          W,                 \* window length, in units of cluster time
          LRate, CRate,      \* units a tick: cluster clock, client clocks
          MaxLog             \* most commands proposed and not yet committed

VARIABLES
  C,      \* the leader's reading of the cluster clock
  T,      \* cluster time of the last committed command     (replicated)
  avail,  \* credits not charged in window Win(T)           (replicated)
  tab,    \* Key -> grant made in window Win(T), or NoGrant (replicated)
  up,     \* is there a leader that may stamp and propose?
  log,    \* commands proposed and not yet committed
  ans,    \* Att -> the answer in flight to it, or NoAns
  cli,    \* Att -> the client's side of the attempt
  use,    \* ghost: Key -> what became of the grant in tab
  adm     \* ghost: admissions, fleet-wide, since the last roll

vars == <<C, T, avail, tab, up, log, ans, cli, use, adm>>
-----------------------------------------------------------------------------
Max(a, b) == IF a > b THEN a ELSE b
Min(a, b) == IF a < b THEN a ELSE b
LMax == CHOOSE r \in LRate : \A q \in LRate : q <= r   \* fastest cluster clock
CMin == CHOOSE r \in CRate : \A q \in CRate : r <= q   \* slowest client clock

RECURSIVE Sum(_, _)
Sum(f, S) == IF S = {} THEN 0
             ELSE LET x == CHOOSE x \in S : TRUE IN f[x] + Sum(f, S \ {x})

Win(t) == t \div W
End(t) == (Win(t) + 1) * W

NoGrant == [win |-> -1, g |-> 0, ret |-> FALSE]
NoAns   == [win |-> -1, g |-> 0, ttl |-> 0]
NoUse   == [spent |-> 0, lost |-> 0]
Idle    == [st |-> "idle", age |-> 0, left |-> 0, win |-> -1, cred |-> 0, back |-> 0]
Gone    == [Idle EXCEPT !.st = "gone"]

(*****************************************************************************)
(* THE RULES.  Everything that safety hangs on is one of these operators.    *)
(* The module MCWindow replaces them one at a time: a run "without" a rule   *)
(* is a configuration that names the replacement (CONSTANT Rule <- Other),   *)
(* and TLC must find a run that breaks an invariant.                         *)
(*****************************************************************************)
\* R1  STAMP.  A leader stamps a command with its reading at the moment it appends
\*     it, hence after the request it carries was sent.
\*     Why: the client counts its lease from the send, the coordinator from the
\*     stamp.  A stamp that is older than the send promises time that has passed.
\*     Without it: W_abl_vii_stale, a Reserve timed from the last committed T, is
\*     spent in the next window.  (A cached reading, or a batch stamped when it
\*     opens, is the same mistake.)
Stamps == {C}
\* R2  RESUME.  A new leader resumes from committed cluster time, never from its
\*     wall clock.
\*     Why: clients run out by elapsed time.  A clock that jumps at an election
\*     reaches the window's end while their leases are still good.
\*     Without it: W_abl_iii_wall; on the clock alone, C_abl_wall.
Resume == {T}
\* R3  EPOCH.  ... and stamps nothing before all it inherited is committed (own-term
\*     barrier).  That a stamp also counts only in the leadership it was read under
\*     is the other half; it needs Raft's terms: ClusterClock, Valid.
\*     Why: T is not known before.  A clock that starts too early runs behind what
\*     the inherited commands have promised.
\*     Without it: nothing breaks (W_s1_nobarrier), because R4 and R5 take over.
\*     Without it AND one of them: W_abl_xi_back, W_abl_ixx_both.  Without the
\*     other half: C_abl_anyepoch, C_abl_anyepoch_fast.
BarrierDone == log = <<>>
\* R4  TIME.  Cluster time never goes back: a command takes effect at max(T, stamp),
\*     and T entering a new window rolls it (Commit).
\*     Why: a window that is entered twice is granted twice.
\*     Without it, and without the barrier: W_abl_xi_back.  Either alone suffices; the
\*     maximum is the state machine's own defence against a wrong leader.
Effect(stamp) == Max(T, stamp)
\* R5  ANSWER.  An answer carries a DURATION, from this command's effect to the
\*     window's end; a retry's answer carries what is left of it, not what there was.
\*     Why: a duration means the same on every clock, an instant only on one.
\*     Without it: W_abl_i_absolute (an instant), W_abl_vi_rearm (a retry is told
\*     the first ttl again), W_abl_ixx_both (from the stamp, not the effect; and no
\*     barrier).
Ttl(t, stamp) == End(t) - t
DupTtl(k, t, stamp) == Ttl(t, stamp)
\* R6  LIFE.  The client uses no more of it than is safe for the slowest client clock
\*     against the fastest cluster clock: ttl * (1-rho) / ((1+rho)(1+sigma)).
\*     Why: between send and expiry the two clocks drift apart, in the bad direction.
\*     Without it: W_abl_iv_nomargin.
Life(ttl) == (ttl * CMin) \div LMax
\* R7  START.  ... counted from just before it sent the attempt that is answered.
\*     Why: that is the latest instant that surely lies before the stamp (R1).
\*     Without it: W_abl_ii_receipt (from the answer), W_abl_vi_lastsend (an answer to
\*     the first attempt, from the second's send).  From the request's FIRST send is
\*     safe too: W_s2_firstsend, W_s3_firstsend_rearm; if it is remembered:
\*     W_abl_xiv_forgetfirst.
LeftOnAccept(a, m) == Life(m.ttl) - cli[a].age
\* R8  ONCE.  Reserve is charged once a key (per window); Return is taken once a
\*     grant, by the window that granted it.
\*     Why: a credit that is put back twice, or into another window, is one too many.
\*     Without it: W_abl_v_twice, W_abl_v_late.  Charging twice only wastes credits:
\*     W_abl_viii_nodedupe breaks Books, not Safe.
IsDup(e) == e # NoGrant
MayReturn(e, w) == e # NoGrant /\ e.win = w /\ ~e.ret
\* R9  CLOSE.  The first answer a client takes closes the request, all its attempts.
\*     Why: two attempts are charged once, so two answers are one grant.
\*     Without it: W_abl_xiii_closes spends the one grant twice.
Closes(a) == {b \in Att : KeyOf[b] = KeyOf[a]}
\* R10 ADMIT.  A client admits only on an unexpired grant, one credit each.  In one
\*     step: it has the grant, THEN reads its clock, then spends.
\*     Why: an instant that was read earlier is of an earlier window than the grant
\*     may be; and expiry that nobody looks at ends nothing.
\*     Without it: W_abl_xii_noclock.
MayAdmit(c) == c.st = "held" /\ c.cred > 0 /\ c.left > 0
-----------------------------------------------------------------------------
Init ==
  /\ C = 0 /\ T = 0 /\ up = TRUE /\ log = <<>>
  /\ avail = Limit
  /\ tab = [k \in Key |-> NoGrant]
  /\ ans = [a \in Att |-> NoAns]
  /\ cli = [a \in Att |-> Idle]
  /\ use = [k \in Key |-> NoUse]
  /\ adm = 0

(* ------------------------------- time --------------------------------- *)
AgeCap == Life(W)      \* an older attempt can get nothing: stop counting
Running == {a \in Att : \/ cli[a].st = "sent" /\ cli[a].age < AgeCap
                        \/ cli[a].st = "held" /\ cli[a].left > 0}
Tick ==
  /\ \E r \in LRate : C' = IF up THEN C + r ELSE C
  /\ \E f \in [Running -> CRate] :
       cli' = [a \in Att |->
         IF a \notin Running THEN cli[a]
         ELSE IF cli[a].st = "sent" THEN [cli[a] EXCEPT !.age = Min(AgeCap, @ + f[a])]
         ELSE [cli[a] EXCEPT !.left = Max(0, @ - f[a])]]
  /\ UNCHANGED <<T, avail, tab, up, log, ans, use, adm>>

(* ------------------------------ clients ------------------------------- *)
\* An attempt is idle -> sent -> held -> gone, or gone from anywhere.  age: since its
\* send; left: of the life of its grant; cred: credits to spend; back: those given up.
Send(a) ==             \* the client reads its clock, then sends
  /\ cli[a].st = "idle"
  /\ \A b \in Closes(a) : cli[b].st \in {"idle", "sent"}
  /\ cli' = [cli EXCEPT ![a].st = "sent"]
  /\ UNCHANGED <<C, T, avail, tab, up, log, ans, use, adm>>

Accept(a) ==           \* the first answer to any attempt closes the request
  /\ cli[a].st = "sent" /\ ans[a] # NoAns
  /\ LET m == ans[a] IN
       cli' = [b \in Att |->
         IF b = a THEN [st |-> "held", age |-> 0, left |-> Max(0, LeftOnAccept(a, m)),
                        win |-> m.win, cred |-> m.g, back |-> 0]
         ELSE IF b \in Closes(a) THEN Gone ELSE cli[b]]
  /\ ans' = [b \in Att |-> IF b \in Closes(a) THEN NoAns ELSE ans[b]]
  /\ UNCHANGED <<C, T, avail, tab, up, log, use, adm>>

\* Ghosts: what became of the grant, as long as its window lasts.
Spend(a, n) == IF tab[KeyOf[a]].win = cli[a].win
               THEN use' = [use EXCEPT ![KeyOf[a]].spent = @ + n] ELSE UNCHANGED use
Lose(a, n)  == IF tab[KeyOf[a]].win = cli[a].win
               THEN use' = [use EXCEPT ![KeyOf[a]].lost = @ + n] ELSE UNCHANGED use

Admit(a) ==            \* one credit; an admission of n credits is n such steps
  /\ MayAdmit(cli[a])
  /\ cli' = [cli EXCEPT ![a].cred = @ - 1]
  /\ adm' = adm + 1
  /\ Spend(a, 1)
  /\ UNCHANGED <<C, T, avail, tab, up, log, ans>>

Return(a) ==           \* gives up some credits for good, then sends the Return
  /\ cli[a].st = "held" /\ cli[a].cred > 0 /\ cli[a].back = 0
  /\ \E r \in 1..cli[a].cred :
       cli' = [cli EXCEPT ![a].cred = @ - r, ![a].back = r]
  /\ UNCHANGED <<C, T, avail, tab, up, log, ans, use, adm>>

Crash(a) ==            \* or gives the attempt up; a Return it sent may yet arrive
  /\ cli[a].st \in {"sent", "held"}
  /\ cli' = [cli EXCEPT ![a] = [Gone EXCEPT !.win = cli[a].win, !.back = cli[a].back]]
  /\ ans' = [ans EXCEPT ![a] = NoAns]
  /\ Lose(a, cli[a].cred)
  /\ UNCHANGED <<C, T, avail, tab, up, log, adm>>

(* ------------------------- replicated log ------------------------------ *)
Propose(op, a) ==      \* the leader takes a message off the network
  /\ up /\ Len(log) < MaxLog
  /\ IF op = "reserve" THEN cli[a].st # "idle" ELSE cli[a].back > 0
  /\ \E s \in Stamps : log' = Append(log, [op |-> op, a |-> a, stamp |-> s])
  /\ UNCHANGED <<C, T, avail, tab, up, ans, cli, use, adm>>

\* Of several answers to one attempt, any may be the one that arrives first.  An
\* answer to an attempt that waits no more is ignored, so it is not recorded.
Answer(a, m) == \/ cli[a].st = "sent" /\ ans' = [ans EXCEPT ![a] = m]
                \/ (cli[a].st # "sent" \/ ans[a] # NoAns) /\ UNCHANGED ans

Commit ==              \* the oldest command takes effect; its answer is sent
  /\ log # <<>>
  /\ LET c  == Head(log)
         k  == KeyOf[c.a]
         t  == Effect(c.stamp)
         rolled == Win(t) > Win(T)
         tab1   == IF rolled THEN [x \in Key |-> NoGrant] ELSE tab
         use1   == IF rolled THEN [x \in Key |-> NoUse] ELSE use
         avail1 == IF rolled THEN Limit ELSE avail
         e      == tab1[k]
     IN /\ log' = Tail(log)
        /\ T' = t
        /\ C' = Max(C, t)
        /\ use' = use1
        /\ adm' = IF rolled THEN 0 ELSE adm
        /\ CASE c.op = "reserve" /\ IsDup(e) ->
                  /\ Answer(c.a, [win |-> e.win, g |-> e.g, ttl |-> DupTtl(k, t, c.stamp)])
                  /\ avail' = avail1 /\ tab' = tab1
             [] c.op = "reserve" /\ ~IsDup(e) /\ avail1 > 0 ->
                  \E g \in 1..avail1 :          \* any sharing policy
                    /\ Answer(c.a, [win |-> Win(t), g |-> g, ttl |-> Ttl(t, c.stamp)])
                    /\ avail' = avail1 - g
                    /\ tab' = [tab1 EXCEPT ![k] = [win |-> Win(t), g |-> g, ret |-> FALSE]]
             [] c.op = "return" /\ MayReturn(e, cli[c.a].win) ->
                  /\ avail' = avail1 + cli[c.a].back
                  /\ tab' = [tab1 EXCEPT ![k].ret = TRUE]
                  /\ UNCHANGED ans
             [] OTHER -> avail' = avail1 /\ tab' = tab1 /\ UNCHANGED ans
  /\ UNCHANGED <<up, cli>>

\* What is left of the log is committed later, without a leader's help.  With no leader
\* no clock runs: cluster time stands still.
Failover ==            \* the leader is lost, with any suffix of what it proposed
  /\ up' = FALSE
  /\ \E j \in 0..Len(log) : log' = SubSeq(log, 1, j)
  /\ C' = T
  /\ UNCHANGED <<T, avail, tab, ans, cli, use, adm>>

Recover ==             \* a new leader may stamp: R2, R3
  /\ ~up /\ BarrierDone
  /\ up' = TRUE
  /\ C' \in Resume
  /\ UNCHANGED <<T, avail, tab, log, ans, cli, use, adm>>

Recycle(k) ==          \* a finished request's name is used for a fresh one
  LET A == {a \in Att : KeyOf[a] = k} IN
  /\ tab[k] = NoGrant
  /\ \A a \in A : cli[a].st = "gone"
  /\ \A i \in 1..Len(log) : log[i].a \notin A
  /\ cli' = [a \in Att |-> IF a \in A THEN Idle ELSE cli[a]]
  /\ UNCHANGED <<C, T, avail, tab, up, log, ans, use, adm>>

Next ==
  \/ Tick \/ Commit \/ Failover \/ Recover
  \/ \E a \in Att : \/ Send(a) \/ Accept(a) \/ Admit(a) \/ Return(a) \/ Crash(a)
                    \/ Propose("reserve", a) \/ Propose("return", a)
  \/ \E k \in Key : Recycle(k)

Spec == Init /\ [][Next]_vars
-----------------------------------------------------------------------------
(*****************************************************************************)
(* WHAT IS CHECKED.  An invariant holds in every state that can be reached.  *)
(* S1 is the theorem, S2 why it holds, S3 why that does; S4 keeps the books. *)
(*****************************************************************************)
\* Every variable is of its kind; the table is of the current window alone.
TypeOK ==
  /\ C \in Nat /\ T \in Nat /\ up \in BOOLEAN /\ adm \in Nat
  /\ avail \in 0..Limit
  /\ \A k \in Key : tab[k].win \in {-1, Win(T)} /\ tab[k].g \in 0..Limit
  /\ \A a \in Att : cli[a].st \in {"idle", "sent", "held", "gone"}

\* S1  Between two rolls the whole fleet admits at most Limit.
Safe == adm <= Limit

\* S2  No carry-over: a credit that can be spent is of the current window.
NoCarryOver == \A a \in Att : MayAdmit(cli[a]) => cli[a].win = Win(T)

\* S3  Why S2 holds (inductive): the client's clock, at its slowest, runs out
\*     before the cluster clock, at its fastest, reaches the window's end.
Covered(left, win) == left > 0 => left * LMax <= ((win + 1) * W - C) * CMin
LeaseCover ==
  \A a \in Att : /\ cli[a].st = "held" => Covered(cli[a].left, cli[a].win)
                 /\ ans[a] # NoAns => Covered(LeftOnAccept(a, ans[a]), ans[a].win)

\* S4  Conservation: what is charged is unclaimed, held, spent, on its way
\*     back, or lost; and nothing is two of these.
Holder(k) == {a \in Att : KeyOf[a] = k /\ cli[a].win = tab[k].win}
Books ==
  /\ Limit - avail =
       Sum([k \in Key |-> tab[k].g - (IF tab[k].ret
              THEN Sum([a \in Att |-> cli[a].back], Holder(k)) ELSE 0)], Key)
  /\ \A k \in Key : tab[k] # NoGrant =>
       LET H == Holder(k) IN
       /\ Cardinality(H) <= 1
       /\ IF H = {} THEN use[k] = NoUse                       \* unclaimed
          ELSE tab[k].g = Sum([a \in Att |-> cli[a].cred + cli[a].back], H)
                          + use[k].spent + use[k].lost
  /\ adm = Sum([k \in Key |-> use[k].spent], Key)

\* Not invariants: TLC must find a state that breaks each.  So the bound is attained,
\* in a first window and in a later one, and expiry does happen (W_reach_*).
NeverFull    == adm < Limit
NeverFull2   == ~(adm = Limit /\ Win(T) > 0)
NeverExpired == \A a \in Att : ~(cli[a].st = "held" /\ cli[a].cred > 0 /\ cli[a].left = 0)
=============================================================================
