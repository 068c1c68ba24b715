// Package rival plays what teams write today instead of a lease coordinator, on the stage of the
// simulation: the same demand, network, crashes, failovers and seeds, and the same measure.
//
// Four rivals, each as a careful engineer would write it. They share a coordinator that makes no
// mistake of its own: it survives its leader with all that it has decided, decides each request
// once however often it comes, never goes back to an earlier window, and tapers what it hands
// out as ours does. Their limiters prefetch, drop what is over, give back what they do not need,
// and ask again when they are told. What differs is one decision each:
//
//   - Deadline: a lease carries the instant at which it ends on the coordinator's wall clock, and
//     the limiter compares it with its own wall clock. With a margin, it stops earlier by that.
//   - CarryOver: a lease lasts as long as it is good, counted from before it was asked for, so no
//     clock can be wrong; but what is left of it may be spent in the next window.
//   - Both: the two together.
//   - Shares: no leases. Each limiter has an equal share of the limit for each window by its own
//     wall clock, and the coordinator tells all of them when their number changes.
//
// What is measured is what the theorem states: of each interval between two rolls of the window,
// in real time, how many credits were admitted by anybody, and by how many that is above the
// limit. Who admits more than the limit is also the one who looks better used: both are told.
package rival
