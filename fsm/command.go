package fsm

import (
	"strconv"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// Entry is one raft log entry: a batch of commands that take effect at one instant, or, with
// Open, the command that opens an epoch.
type Entry struct {
	// Open opens the epoch of the entry's own raft term (R2, R3). It carries nothing else.
	Open bool `cbor:"1,keyasint,omitempty"`
	// Epoch is the epoch under which Stamp was read. An entry of any other epoch than the one
	// that is open has no effect: each of its commands is answered CodeStaleEpoch (R3).
	Epoch uint64 `cbor:"2,keyasint,omitempty"`
	// Stamp is the leader's cluster clock, read when the batch closed (R1).
	Stamp    budget.Instant `cbor:"3,keyasint,omitempty"`
	Commands []Command      `cbor:"4,keyasint,omitempty"`
}

// MaxCommands bounds an entry: what one apply may do before the next snapshot or read.
const MaxCommands = 4096

// Command is a change of the state. Exactly one field is set.
type Command struct {
	OpenSession  *OpenSession   `cbor:"1,keyasint,omitempty"`
	Acquire      *lease.Request `cbor:"2,keyasint,omitempty"`
	Return       *Return        `cbor:"3,keyasint,omitempty"`
	PutBudget    *PutBudget     `cbor:"4,keyasint,omitempty"`
	DeleteBudget *DeleteBudget  `cbor:"5,keyasint,omitempty"`
	TakeOver     *TakeOver      `cbor:"6,keyasint,omitempty"`
	SetLimit     *SetLimit      `cbor:"7,keyasint,omitempty"`
	Calendar     *SetCalendar   `cbor:"8,keyasint,omitempty"`
}

// OpenSession starts a holder's incarnation on one account of a budget, and of each above it.
type OpenSession struct {
	Budget string `cbor:"1,keyasint"`
	// Key is the label "key", where there is no other.
	Key    string        `cbor:"2,keyasint,omitempty"`
	Labels budget.Labels `cbor:"3,keyasint,omitempty"`
	// Priority is whom of a shared account the last credits are for.
	Priority budget.Priority `cbor:"4,keyasint,omitempty"`
}

// Return gives back credits without asking for others, and closes the session if told so.
type Return struct {
	Session lease.SessionID `cbor:"1,keyasint"`
	Returns []lease.Return  `cbor:"2,keyasint,omitempty"`
	Close   bool            `cbor:"3,keyasint,omitempty"`
}

// PutBudget creates a budget or replaces its limits. Putting what is there changes nothing.
type PutBudget struct {
	Budget budget.Budget `cbor:"1,keyasint"`
	// Expect is the revision that the budget must have, ExpectAbsent if there must be none, or 0.
	Expect uint64 `cbor:"2,keyasint,omitempty"`
}

// DeleteBudget removes a budget. One that is created again under its name starts empty until
// the old one's leases are over.
type DeleteBudget struct {
	Name string `cbor:"1,keyasint"`
	// Expect is the revision that the budget must have, or 0.
	Expect uint64 `cbor:"2,keyasint,omitempty"`
}

// Code is how a command was decided. Where several apply, the first in this order wins.
type Code uint8

// The codes, in order of precedence.
const (
	// CodeInvalid: the command is malformed; Detail says how. Nothing refusable should come
	// this far: callers validate before they propose.
	CodeInvalid Code = iota + 1
	// CodeStaleEpoch: the entry was stamped under another epoch than the open one (R3). It had
	// no effect at all; the caller may propose again.
	CodeStaleEpoch
	// CodeUnknownSession: Acquire or Return of a session that expired, was closed, never was, or
	// whose key does not fit its budget any more.
	CodeUnknownSession
	// CodeStale: Acquire whose Seq is below the session's last. It had no effect.
	CodeStale
	// CodeUnknownBudget: OpenSession, Acquire or DeleteBudget of a budget that does not exist.
	CodeUnknownBudget
	// CodeChanged: Acquire under another revision than the budget's. Returns were taken.
	CodeChanged
	// CodeTooLarge: Acquire with a need above the limit's amount. Returns were taken.
	CodeTooLarge
	// CodeKeyNotAllowed: OpenSession with other labels than the budget's key is made of: a key on a
	// budget without keys, or the reverse; or with such as make a key that is too long.
	CodeKeyNotAllowed
	// CodeFull: a table is full (sessions, budgets, accounts, graves); Detail names it. Returns
	// of an Acquire were taken; it is decided anew when it is retried.
	CodeFull
	// CodeDenied: Acquire found less than needed, or nothing of anything. Returns were taken,
	// nothing was charged.
	CodeDenied
	// CodeDone: the command took effect.
	CodeDone
	// CodeNotNew: TakeOver in a cluster that has had budgets, or that took the place of another
	// one; Detail says which. It comes last because the numbers above are in snapshots: of those,
	// only CodeInvalid and CodeStaleEpoch can apply to a TakeOver too.
	CodeNotNew
	// CodeConflict: PutBudget, DeleteBudget or SetLimit that expects another revision than the one in
	// force, which is in Revision; 0: there is no such budget. It has its number from when it was
	// made, and is looked for once it is known whether the budget exists.
	CodeConflict
	// CodeMisfit: PutBudget of a budget that would not fit its parents or those below it, or
	// DeleteBudget of a parent; Detail says which. It can apply with CodeInvalid, CodeStaleEpoch,
	// CodeUnknownBudget, CodeConflict and CodeFull, and comes after them.
	CodeMisfit
	// CodeCalendar: PutBudget with a limit that the calendar is not ready for, or SetCalendar that
	// it cannot take now; Detail says why. Like CodeNotNew it is told to no Acquire.
	CodeCalendar
)

// codeNames are the constants' names in lower case, as scripts and logs tell them.
var codeNames = [...]string{"none", "invalid", "stale_epoch", "unknown_session", "stale",
	"unknown_budget", "changed", "too_large", "key_not_allowed", "full", "denied", "done", "not_new",
	"conflict", "misfit", "calendar"}

// String returns the code's name in lower case, such as "unknown_session".
func (c Code) String() string {
	if int(c) >= len(codeNames) || codeNames[c] == "" {
		return "code " + strconv.Itoa(int(c))
	}
	return codeNames[c]
}

// Result is what one command of an entry came to. It shares its slices with the state: they
// are read-only.
type Result struct {
	Code Code `cbor:"1,keyasint"`
	// Detail says more, with CodeInvalid, CodeKeyNotAllowed, CodeFull, CodeNotNew, CodeMisfit and
	// CodeCalendar.
	Detail string `cbor:"2,keyasint,omitempty"`

	// Session is the new session, with OpenSession.
	Session lease.SessionID `cbor:"3,keyasint,omitempty"`
	// Revision is the budget's with PutBudget and SetLimit; with OpenSession and Acquire, the latest
	// of the budget's and those of all above it.
	Revision uint64 `cbor:"4,keyasint,omitempty"`
	// Limits are the budget's and then those of each above it, for the session's keys, with
	// OpenSession and with CodeChanged. Levels say whose they are, where a budget is above or has
	// weights.
	Limits []budget.Limit `cbor:"5,keyasint,omitempty"`
	Levels budget.Levels  `cbor:"14,keyasint,omitempty"`
	// Rules are the budget's, with Limits, unless they are the default.
	Rules *budget.Rules `cbor:"20,keyasint,omitempty"`

	// Grants are the leases of an Acquire with CodeDone, in the order of its asks. An ask
	// without a need has none where nothing was left.
	Grants []lease.Grant `cbor:"6,keyasint,omitempty"`
	// Denial is set with CodeDenied; and with CodeDone, if an ask without a need got nothing.
	Denial *lease.Denial `cbor:"7,keyasint,omitempty"`
	// Limit is the index of the offending limit, with CodeTooLarge.
	Limit int `cbor:"8,keyasint,omitempty"`
	// Taken is what was taken back, per return of a Return.
	Taken []budget.Credits `cbor:"9,keyasint,omitempty"`

	// Created and Changed tell what a PutBudget did; neither: it was there already. Changed tells
	// so much of a TakeOver and a SetCalendar too.
	Created bool `cbor:"10,keyasint,omitempty"`
	Changed bool `cbor:"11,keyasint,omitempty"`

	// Complies is for how long a lease may still be out that was granted under what a PutBudget,
	// DeleteBudget or SetLimit has changed: cluster time from its effect. It follows from the state,
	// so the digest does without it.
	Complies time.Duration `cbor:"-"`
}

// Bounds of the replicated tables. A command that would exceed one is refused with CodeFull.
const (
	MaxBudgets  = 10_000
	MaxSessions = 1_000_000
	// MaxAccounts counts the accounts of current windows; as many of the last ones are kept.
	MaxAccounts = 4_000_000
	// MaxGraves bounds what is remembered of removed limits while their last leases run.
	MaxGraves = 160_000
	// MaxReturns bounds the returns of one command.
	MaxReturns = 64
	// MaxSessionLeases bounds the live leases of a session: older ones can no longer be
	// returned, and count as spent.
	MaxSessionLeases = 64
	// SessionTTL is how long a session is remembered after its last command, in cluster time.
	// A holder that still has leases renews its session earlier.
	SessionTTL = 10 * time.Minute
)
