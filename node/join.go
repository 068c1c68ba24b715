package node

import (
	"context"
	"time"

	"github.com/hashicorp/raft"
)

const (
	// steadyRounds is how many rounds in a row a newcomer must have kept up before it votes.
	steadyRounds = 3
	// slowRounds is after how many rounds it is said that a newcomer does not keep up.
	slowRounds = 50
)

// newcomer is a server that has joined and does not vote yet. It becomes a voter when, for
// steadyRounds in a row, it answered and its log held all that the leader's held one round
// before: see Ongaro's thesis, section 4.2.1. Until then no commit waits for it, so that one that
// is slow, or not there, costs the cluster nothing.
type newcomer struct {
	goal   uint64    // the leader's last index when the round began
	ends   time.Time // of the round
	rounds int
	steady int // rounds kept up with, in a row
}

// round is how long one lasts: an election timeout, as in the thesis. What a newcomer is behind
// when it becomes a voter, it makes good in about as long.
func (m *membership) round() time.Duration { return m.heartbeat }

// lead has the leader add the servers that are seen, as non-voters, make voters of those that
// have caught up, and correct the addresses of those that moved. A change that fails is tried
// again with the next look, and so is one that finds another under way.
func (m *membership) lead(ctx context.Context) {
	if m.leadership.current.Load() == nil {
		clear(m.newcomers)
		return
	}
	seen := map[string]bool{}
	for _, a := range m.finder.members() {
		if ctx.Err() != nil {
			return
		}
		seen[a.id] = true
		m.consider(a)
	}
	for id := range m.newcomers {
		if !seen[id] {
			delete(m.newcomers, id)
		}
	}
}

// consider changes what the configuration has of a server that is seen, if it is to be changed.
func (m *membership) consider(a member) {
	select {
	case m.changing <- struct{}{}:
		defer func() { <-m.changing }()
	default:
		return
	}
	server, in := serverOf(m.configuration(), raft.ServerID(a.id))
	switch {
	case !in && (a.HasState || a.Away || m.wasRemoved(a)):
		m.refuse(a)
	case in && replaced(string(server.Address), a.Raft):
		m.refuseDisk(a)
	case !in || server.Address != raft.ServerAddress(a.Raft):
		m.admit(a)
	case server.Suffrage == raft.Nonvoter && m.keptUp(a.id):
		m.promote(server)
	}
}

func serverOf(servers []raft.Server, id raft.ServerID) (raft.Server, bool) {
	for _, s := range servers {
		if s.ID == id {
			return s, true
		}
	}
	return raft.Server{}, false
}

// admit adds a server as a non-voter, or corrects its address, whether it votes or not.
func (m *membership) admit(a member) {
	id, address := raft.ServerID(a.id), raft.ServerAddress(a.Raft)
	if err := m.raft.AddNonvoter(id, address, 0, changeTimeout).Error(); err != nil {
		m.log.Warn("server not added", "server", a.id, "address", a.Raft, "error", err)
		return
	}
	m.log.Info("server added", "server", a.id, "address", a.Raft)
}

// promote makes a non-voter a voter.
func (m *membership) promote(s raft.Server) {
	if err := m.raft.AddVoter(s.ID, s.Address, 0, changeTimeout).Error(); err != nil {
		m.log.Warn("server does not vote yet", "server", s.ID, "error", err)
		return
	}
	delete(m.newcomers, string(s.ID))
	m.log.Info("server has caught up and votes", "server", s.ID)
}

// keptUp ends a newcomer's round, if it is over, and reports whether it may vote now.
func (m *membership) keptUp(id string) bool {
	n, now := m.newcomers[id], time.Now()
	switch {
	case n == nil:
		m.newcomers[id] = &newcomer{goal: m.raft.LastIndex(), ends: now.Add(m.round())}
		return false
	case now.Before(n.ends):
		return false
	}
	heard, ok := m.contacts.within(raft.ServerID(id), m.round())
	kept := ok && heard.last >= n.goal
	if n.rounds++; n.rounds == slowRounds {
		m.log.Warn("server does not catch up: it joined, but does not vote", "server", id,
			"reached", ok, "has_index", heard.last, "of", n.goal)
	}
	if n.steady++; !kept {
		n.steady = 0
	}
	n.goal, n.ends = m.raft.LastIndex(), now.Add(m.round())
	return n.steady >= steadyRounds
}

// wasRemoved reports whether this server removed a in the life that it is in.
func (m *membership) wasRemoved(a member) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	life, ok := m.removed[a.id]
	return ok && life == a.Life
}

// refuseDisk says, once, that a member has come back without its disk. It must not vote again under
// its id: it has forgotten for whom it did, and which entries it holds.
func (m *membership) refuseDisk(a member) {
	if !m.refused[a.id] {
		m.refused[a.id] = true
		m.log.Warn("server takes no part: it has another data directory than the member of its id; "+
			"bring that back, or remove the member and have this one join", "server", a.id)
	}
}

// refuse says, once, why a server is not added, and tells it each time. It was removed, or its log
// is another cluster's: as a voter it could be elected and overwrite ours.
func (m *membership) refuse(a member) {
	if err := m.finder.dismiss(a); err != nil {
		m.log.Debug("server not told that it is no member", "server", a.id, "error", err)
	}
	if !m.refused[a.id] {
		m.refused[a.id] = true
		m.log.Warn("server not added: it was removed, or has another cluster's state; "+
			"to have it join, stop it and empty its data directory", "server", a.id)
	}
}
