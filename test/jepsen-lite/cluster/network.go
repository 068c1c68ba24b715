package cluster

import (
	"io"
	"maps"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// rpcTimeout bounds one exchange between servers, as the product's own network does.
const rpcTimeout = time.Second

// network is raft's network: a directed link for each pair of nodes. A message over a link that
// is cut is lost without a word; one to or from a node that is stalled waits.
type network struct {
	latency time.Duration // of a message over a link that is well: at most so much

	mu      sync.Mutex
	rng     *rand.Rand
	ports   map[string]*port
	stalled map[string]*gate
	links   map[pair]link
	lost    int // messages
}

// pair is a direction between two ends.
type pair struct{ from, to string }

// link is what is wrong with a direction.
type link struct {
	cut  bool
	slow time.Duration // more latency, at most
	loss int           // permille of the messages
}

func newNetwork(seed uint64, latency time.Duration) *network {
	return &network{
		latency: latency,
		rng:     rand.New(rand.NewPCG(seed, 0x4e7)),
		ports:   map[string]*port{}, stalled: map[string]*gate{}, links: map[pair]link{},
	}
}

// admit gives a node a place in the network.
func (n *network) admit(id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stalled[id] = &gate{}
}

// dismiss takes a node's place away. What waits for it goes on, and finds nobody.
func (n *network) dismiss(id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if g := n.stalled[id]; g != nil {
		g.open()
	}
	delete(n.stalled, id)
	delete(n.ports, id)
	maps.DeleteFunc(n.links, func(p pair, _ link) bool { return p.from == id || p.to == id })
}

// gate is what a node's messages pass. One that has no place holds nobody up.
func (n *network) gate(id string) *gate {
	n.mu.Lock()
	defer n.mu.Unlock()
	if g := n.stalled[id]; g != nil {
		return g
	}
	return &gate{}
}

// set changes a direction.
func (n *network) set(from, to string, l link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.setLocked(pair{from, to}, l)
}

func (n *network) setLocked(p pair, l link) {
	if l == (link{}) {
		delete(n.links, p)
		return
	}
	n.links[p] = l
}

// around changes all directions that end in a node, and those that begin there.
func (n *network) around(id string, in, out link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for other := range n.stalled {
		if other != id {
			n.setLocked(pair{other, id}, in)
			n.setLocked(pair{id, other}, out)
		}
	}
}

// heal makes everything well.
func (n *network) heal() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.links)
	for _, g := range n.stalled {
		g.open()
	}
}

// attach makes a port of a node's new life.
func (n *network) attach(id string) *port {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ports[id] = newPort(n, id)
	return n.ports[id]
}

func (n *network) port(id string) *port {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.ports[id]
}

// travel takes a message's time, and reports whether it arrives.
func (n *network) travel(from, to string, givenUp <-chan struct{}) bool {
	delay, ok := n.fate(from, to)
	if !ok {
		return false
	}
	if delay > 0 {
		time.Sleep(delay)
	}
	return n.gate(from).pass(givenUp) && n.gate(to).pass(givenUp)
}

// fate draws what becomes of a message.
func (n *network) fate(from, to string) (time.Duration, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.links[pair{from, to}]
	if l.cut || l.loss > 0 && n.rng.IntN(1000) < l.loss {
		n.lost++
		return 0, false
	}
	if most := n.latency + l.slow; most > 0 {
		return time.Duration(n.rng.Int64N(int64(most))), true
	}
	return 0, true
}

// stream is a snapshot on its way. It breaks with its sender's patience.
type stream struct {
	io.Reader
	unwanted <-chan struct{}
}

// Read reads what is still coming.
func (s stream) Read(b []byte) (int, error) {
	select {
	case <-s.unwanted:
		return 0, io.ErrUnexpectedEOF
	default:
		return s.Reader.Read(b)
	}
}

// deliver brings a request to a node and its answer back, as far as the network lets it. It ends
// with the caller's port, or with the other's.
func (n *network) deliver(from *port, to string, rpc raft.RPC, answer chan<- raft.RPCResponse,
	unwanted <-chan struct{},
) {
	if !n.travel(from.id, to, from.closed) {
		return
	}
	if rpc.Reader != nil {
		rpc.Reader = stream{rpc.Reader, unwanted}
	}
	target := n.port(to)
	if target == nil {
		return
	}
	if response, ok := target.receive(rpc); ok && n.travel(to, from.id, from.closed) {
		answer <- response
	}
}
