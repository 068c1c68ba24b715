package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"time"

	"github.com/hashicorp/raft"

	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/trace"
)

const (
	// MaxVoters bounds BootstrapExpect: every commit waits for a majority of them.
	MaxVoters = 9
	// maxIDLen and maxHostLen keep a member's gossip metadata within memberlist's 512 bytes.
	maxIDLen   = 64
	maxHostLen = 128
	// MinTrailingLogs is the fewest entries that a log may keep behind a snapshot: more than a leader
	// may send again to a follower that has applied them already, because its answers were lost: 64
	// a message, and a pipeline of them. With fewer, hashicorp/raft installs a snapshot older than
	// the follower's state, and the follower stops with "log not found".
	MinTrailingLogs = 128
	// minHeartbeat is the shortest timeout that raft accepts.
	minHeartbeat = 5 * time.Millisecond
)

// Config says how to run one node. Start from DefaultConfig.
type Config struct {
	// ID names the node for ever: its votes are counted under it. 1..64 of a-z A-Z 0-9 . _ -.
	// Empty: the id kept in DataDir, or one made of the host's name and kept there.
	ID string
	// DataDir holds the log, the snapshots and the node's id. One running node at a time.
	DataDir string
	// LogStore is where the log is kept: LogStoreBolt or LogStoreWAL. A data directory stays with
	// what it was made with.
	LogStore string

	// ListenAPI, ListenRaft and ListenGossip are host:port; port 0 picks one. An empty
	// ListenGossip runs without gossip: then BootstrapExpect is 1, or Peers names everyone, or
	// there is a Directory.
	ListenAPI, ListenRaft, ListenGossip string
	// AdvertiseHost is the name or IP address under which the others reach this node, on the
	// ports above. Empty: the host of each address, which then must be a real one. With a
	// name, raft keeps the name, so that a node may come back with another IP address.
	AdvertiseHost string

	// BootstrapExpect is the number of servers that found the cluster together, each started
	// with the same number: 0..MaxVoters. 0: this node joins a cluster. It is ignored by a
	// node that has state.
	BootstrapExpect int
	// Join are gossip addresses, host:port, of some members. Tried until one answers.
	Join []string

	// DriftPPM is rho, told to every holder: 0..lease.MaxMaxClockDriftPPM.
	DriftPPM int64

	// HeartbeatTimeout is how long a follower goes without a heartbeat before it stands for
	// election, and the base of an election's own timeout.
	HeartbeatTimeout time.Duration
	// LeaderLeaseTimeout is how long a leader goes without a majority before it steps down:
	// at most HeartbeatTimeout.
	LeaderLeaseTimeout time.Duration
	// CommitTimeout is how soon followers hear of a commit when no other entry follows.
	CommitTimeout time.Duration
	// SnapshotInterval is how often it is checked whether SnapshotThreshold entries were
	// appended since the last snapshot. TrailingLogs entries are kept behind one: at least
	// MinTrailingLogs.
	SnapshotInterval  time.Duration
	SnapshotThreshold uint64
	TrailingLogs      uint64

	// Logger takes the node's logs; nil means slog.Default().
	Logger *slog.Logger
	// TraceDir gets a trace file per start of the node; empty: no trace.
	TraceDir string
	// Run names the cluster's life in traces; "default" unless it is set. Files of different runs
	// do not mix: a cluster that is founded anew takes another name.
	Run string
	// Version of the program, for Status.
	Version string
	// Clock is the monotonic clock; nil means the process's. Only differences mean anything.
	Clock func() time.Duration
	// Wall is the wall clock, which only limits that follow the calendar need; nil means time.Now.
	Wall func() time.Time

	Seams
}

