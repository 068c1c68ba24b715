// Package process is the outermost ring of the fault campaigns: real processes with real disks,
// real sockets and real clocks, and faults that come from outside.
//
// A campaign is a stage: one process that starts three or five nodes, most of them `leased
// serve` and some an actor with a skewed clock; processes of the fleet, each with limiters, a
// workload and clocks of its own; and breaks them by a seed. It plays rounds. In a round it
// kills, stops, cuts and starves what it may, then heals everything and demands that every
// limiter is served in time. In the end the trace checker judges what all of them recorded.
//
// # Where it runs
//
// The stage is the first process of namespaces of its own for processes, mounts and networks. So
// nothing is left behind, however it ends: with the stage the kernel kills every process that it
// started, and mounts, interfaces and network namespaces are gone with their last process. There
// are no names to clean up.
//
// Each process has a network namespace too, a host. Its one interface is a TUN device whose other
// end the stage holds, so that the stage is the wire between all hosts: it drops packets by
// direction, delays, reorders, loses and copies them. Calls of fsync and fdatasync of a node come
// to the stage as well, by a seccomp listener: it lets them pass, holds them up, or fails them.
// The data of one node is on a small tmpfs, which is filled.
//
// Where the system forbids one of these, the campaign runs without it, and says so first and in
// its report.
//
// Some faults take their time, and others begin and end meanwhile: all servers are replaced one
// after the other, some join and leave, one that crashed is removed. In one the cluster is lost
// with all its disks; another is founded at its addresses and restored from a backup of just
// before, while the fleet lives on. Each life of a cluster is a run of its own, with traces of its
// own; a fleet process's are divided when all has ended.
//
// # What is judged
//
// The trace checker's verdict over all files, in which a process that was killed may lack its end
// and nothing may be unknown; every window's sum once more, without the checker; what all clients
// were told, for linearizability, on one clock whatever clocks their limiters have; every
// admission, in real time, between the rolls around its window; every limiter served from a new
// grant within a stated time of each healing; all replicas at the same digest in the end; each
// fleet process's own ledger against the admissions in its trace; no process ended by itself but
// for a disk that failed; no lease of a lost cluster used after the first grant of the one in its
// place; and, of a series of kills, the gaps in grants.
//
// The verdicts, the faults with their times and what the traces tell are in the form of all rings:
// see package report.
//
// It is for Linux: elsewhere there is nothing here.
package process
