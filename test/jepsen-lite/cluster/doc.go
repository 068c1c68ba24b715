// Package cluster runs whole nodes and limiters in virtual time: three nodes of the product with
// hashicorp/raft over an in-memory network, limiters of the product that call them over gRPC,
// and clocks that drift as far as they may, or stand still between the reading of a stamp and
// its append. Leaders are cut off and come back. What was recorded is for the trace checker.
//
// A run belongs to a testing/synctest bubble: minutes of cluster time take a second. It is not
// replayable to the byte, since schedules of goroutines are not; its faults are, from the seed.
package cluster
