package node

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// Directory stands in for gossip in virtual time: an in-memory list of who is there. Nodes that
// are started with the same one in Seams.Directory find each other there, and everything that
// rests on gossip is the product's own: founding, joining, promotion, moving, removal.
//
// Such a node has an empty ListenGossip and no Peers. The founders are started with the same
// BootstrapExpect, each on empty stores; a newcomer with BootstrapExpect 0, on empty stores, and
// the leader adds it. A node that starts again on its stores is known again, also at another
// address. The raft address told is RaftTransport's, the API address that of APIListener.
//
// A node that has ended is gone from the directory at once. Cut makes a node's gossip fail while
// it runs. A Directory may be used from any goroutine.
type Directory struct {
	mu     sync.Mutex
	places map[string]*place // of the nodes that run, by id
	cut    map[string]bool
}

// NewDirectory returns a Directory with nobody in it.
func NewDirectory() *Directory {
	return &Directory{places: map[string]*place{}, cut: map[string]bool{}}
}

// Cut makes node id see nobody else, and nobody see it, until Heal. It need not run.
func (d *Directory) Cut(id string) { d.setCut(id, true) }

// Heal ends a Cut.
func (d *Directory) Heal(id string) { d.setCut(id, false) }

func (d *Directory) setCut(id string, cut bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cut[id] = cut
	d.wakeLocked()
}

// enter adds a node, in place of an earlier life of it.
func (d *Directory) enter(id string, self meta) *place {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := &place{dir: d, id: id, own: self, events: make(chan struct{}, 1)}
	d.places[id] = p
	d.wakeLocked()
	return p
}

func (d *Directory) wakeLocked() {
	for _, p := range d.places {
		p.wake()
	}
}

// place is one node's life in a Directory.
type place struct {
	dir    *Directory
	id     string
	events chan struct{} // size 1: more of the same are dropped

	// The rest is guarded by the directory's lock.
	own  meta
	away bool // the node was told that it is no member
}

var _ finder = (*place)(nil)

func (p *place) wake() {
	select {
	case p.events <- struct{}{}:
	default:
	}
}

func (p *place) members() []member {
	p.dir.mu.Lock()
	defer p.dir.mu.Unlock()
	seen := map[string]member{p.id: {id: p.id, meta: p.own}}
	for id, other := range p.dir.places {
		if !p.dir.cut[id] && !p.dir.cut[p.id] {
			seen[id] = member{id: id, meta: other.own}
		}
	}
	return slices.SortedFunc(maps.Values(seen), func(a, b member) int {
		return strings.Compare(a.id, b.id)
	})
}

func (p *place) self() meta {
	p.dir.mu.Lock()
	defer p.dir.mu.Unlock()
	return p.own
}

func (p *place) tell(change func(*meta)) error {
	p.dir.mu.Lock()
	defer p.dir.mu.Unlock()
	before := p.own
	if change(&p.own); p.own != before {
		p.dir.wakeLocked()
	}
	return nil
}

func (p *place) changes() <-chan struct{} { return p.events }

// call has nobody to find: whoever is there is seen.
func (p *place) call([]string) error { return nil }

func (p *place) dismiss(m member) error {
	p.dir.mu.Lock()
	defer p.dir.mu.Unlock()
	other := p.dir.places[m.id]
	if other != nil && !other.away && !p.dir.cut[m.id] && !p.dir.cut[p.id] {
		other.away = true
		other.wake()
	}
	return nil
}

func (p *place) dismissed() bool {
	p.dir.mu.Lock()
	defer p.dir.mu.Unlock()
	return p.away
}

func (p *place) address() string { return "" }

func (p *place) leave() error { return p.stop() }

// stop leaves a later life of the node alone.
func (p *place) stop() error {
	p.dir.mu.Lock()
	defer p.dir.mu.Unlock()
	if p.dir.places[p.id] == p {
		delete(p.dir.places, p.id)
		p.dir.wakeLocked()
	}
	return nil
}
