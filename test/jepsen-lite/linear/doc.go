// Package linear decides whether the coordinator's operations were linearizable: whether what
// clients were told, each call taking effect at one instant between its start and its answer, is
// what one coordinator without replicas could have told them.
//
// A Recorder writes down calls at the wire, as an interceptor of any gRPC client; Check holds the
// history against a small sequential model with porcupine. The model is written from the
// specification and the protocol's documentation, and uses nothing of what it checks.
//
// A call that was not answered may have taken effect at any later time, or never. Clients do not
// see cluster time, but answers date themselves: a grant names its window and what is left of it.
// Between dated answers the model takes time to be as early as it can be, and branches where it
// matters whether a window was over. How much of what is wanted is granted is left open, since it
// is no part of the protocol; what is granted to nobody's knowledge is an interval.
//
// Play records histories of real nodes in virtual time, under failing leaders and lost answers.
package linear