// Seams replace what reaches outside of the process, for tests and simulation. Zero: nothing
// is replaced.
type Seams struct {
	// Stores replace DataDir. They are left open.
	Stores *Stores
	// RaftTransport replaces ListenRaft. It must know pre-votes, and is closed if it can be.
	RaftTransport raft.Transport
	// APIListener replaces ListenAPI, and its address is the one told to others.
	APIListener net.Listener
	// DialAPI connects to another node's API, to forward.
	DialAPI func(ctx context.Context, address string) (net.Conn, error)
	// Peers are all servers of a cluster without gossip, this one among them. Each of them
	// founds the cluster if it has no state.
	Peers []Peer
	// Directory replaces gossip, see there; nil: ListenGossip or Peers.
	Directory *Directory
	// TraceClock is what events are timed by; zero means trace.SystemClock.
	TraceClock trace.Clock
}

// Stores hold a node's log, its votes and its snapshots.
type Stores struct {
	Logs      raft.LogStore
	Stable    raft.StableStore
	Snapshots raft.SnapshotStore
}

// Peer is where one server of a cluster without gossip is found.
type Peer struct {
	ID, Raft, API string
}

// DefaultConfig returns the defaults: a failover well under two seconds, on machines that may
// be busy for a few hundred milliseconds. DataDir and addresses are left to the caller.
func DefaultConfig() Config {
	return Config{
		LogStore:           LogStoreBolt,
		Run:                "default",
		DriftPPM:           lease.DefaultMaxClockDriftPPM,
		HeartbeatTimeout:   400 * time.Millisecond,
		LeaderLeaseTimeout: 250 * time.Millisecond,
		CommitTimeout:      20 * time.Millisecond,
		SnapshotInterval:   30 * time.Second,
		SnapshotThreshold:  8192,
		TrailingLogs:       8192,
	}
}

// Validate returns all problems, joined, each naming its field and what is allowed; nil if
// there is none.
func (c Config) Validate() error {
	return errors.Join(slices.Concat(
		c.validateIdentity(), c.validateAddresses(), c.validateFounding(), c.validateTiming(),
	)...)
}

func (c Config) validateIdentity() (problems []error) {
	if c.ID != "" && !validID(c.ID) {
		problems = append(problems, bad("ID", c.ID, "must be 1..64 of a-z A-Z 0-9 . _ -"))
	}
	switch {
	case c.DataDir == "" && c.Stores == nil:
		problems = append(problems, bad("DataDir", "", "must name a directory"))
	case c.Stores != nil && c.ID == "":
		problems = append(problems, bad("ID", "", "must be set when there is no DataDir"))
	}
	if c.LogStore != LogStoreBolt && c.LogStore != LogStoreWAL {
		problems = append(problems, bad("LogStore", c.LogStore,
			fmt.Sprintf("must be %s or %s", LogStoreBolt, LogStoreWAL)))
	}
	if c.DriftPPM < 0 || c.DriftPPM > lease.MaxMaxClockDriftPPM {
		problems = append(problems, bad("DriftPPM", c.DriftPPM,
			fmt.Sprintf("must be 0..%d", lease.MaxMaxClockDriftPPM)))
	}
	return problems
}

func (c Config) validateAddresses() (problems []error) {
	if len(c.AdvertiseHost) > maxHostLen {
		problems = append(problems, bad("AdvertiseHost", c.AdvertiseHost,
			fmt.Sprintf("must have at most %d bytes", maxHostLen)))
	}
	listen := func(field, address string) {
		host, _, err := net.SplitHostPort(address)
		switch {
		case err != nil:
			problems = append(problems, bad(field, address, "must be host:port"))
		case c.AdvertiseHost != "":
		case host == "" || net.ParseIP(host).IsUnspecified():
			problems = append(problems, bad(field, address,
				"has no host that others can reach: set AdvertiseHost"))
		case len(host) > maxHostLen:
			problems = append(problems, bad(field, address, "has too long a host"))
		}
	}
	if c.APIListener == nil {
		listen("ListenAPI", c.ListenAPI)
	}
	if c.RaftTransport == nil {
		listen("ListenRaft", c.ListenRaft)
	} else if _, ok := c.RaftTransport.(raftTransport); !ok {
		problems = append(problems, bad("RaftTransport", fmt.Sprintf("%T", c.RaftTransport),
			"must know pre-votes: without them a server that was removed disturbs the others"))
	}
	if c.ListenGossip != "" {
		listen("ListenGossip", c.ListenGossip)
	}
	for i, address := range c.Join {
		if _, _, err := net.SplitHostPort(address); err != nil {
			problems = append(problems, bad(fmt.Sprintf("Join[%d]", i), address, "must be host:port"))
		}
	}
	return problems
}

