package twin

import (
	"encoding/json"
	"fmt"
	"io"
	"math/bits"

	"github.com/leased-io/leased/spec/twin/refine"
	"github.com/leased-io/leased/trace"
)

// Verdict is what a check came to.
type Verdict string

// The verdicts. The worst wins: Invalid, then Unknown, then Valid.
const (
	// Valid: every event was checked and no invariant is violated.
	Valid Verdict = "valid"
	// Invalid: an invariant is violated; the report shows by which events.
	Invalid Verdict = "invalid"
	// Unknown: nothing is violated in what was recorded, but something that the verdict needs
	// was not: Reasons say what.
	Unknown Verdict = "unknown"
)

// Report is the result of Check. Its JSON names are stable.
type Report struct {
	Verdict   Verdict    `json:"verdict"`
	Violation *Violation `json:"violation,omitempty"` // with Invalid: the first one
	Reasons   []string   `json:"reasons,omitempty"`   // with Unknown
	Notes     []string   `json:"notes,omitempty"`     // what a reader of the verdict should know

	Run      string   `json:"run"`
	Nodes    []string `json:"nodes"` // recorders, each once
	Fleet    []string `json:"fleet"`
	Files    int      `json:"files"`
	DriftPPM int64    `json:"drift_ppm"` // the nodes' rho

	Events   int64 `json:"events"` // read from all files
	Entries  int64 `json:"entries"`
	Stale    int64 `json:"stale_entries"` // of another epoch: without effect
	Epochs   int64 `json:"epochs"`
	Leaders  int64 `json:"leader_gains"`
	Restores int64 `json:"restores"`
	// Unhashed is how often the whole state was too large to be hashed: replicas were compared by
	// the digests of their results, and by how large the state was.
	Unhashed    int64  `json:"unhashed_states"`
	ClusterTime int64  `json:"cluster_time"` // T after the last entry, nanoseconds
	LastIndex   uint64 `json:"last_index"`

	Sessions int64 `json:"sessions"`
	Grants   int64 `json:"grants"`
	Granted  int64 `json:"granted_credits"`
	Returned int64 `json:"returned_credits"`
	Replays  int64 `json:"replays"`
	Denials  int64 `json:"denials"`

	// Windows counts the windows of accounts that anything was granted from.
	Windows int64 `json:"windows"`
	// Admissions counts an admission once for each lease that it drew on.
	Admissions int64 `json:"admissions"`
	Credits    int64 `json:"admitted_credits"`
	// Fullest is of window limits: another one's windows are not what it bounds.
	Fullest         *WindowTally   `json:"fullest_window,omitempty"`
	FullestInterval *IntervalTally `json:"fullest_interval,omitempty"`

	// FailOpen is what was admitted without leases by explicit policy, outside every bound.
	FailOpen int64 `json:"fail_open_credits"`
	// Shadow is likewise what was admitted in shadow mode, and would not have been otherwise.
	Shadow int64 `json:"shadow_credits"`
	// Unrecorded is what processes that died held and may have spent in their last moments.
	Unrecorded int64 `json:"unrecorded_credits"`
	// Untraced is what was granted to sessions that no fleet file knows.
	Untraced int64 `json:"untraced_credits"`
	Gaps     int64 `json:"gaps"`
	Lost     int64 `json:"lost_events"` // in gaps

	// RealTimeChecked: every admission was compared, in real time, with the roll that ended its
	// window, if one did.
	RealTimeChecked bool `json:"real_time_checked"`
	// Incomparable counts the admit events that could not be, for want of a common clock.
	Incomparable int64 `json:"incomparable_admits"`

	// Kinds counts the events read of each kind, in the order of the schema.
	Kinds []KindCount `json:"kinds"`
	// Coverage is what of the model the run went through, as far as it was checked.
	Coverage *refine.Coverage `json:"coverage"`
}

// KindCount is how many events of a kind were read.
type KindCount struct {
	Kind  trace.Kind `json:"kind"`
	Count int64      `json:"count"`
}

// WindowTally is what became of one window of one account.
type WindowTally struct {
	Budget string `json:"budget"`
	Metric string `json:"metric"`
	Key    string `json:"key,omitempty"`
	Limit  uint64 `json:"limit"`
	Kind   string `json:"kind"` // KindWindow, KindSliding or KindBucket
	Per    int64  `json:"per"`
	Span   int64  `json:"span"` // how long the window is: per, or a part of it
	Window int64  `json:"window"`
	// Bound is the largest limit in force while the window was granted from. It says little of a
	// sliding limit's or a bucket's: the most that the window alone may admit, which is more than
	// it may together with its neighbours (IntervalTally).
	Bound    int64 `json:"bound"`
	Leases   int64 `json:"leases"`
	Granted  int64 `json:"granted"`
	Returned int64 `json:"returned"`
	Admitted int64 `json:"admitted"`
	// Unrecorded as in Report.
	Unrecorded int64 `json:"unrecorded"`
}

// fuller reports whether a of bound is a larger part than b of boundB. Bounds are positive.
func fuller(a, bound, b, boundB int64) bool {
	aHi, aLo := bits.Mul64(uint64(a), uint64(boundB))
	bHi, bLo := bits.Mul64(uint64(b), uint64(bound))
	return aHi > bHi || aHi == bHi && aLo > bLo
}

// Located is an event and where it stands.
type Located struct {
	File  string      `json:"file"`
	Line  int         `json:"line"`
	Event trace.Event `json:"event"`
}

// Violation is a broken invariant.
type Violation struct {
	Invariant string `json:"invariant"` // a name of Invariants
	// Action and Guard are set with Behaviour: which step of the model the event claims to be,
	// and which condition of that step does not hold.
	Action string `json:"action,omitempty"`
	Guard  string `json:"guard,omitempty"`
	Text   string `json:"text"`
	// Events show it, the one that broke it first.
	Events []Located `json:"events"`
}

// Error returns the invariant and what broke it.
func (v *Violation) Error() string { return v.Invariant + ": " + v.Text }

// violated returns a *Violation as an error.
func violated(invariant string, events []Located, format string, args ...any) error {
	return &Violation{Invariant: invariant, Text: fmt.Sprintf(format, args...), Events: events}
}

// WriteJSON writes the report as one indented JSON object.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}
