// Package node is one member of a cluster: raft over bolt, gossip, the cluster clock, group
// commit and the gRPC API, with a written order of starting and stopping.
//
// What it is responsible for are the rules that hang on leadership: R1, a batch is stamped when
// it closes, after its requests arrived; R2, a new leader's clock starts at the cluster time
// that its epoch command was applied with; R3, nothing is stamped before that, and every stamp
// travels with the epoch that it was read under. It decides nothing about budgets: package fsm
// does.
//
// Servers are added to the cluster by themselves, once gossip sees them. They are never removed
// by themselves: a server that is gone for good still counts toward the quorum.
package node
