package fsm

import (
	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/trace"
)

// The events of an entry are held back until its digest is known, since its KindEntry comes
// first. Without a sink none is built.

// flush passes on the events of the entry that was just applied.
func (s *State) flush(e Entry, effective bool) {
	if s.sink == nil {
		return
	}
	s.sink(trace.Event{Kind: trace.KindEntry, Index: s.index, Term: s.term, Epoch: e.Epoch,
		Stamp: int64(e.Stamp), T: int64(s.t), Hash: s.Digest(), OK: effective})
	for _, ev := range s.events {
		s.sink(ev)
	}
	s.events = s.events[:0]
	if s.entries%StateHashEvery == 0 {
		s.emitState(s.Hash)
	}
}

// maxHashed bounds the accounts, sessions and graves of a state that is hashed while entries wait:
// that takes some milliseconds.
const maxHashed = 1 << 14

// emitState reports the hash of the whole state, or of a larger one how much there is of it: a
// trace says what it leaves out. It comes after an entry, so it is not held back.
func (s *State) emitState(hash func() string) {
	if s.sink == nil {
		return
	}
	ev := trace.Event{Kind: trace.KindState, Index: s.index}
	if n := s.accounts + len(s.sessions) + len(s.graves); n > s.bounds.hashed {
		ev.N = int64(n)
	} else {
		ev.Hash = hash()
	}
	s.sink(ev)
}

// emitRestore reports that the state is a snapshot's, which has that hash.
func (s *State) emitRestore(hash string) {
	if s.sink != nil {
		s.sink(trace.Event{Kind: trace.KindRestore, Index: s.index, Hash: hash,
			T: int64(s.t), Epoch: s.epoch})
	}
}

func (s *State) emit(ev trace.Event) { s.events = append(s.events, ev) }

func (s *State) emitEpoch() {
	if s.sink != nil {
		s.emit(trace.Event{Kind: trace.KindEpoch, Epoch: s.epoch, T: int64(s.t)})
	}
}

// emitTakeOver reports that this cluster took the place of another one, at T: no number up to
// those in it is handed out.
func (s *State) emitTakeOver() {
	if s.sink != nil {
		s.emit(trace.Event{Kind: trace.KindTakeOver, T: int64(s.t), Hash: s.origin.Backup,
			Session: uint64(s.last.Session), Limit: s.last.Limit, Lease: uint64(s.last.Lease)})
	}
}

func (s *State) emitRoll(l *limit) {
	if s.sink != nil {
		s.emit(trace.Event{Kind: trace.KindRoll, Limit: l.serial, Window: int64(l.window)})
	}
}

// emitLimit reports that l is in force.
func (s *State) emitLimit(l *limit) {
	if s.sink != nil {
		s.emit(limitEvent(l))
	}
}

// emitChange reports that l has another amount for key, or none of its own any more, until an
// override lapses, if it is one; and for how long leases may be out that were granted before.
func (s *State) emitChange(l *limit, key string, amount budget.Credits, lapse budget.Instant) {
	if s.sink != nil {
		ev := limitEvent(l)
		ev.Key, ev.Amount, ev.Lapse = key, int64(amount), int64(lapse)
		ev.TTL = int64(s.outlast(l))
		s.emit(ev)
	}
}

// limitEvent tells of a limit; Until is set while it is empty.
func limitEvent(l *limit) trace.Event {
	ev := trace.Event{Kind: trace.KindLimit, Budget: l.budget, Metric: l.Metric, Per: int64(l.Per),
		Limit: l.serial, Amount: int64(l.Amount), OK: !l.empty()}
	if l.empty() {
		ev.Until = int64(l.emptyUntil)
	}
	ev.Align, ev.Zone = string(l.Align), l.Zone
	ev.Shares = l.sharing != nil
	if l.Kind != budget.KindWindow {
		ev.Shape, ev.Slots, ev.Burst = string(l.Kind), int64(l.Slots), int64(l.Burst)
		ev.Span = int64(l.Span())
	}
	return ev
}

// emitRemoved reports that l is in force no more, and for how long its leases may be out.
func (s *State) emitRemoved(l *limit) {
	if s.sink != nil {
		s.emit(trace.Event{Kind: trace.KindLimit, Budget: l.budget, Metric: l.Metric,
			Per: int64(l.Per), Limit: l.serial, OK: true, TTL: int64(s.outlast(l))})
	}
}

// emitSession reports a session on a budget; free: that has no limits of its own, so that nobody
// was told of any.
func (s *State) emitSession(ss *session, key string, free bool) {
	if s.sink != nil {
		s.emit(trace.Event{Kind: trace.KindSession, Session: uint64(ss.ID),
			Budget: ss.Budget, Key: key, Labels: labelText(ss.Labels), OK: free})
	}
}

func (s *State) emitSessionEnd(ss *session, closed bool) {
	if s.sink != nil {
		s.emit(trace.Event{Kind: trace.KindSessionEnd, Session: uint64(ss.ID), OK: closed})
	}
}

// emitGrant reports a grant, and, of slots, how many of them are kept of which lease.
func (s *State) emitGrant(
	ss *session, seq uint64, l *limit, key string, g lease.Grant, from held,
) {
	if s.sink != nil {
		s.emit(trace.Event{Kind: trace.KindGrant, Session: uint64(ss.ID), Seq: seq,
			Lease: uint64(g.Lease), Limit: l.serial, Key: key, Window: int64(g.Window),
			Amount: int64(g.Amount), TTL: int64(g.TTL),
			From: uint64(from.Lease), Kept: int64(from.Amount)})
	}
}

func (s *State) emitReplay(ss *session, grants []lease.Grant) {
	if s.sink == nil {
		return
	}
	for _, g := range grants {
		s.emit(trace.Event{Kind: trace.KindReplay, Session: uint64(ss.ID), Seq: ss.Seq,
			Lease: uint64(g.Lease), Window: int64(g.Window), Amount: int64(g.Amount),
			TTL: int64(g.TTL)})
	}
}

func (s *State) emitDeny(
	ss *session, seq uint64, l *limit, key string, d lease.Denial,
) {
	if s.sink != nil {
		s.emit(trace.Event{Kind: trace.KindDeny, Session: uint64(ss.ID), Seq: seq, Limit: l.serial,
			Key: key, Amount: int64(d.Left), TTL: int64(d.RetryAfter)})
	}
}

// emitReturn reports a return of ss. at is its lease's place in ss.Leases, negative if that is
// not known there.
func (s *State) emitReturn(ss *session, r lease.Return, at int, ok bool) {
	if s.sink == nil {
		return
	}
	ev := trace.Event{Kind: trace.KindReturn, Session: uint64(ss.ID), Lease: uint64(r.Lease),
		Window: int64(r.Window), Amount: int64(r.Amount), OK: ok}
	if at >= 0 {
		ev.Limit, ev.Key = ss.Leases[at].Limit, ss.Key
		if l := s.limits[ev.Limit]; l != nil {
			ev.Key = s.keyOf(ss, l)
		}
	}
	s.emit(ev)
}
