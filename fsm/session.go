package fsm

import (
	"fmt"
	"slices"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
)

// session is one incarnation of a holder.
type session struct {
	ID     lease.SessionID `cbor:"1,keyasint"`
	Budget string          `cbor:"2,keyasint"`
	Key    string          `cbor:"3,keyasint,omitempty"`
	// Seq is that of the last decision that is remembered, or 0 before the first.
	Seq     uint64   `cbor:"4,keyasint,omitempty"`
	Decided decision `cbor:"5,keyasint"`
	// Touched is when the session's last command took effect; only those that were refused as
	// malformed, stale or of another epoch do not count.
	Touched budget.Instant `cbor:"6,keyasint"`
	// Asked has the limits that the session asked, each with the window of the last ask.
	Asked []asked `cbor:"7,keyasint,omitempty"`
	// Leases are what the session may still return, oldest first.
	Leases []held `cbor:"8,keyasint,omitempty"`

	older, newer *session // in State.idle
}

// decision is what was answered at cluster time At.
type decision struct {
	At     budget.Instant `cbor:"1,keyasint"`
	Result Result         `cbor:"2,keyasint"`
}

// asked marks that a session counts as an asker of a limit in a window.
type asked struct {
	Limit  uint64        `cbor:"1,keyasint"` // serial
	Window budget.Window `cbor:"2,keyasint"`
}

// answer returns the decision as it is told at t: with what is left of its durations (R5).
func (d decision) answer(t budget.Instant) Result {
	passed := t.Sub(d.At)
	r := d.Result
	r.Grants = slices.Clone(r.Grants)
	for i := range r.Grants {
		r.Grants[i].TTL -= passed
	}
	if r.Denial != nil {
		denial := *r.Denial
		denial.RetryAfter -= passed
		r.Denial = &denial
	}
	return r
}

// expires is when the session ends if nothing is heard of it.
func (ss *session) expires() budget.Instant { return ss.Touched.Add(SessionTTL) }

// openSession starts a session.
func (s *State) openSession(c *OpenSession) Result {
	p := s.budgets[c.Budget]
	switch {
	case p == nil:
		return Result{Code: CodeUnknownBudget}
	case p.Keyed && c.Key == "":
		return Result{Code: CodeKeyNotAllowed, Detail: "key: is empty, and the budget has keys"}
	case !p.Keyed && c.Key != "":
		return Result{Code: CodeKeyNotAllowed,
			Detail: fmt.Sprintf("key: is %.40q, and the budget has no keys", c.Key)}
	case len(s.sessions) >= s.bounds.sessions:
		return full("sessions", s.bounds.sessions)
	}
	s.last.Session++
	ss := &session{ID: s.last.Session, Budget: c.Budget, Key: c.Key, Touched: s.t}
	s.sessions[ss.ID] = ss
	s.idle.push(ss)
	s.emitSession(ss)
	return Result{Code: CodeDone, Session: ss.ID, Revision: p.revision,
		Limits: p.limitsOf(c.Key)}
}

// session returns the session with an id, and the budget it is on, if that exists; or no session.
// One whose key does not fit its budget any more ends here: its holder has to open another, and
// is told what is wrong then.
func (s *State) session(id lease.SessionID) (*session, *policy) {
	ss := s.sessions[id]
	if ss == nil {
		return nil, nil
	}
	p := s.budgets[ss.Budget]
	if p != nil && p.Keyed != (ss.Key != "") {
		s.endSession(ss, false)
		return nil, nil
	}
	return ss, p
}

// touch puts the session's expiry off.
func (s *State) touch(ss *session) {
	ss.Touched = s.t
	s.idle.remove(ss)
	s.idle.push(ss)
}

// endSession forgets a session. What its leases hold counts as spent.
func (s *State) endSession(ss *session, closed bool) {
	for _, h := range ss.Leases {
		s.limits[h.Limit].forget(h)
	}
	delete(s.sessions, ss.ID)
	s.idle.remove(ss)
	s.emitSessionEnd(ss, closed)
}

// recency lists the sessions from the least to the most recently touched.
type recency struct{ oldest, newest *session }

func (r *recency) push(ss *session) {
	ss.older, ss.newer = r.newest, nil
	if r.newest != nil {
		r.newest.newer = ss
	} else {
		r.oldest = ss
	}
	r.newest = ss
}

func (r *recency) remove(ss *session) {
	if ss.older != nil {
		ss.older.newer = ss.newer
	} else {
		r.oldest = ss.newer
	}
	if ss.newer != nil {
		ss.newer.older = ss.older
	} else {
		r.newest = ss.older
	}
	ss.older, ss.newer = nil, nil
}
