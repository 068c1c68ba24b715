// Package twin is the lease protocol a second time, written from the specification and not
// from the product: it reads recorded traces and checks that they could have been a run of the
// protocol. It imports the trace format and nothing else of ours.
//
// A trace has two sides. The nodes' files hold the replicated log; Check merges them into one
// by index, and every replica must agree with every other. The fleet's files hold what the
// limiters did; each is read as far as the log allows: an accepted lease waits for its grant,
// whatever the clocks of the two files are. So memory holds what is alive (limits, sessions,
// leases, open windows), one entry per node file and one event per fleet file, however long
// the trace is. What ended is remembered for Options.Horizon of cluster time more. The leases
// that a process says it took, but never says are over, are kept until its file ends.
//
// Each event goes through three layers. The Invariants name what is wrong with it where they can.
// Then it must be a step of the model that package refine keeps, from the state that the events
// before it have led to: the invariant Behaviour. What the model did is the Report's Coverage.
//
// Files are decoded ahead, each in a goroutine of its own, which has ended when Check returns.
//
// Of the invariants, those that compare the fleet's clocks with the nodes' need
// files whose clocks have the same name; where names differ those comparisons are skipped, and
// the report says so. Everything else holds on any machines.
package twin
