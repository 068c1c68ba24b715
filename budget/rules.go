package budget

import (
	"slices"
	"strconv"
)

// Rules are what a budget tells its limiters beside its limits. The coordinator does not need
// them: they change how limiters use leases, or admit without any, and never what is granted. The
// zero Rules are the default.
type Rules struct {
	// Mode is how the limiters decide.
	Mode Mode `json:"mode,omitempty" cbor:"1,keyasint,omitempty"`
	// Degraded is what a limiter without credits does while the coordinator is unavailable.
	Degraded Degraded `json:"degraded,omitempty" cbor:"2,keyasint,omitempty"`
	// Share is the n of DegradedShare: 1..MaxAmount, and 0 with every other value of Degraded.
	Share int64 `json:"share,omitempty" cbor:"3,keyasint,omitempty"`
	// Unlimited are metrics that callers may name in a cost, and that nothing bounds: at most
	// MaxLimits, in order, and none that a limit has.
	Unlimited []string `json:"unlimited,omitempty" cbor:"4,keyasint,omitempty"`
}

// Mode is how the limiters of a budget decide.
type Mode string

const (
	// ModeLeased is the default: they decide from leases, which are held ahead of demand.
	ModeLeased Mode = ""
	// ModeStrict holds nothing ahead. Each admission is asked of the coordinator when it misses
	// credits, at a round trip each.
	ModeStrict Mode = "strict"
	// ModeShadow admits everything, and what would not have been is counted and recorded as
	// outside the bound. Leases are asked for and spent as ever.
	ModeShadow Mode = "shadow"
)

// Degraded is what a limiter without credits does while the coordinator is unavailable.
type Degraded string

const (
	// DegradedClosed is the default: it admits nothing.
	DegradedClosed Degraded = ""
	// DegradedOpen admits everything. That has no bound.
	DegradedOpen Degraded = "open"
	// DegradedShare has each limiter admit a part of each limit, the n-th, by itself: at most
	// amount/n credits, rounded down, in each period of its own, or so many slots at a time. With m
	// limiters the fleet admits up to m*amount/n a period beyond the limit.
	DegradedShare Degraded = "share"
)

// The default values have a name where they are written out.
const (
	leasedName = "leased"
	closedName = "closed"
)

// String returns the mode's name.
func (m Mode) String() string {
	if m == ModeLeased {
		return leasedName
	}
	return string(m)
}

// String returns the value's name.
func (d Degraded) String() string {
	if d == DegradedClosed {
		return closedName
	}
	return string(d)
}

// Extra returns the credits of l that each limiter may admit by itself in a period of its own, or
// the slots at a time, while the coordinator is unavailable. False: there is no bound.
func (r Rules) Extra(l Limit) (Credits, bool) {
	switch r.Degraded {
	case DegradedOpen:
		return 0, false
	case DegradedShare:
		return l.Amount / Credits(max(1, r.Share)), true
	default:
		return 0, true
	}
}

// Equal reports whether r and s are the same value.
func (r Rules) Equal(s Rules) bool {
	return r.Mode == s.Mode && r.Degraded == s.Degraded && r.Share == s.Share &&
		slices.Equal(r.Unlimited, s.Unlimited)
}

// canonicalRules returns r with the defaults under one name, and its metrics in order.
func canonicalRules(r Rules) Rules {
	if r.Mode == leasedName {
		r.Mode = ModeLeased
	}
	if r.Degraded == closedName {
		r.Degraded = DegradedClosed
	}
	if len(r.Unlimited) == 0 {
		r.Unlimited = nil
	} else {
		r.Unlimited = slices.Sorted(slices.Values(r.Unlimited))
	}
	return r
}

const (
	allowedMode      = `"leased", "strict" or "shadow"`
	allowedDegraded  = `"closed", "open" or "share"`
	allowedShare     = "1..9007199254740992, and only with degraded: share"
	allowedUnlimited = "a metric once, and none that has a limit or weighs in one"
)

// problems returns what is wrong with canonical rules beside limits and weights. It judges
// Unlimited in the order that it has.
func (r Rules) problems(limits []Limit, weights []Weight) (found []*FieldError) {
	refuse := func(field, value, allowed string) {
		found = append(found, &FieldError{Field: field, Value: value, Allowed: allowed})
	}
	switch canonicalRules(r).Mode {
	case ModeLeased, ModeStrict, ModeShadow:
	default:
		refuse("mode", quote(string(r.Mode)), allowedMode)
	}
	switch d := canonicalRules(r).Degraded; d {
	case DegradedClosed, DegradedOpen, DegradedShare:
		if isShare := d == DegradedShare; r.Share < 0 || r.Share > int64(MaxAmount) ||
			isShare != (r.Share > 0) {
			refuse("share", strconv.FormatInt(r.Share, 10), allowedShare)
		}
	default:
		refuse("degraded", quote(string(r.Degraded)), allowedDegraded)
	}
	if n := len(r.Unlimited); n > MaxLimits {
		refuse("unlimited", strconv.Itoa(n)+" metrics", "at most "+strconv.Itoa(MaxLimits))
		return found
	}
	for i, metric := range r.Unlimited {
		at := "unlimited[" + strconv.Itoa(i) + "]"
		if !validName(metric, metricByte) {
			refuse(at, quote(metric), allowedMetric)
		} else if slices.Contains(r.Unlimited[:i], metric) ||
			slices.ContainsFunc(limits, func(l Limit) bool { return l.Metric == metric }) ||
			slices.ContainsFunc(weights, func(w Weight) bool { return w.Cost == metric }) {
			refuse(at, quote(metric), allowedUnlimited)
		}
	}
	return found
}

// Validate returns every problem of the rules by themselves, each a *FieldError, joined, or nil.
func (r Rules) Validate() error { return joined(r.problems(nil, nil)) }
