package budget

import (
	"cmp"
	"fmt"
	"slices"
)

// MaxTenants bounds the tenants of an account that have a row of their own, beside those that its
// sharing names. Further ones share one row, and weigh as much as one.
const MaxTenants = 64

// fadePeriods is over how many periods of a limit that is no window limit demand fades: to a third.
const fadePeriods = 2

// Tenants is what an account that is shared remembers of its tenants: in this window, and in the
// last one as far as it tells what they will want. It divides what is left, and binds nothing: see
// Sharing.Divide.
type Tenants struct {
	// By is the label that tells them apart. A table of another label than the sharing's is void.
	By   string   `cbor:"1,keyasint"`
	Rows []Tenant `cbor:"2,keyasint,omitempty"` // by name, each once
	Rest *Tenant  `cbor:"3,keyasint,omitempty"` // those without a row of their own; it has no name
}

// Tenant is one row.
type Tenant struct {
	Name string `cbor:"1,keyasint,omitempty"`
	// Granted is what its sessions were granted in the window, less what they returned.
	Granted Credits `cbor:"2,keyasint,omitempty"`
	// Asked is the most that they were granted and asked for beside it, at any time of the window;
	// Before is the same of the last window. The larger one is the tenant's demand.
	Asked  Credits `cbor:"3,keyasint,omitempty"`
	Before Credits `cbor:"4,keyasint,omitempty"`
	// Holders counts the sessions that asked in the window, PrevHolders those of the last one.
	Holders     uint32 `cbor:"5,keyasint,omitempty"`
	PrevHolders uint32 `cbor:"6,keyasint,omitempty"`
	// Idle counts the windows in which nothing was asked, of a limit that is no window limit.
	Idle uint32 `cbor:"7,keyasint,omitempty"`
}

// active reports whether the tenant asked in this window or the last one.
func (r *Tenant) active() bool { return r.Asked > 0 || r.Before > 0 }

// Clone returns a table that shares nothing with t; nil of nil.
func (t *Tenants) Clone() *Tenants {
	if t == nil {
		return nil
	}
	c := &Tenants{By: t.By, Rows: slices.Clone(t.Rows)}
	if t.Rest != nil {
		rest := *t.Rest
		c.Rest = &rest
	}
	return c
}

// Row returns the row of a tenant, which it makes if there is none.
func (t *Tenants) Row(s *Sharing, name string) *Tenant {
	i, found := t.at(name)
	switch {
	case found:
		return &t.Rows[i]
	case s.declared(name) || len(t.Rows) < MaxTenants:
		t.Rows = slices.Insert(t.Rows, i, Tenant{Name: name})
		return &t.Rows[i]
	case t.Rest == nil:
		t.Rest = &Tenant{}
	}
	return t.Rest
}

func (t *Tenants) at(name string) (i int, found bool) {
	return slices.BinarySearchFunc(t.Rows, name,
		func(r Tenant, name string) int { return cmp.Compare(r.Name, name) })
}

// Ask notes that a tenant asks for n credits of l, and whether it was cut: it may not have as many.
// How many it would want then nobody knows. It is taken to be twice what it shows, so that a
// tenant that is always cut soon counts as one that wants more than its part.
func (r *Tenant) Ask(l Limit, n Credits, cut bool) {
	wants := min(r.Granted, l.Bound()) + min(n, l.Bound())
	switch {
	case cut && wants > r.Before:
		wants *= 2
	case cut:
		wants += wants / 4
	}
	r.Asked = max(r.Asked, min(wants, l.Bound()))
}

// Return notes that a tenant gave n credits back. Those granted before it had a row of its own are
// in the shared one; and where the table is younger than the lease, in none.
func (t *Tenants) Return(name string, n Credits) {
	if i, found := t.at(name); found {
		part := min(n, t.Rows[i].Granted)
		t.Rows[i].Granted -= part
		n -= part
	}
	if t.Rest != nil {
		t.Rest.Granted -= min(n, t.Rest.Granted)
	}
}

// Next returns the table of l's next window: of those that asked in this one, or, where a window is
// a part of a period, not long before it. It may share memory with t, which is not to be used
// again. Nil: there are none.
func (t *Tenants) Next(l Limit) *Tenants {
	next := &Tenants{By: t.By, Rows: t.Rows[:0]}
	for _, r := range t.Rows {
		if n := r.next(l); n.Before > 0 {
			next.Rows = append(next.Rows, n)
		}
	}
	if t.Rest != nil {
		if n := t.Rest.next(l); n.Before > 0 {
			next.Rest = &n
		}
	}
	if len(next.Rows) == 0 && next.Rest == nil {
		return nil
	}
	return next
}

// next is the row in the next window. Of a window limit what was asked before the last window is
// forgotten. Of the other kinds one window tells little: in most of them nothing may be left, and
// what is asked for then is no more than a first part. So demand fades over a few periods, and is
// forgotten after one in which nothing was asked.
func (r *Tenant) next(l Limit) Tenant {
	n := Tenant{Name: r.Name, Before: r.Asked, PrevHolders: r.Holders}
	if l.Kind == KindWindow {
		return n
	}
	if r.Asked == 0 {
		if n.Idle = r.Idle + 1; int(n.Idle) > l.Past() {
			return n
		}
	}
	fades := fadePeriods * Credits(l.Past())
	n.Before = max(n.Before, r.Before-(r.Before+fades-1)/fades)
	return n
}

// Check returns how the table is broken, or nil: its rows are in order and within their bounds,
// and have no more than what the account used.
func (t *Tenants) Check(used Credits) error {
	sum, before := Credits(0), ""
	rows := t.Rows
	if len(rows) > MaxTenants+2*MaxShares || !validLabel(t.By) {
		return fmt.Errorf("%d tenants by %.40q", len(rows), t.By)
	}
	for i, r := range rows {
		if i > 0 && r.Name <= before || !validTenant(r.Name) || !r.sane() {
			return fmt.Errorf("tenant %d is %+v after %.40q", i, r, before)
		}
		before, sum = r.Name, sum+r.Granted
	}
	if t.Rest != nil {
		if t.Rest.Name != "" || !t.Rest.sane() {
			return fmt.Errorf("the other tenants are %+v", *t.Rest)
		}
		sum += t.Rest.Granted
	}
	if sum > used {
		return fmt.Errorf("tenants were granted %d, and %d are used", sum, used)
	}
	return nil
}

func (r *Tenant) sane() bool {
	in := func(n Credits) bool { return n >= 0 && n <= MaxAmount }
	return in(r.Granted) && in(r.Asked) && in(r.Before)
}
