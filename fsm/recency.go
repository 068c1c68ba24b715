package fsm

import "slices"

// recency lists the sessions from the least to the most recently touched.
type recency struct {
	oldest, newest *session
	turns          uint64           // how often any was touched
	all            vector[*session] // in any order, for snapshots
}

// push adds a session, as the most recently touched one.
func (r *recency) push(ss *session) {
	ss.place = r.all.n
	r.all.push(ss)
	r.link(ss)
}

// remove takes a session out.
func (r *recency) remove(ss *session) {
	r.unlink(ss)
	if moved := r.all.remove(ss.place); moved != nil {
		(*moved).place = ss.place
	}
}

// renew makes a session the most recently touched one.
func (r *recency) renew(ss *session) {
	r.unlink(ss)
	r.link(ss)
}

// own returns a session that may be written to, in the place of one that may be in a snapshot which
// is being written.
func (r *recency) own(ss *session) *session {
	at, first := r.all.own(ss.place)
	if !first {
		return ss
	}
	own := *ss
	own.Asked, own.Leases = slices.Clone(ss.Asked), slices.Clone(ss.Leases)
	*at = &own
	r.join(own.older, &own)
	r.join(&own, own.newer)
	return &own
}

func (r *recency) link(ss *session) {
	r.turns++
	ss.turn = r.turns
	r.join(r.newest, ss)
	r.join(ss, nil)
}

func (r *recency) unlink(ss *session) {
	r.join(ss.older, ss.newer)
	ss.older, ss.newer = nil, nil
}

// join has newer follow older; nil is either end of the list.
func (r *recency) join(older, newer *session) {
	if older != nil {
		older.newer = newer
	} else {
		r.oldest = newer
	}
	if newer != nil {
		newer.older = older
	} else {
		r.newest = older
	}
}
