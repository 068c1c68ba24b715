// Package client is what a process of the fleet imports: it connects to the coordinator and
// gives out limiters that admit locally.
//
//	c, err := client.New([]string{"10.0.0.1:7070", "10.0.0.2:7070", "10.0.0.3:7070"})
//	defer c.Close(ctx)
//	l, err := c.Limiter(ctx, "llm", client.WithKey("tenant-7"))
//	if d := l.AllowN(1); !d.Allowed() {
//		return d.Err() // which metric refused, what is left, when to ask again
//	}
//
// A Limiter spends leases: credits of one window that the coordinator has charged to the
// budget before it handed them out. Allow and its kin decide from what is held, with no
// network and no allocation; Wait queues, first come first served, until credits arrive. One
// goroutine per limiter, or for all keys, refreshes what is held, so a coordinator that is slow or
// gone delays no decision. What the limiters of a client ask for travels together.
//
// A process with very many keys has one limiter for all of them, in place of one for each:
//
//	users, err := c.Keyed(ctx, "users")
//	if d := users.AllowKey("user-42", 1); !d.Allowed() {
//		return d.Err()
//	}
//
// On a budget with limits of slots, what is admitted is held rather than spent:
//
//	s, err := l.AcquireSlot(ctx)
//	defer s.Release()
//	work(s.Lost()) // closed if others may have the slot before it is released
//
// # Outcomes
//
// A call to the coordinator is done, refused (surely without effect) or unknown (perhaps with
// effect: a timeout, a lost leader). An unknown request is sent again under its sequence
// number until it is decided, to one endpoint after another, and the coordinator charges it
// once (rule R8). Each attempt is timed from its own send (R7).
//
// Without credits a limiter says why, in distinct verdicts: Denied means that the coordinator
// refused and when the window ends; Pending that it was asked; Unavailable that it has not
// answered for a while, so that nothing is known. A limiter is closed in that last case unless
// it was opened with FailOpen, whose admissions are counted, recorded and outside every bound.
//
// The bound is on decisions: what a caller does after Allow said yes is its own affair.
package client
