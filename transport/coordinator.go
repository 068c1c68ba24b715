package transport

import (
	"context"
	"errors"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
)

// The errors of a Coordinator. Each has a row in the table of errors.go.
var (
	// ErrNotLeader is returned when this node does not lead, or leads but has not opened its
	// epoch yet. The command surely has no effect.
	ErrNotLeader = errors.New("transport: not the leader")
	// ErrOverloaded is returned when the queue of proposals is full, or when the caller's time
	// ran out in it. The command surely has no effect.
	ErrOverloaded = errors.New("transport: too many requests")
	// ErrOutcomeUnknown is returned when a command was appended to the log and then lost sight
	// of: leadership went, or time ran out. It may take effect, even later.
	ErrOutcomeUnknown = errors.New("transport: outcome unknown")
	// ErrQuorum is returned when a server is not removed because those left could not decide
	// anything: it is the last voter, or the voters left that are alive are no majority of them.
	// Nothing was changed.
	ErrQuorum = errors.New("transport: the quorum would be lost")
)

// Coordinator decides. Its methods block until they have an answer or ctx ends, and may be called
// from any goroutine.
type Coordinator interface {
	// Propose commits cmd, which must be valid, and returns what it came to. cmd must not be
	// changed from then on: it may still be waiting when Propose has given up. A result of
	// CodeStaleEpoch had no effect and was retried as often as is useful. The errors are those
	// above; that of ctx stands for ErrOutcomeUnknown.
	Propose(ctx context.Context, cmd fsm.Command) (fsm.Result, error)
	// ProposeAll is Propose of each of cmds, at most MaxBatch, in one entry where that can be. It
	// returns what each came to, in their order.
	ProposeAll(ctx context.Context, cmds []fsm.Command) []Proposed
	// Read calls f with a state that reflects every change acknowledged before the call, and
	// with an instant of the leader's cluster clock, not before the state's. f must not keep
	// the state. It fails with ErrNotLeader, ErrOverloaded or the error of ctx.
	Read(ctx context.Context, f func(s *fsm.State, now budget.Instant)) error
}

// Proposed is what Propose of one command of several has returned.
type Proposed struct {
	Result fsm.Result
	Err    error
}

// Cluster tells what a node knows about the cluster, without asking anyone, and changes who
// belongs to it.
type Cluster interface {
	// Leader is called once per request. Neither it nor Status blocks for longer than it takes to
	// apply an entry.
	Leader() Leader
	// News returns a channel that is closed when another leader may be known; nil: this node may
	// not come to know of any, as one that stops, was removed, or has not joined yet.
	News() <-chan struct{}
	Status() Status
	// RemoveMember takes a server out of the cluster for good, and returns once that is committed.
	// It reports false if the server was no member. It fails with ErrQuorum, ErrNotLeader,
	// ErrOverloaded or ErrOutcomeUnknown; the error of ctx stands for the latter. A leader that is
	// to be removed hands leadership over and fails with ErrNotLeader: the next one decides.
	RemoveMember(ctx context.Context, id string) (removed bool, err error)
	// Wall reads this node's wall clock.
	Wall() time.Time
}

// Leader is who is thought to lead. The zero value: nobody is known.
type Leader struct {
	ID   string
	API  string // host:port of its gRPC API; empty if not known (yet), or if it cannot decide yet
	Self bool   // it is this node, which decides
}

// Status is a node's view of the cluster, from its own, possibly stale state.
type Status struct {
	Node    string
	Version string // of the program
	// State is "leader", "follower", "candidate", "shutdown", or "removed": it is no member any
	// more, as far as it knows.
	State  string
	Leader string // id, empty if none is known
	Term   uint64 // raft's
	// Epoch, Applied, T and Digest are of the state machine, at one moment. Digest is its
	// running digest: nodes that applied the same entries have the same one.
	Epoch    uint64
	Applied  uint64 // index of the last entry applied
	T        budget.Instant
	Digest   string
	Counts   fsm.Counts
	DriftPPM int64
	Members  []Member // by id
	// Calendar is calendar time at T.
	Calendar fsm.CalendarStatus
}

// Member is one server of the cluster, or one that gossip has seen and that may be added.
type Member struct {
	ID     string
	Raft   string // host:port
	API    string // host:port, empty where it is not known
	Voter  bool   // it is counted; else it is joining, or was removed
	Leader bool
	Alive  bool // by gossip; without gossip, always true
}
