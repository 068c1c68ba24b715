// Package sizing chooses how many credits a holder asks for, so that it calls seldom and
// strands little. Safety does not know that it exists: a holder takes whatever size it is told
// for a wish, and the bound on admissions holds for every size.
//
// It is pure: no clock, no I/O, no goroutine, and no source of randomness: a draw is a function
// of the seed and of how many were made. Its memory is fixed when a Sizer is made. It reckons in
// floats, since nothing of it is replicated.
//
// # The cost
//
// A call to the coordinator costs 1. A credit that is held unspent for a whole window of its
// limit costs h, for a part of one that part of h, and h once more if its lease ends with it: it
// was of use to nobody. h is Config.Stranding over the limit's bound, so Stranding is what the
// whole limit, unspent for a window, is worth in calls.
//
// With a demand of d a window that is spread evenly, orders of q credits cost d/q + h*q/2 a
// window, least at q = sqrt(2*d/h): the economic order quantity of Harris (How Many Parts to
// Make at Once, 1913). In what is left of a window it is a whole number of equal orders (order.go).
//
// # The learner
//
// Demand is not spread evenly, and what is predicted is often wrong. So a learner keeps books
// on what each of some sizes would have cost (ledger.go), of which the holder's own demand is all
// that it needs to know, and draws the size of each round by exponential weights: Hedge (Freund
// and Schapire, A Decision-Theoretic Generalization of On-Line Learning, 1997) with the learning
// rate of AdaHedge (de Rooij, van Erven, Grunwald and Koolen, Follow the Leader If You Can, Hedge
// If You Must, JMLR 2014) and with hints (Rakhlin and Sridharan, Online Learning with Predictable
// Sequences, COLT 2013). Prediction-aided means that the predictor's idea of the next round's
// costs is the hint, that the economic order quantity is among the sizes, and that no size is
// more than a burst may still spend of the window.
//
// What it guarantees, whatever the demand: see learner. A load that shifts makes the best fixed
// size a bad one, so learners that start anew now and then run beside the one that never does,
// and another learner weighs them (restart.go).
package sizing
