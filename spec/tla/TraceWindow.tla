---------------------------- MODULE TraceWindow ----------------------------
(*****************************************************************************)
(* Is a recorded run a behaviour of WindowLease?  The record has one JSON    *)
(* object a line: {"act":"Commit","a":"a1","T":4,"avail":1,"adm":0}.  Line   *)
(* l must be a step of the module of that name, with these values after      *)
(* it.  A field that is absent is not constrained: TLC searches for values   *)
(* that fit (a step's clock rates, the size of a grant, ...).  No step may   *)
(* happen unrecorded, not even a Tick.                                       *)
(*                                                                           *)
(* good.ndjson is such a run; in bad.ndjson its last line has adm wrong by   *)
(* one.  This module shows the form, on the model's own scale.  Recorded     *)
(* runs of leased are judged by spec/twin (docs/trace.md).                   *)
(*                                                                           *)
(* It needs the module Json of TLA+'s CommunityModules on the class path.    *)
(*****************************************************************************)
EXTENDS MCWindow, Json
CONSTANT File
VARIABLE l
Trace == ndJsonDeserialize(File)
Name(a) == CASE a = a1 -> "a1" [] a = a2 -> "a2" [] OTHER -> "a3"
Step(name, a) ==
  CASE name = "Send" -> Send(a)  [] name = "Accept" -> Accept(a)  [] name = "Admit" -> Admit(a)
    [] name = "Return" -> Return(a)  [] name = "Crash" -> Crash(a)
    [] name = "ProposeReserve" -> Propose("reserve", a)
    [] name = "ProposeReturn" -> Propose("return", a)
\* The state after the step is the one that the line tells of.
Fits(e) == /\ "T" \in DOMAIN e => T' = e.T
           /\ "C" \in DOMAIN e => C' = e.C
           /\ "avail" \in DOMAIN e => avail' = e.avail
           /\ "adm" \in DOMAIN e => adm' = e.adm
\* l is the line that is to be matched next.
TraceInit == Init /\ l = 1
TraceNext ==
  /\ l <= Len(Trace)
  /\ LET e == Trace[l] IN
       /\ CASE e.act = "Tick" -> Tick [] e.act = "Commit" -> Commit
            [] e.act = "Failover" -> Failover [] e.act = "Recover" -> Recover
            [] e.act = "Recycle" -> \E k \in Key : Recycle(k)
            [] OTHER -> \E a \in Att : Name(a) = e.a /\ Step(e.act, a)
       /\ Fits(e)
  /\ l' = l + 1
TraceSpec == TraceInit /\ [][TraceNext]_<<vars, l>>
\* Violated exactly when the whole trace was matched: the "counterexample" is the match.
NotMatched == l <= Len(Trace)
=============================================================================
