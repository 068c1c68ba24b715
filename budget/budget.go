// Package budget holds what a budget is and the integer arithmetic of its accounts.
//
// It is pure: no clock, no I/O, no goroutine, no float. Everything that depends on time takes
// the instant of cluster time as an argument, so that every replica computes the same bytes.
package budget

import "time"

// Credits counts units of one metric: requests, tokens. Never negative in a valid state.
type Credits int64

// Instant is a point in cluster time: nanoseconds since the cluster's first epoch began.
// It is no wall-clock time and cannot be compared with one (rule R2). Zero is the beginning.
type Instant int64

// Add returns the instant d later.
func (t Instant) Add(d time.Duration) Instant { return t + Instant(d) }

// Sub returns the cluster time from u to t.
func (t Instant) Sub(u Instant) time.Duration { return time.Duration(t - u) }

// Window numbers a limit's windows: window k of a limit with span W is [kW, (k+1)W) in cluster
// time.
type Window int64

// Bounds of a valid budget. Each keeps arithmetic inside 64 bits or state inside memory.
const (
	// MaxAmount keeps every amount exact in JSON readers that hold numbers as doubles.
	MaxAmount Credits = 1 << 53
	// MinPer keeps a window several round trips long.
	MinPer = 10 * time.Millisecond
	// MaxPer leaves room for a leap year and a billing grace month.
	MaxPer = 400 * 24 * time.Hour
	// MaxWait is longer than any denial's wait: of a limit that takes the place of another, until
	// a lease is over and counts no more, each for at most MaxPer and the pace's margin, and then
	// until its own next window begins.
	MaxWait = 4 * MaxPer
	// MaxLimits bounds the work of one admission and of one Acquire.
	MaxLimits = 16
	// MaxNameLen bounds budget and metric names, in bytes.
	MaxNameLen = 128
	// MaxKeyLen bounds an account key, in bytes.
	MaxKeyLen = 256
)

// Limit is one dimension of a budget: at most Amount credits of Metric per Per, in the sense of
// its kind. A limit is identified inside its budget by metric, kind, period and slots, and a
// bucket by the span of its windows as well: changing the amount or the burst keeps its accounts,
// changing anything else replaces the limit.
type Limit struct {
	Metric string        `json:"metric" cbor:"1,keyasint"`
	Kind   Kind          `json:"kind" cbor:"2,keyasint"`
	Amount Credits       `json:"amount" cbor:"3,keyasint"` // 1..MaxAmount credits a period
	Per    time.Duration `json:"per" cbor:"4,keyasint"`    // MinPer..MaxPer
	// Slots is into how many windows a sliding limit cuts its period: 1..MaxSlots. 0 for the
	// other kinds.
	Slots int `json:"slots,omitempty" cbor:"5,keyasint,omitempty"`
	// Burst is what a bucket holds: 1..MaxAmount credits. 0 for the other kinds.
	Burst Credits `json:"burst,omitempty" cbor:"6,keyasint,omitempty"`
	// Lease is the span of a bucket's windows: see Limit.Adopt. 0 for the other kinds, and where
	// it is not chosen yet.
	Lease time.Duration `json:"-" cbor:"7,keyasint,omitempty"`
	// Align is what the windows of a window limit begin with, in the time zone that Zone names; Per
	// is their nominal length. Empty: they tile cluster time.
	Align Align  `json:"align,omitempty" cbor:"8,keyasint,omitempty"`
	Zone  string `json:"zone,omitempty" cbor:"9,keyasint,omitempty"`
}

// Same reports whether l and m are the same limit, perhaps with another amount.
func (l Limit) Same(m Limit) bool {
	return l.Align == m.Align && l.Zone == m.Zone &&
		l.Metric == m.Metric && l.Kind == m.Kind && l.Per == m.Per && l.Slots == m.Slots &&
		l.Lease == m.Lease
}

// Bound returns the most that the limit can grant at once: its amount, or what its bucket holds.
func (l Limit) Bound() Credits {
	if l.Kind == KindBucket {
		return l.Burst
	}
	return l.Amount
}

// Budget is a named policy: limits that an admission must satisfy together.
type Budget struct {
	Name string `json:"name" cbor:"1,keyasint"`
	// Keyed budgets have an account per limit and key; others have one, with the empty key.
	Keyed bool `json:"keyed,omitempty" cbor:"2,keyasint,omitempty"`
	// Limits are 1..MaxLimits, in canonical order: by metric, then by period, then by kind. A budget
	// that has unlimited metrics may have none.
	Limits []Limit `json:"limits" cbor:"3,keyasint"`
	// Weights are 0..MaxWeights, in canonical order: by metric, then by cost.
	Weights []Weight `json:"weights,omitempty" cbor:"4,keyasint,omitempty"`
	// Template makes the keys of a budget that is keyed: see ParseTemplate. Empty: {key}.
	Template string `json:"template,omitempty" cbor:"5,keyasint,omitempty"`
	// Parent is the budget that admissions draw on as well, with the accounts that its own template
	// makes of the same labels. Empty: there is none.
	Parent string `json:"parent,omitempty" cbor:"6,keyasint,omitempty"`
	Rules  `cbor:"7,keyasint,omitzero"`
	// Sharing divides each account among its tenants. Nil: first come, first served.
	Sharing *Sharing `json:"sharing,omitempty" cbor:"11,keyasint,omitempty"`
}
