package node

import (
	"context"
	"crypto/rand"

	"github.com/hashicorp/raft"
)

// lifeLen is how many characters name one life of a process: chance enough that two lives of one
// server have different ones.
const lifeLen = 8

// meta is what a server tells of itself, as JSON by gossip: at most memberlist's 512 bytes.
type meta struct {
	Raft     string `json:"r"`           // its place
	API      string `json:"a"`           // host:port
	Expect   int    `json:"e,omitempty"` // BootstrapExpect
	HasState bool   `json:"s,omitempty"` // it has a log
	// Away: it was told that it is no member any more. Whoever leads does not add it: it joins
	// again in another life, on an empty data directory.
	Away   bool   `json:"x,omitempty"`
	Life   string `json:"l"` // of its process
	Pledge pledge `json:"p,omitempty"`
}

// member is one server as the others see it.
type member struct {
	meta
	id     string
	gossip string // host:port; empty without gossip
}

// finder finds the other servers and tells them where this one is: gossip, or a Directory. None
// of the methods blocks for longer than one exchange with another server takes.
type finder interface {
	// members returns the servers that are alive, this one among them, by id.
	members() []member
	// self returns what this server tells of itself, and tell changes it.
	self() meta
	tell(change func(*meta)) error
	// changes has a value when members came, changed or went, or this one was dismissed.
	changes() <-chan struct{}
	// call finds the servers at gossip addresses, and those that they know.
	call(addresses []string) error
	// dismiss tells a server that it is no member. It may get lost.
	dismiss(m member) error
	// dismissed reports whether this server was told that, in this life.
	dismissed() bool
	// address is where others call upon this server; empty without gossip.
	address() string
	// leave says goodbye, so that the others need not find out; stop ends everything.
	leave() error
	stop() error
}

// startFinder tells the others where this node is, and finds them.
func (n *Node) startFinder(ctx context.Context) (err error) {
	self := meta{
		Raft:     string(n.raftNet.LocalAddr()),
		API:      n.apiAddress,
		Expect:   n.cfg.BootstrapExpect,
		HasState: n.raft.LastIndex() > 0,
		Life:     rand.Text()[:lifeLen],
	}
	switch {
	case n.cfg.ListenGossip != "":
		n.finder, err = startGossip(
			ctx, n.id, n.cfg.ListenGossip, n.cfg.AdvertiseHost, self, n.log)
	case n.cfg.Directory != nil:
		n.finder = n.cfg.Directory.enter(n.id, self)
	default:
		n.finder = n.cfg.peersAsTold().enter(n.id, self)
	}
	if err != nil {
		n.finder = nil // not a nil pointer in an interface
	}
	return err
}

// peersAsTold is a directory of the peers that the configuration names, for a node without
// gossip. They are always there, and are never added again once they were removed.
func (c Config) peersAsTold() *Directory {
	d := NewDirectory()
	for _, p := range c.Peers {
		d.enter(p.ID, meta{Raft: p.Raft, API: p.API, HasState: true})
	}
	return d
}

// found founds the cluster if nobody needs to be found for it.
func (n *Node) found(context.Context) error {
	var servers []raft.Server
	for _, p := range n.cfg.Peers {
		servers = append(servers, raft.Server{
			ID: raft.ServerID(p.ID), Address: raft.ServerAddress(p.Raft),
		})
	}
	if n.cfg.BootstrapExpect == 1 {
		servers = []raft.Server{{
			ID: raft.ServerID(n.id), Address: n.raftNet.LocalAddr(),
		}}
	}
	if len(servers) == 0 {
		return nil
	}
	return n.members.foundStatic(servers)
}

// startMembership begins to look at the members, and after them.
func (n *Node) startMembership(context.Context) error {
	n.members.finder = n.finder
	look, cancel := context.WithCancel(context.Background())
	n.stopLook = cancel
	n.reconcile.Go(func() { n.members.run(look) })
	n.reconcile.Go(func() { n.members.runJoin(look) })
	n.reconcile.Go(func() { n.calendar.run(look) })
	return nil
}
