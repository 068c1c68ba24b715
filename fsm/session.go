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
	// Labels are what keys are made of, unless the only one is called "key": that is in Key.
	Labels budget.Labels `cbor:"9,keyasint,omitempty"`
	// Priority counts where an account is shared.
	Priority budget.Priority `cbor:"11,keyasint,omitempty"`

	// pruned is State.endings when nothing was left in Leases that cannot be returned; 0: there may
	// be something.
	pruned uint64

	// Of State.idle; a snapshot that is being written looks at turn alone.
	older, newer *session
	place        int    // in recency.all
	turn         uint64 // when it was touched, as a number that grows
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
	// place is where the session's account was in the limit's table: see table.last.
	place int32
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
	ss := &session{Budget: c.Budget, Key: c.Key, Labels: c.Labels, Priority: c.Priority,
		Touched: s.t}
	if key, only := c.Labels.Key(); only {
		ss.Key, ss.Labels = key, nil
	}
	at, err := ss.reach(p)
	switch {
	case p == nil:
		return Result{Code: CodeUnknownBudget}
	case !ss.fits(p):
		return Result{Code: CodeKeyNotAllowed, Detail: ss.misfit(p)}
	case err != nil:
		return Result{Code: CodeKeyNotAllowed, Detail: err.Error()}
	case len(s.sessions) >= s.bounds.sessions:
		return full("sessions", s.bounds.sessions)
	}
	s.last.Session++
	ss.ID = s.last.Session
	s.sessions[ss.ID] = ss
	s.idle.push(ss)
	s.emitSession(ss, at.keys[0], len(p.lives) == 0)
	return Result{Code: CodeDone, Session: ss.ID, Revision: at.revision, Limits: at.told(),
		Levels: at.levels, Rules: at.rules}
}

// misfit says how the session's labels, which do not fit a budget, do not.
func (ss *session) misfit(p *policy) string {
	switch {
	case p.Template != "" || len(ss.Labels) > 0:
		return p.template.Fits(p.line.beside(ss.labels())).Error()
	case p.Keyed:
		return "key: is empty, and the budget has keys"
	}
	return fmt.Sprintf("key: is %.40q, and the budget has no keys", ss.Key)
}

// session returns the session with an id, and what it draws on, if its budget exists; or no
// session. One whose labels do not fit its budget any more, or those above it, ends here: its
// holder has to open another, and is told what is wrong then.
func (s *State) session(id lease.SessionID) (*session, reach) {
	ss := s.sessions[id]
	if ss == nil || ss.expires() <= s.t {
		return nil, reach{}
	}
	p := s.budgets[ss.Budget]
	at, err := ss.reach(p)
	if p != nil && (err != nil || !ss.fits(p)) {
		s.endSession(ss, false)
		return nil, reach{}
	}
	return ss, at
}

// touch puts the session's expiry off, and returns the session as it may be written to: whatever
// changes one touches it first.
func (s *State) touch(ss *session) *session {
	if own := s.idle.own(ss); own != ss {
		ss, s.sessions[ss.ID] = own, own
	}
	ss.Touched = s.t
	s.idle.renew(ss)
	return ss
}

// maxExpired bounds the sessions that one entry finds expired: that takes some milliseconds. It is
// as many as an entry can open, so those that are left over, and count for nothing, never fill the
// table.
const maxExpired = MaxCommands

// expire ends sessions that nothing was heard of for too long, and leaves the rest of very many to
// the next entries.
func (s *State) expire() {
	left := s.bounds.expired
	s.overdue = false
	for ss := s.idle.oldest; ss != nil && ss.expires() <= s.t; ss = s.idle.oldest {
		if left == 0 {
			s.overdue = true
			return
		}
		left--
		s.endSession(ss, false)
	}
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
