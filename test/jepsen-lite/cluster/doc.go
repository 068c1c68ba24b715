// Package cluster runs whole nodes and limiters in virtual time: three or five nodes of the product
// with hashicorp/raft over an in-memory network, limiters of the product that call them over
// gRPC, and clocks that drift as far as they may, or stand still between the reading of a stamp
// and its append. What was recorded is for the trace checker.
//
// A run takes turns: bad weather, in which faults of nodes, of the fleet and of budgets strike side
// by side, each undone after a while (storm); then everything is mended, and every limiter must
// be served within two windows. In the end the replicas must agree, by what they say and by
// what their disks hold; every acknowledged change of a budget must be there; and the trace must
// have what each process was told; and what clients were told must be linearizable. In some runs
// servers also join, leave and are replaced, through the product's own reconciliation over a list
// in memory that stands in for gossip; in some, the whole cluster is lost halfway, another is
// restored in its place, and the fleet lives on: then no lease of the first one may be admitted on
// once the second one grants.
//
// A disk keeps what was synced when its node loses power, which the product waits for. With a plant
// (-cluster.plant) it does not, and runs must fail.
//
// A run belongs to a testing/synctest bubble: minutes of cluster time take a second. It is not
// replayable to the byte, since schedules of goroutines are not; its faults are, from the seed.
// No lock that others wait for may be held while a clock sleeps: time would stand still.
package cluster
