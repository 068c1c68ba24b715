// Package trace is the record of a run: its event schema, its writer and its reader.
//
// A trace is a directory of files, one per recorder: each node writes what its state machine
// applied, in log order; each client process writes what its limiters did. docs/trace.md is
// the schema in prose. The package knows nothing of the product that it records.
package trace

// Version is the schema's version, in every file's header. A reader refuses any other.
const Version = 1

// Kind names what happened.
type Kind string

// Events of every recorder.
const (
	// KindHeader is the first line of a file: Version, Run, Recorder, Role, Clock, DriftPPM.
	KindHeader Kind = "header"
	// KindGap says that N events before this one were lost: the recorder's buffer was full or
	// its disk failed. A trace with a gap can be refuted but not vouched for.
	KindGap Kind = "gap"
	// KindEnd is the last line of a file that was closed in order.
	KindEnd Kind = "end"
)

// Events of a node, outside the log.
const (
	// KindLeader: this node gained (OK) or lost leadership in Term. After a gain it stamps only
	// once its epoch is open.
	KindLeader Kind = "leader"
	// KindPropose: this leader read First, then Stamp from its cluster clock under Epoch, then At,
	// and is about to append the entry (R1): the stamp was read between First and At.
	KindPropose Kind = "propose"
	// KindRestore: this node replaced its state by a snapshot: Index, Hash, T, Epoch.
	KindRestore Kind = "restore"
	// KindMembers: this node applied entry Index of Raft's own, which changes the members: Voters
	// have a vote from then on, others may only listen. It follows all that the entry before
	// wrote, and the state machine does not see it.
	KindMembers Kind = "members"
)

// Events of a node that come from applying log entry Index: every replica writes the same
// ones in the same order, but for At. They follow their entry's KindEntry.
const (
	// KindEntry: Index, Term, Epoch and Stamp of the entry; OK if it had effect (its epoch was
	// the open one), T after it, and Hash, the state machine's running digest after it.
	KindEntry Kind = "entry"
	// KindEpoch: the entry opened Epoch (R2, R3). T is where its clock starts.
	KindEpoch Kind = "epoch"
	// KindState: Hash is the hash of the whole state after entry Index. Written now and then. Of a
	// state too large to be hashed while entries wait it is empty, and N says how many accounts,
	// sessions and graves there are.
	KindState Kind = "state"
	// KindLimit: limit Limit of budget Budget (Metric, Per) is in force with Amount from here
	// on; Amount 0: it is removed. A limit that starts empty has OK false: nothing is granted
	// before its first window that begins at or after Until. One that is no window limit has a
	// Shape, "sliding" with Slots, "bucket" with Burst or "slots", and windows that are Span long.
	// Where it is changed or removed, leases that were granted before may be out for TTL. An override
	// for a time is over at Lapse. With a Key it is that key's amount alone; 0: as everybody's.
	// Shares: its denials may withhold what is left from some who ask, for others.
	KindLimit Kind = "limit"
	// KindBudget: from here on the keys of budget Budget are made by Template, and admissions on it
	// draw on Parent as well; empty: there is none. Weights are its costs'. A budget that no event
	// tells of has no parent and no weights, and its sessions say their keys. Parents come first.
	KindBudget Kind = "budget"
	// KindRoll: limit Limit entered Window (R4). Every account of a window limit is fresh.
	KindRoll Kind = "roll"
	// KindSession: Session was opened on budget Budget, key Key. Labels are what that is made of,
	// unless it is of one that is called "key". OK: the budget has no limits of its own.
	KindSession Kind = "session"
	// KindSessionEnd: Session was closed (OK) or forgotten after its idle time.
	KindSessionEnd Kind = "session_end"
	// KindGrant: Session's request Seq was charged Amount on (Limit, Key) in Window: Lease, TTL. A
	// heartbeat's is in place of lease From, of which it has Kept slots; the others are free.
	KindGrant Kind = "grant"
	// KindReplay: a retry of a charged request was answered again: Lease, with what TTL is left.
	KindReplay Kind = "replay"
	// KindDeny: Session's request Seq was refused by Limit, which had Amount left; RetryAfter
	// is in TTL. Of a limit that shares it is what was left for Session.
	KindDeny Kind = "deny"
	// KindReturn: Session gave back Amount of Lease, of Window; OK if it was taken.
	KindReturn Kind = "return"
	// KindTakeOver: at T this new cluster took the place of the one that backup Hash is of. The
	// numbers up to Session, Limit and Lease are that one's; and no limit grants in a window
	// that begins before nothing counts any more that such a limit granted there: for a window
	// limit before T + Per, when its last leases are over.
	KindTakeOver Kind = "take_over"
	// KindLeap: calendar time is announced to advance by By at the instant Until; or, with OK, it has
	// advanced, and is Off ahead of cluster time from here on. The first one sets it, at once.
	KindLeap Kind = "leap"
	// KindSlow: of the time since the entry before, By did not pass in calendar time, which is Off
	// ahead of cluster time from here on.
	KindSlow Kind = "slow"
	// KindZone: the clocks of Zone are set as Data says, TZif in base64 of version Hash.
	KindZone Kind = "zone"
)

