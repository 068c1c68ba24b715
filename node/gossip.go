package node

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

const (
	// reclaimAfter is how soon a dead member's name may come back with another address.
	reclaimAfter = time.Second
	// gossipTimeout bounds one exchange with one other member.
	gossipTimeout = 2 * time.Second
	// probeEvery and probeTimeout find a member that is gone within seconds. Taking a busy one
	// for gone costs nothing: raft goes by its own heartbeats.
	probeEvery    = 500 * time.Millisecond
	probeTimeout  = 250 * time.Millisecond
	suspicion     = 3 // at least so many probes until a suspect is taken for gone
	suspicionMost = 2 // and at most so many times as many
	// syncEvery is how often two members compare notes in full. A member that came back with
	// another address is believed with the first that happens after it was taken for gone.
	syncEvery = 2 * time.Second
	// leaveTimeout bounds the goodbye.
	leaveTimeout = time.Second
	// dismissal begins the message that tells a server that it is no member.
	dismissal = "no member: "
)

// gossip finds the other servers and tells them where this one is.
type gossip struct {
	list *memberlist.Memberlist
	id   string
	// events says that members came, changed or went. Size 1: more of the same are dropped.
	events chan struct{}

	mu   sync.Mutex
	own  meta
	away bool // another told this member that it is none
	// alive has the members by id, this one among them. It is memberlist's own list as told in
	// its callbacks: that list itself cannot be read without a race.
	alive map[string]member
}

var (
	_ finder                   = (*gossip)(nil)
	_ memberlist.Delegate      = (*gossip)(nil)
	_ memberlist.EventDelegate = (*gossip)(nil)
)

// startGossip listens on address and advertises host, an IP address or a name, empty for the
// address's own.
func startGossip(
	ctx context.Context, id, address, host string, self meta, log *slog.Logger,
) (*gossip, error) {
	bindHost, bindPort, err := splitPort(address)
	if err != nil {
		return nil, err
	}
	if err := probeGossip(ctx, address, bindPort); err != nil {
		return nil, err
	}
	g := &gossip{id: id, own: self, events: make(chan struct{}, 1), alive: map[string]member{}}
	cfg := memberlist.DefaultLANConfig()
	cfg.Name = id
	if cfg.BindAddr, err = resolve(cmp.Or(bindHost, "0.0.0.0")); err != nil {
		return nil, err
	}
	cfg.BindPort, cfg.AdvertisePort = bindPort, bindPort
	if host != "" {
		if cfg.AdvertiseAddr, err = resolve(host); err != nil {
			return nil, err
		}
	}
	cfg.Delegate, cfg.Events = g, g
	cfg.TCPTimeout = gossipTimeout
	cfg.DeadNodeReclaimTime = reclaimAfter
	cfg.ProbeInterval, cfg.ProbeTimeout = probeEvery, probeTimeout
	cfg.SuspicionMult, cfg.SuspicionMaxTimeoutMult = suspicion, suspicionMost
	cfg.PushPullInterval = syncEvery
	cfg.Logger = gossipLogger(log)
	if data := g.NodeMeta(memberlist.MetaMaxSize); len(data) > memberlist.MetaMaxSize {
		return nil, fmt.Errorf("gossip: ID and addresses take %d bytes, more than %d: shorten them",
			len(data), memberlist.MetaMaxSize)
	}
	if g.list, err = memberlist.Create(cfg); err != nil {
		return nil, fmt.Errorf("gossip on %s: %w", address, err)
	}
	return g, nil
}

// members returns the servers that are alive, this one among them, by id.
func (g *gossip) members() []member {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.SortedFunc(maps.Values(g.alive), func(a, b member) int {
		return strings.Compare(a.id, b.id)
	})
}

// tell changes what the others hear of this member.
func (g *gossip) tell(change func(*meta)) error {
	g.mu.Lock()
	before := g.own
	change(&g.own)
	changed := g.own != before
	g.mu.Unlock()
	if !changed {
		return nil
	}
	return g.list.UpdateNode(gossipTimeout)
}

// self returns what this member tells of itself.
func (g *gossip) self() meta {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.own
}

func (g *gossip) changes() <-chan struct{} { return g.events }

// call finds members by their gossip addresses.
func (g *gossip) call(addresses []string) error {
	_, err := g.list.Join(addresses)
	return err
}

// dismiss sends one packet, which names its addressee: another may have its address by now.
func (g *gossip) dismiss(m member) error {
	return g.list.SendToAddress(
		memberlist.Address{Addr: m.gossip, Name: m.id}, []byte(dismissal+m.id))
}

// dismissed reports whether this member was told so.
func (g *gossip) dismissed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.away
}

// address returns where this member gossips.
func (g *gossip) address() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.alive[g.id].gossip
}

// leave says goodbye, so that the others need not find out.
func (g *gossip) leave() error { return g.list.Leave(leaveTimeout) }

// stop ends all gossip at once.
func (g *gossip) stop() error { return g.list.Shutdown() }

// NodeMeta is asked for what to tell the others.
func (g *gossip) NodeMeta(int) []byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	data, err := json.Marshal(g.own)
	if err != nil {
		panic(fmt.Sprintf("node: gossip metadata: %v", err)) // strings, an int and a bool
	}
	return data
}

// NotifyJoin takes note of a member that came.
func (g *gossip) NotifyJoin(n *memberlist.Node) {
	m := member{id: n.Name, gossip: n.Address()}
	if err := json.Unmarshal(n.Meta, &m.meta); err != nil || m.Raft == "" {
		return // no server of ours
	}
	g.mu.Lock()
	g.alive[m.id] = m
	g.mu.Unlock()
	g.wake()
}

// NotifyUpdate takes note of a member that tells something else of itself.
func (g *gossip) NotifyUpdate(n *memberlist.Node) { g.NotifyJoin(n) }

// NotifyLeave takes note of a member that left or is dead.
func (g *gossip) NotifyLeave(n *memberlist.Node) {
	g.mu.Lock()
	delete(g.alive, n.Name)
	g.mu.Unlock()
	g.wake()
}

func (g *gossip) wake() {
	select {
	case g.events <- struct{}{}:
	default:
	}
}

// NotifyMsg takes a dismissal, the only message there is.
func (g *gossip) NotifyMsg(message []byte) {
	if string(message) != dismissal+g.id {
		return
	}
	g.mu.Lock()
	before := g.away
	g.away = true
	g.mu.Unlock()
	if !before {
		g.wake()
	}
}

// Nothing but metadata is gossiped.

// GetBroadcasts sends no messages.
func (g *gossip) GetBroadcasts(_, _ int) [][]byte { return nil }

// LocalState has no state to exchange.
func (g *gossip) LocalState(bool) []byte { return nil }

// MergeRemoteState takes no state.
func (g *gossip) MergeRemoteState([]byte, bool) {}

// probeGossip finds out whether the port is free, because memberlist tells only in prose.
func probeGossip(ctx context.Context, address string, port int) error {
	if port == 0 {
		return nil
	}
	lis, err := listen(ctx, "gossip", flagGossip, address)
	if err != nil {
		return err
	}
	return lis.Close()
}

func splitPort(address string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	if port, err = strconv.Atoi(text); err != nil {
		return "", 0, fmt.Errorf("address %s: port %q is not a number", address, text)
	}
	return host, port, nil
}

// resolve returns an IP address of host: gossip packets carry no names.
func resolve(host string) (string, error) {
	addr, err := net.ResolveIPAddr("ip", host)
	if err != nil {
		return "", fmt.Errorf("gossip host %s: %w", host, err)
	}
	return addr.String(), nil
}
