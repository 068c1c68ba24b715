package budget

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// Bounds of a budget's sharing.
const (
	// MaxShares bounds the tenants that have a weight, and those that have a guarantee.
	MaxShares = 32
	// MaxShareWeight is the largest weight of a tenant. A level of the division, in parts of a
	// credit, is fine enough for it: see levelParts.
	MaxShareWeight = 1000
)

const (
	allowedShareWeight = "an integer, 1..1000"
	allowedPercent     = "a percentage, 1..100"
	allowedTenant      = "a value of the label, 1..256 bytes of UTF-8 without control characters, " +
		"or nothing for sessions without it"
)

// Sharing says how the tenants of an account divide it among themselves. A tenant is a value of the
// label By of the sessions that draw on the account; those without it are one tenant, too. It
// changes who is granted what, and never how much is granted in all.
type Sharing struct {
	// By is the label whose values are the tenants: 1..MaxLabelNameLen bytes. Sessions may have it
	// beside those of their key.
	By string `json:"by" cbor:"1,keyasint"`
	// Weights are 0..MaxShares, in order of the tenants: 1..MaxShareWeight each. Others weigh 1.
	Weights []Portion `json:"weights,omitempty" cbor:"2,keyasint,omitempty"`
	// Guaranteed are 0..MaxShares, in order of the tenants: percent of each limit that are kept for a
	// tenant that asked in this window or the last one.
	Guaranteed []Portion `json:"guaranteed,omitempty" cbor:"3,keyasint,omitempty"`
	// Reserved is how many percent of each limit, the last ones, are for PriorityHigh alone. With
	// what is guaranteed at most 100.
	Reserved int64 `json:"reserved,omitempty" cbor:"4,keyasint,omitempty"`
}

// Portion is what a sharing says of one tenant: a weight, or percent.
type Portion struct {
	Tenant string `json:"tenant" cbor:"1,keyasint"`
	N      int64  `json:"n" cbor:"2,keyasint"`
}

// Priority of a session is whom of a shared account the last credits are for.
type Priority string

const (
	// PriorityNormal is the default.
	PriorityNormal Priority = ""
	// PriorityHigh draws on what is reserved, too.
	PriorityHigh Priority = "high"
	// PriorityLow leaves twice as much as is reserved.
	PriorityLow Priority = "low"
)

// Validate returns a *FieldError if there is no such priority.
func (p Priority) Validate() error {
	switch p {
	case PriorityNormal, PriorityHigh, PriorityLow:
		return nil
	}
	return &FieldError{Field: "priority", Value: quote(string(p)),
		Allowed: `"low", "high", or nothing for the normal one`}
}

// Equal reports whether s and r are the same value; either may be nil, which is no sharing.
func (s *Sharing) Equal(r *Sharing) bool {
	if s == nil || r == nil {
		return s == r
	}
	return s.By == r.By && s.Reserved == r.Reserved && slices.Equal(s.Weights, r.Weights) &&
		slices.Equal(s.Guaranteed, r.Guaranteed)
}

// canonical returns a copy with its tenants in order.
func (s *Sharing) canonical() *Sharing {
	if s == nil {
		return nil
	}
	return &Sharing{By: s.By, Reserved: s.Reserved, Weights: sortPortions(s.Weights),
		Guaranteed: sortPortions(s.Guaranteed)}
}

func sortPortions(portions []Portion) []Portion {
	if len(portions) == 0 {
		return nil
	}
	sorted := slices.Clone(portions)
	slices.SortStableFunc(sorted, func(p, q Portion) int { return cmp.Compare(p.Tenant, q.Tenant) })
	return sorted
}

// problems returns what is wrong with the sharing of b.
func (s *Sharing) problems(b Budget) (found []*FieldError) {
	refuse := func(field, value, allowed string) {
		found = append(found, &FieldError{Field: field, Value: value, Allowed: allowed})
	}
	if s == nil {
		return nil
	}
	own := []string{}
	if t, err := ParseTemplate(cmp.Or(b.Template, plainTemplate)); err == nil &&
		(b.Keyed || b.Template != "") {
		own = t.Labels()
	}
	switch {
	case !validLabel(s.By):
		refuse("sharing.by", quote(s.By), allowedLabel)
	case slices.Contains(own, s.By):
		refuse("sharing.by", quote(s.By), "a label that the budget's own key is not made of, since "+
			"each of its accounts would have one tenant")
	}
	for i, l := range b.Limits {
		if l.Kind == KindSlots {
			refuse("sharing", "limits["+strconv.Itoa(i)+"] of kind slots",
				"limits of other kinds: slots are not divided among tenants")
		}
	}
	found = append(found, portionProblems("sharing.weights", s.Weights, MaxShareWeight,
		allowedShareWeight)...)
	found = append(found, portionProblems("sharing.guaranteed", s.Guaranteed, 100, allowedPercent)...)
	if s.Reserved < 0 || s.Reserved > 100 {
		refuse("sharing.reserved", strconv.FormatInt(s.Reserved, 10), "a percentage, 0..100")
	}
	if len(found) > 0 {
		return found
	}
	sum := s.Reserved
	for _, p := range s.Guaranteed {
		sum += p.N
	}
	if sum > 100 {
		refuse("sharing.guaranteed", strconv.FormatInt(sum, 10)+" percent with what is reserved",
			"at most 100 in all")
	}
	return found
}

func portionProblems(at string, portions []Portion, most int64, allowed string) []*FieldError {
	if len(portions) > MaxShares {
		return []*FieldError{{Field: at, Value: strconv.Itoa(len(portions)) + " tenants",
			Allowed: fmt.Sprintf("0..%d tenants", MaxShares)}}
	}
	var found []*FieldError
	for i, p := range portions {
		field := at + "." + shortName(p.Tenant)
		if !validTenant(p.Tenant) {
			found = append(found, &FieldError{Field: field, Value: quote(p.Tenant),
				Allowed: allowedTenant})
		}
		if p.N < 1 || p.N > most {
			found = append(found, &FieldError{Field: field, Value: strconv.FormatInt(p.N, 10),
				Allowed: allowed})
		}
		if slices.ContainsFunc(portions[:i], func(q Portion) bool { return q.Tenant == p.Tenant }) {
			found = append(found, &FieldError{Field: field, Value: "a second one",
				Allowed: "each tenant once"})
		}
	}
	return found
}

// validTenant reports whether a label may have the value, or there is none.
func validTenant(name string) bool { return name == "" || ValidateKey(true, name) == nil }

// portion returns what portions, which are sorted, say of a tenant.
func portion(portions []Portion, tenant string) (n int64, declared bool) {
	i, found := slices.BinarySearchFunc(portions, tenant,
		func(p Portion, name string) int { return cmp.Compare(p.Tenant, name) })
	if !found {
		return 0, false
	}
	return portions[i].N, true
}

// declared reports whether the sharing names a tenant.
func (s *Sharing) declared(tenant string) bool {
	_, weighs := portion(s.Weights, tenant)
	_, owns := portion(s.Guaranteed, tenant)
	return weighs || owns
}
