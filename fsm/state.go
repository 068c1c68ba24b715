package fsm

import (
	"encoding/hex"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/trace"
)

// State is the whole replicated state. It is changed by Apply alone, and not safe for
// concurrent use: FSM guards it.
type State struct {
	sink trace.Sink // may be nil
	// revised are the budgets that the last entry gave another revision, or removed.
	revised []string
	events  []trace.Event // of the entry at work, which its KindEntry precedes

	t           budget.Instant // cluster time, 0..MaxStamp; never goes back
	epoch       uint64         // the open one; 0: none was opened yet
	index, term uint64         // of the last entry
	entries     uint64         // how many were applied
	digest      [digestSize]byte
	link        []byte           // of the last entry: the next one's is written over it
	taken       []budget.Credits // of the Acquire at work, which is told of none
	last        Counters
	origin      *origin // nil, unless this cluster took another one's place

	budgets  map[string]*policy
	children map[string][]string // of budgets that are parents, in order
	limits   map[uint64]*limit   // of all budgets, by serial
	endings  uint64              // 1, and how often a window or a limit has ended since New
	rolls    rolls               // those that tile cluster time
	aligned  rolls               // the others, which follow the calendar
	lapses   lapses              // of overrides that are for a time
	accounts int                 // of current windows, in all limits
	sessions map[lease.SessionID]*session
	idle     recency // the same, least recently touched first
	overdue  bool    // some of them have expired, and wait for the next entry to end them

	graves map[grave]budget.Instant
	// digAt is no later than any instant in graves: an entry before it looks at none.
	digAt budget.Instant

	calendar calendar

	bounds bounds
}

// digestSize is the length of a digest and of a hash, in bytes.
const digestSize = 16

// Counters are the serial numbers that a cluster handed out last. They only grow.
type Counters struct {
	Session  lease.SessionID `cbor:"1,keyasint"`
	Lease    lease.ID        `cbor:"2,keyasint"`
	Limit    uint64          `cbor:"3,keyasint"`
	Revision uint64          `cbor:"4,keyasint"`
}

// bounds are the sizes of the tables, maxExpired and maxHashed; tests have smaller ones.
type bounds struct{ budgets, sessions, accounts, graves, expired, hashed int }

// never is an instant after all others.
const never = budget.Instant(1<<63 - 1)

// New returns the state of a new cluster: time 0, no epoch, no budgets. sink takes the trace
// events of every entry, from within Apply; nil records nothing and costs nothing.
func New(sink trace.Sink) *State {
	return &State{
		sink:     sink,
		budgets:  map[string]*policy{},
		children: map[string][]string{},
		limits:   map[uint64]*limit{},
		endings:  1,
		sessions: map[lease.SessionID]*session{},
		graves:   map[grave]budget.Instant{},
		digAt:    never,
		bounds:   bounds{MaxBudgets, MaxSessions, MaxAccounts, MaxGraves, maxExpired, maxHashed},
	}
}

// T returns the cluster time of the last entry that had effect: where the clock of a new epoch
// starts (R2).
func (s *State) T() budget.Instant { return s.t }

// Epoch returns the open epoch, or 0 if none was ever opened (R3).
func (s *State) Epoch() uint64 { return s.epoch }

// Index returns the raft index of the last entry.
func (s *State) Index() uint64 { return s.index }

// Last returns the serial numbers that were handed out last: what a TakeOver is told.
func (s *State) Last() Counters { return s.last }

// Digest returns the running digest, 32 hex characters: replicas with the same one at the same
// index gave the same results to the same entries. It costs nothing to read.
func (s *State) Digest() string { return hex.EncodeToString(s.digest[:]) }

// Counts are the sizes of the state's tables.
type Counts struct {
	Budgets, Limits, Sessions, Graves int
	// Accounts are those of current windows.
	Accounts int
}

// Counts returns the sizes of the tables.
func (s *State) Counts() Counts {
	return Counts{
		Budgets:  len(s.budgets),
		Limits:   len(s.limits),
		Sessions: len(s.sessions),
		Graves:   len(s.graves),
		Accounts: s.accounts,
	}
}
