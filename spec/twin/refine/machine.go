package refine

import (
	"time"

	"github.com/leased-io/leased/trace"
)

// Bounds of what a machine remembers of the past.
const (
	// maxTerms bounds the leaderships that are remembered, of all nodes and of one: a stamp
	// that is older than that was read by code that slept through all of them.
	maxTerms = 256
	// maxHand bounds the stamps of one leadership that have not become entries. A leader has
	// far fewer in flight; older ones never will.
	maxHand = 4096
	// maxTold bounds the answers to one request that are remembered until one is taken.
	maxTold = 64
	// maxAttempts is how many sends a holder remembers. It drops answers to older ones.
	maxAttempts = 16
	// maxNewest bounds the limits of which a session's newest window is remembered: more than a
	// budget has at a time.
	maxNewest = 64
	// maxReturnable is how many leases of a session the log remembers for its returns. Of more,
	// the oldest can no longer be returned, and counts as spent.
	maxReturnable = 64
)

// million is the parts that drift is given in.
const million = 1_000_000

// Machine is the model in the state that the events so far have led to. It is not safe for
// concurrent use.
type Machine struct {
	horizon int64 // how long, in cluster time, what ended is remembered
	drift   int64 // the largest of the nodes'

	// ClusterClock.
	T      int64 // cluster time
	index  uint64
	term   uint64
	epoch  uint64                   // the one that is open
	epochs []uint64                 // the latest maxTerms that were opened, oldest first
	leads  map[uint64][]*leadership // by term
	terms  []uint64                 // of leads, in the order of their first election

	// WindowLease.
	limits   map[uint64]*limit
	budgets  map[string]int // how many limits are in force, by budget
	families Families       // of budgets that are in force
	graves   map[grave]int64
	sessions map[uint64]*session
	leases   map[uint64]*lease

	lastLimit, lastSession, lastLease uint64
	heir                              heir
	cal                               almanac

	// The entry that is being committed.
	at     place
	dying  []*limit   // removed, and their windows not over
	late   []late     // leases whose windows are over, by when they are forgotten
	ended  []*session // by when they are forgotten
	counts counts
	doubt  *Refusal // of the event before
}

// place is where in an entry the machine is.
type place struct {
	begun     bool // an event other than a roll was met
	opening   bool // it opens an epoch
	rollEnd   int64
	rollLimit uint64   // of the last roll
	aligned   bool     // an aligned limit has rolled
	replaying *session // a replay is under way, and has not told all leases
	granting  *session // the event before was a grant to it
}

// New returns the model in its initial state. What ended is remembered for horizon.
func New(horizon time.Duration) *Machine {
	return &Machine{
		horizon:  int64(horizon),
		leads:    make(map[uint64][]*leadership),
		limits:   make(map[uint64]*limit),
		budgets:  make(map[string]int),
		families: make(Families),
		graves:   make(map[grave]int64),
		sessions: make(map[uint64]*session),
		leases:   make(map[uint64]*lease),
	}
}

// File is one recorder's file: what it tells, and what it cannot.
type File struct {
	header trace.Event
	gap    bool          // events were lost
	waits  bool          // it stands still until the log tells what its next event rests on
	dead   bool          // it is at its end, which was not written
	leads  []*leadership // of a node: the latest maxTerms
	more   bool          // there were others before
}

// File takes a file into the model, by its header.
func (m *Machine) File(header *trace.Event) *File {
	if header.Role == trace.RoleNode {
		m.drift = max(m.drift, header.DriftPPM)
	}
	return &File{header: *header}
}

// Waits says whether the file stands still: its next event rests on something that the log has not
// told yet. What it does not tell meanwhile is held against the log as a Doubt.
func (f *File) Waits(waits bool) { f.waits = waits }

// tellsAll reports whether what is not in the file so far did not happen.
func (f *File) tellsAll() bool { return !f.gap && !f.dead }

// Reads notes an event of a node's file in the file's own order, which may be ahead of the log:
// where its node applied the entry that opens its epoch (ClusterClock!Ready), and what was lost.
func (f *File) Reads(e *trace.Event) {
	switch e.Kind {
	case trace.KindEpoch:
		if l := f.leadership(e.Epoch); l != nil {
			l.ready, l.start, l.clock = true, e.T, e.T
		}
	case trace.KindGap:
		f.gap = true
	}
}

