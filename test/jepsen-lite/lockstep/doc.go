// Package lockstep walks the real fsm.State and the real lease.Holder along every edge of the
// specification's state graph at small scopes, and compares the two after every step.
//
// The graph is WindowLease's (spec/twin/explore), folded, so that it is of all windows and not of
// the first few. A walk has the twin's state on one side, and on the other the code, for which
// the harness plays the clocks, the log, the network and the leaders. Each step is one edge of
// the twin, done by the calls that a node and a limiter make. Then the code's state is projected
// onto the twin's variables, and must be the one that the edge leads to. A step of the code that
// is none of the twin's is a Failure: it shows both sides of a short walk, and how to replay it.
//
// # What is what
//
//   - A request (key) is a holder with a session of its own. Its attempts are sends of its one
//     outstanding request, so they share its clock, and the twin's ticks in which they disagree
//     are left out. Requests of one attempt each are alike: each edge is walked by one of them.
//   - T, avail and the table are the State's: T(), Budget(), and what its events say of grants,
//     returns and rolls. A grant's size is steered by the ask on its way: need = want = g.
//   - What a holder has of a lease is reckoned from its events and the harness's clock: its
//     credits by accept, admit and give_up, what is left of its life from accept's life and the
//     reading at send.
//   - In every state that is met for the first time the code is probed: fsm.Check holds, each
//     holder is offered an admission where the twin forbids it, and must refuse, and where the
//     twin allows it the holder's Status says the same as the twin.
//   - With rates 2 and 4 of nominally 3 units, rho is a third, and Life of an even number of
//     units is half of it, less nanoseconds: rounded up it is the twin's.
//   - Either of a process's clocks may stand still, one at a time (R6). The bound on drift is
//     told by the configuration or by the answers.
//   - A proposal that a failover loses may have slept, and is appended under the next leader,
//     with its old epoch and stamp. That must change nothing.
//   - So must late answers, copies of old commands, forged returns, stamps behind T and restored
//     snapshots, which are thrown in.
//
// # Where the code is stricter
//
// The twin forgets a request when the window rolls, and grants a late copy of it again; the code
// remembers, and refuses. It remembers a denial, too. Which requests are decided is therefore
// part of a node of the graph here, and the refusal is demanded there, and nowhere else. What
// else the code never does is left out, counted and listed: see unwalked.
//
// Beyond small scopes, deep walks are drawn at random: see Deep.
package lockstep