// Events of a limiter.
const (
	// KindSend: Session sent Attempt of request Seq; At was read just before (R7).
	KindSend Kind = "send"
	// KindAccept: Session took the answer to Attempt of Seq: Lease, Window, Amount, TTL as told,
	// and Life, the part of it that it will use, counted from the attempt's send (R6).
	KindAccept Kind = "accept"
	// KindDrop: Session dropped a late answer to Attempt of Seq, which was closed (R9).
	KindDrop Kind = "drop"
	// KindAdmit: Session spent N credits of Lease, in Count admissions, with clock readings from
	// First to Last. Aggregated exactly; flushed often.
	KindAdmit Kind = "admit"
	// KindGiveUp: Session gave up N credits of Lease for good, to return them (R8).
	KindGiveUp Kind = "give_up"
	// KindRelease: N slots of Lease, which KindAdmit told of or the lease that it took the place of
	// had, are in use no more.
	KindRelease Kind = "release"
	// KindExpire: Lease is over for Session with N credits unspent, or of slots N in all.
	KindExpire Kind = "expire"
	// KindFailOpen: N credits were admitted with no lease by an explicit fail-open policy, in
	// Count admissions from First to Last. Outside every bound.
	KindFailOpen Kind = "fail_open"
	// KindShadow: likewise, in shadow mode.
	KindShadow Kind = "shadow"
)

// Roles of a recorder.
const (
	RoleNode  = "node"
	RoleFleet = "fleet"
)

// Event is one line of a trace. A field that does not belong to its kind is zero and absent.
// Times that start with At, First or Last are nanoseconds on the recorder's monotonic clock;
// those in Stamp, T, Until and Lapse are cluster time; TTL, Life, Per and Span are durations in
// nanoseconds.
type Event struct {
	Kind Kind  `json:"kind"`
	At   int64 `json:"at"`

	// Header.
	Version  int    `json:"version,omitempty"`
	Run      string `json:"run,omitempty"`      // names one cluster's life; files of others do not mix
	Recorder string `json:"recorder,omitempty"` // node id, or the client process's name
	Role     string `json:"role,omitempty"`
	// Clock names the clock that At is read from: files with the same one are comparable.
	Clock    string `json:"clock,omitempty"`
	DriftPPM int64  `json:"drift_ppm,omitempty"` // max_clock_drift of this recorder

	// Log.
	Index uint64 `json:"index,omitempty"`
	Term  uint64 `json:"term,omitempty"`
	Epoch uint64 `json:"epoch,omitempty"`
	Stamp int64  `json:"stamp,omitempty"`
	T     int64  `json:"t,omitempty"`
	Hash  string `json:"hash,omitempty"`
	OK    bool   `json:"ok,omitempty"`
	// Voters are the ids of the members that vote, with commas between.
	Voters string `json:"voters,omitempty"`

	// Limits and accounts. Limit is the serial number of one limit's life: a removed and
	// re-created limit has another. (Limit, Key) is an account.
	Budget string `json:"budget,omitempty"`
	Metric string `json:"metric,omitempty"`
	Per    int64  `json:"per,omitempty"`
	// Shape is the limit's kind, Slots, Burst and Span what belongs to it. A window limit, of
	// which Per is all there is to know, has none of them.
	Shape string `json:"shape,omitempty"`
	Slots int64  `json:"slots,omitempty"`
	Burst int64  `json:"burst,omitempty"`
	Span  int64  `json:"span,omitempty"`
	// Shares: what is left of an account may be withheld from some who ask.
	Shares bool   `json:"shares,omitempty"`
	Limit  uint64 `json:"limit,omitempty"`
	Key    string `json:"key,omitempty"`
	Window int64  `json:"window,omitempty"`
	Amount int64  `json:"amount,omitempty"`
	Until  int64  `json:"until,omitempty"`
	// Template makes the keys of a budget's accounts of labels, which stand in it in braces. Labels
	// are NAME=VALUE with commas between; commas and percent signs in values are %2C and %25.
	Template string `json:"template,omitempty"`
	Parent   string `json:"parent,omitempty"`
	Labels   string `json:"labels,omitempty"`
	// Weights are METRIC:COST*TIMES with commas between: what draws how much on a metric's limits.
	Weights string `json:"weights,omitempty"`
	Lapse   int64  `json:"lapse,omitempty"`

	// Sessions, requests, leases.
	Session uint64 `json:"session,omitempty"`
	Seq     uint64 `json:"seq,omitempty"`
	Attempt uint64 `json:"attempt,omitempty"`
	Lease   uint64 `json:"lease,omitempty"`
	TTL     int64  `json:"ttl,omitempty"`
	Life    int64  `json:"life,omitempty"`
	// From is the lease of slots that a lease takes the place of, and Kept how many of them it has
	// from there.
	From uint64 `json:"from,omitempty"`
	Kept int64  `json:"kept,omitempty"`

	// Amounts of limiters.
	N     int64 `json:"n,omitempty"`
	Count int64 `json:"count,omitempty"`
	First int64 `json:"first,omitempty"`
	Last  int64 `json:"last,omitempty"`

	// Calendar. Align and Zone are a limit's whose windows follow it: they are named by the second of
	// calendar time that they begin at.
	Align string `json:"align,omitempty"`
	Zone  string `json:"zone,omitempty"`
	Data  string `json:"data,omitempty"`
	Off   int64  `json:"off,omitempty"` // calendar time, in nanoseconds since 1970, less cluster time
	By    int64  `json:"by,omitempty"`
}

// Sink takes events. The pure packages report to one with At left zero; the edge that owns
// the recorder fills it in.
type Sink func(Event)