// Size returns how many objects the machine remembers: its memory is proportional to it.
func (m *Machine) Size() int {
	n := len(m.terms) + len(m.epochs) + len(m.limits) + len(m.graves) + len(m.sessions) +
		len(m.leases) + len(m.dying) + len(m.late) + len(m.ended)
	for _, l := range m.limits {
		n += len(l.leases) + len(l.avail)
		for _, g := range l.past {
			n += len(g.used)
		}
	}
	for _, s := range m.sessions {
		n += len(s.returnable) + len(s.charged)
	}
	return n
}

// Step lets an event happen, or says why it cannot. The machine cannot be used after a refusal.
// It can after a doubt.
// The events come in an order in which each follows its causes: those of the log in its order,
// those of a file in its own.
func (m *Machine) Step(f *File, e *trace.Event) *Refusal {
	switch e.Kind {
	case trace.KindSend:
		return m.send(f, e)
	case trace.KindAccept:
		return m.accept(f, e)
	case trace.KindDrop:
		return m.drop(f, e)
	case trace.KindAdmit:
		return m.admit(f, e)
	case trace.KindGiveUp:
		return m.giveUp(f, e)
	case trace.KindRelease:
		return m.release(f, e)
	case trace.KindExpire:
		return m.expire(f, e)
	case trace.KindFailOpen, trace.KindShadow:
		m.counts.step(failOpens)
	case trace.KindGap:
		f.gap = true
	case trace.KindLeader:
		if e.OK {
			return m.elect(f, e)
		}
		return m.failover(f, e)
	case trace.KindPropose:
		return m.propose(f, e)
	case trace.KindRestore:
		return m.restore(f, e)
	case trace.KindEntry:
		return m.commit(e)
	case trace.KindState: // a projection of the state, not a step
	case trace.KindMembers: // the model's replicas are always the same
	default:
		return m.inEntry(e)
	}
	return nil
}

// Doubt returns what is wrong with the event before unless a file that stands still is: it rests
// on an event of that file, which is not among those that were met. Either the file lacks it,
// or it stands behind one that waits in vain. Nil: nothing is wrong.
func (m *Machine) Doubt() *Refusal {
	r := m.doubt
	m.doubt = nil
	return r
}

// silent is what a session's file should have told, and did not.
func (m *Machine) silent(s *session, r *Refusal) *Refusal {
	if !s.file.waits {
		return r
	}
	m.doubt = r
	return nil
}

// inEntry is what the commands of an entry do, and the roll before them.
func (m *Machine) inEntry(e *trace.Event) *Refusal {
	if s := m.at.replaying; s != nil &&
		(e.Kind != trace.KindReplay || e.Session != s.id || e.Seq != s.decided) {
		return refuse(Replay, "All", "a retry of request %d of session %d was told %d of %d leases",
			s.decided, s.id, s.round, len(s.charged))
	}
	switch e.Kind {
	case trace.KindLeap:
		return m.leaps(e)
	case trace.KindSlow:
		return m.slow(e)
	}
	if r := m.overdue(); r != nil {
		return r
	}
	if e.Kind == trace.KindRoll {
		return m.roll(e)
	}
	m.at.begun = true
	if e.Kind == trace.KindGrant {
		return m.grant(e)
	}
	m.at.granting = nil
	switch e.Kind {
	case trace.KindEpoch:
		return m.open(e)
	case trace.KindLimit:
		return m.limit(e)
	case trace.KindBudget:
		return m.putBudget(e)
	case trace.KindSession:
		return m.openSession(e)
	case trace.KindSessionEnd:
		return m.endSession(e)
	case trace.KindReplay:
		return m.replay(e)
	case trace.KindDeny:
		return m.deny(e)
	case trace.KindTakeOver:
		return m.takeOver(e)
	case trace.KindZone:
		return m.rules(e)
	default: // trace.KindReturn
		return m.giveBack(e)
	}
}

// End is called when a file is at its end. Without an end line its process has crashed, and what
// it did in its last moments is not known.
func (m *Machine) End(f *File, complete bool) {
	f.dead = !complete
	if f.header.Role == trace.RoleNode {
		return
	}
	if f.dead {
		m.counts.step(crashes)
	}
	for _, l := range m.leases {
		if l.st == held && l.s.file == f {
			m.over(l)
		}
	}
}