func (c Config) validateFounding() (problems []error) {
	if c.BootstrapExpect < 0 || c.BootstrapExpect > MaxVoters {
		problems = append(problems, bad("BootstrapExpect", c.BootstrapExpect,
			fmt.Sprintf("must be 0..%d", MaxVoters)))
	}
	if c.BootstrapExpect == 1 && len(c.Join) > 0 {
		problems = append(problems, bad("BootstrapExpect", c.BootstrapExpect,
			"founds a cluster alone, but Join names another: use 0 to join it"))
	}
	if c.ListenGossip != "" && c.Directory != nil {
		problems = append(problems, bad("ListenGossip", c.ListenGossip,
			"must be empty with Directory"))
	}
	if len(c.Peers) > 0 && (c.ListenGossip != "" || c.Directory != nil) {
		problems = append(problems, bad("Peers", c.Peers,
			"must be empty with ListenGossip or Directory"))
	}
	if c.ListenGossip != "" {
		return problems
	}
	if len(c.Join) > 0 {
		problems = append(problems, bad("Join", c.Join, "needs ListenGossip"))
	}
	if c.Directory != nil {
		return problems
	}
	self := func(p Peer) bool { return p.ID == c.ID }
	switch {
	case len(c.Peers) > 0 && !slices.ContainsFunc(c.Peers, self):
		problems = append(problems, bad("Peers", c.Peers, "must contain this node's ID"))
	case len(c.Peers) == 0 && c.BootstrapExpect != 1:
		problems = append(problems, bad("ListenGossip", "",
			"must be set unless BootstrapExpect is 1: the others are found by gossip"))
	}
	return problems
}

func (c Config) validateTiming() (problems []error) {
	if c.HeartbeatTimeout < minHeartbeat {
		problems = append(problems, bad("HeartbeatTimeout", c.HeartbeatTimeout,
			fmt.Sprintf("must be at least %s", minHeartbeat)))
	}
	if c.LeaderLeaseTimeout < minHeartbeat || c.LeaderLeaseTimeout > c.HeartbeatTimeout {
		problems = append(problems, bad("LeaderLeaseTimeout", c.LeaderLeaseTimeout,
			fmt.Sprintf("must be %s..HeartbeatTimeout", minHeartbeat)))
	}
	if c.CommitTimeout < time.Millisecond {
		problems = append(problems, bad("CommitTimeout", c.CommitTimeout, "must be at least 1ms"))
	}
	if c.SnapshotInterval < minHeartbeat {
		problems = append(problems, bad("SnapshotInterval", c.SnapshotInterval,
			fmt.Sprintf("must be at least %s", minHeartbeat)))
	}
	if c.SnapshotThreshold == 0 {
		problems = append(problems, bad("SnapshotThreshold", c.SnapshotThreshold, "must be at least 1"))
	}
	if c.TrailingLogs < MinTrailingLogs {
		problems = append(problems, bad("TrailingLogs", c.TrailingLogs,
			fmt.Sprintf("must be at least %d", MinTrailingLogs)))
	}
	return problems
}

// bad is one problem of a Config.
func bad(field string, value any, rule string) error {
	return fmt.Errorf("config: %s: is %q: %s", field, fmt.Sprint(value), rule)
}

// validID reports whether id has 1..maxIDLen bytes that are plain in paths, logs and gossip.
func validID(id string) bool {
	for _, c := range []byte(id) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return id != "" && len(id) <= maxIDLen
}
