package node

import (
	"context"
	"errors"
	"log/slog"
	"slices"
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

// membership founds the cluster, adds servers to it and takes them out, and knows where they are.
type membership struct {
	raft       *raft.Raft
	leadership *leadership
	contacts   *contacts
	finder     finder // set before run
	log        *slog.Logger
	id         string
	expect     int
	join       []string
	heartbeat  time.Duration // Config.HeartbeatTimeout
	looked     func()        // set before run: called when others may be known; must not block

	// The rest down to mu belongs to run.
	logged    string          // the last reason for waiting that was logged
	refused   map[string]bool // the servers alive whose refusal was logged
	outside   bool            // it was logged that this server is no member
	newcomers map[string]*newcomer

	changes sync.WaitGroup // what waits for a change that a caller asked for
	// changing is held, by sending to it, from reading the configuration until what was changed
	// on account of it is decided. Raft takes one change after the other, but whichever: it does
	// not tell the index of the configuration that it would compare with.
	changing chan struct{}

	mu sync.Mutex
	// known has the servers seen alive, and those that were and belong to the cluster.
	known map[string]member
	alive map[string]bool
	// removed has the lives of the servers that this one removed while they were alive.
	removed map[string]string
	// belonged: this server had state when it started, or has since been in the configuration.
	belonged bool
}

func newMembership(
	id string, cfg Config, l *leadership, c *contacts, log *slog.Logger,
) *membership {
	m := &membership{
		raft:       l.raft,
		leadership: l,
		contacts:   c,
		log:        log,
		id:         id,
		expect:     cfg.BootstrapExpect,
		join:       cfg.Join,
		heartbeat:  cfg.HeartbeatTimeout,
		refused:    map[string]bool{},
		newcomers:  map[string]*newcomer{},
		known:      map[string]member{},
		alive:      map[string]bool{},
		removed:    map[string]string{},
		changing:   make(chan struct{}, 1), // one change at a time
		belonged:   l.raft.LastIndex() > 0,
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
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		m.look()
		m.looked()
		m.found()
		m.lead(ctx)
		wait := reconcileEvery
		if len(m.newcomers) > 0 {
			wait = m.round()
		}
		timer.Reset(wait)
		select {
		case <-m.finder.changes():
		case <-timer.C:
		case <-ctx.Done():
			return
		}
	}
}

// look takes note of who is alive, and of whether this server is a member.
func (m *membership) look() {
	alive := m.finder.members()
	servers := m.configuration()
	m.contacts.keep(servers)
	inCluster := map[string]bool{}
	for _, s := range servers {
		inCluster[string(s.ID)] = true
	}
	m.mu.Lock()
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
	for id, life := range m.removed {
		if !m.alive[id] || m.known[id].Life != life {
			delete(m.removed, id)
		}
	}
	m.belonged = m.belonged || inCluster[m.id]
	m.mu.Unlock()
	m.lookOutside()
}

// lookOutside says once that this server is no member any more, and tells the others that it was
// told so.
func (m *membership) lookOutside() {
	outside := m.isOutside()
	if outside && !m.outside {
		m.log.Warn("this server is no member of the cluster any more: stop it; to join again, " +
			"empty its data directory first")
	}
	m.outside = outside
	if m.finder.dismissed() {
		m.tell(func(own *meta) { own.Away = true })
	}
}

// isOutside reports whether this server was removed, as far as it can know: it follows no leader,
// and either its own log says so, or a leader that it did not hear any more.
//
// Such a server goes on running. If it ended by itself, whoever supervises it would start it
// again and again. It has no leader to forward to, so it refuses all calls with NOT_LEADER, its
// health is NOT_SERVING, and clients go elsewhere until it is stopped.
func (m *membership) isOutside() bool {
	if _, leader := m.raft.LeaderWithID(); leader != "" {
		return false
	}
	if m.finder.dismissed() {
		return true
	}
	servers := m.configuration()
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.belonged && !inConfiguration(servers, raft.ServerID(m.id))
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
	f := decideFounding(m.expect, m.finder.self().Pledge, m.finder.members())
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
	if err := m.finder.tell(change); err != nil {
		m.log.Warn("gossip not sent", "error", err)
	}
}

// runJoin calls upon members until ctx ends: those of Join until one answers, and those that
// belong to the cluster but are not alive.
func (m *membership) runJoin(ctx context.Context) {
	tick := time.NewTicker(joinEvery)
	defer tick.Stop()
	for {
		// One at a time: behind a network that swallows all, each takes its time, and a node that
		// stops does not wait for more than one.
		for _, address := range m.missing() {
			if ctx.Err() != nil {
				return
			}
			if err := m.finder.call([]string{address}); err != nil {
				m.log.Debug("member does not answer", "address", address, "error", err)
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
	if len(m.finder.members()) <= 1 {
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

// configuration returns the servers of the latest configuration, which may not be committed yet,
// and the index of its entry.
func (m *membership) configuration() []raft.Server {
	future := m.raft.GetConfiguration()
	if future.Error() != nil {
		return nil
	}
	return future.Configuration().Servers
}

func inConfiguration(servers []raft.Server, id raft.ServerID) bool {
	return slices.ContainsFunc(servers, func(s raft.Server) bool { return s.ID == id })
}
