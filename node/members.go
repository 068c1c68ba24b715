package node

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

const (
	// reconcileEvery is how often members are looked at when gossip reports nothing.
	reconcileEvery = 2 * time.Second
	// joinEvery is how often members that should be there but are not are called upon.
	joinEvery = time.Second
	// changeTimeout bounds the wait for raft to take up one change of configuration.
	changeTimeout = 2 * time.Second
)

// membership founds the cluster, adds servers to it, and knows where they are.
type membership struct {
	raft       *raft.Raft
	leadership *leadership
	gossip     *gossip // nil: Config.Peers are all there is to know
	log        *slog.Logger
	expect     int
	join       []string
	logged     string          // the last reason for waiting that was logged
	refused    map[string]bool // the servers alive whose refusal was logged

	mu sync.Mutex
	// known has the servers seen alive, and those that were and belong to the cluster.
	known map[string]member
	alive map[string]bool
}

func newMembership(cfg Config, l *leadership, log *slog.Logger) *membership {
	m := &membership{
		raft:       l.raft,
		leadership: l,
		log:        log,
		expect:     cfg.BootstrapExpect,
		join:       cfg.Join,
		refused:    map[string]bool{},
		known:      map[string]member{},
		alive:      map[string]bool{},
	}
	for _, p := range cfg.Peers {
		m.known[p.ID] = member{id: p.ID, meta: meta{Raft: p.Raft, API: p.API}}
		m.alive[p.ID] = true
	}
	return m
}

// foundStatic founds a cluster whose servers are all known beforehand.
func (m *membership) foundStatic(servers []raft.Server) error {
	err := m.raft.BootstrapCluster(raft.Configuration{Servers: servers}).Error()
	if errors.Is(err, raft.ErrCantBootstrap) { // it has state
		return nil
	}
	return err
}

// run reconciles until ctx ends.
func (m *membership) run(ctx context.Context) {
	tick := time.NewTicker(reconcileEvery)
	defer tick.Stop()
	for {
		m.look()
		m.found()
		m.addVoters(ctx)
		select {
		case <-m.gossip.events:
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// look takes note of who is alive.
func (m *membership) look() {
	alive := m.gossip.members()
	inCluster := map[string]bool{}
	for _, s := range m.servers() {
		inCluster[string(s.ID)] = true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.alive)
	for _, a := range alive {
		m.alive[a.id] = true
		m.known[a.id] = a
	}
	for id := range m.known {
		if !m.alive[id] && !inCluster[id] {
			delete(m.known, id)
			delete(m.refused, id)
		}
	}
}

// found tells the others what this node has and pledges, and founds the cluster when all are
// agreed.
func (m *membership) found() {
	if m.raft.LastIndex() > 0 {
		m.tell(func(own *meta) { own.HasState = true })
		return
	}
	if m.expect == 0 {
		return
	}
	f := decideFounding(m.expect, m.gossip.pledged(), m.gossip.members())
	m.tell(func(own *meta) { own.Pledge = f.pledge })
	if f.waits != m.logged && !f.found {
		m.logged = f.waits
		m.log.Info("cluster is not founded yet", "reason", f.waits)
	}
	if !f.found {
		return
	}
	if err := m.foundStatic(f.servers.Servers); err != nil {
		m.log.Error("cluster not founded", "error", err)
		return
	}
	m.log.Info("founded the cluster", "servers", f.servers.Servers)
}

func (m *membership) tell(change func(*meta)) {
	if err := m.gossip.tell(change); err != nil {
		m.log.Warn("gossip not sent", "error", err)
	}
}

// addVoters has the leader add the servers that gossip sees, and correct the addresses of those
// that moved. A change that fails is tried again with the next look.
func (m *membership) addVoters(ctx context.Context) {
	if m.leadership.current.Load() == nil {
		return
	}
	byID := map[raft.ServerID]raft.Server{}
	for _, s := range m.servers() {
		byID[s.ID] = s
	}
	for _, a := range m.gossip.members() {
		id, address := raft.ServerID(a.id), raft.ServerAddress(a.Raft)
		server, in := byID[id]
		switch {
		case ctx.Err() != nil:
			return
		case in && server.Address == address:
			continue
		case !in && a.HasState:
			m.refuse(a.id)
			continue
		}
		if err := m.raft.AddVoter(id, address, 0, changeTimeout).Error(); err != nil {
			m.log.Warn("server not added", "server", a.id, "address", a.Raft, "error", err)
			continue
		}
		m.log.Info("server added", "server", a.id, "address", a.Raft)
	}
}

// refuse says, once, why a server is not added. Its log is another cluster's, or that of a
// server that was removed: as a voter it could be elected and overwrite ours.
func (m *membership) refuse(id string) {
	if !m.refused[id] {
		m.refused[id] = true
		m.log.Warn("server not added: it has state of its own, empty its data directory first",
			"server", id)
	}
}

// runJoin calls upon members until ctx ends: those of Join until one answers, and those that
// belong to the cluster but are not alive.
func (m *membership) runJoin(ctx context.Context) {
	tick := time.NewTicker(joinEvery)
	defer tick.Stop()
	for {
		if missing := m.missing(); len(missing) > 0 {
			if _, err := m.gossip.list.Join(missing); err != nil {
				m.log.Debug("no member answered", "addresses", missing, "error", err)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// missing returns the gossip addresses to call upon.
func (m *membership) missing() []string {
	var out []string
	if len(m.gossip.members()) <= 1 {
		out = append(out, m.join...)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, k := range m.known {
		if !m.alive[id] && k.gossip != "" {
			out = append(out, k.gossip)
		}
	}
	return out
}

// apiOf returns the API address of a server, or "" if it is not known.
func (m *membership) apiOf(id string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.known[id].API
}

// servers returns those of the latest configuration.
func (m *membership) servers() []raft.Server {
	future := m.raft.GetConfiguration()
	if future.Error() != nil {
		return nil
	}
	return future.Configuration().Servers
}
