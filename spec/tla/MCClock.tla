------------------------------ MODULE MCClock ------------------------------
(*****************************************************************************)
(* ClusterClock for TLC: symmetry, variants, and the ablations of its rules. *)
(* Jump is how far a wall clock may be ahead.  Sym: renaming the servers     *)
(* changes nothing, so TLC looks at one of each such set of states.          *)
(*****************************************************************************)
EXTENDS ClusterClock, TLC
CONSTANTS Jump, s1, s2, s3
Sym == Permutations(Server)
\* A stamp is appended at once (for larger bounds on the rest).
NoPause == \A s \in Server : hand[s] # None =>
             hand'[s] = None /\ (s \in lead => Len(log'[s]) = Len(log[s]) + 1)
\* VARIANT "receive", SAFE: a follower's clock runs on from when it RECEIVED its
\* last entry, so that time without a leader counts.
KeepRunning(s) == {clock[s]}
\* (C_v1_receive.)  And then it may stamp at once, with no wait for the barrier's commit (C_v2_receive_atonce).
AtOnce(s) == ready \cup {s}
\* Ablation of R2, C_abl_wall: a new leader jumps to its wall clock.
Wall(s) == {TimeOf(log[s]), TimeOf(log[s]) + Jump}
\* Ablation of R3, C_abl_anyepoch and C_abl_anyepoch_fast: no epoch check, a stamp read
\* under one leadership counts in another.  L1 reads stamp 3 and is paused; L2 is elected,
\* resumes at 0 and commits a grant at 0; L1 is elected again, wakes up and appends stamp
\* 3 in its NEW term: cluster time leaps by 3 in no real time.
AnyEpoch(l, i) == TRUE
\* Ablation of "receive", C_abl_neverback: a follower never sets its clock back.
NeverBack(l, f) == Max(clock[f], TimeOf(log[l]))
=============================================================================
