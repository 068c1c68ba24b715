package node

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/transport"
)

// service is what the API sees of a node.
type service struct{ n *Node }

var (
	_ transport.Coordinator = service{}
	_ transport.Cluster     = service{}
)

// Propose commits cmd; see committer.
func (s service) Propose(ctx context.Context, cmd fsm.Command) (fsm.Result, error) {
	if cmd.PutBudget != nil {
		if err := s.n.calendar.prepare(ctx, cmd.PutBudget.Budget); err != nil {
			return fsm.Result{}, err
		}
	}
	return s.n.committer.propose(ctx, cmd)
}

// ProposeAll commits cmds, together where that can be; see committer.
func (s service) ProposeAll(ctx context.Context, cmds []fsm.Command) []transport.Proposed {
	return s.n.committer.proposeAll(ctx, cmds)
}

// Read calls f with a state that a majority has just confirmed to be the leader's.
func (s service) Read(ctx context.Context, f func(*fsm.State, budget.Instant)) error {
	clock, err := s.n.reader.confirm(ctx)
	if err != nil {
		return err
	}
	now := clock.now() // not under the state's lock: whoever reads a clock may be put to sleep
	s.n.fsm.View(func(st *fsm.State) { f(st, max(now, st.T())) })
	return nil
}

// Leader returns who is thought to lead. This node does while it may stamp.
func (s service) Leader() transport.Leader {
	_, id := s.n.raft.LeaderWithID()
	if string(id) == s.n.id {
		if !s.n.IsLeader() || s.n.committer.closing.Load() {
			return transport.Leader{ID: s.n.id}
		}
		return transport.Leader{ID: s.n.id, API: s.n.apiAddress, Self: true}
	}
	return transport.Leader{ID: string(id), API: s.n.members.apiOf(string(id))}
}

// News tells when another leader may be known. Before there was one, nobody knows whether this
// node will ever be of a cluster.
func (s service) News() <-chan struct{} {
	if !s.n.founded.Load() || s.n.committer.closing.Load() || s.n.members.isOutside() {
		return nil
	}
	return s.n.news.next()
}

// news wakes those who wait for a leader.
type news struct {
	mu   sync.Mutex
	wait chan struct{} // nil: nobody waits
}

// next returns a channel that is closed at the next tell.
func (n *news) next() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.wait == nil {
		n.wait = make(chan struct{})
	}
	return n.wait
}

// tell wakes all who wait. It does not block.
func (n *news) tell() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.wait != nil {
		close(n.wait)
		n.wait = nil
	}
}

// Status returns the node's view of the cluster, from its own, possibly stale state.
func (n *Node) Status() transport.Status {
	_, leader := n.raft.LeaderWithID()
	st := transport.Status{
		Node:     n.id,
		Version:  n.cfg.Version,
		State:    strings.ToLower(n.raft.State().String()),
		Leader:   string(leader),
		Term:     n.raft.CurrentTerm(),
		DriftPPM: n.cfg.DriftPPM,
		Members:  n.members.list(leader),
	}
	if n.members.isOutside() {
		st.State = stateRemoved
	}
	n.fsm.View(func(s *fsm.State) {
		st.Epoch, st.Applied, st.T = s.Epoch(), s.Index(), s.T()
		st.Digest, st.Counts = s.Digest(), s.Counts()
		st.Calendar = s.CalendarAt(s.T())
	})
	return st
}

// Wall reads the node's wall clock.
func (s service) Wall() time.Time { return s.n.calendar.wall() }

// watch begins to watch budgets, as this node applies their changes.
func (n *Node) watch(budgets []string) (transport.Watch, error) {
	w, err := n.fsm.Watch(budgets)
	if err != nil {
		return nil, err // not w: an interface that holds a nil watch is none
	}
	return w, nil
}

// stateRemoved is told instead of raft's state by a server that is no member any more.
const stateRemoved = "removed"

// RemoveMember takes a server out of the cluster; see membership.remove.
func (s service) RemoveMember(ctx context.Context, id string) (bool, error) {
	return s.n.members.remove(ctx, raft.ServerID(id))
}

// Status of the node, for the API.
func (s service) Status() transport.Status { return s.n.Status() }

// list returns the servers of the configuration and those that gossip sees, by id.
func (m *membership) list(leader raft.ServerID) []transport.Member {
	byID := map[string]transport.Member{}
	servers := m.configuration()
	m.mu.Lock()
	for id, k := range m.known {
		if m.alive[id] || inConfiguration(servers, raft.ServerID(id)) {
			byID[id] = transport.Member{ID: id, Raft: k.Raft, API: k.API, Alive: m.alive[id]}
		}
	}
	m.mu.Unlock()
	for _, s := range servers {
		member := byID[string(s.ID)]
		member.ID, member.Raft = string(s.ID), string(s.Address)
		member.Voter = s.Suffrage == raft.Voter
		member.Leader = s.ID == leader
		byID[member.ID] = member
	}
	out := make([]transport.Member, 0, len(byID))
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		member := byID[id]
		_, member.Raft = splitPlace(member.Raft)
		out = append(out, member)
	}
	return out
}
