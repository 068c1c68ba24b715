// Package refine replays a recorded run as a behaviour of the specification: each event must be
// a step that the model allows from the state that the events before it have led to.
//
// The state has the specification's variables under their names, of any size and in nanoseconds;
// each of its actions is one method of Machine: guards, each with a name, then the effect. They
// are to be held against spec/tla:
//
//	Machine                            specification
//	T, epoch, term                     ClusterClock: done (TimeOf, Valid), term
//	leadership, hand                   ClusterClock: lead, ready, clock, hand
//	limit.avail, limit.window          WindowLease: avail, Win(T), for each key
//	limit.past                         SlidingLease: tab, by slots before Slot(T) that count
//	account.tok, used, exp             BucketLease: tok, and tab with one exp at a time
//	session.decided, charged; lease    WindowLease: tab, in the form of ADR 1
//	session.sent, attempts, answered   WindowLease: cli.st "sent", ans
//	lease.st, cred, back               WindowLease: cli.st "held" and "gone", cred, back
//
//	elect, failover, open, propose     Elect and Recover, Failover, Ready, Read with Append_
//	commit, roll                       Commit: the command's time, and the roll
//	grant, replay, deny                Commit of a "reserve": new, IsDup, and none left
//	present                            BucketLease!Touch, with Refill
//	giveBack                           Commit of a "return": MayReturn, and OTHER
//	send, accept, admit                Send, Accept, Admit
//	giveUp, expire                     Return; Crash of what is left of one lease
//	End                                Crash, where a file has no end line
//	recycle                            Recycle
//	Passes                             Tick, of one recorder's clock: it does not go back
//	put, change, remove, restore, openSession, endSession, drop, failOpen: in no module
//
// Three steps are silent, since nothing records them: a Tick; a Crash within a process that goes
// on; and an answer, a denial among them, that is lost.
//
// What a file cannot tell is taken to be as it should be: what happened in a gap, after the last
// line of a process that died, and in processes whose files are not there.
package refine
