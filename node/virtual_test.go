package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
)

// virtualCluster is a cluster in a synctest bubble: in-memory network and stores, virtual time.
type virtualCluster struct {
	t *testing.T
	// mu is held for changes of the maps and of peers, and by those who read them while the test
	// goes on.
	mu    sync.Mutex
	peers []Peer
	nets  map[string]*raft.InmemTransport
	apis  map[string]*bufconn.Listener
	disks map[string]*Stores
	nodes map[string]*Node
	tune  func(*Config)
	dir   *Directory // nil: the peers are all there will be
	first int        // so many found the cluster
}

// startVirtual runs n nodes, n1 to nN, until the test ends.
func startVirtual(t *testing.T, n int, tune func(*Config)) *virtualCluster {
	t.Helper()
	return startFounders(t, n, nil, tune)
}

// startFounders is startVirtual, for nodes that find each other in a directory.
func startFounders(t *testing.T, n int, dir *Directory, tune func(*Config)) *virtualCluster {
	t.Helper()
	c := &virtualCluster{
		dir:   dir,
		first: n,
		t:     t,
		nets:  map[string]*raft.InmemTransport{},
		apis:  map[string]*bufconn.Listener{},
		disks: map[string]*Stores{},
		nodes: map[string]*Node{},
		tune:  tune,
	}
	for i := range n {
		c.add(fmt.Sprintf("n%d", i+1))
	}
	for _, p := range c.peers {
		c.start(p.ID)
	}
	c.t.Cleanup(func() {
		for _, n := range c.nodes {
			n.Kill()
		}
		synctest.Wait()
	})
	return c
}

// add gives a node a place, and an empty disk.
func (c *virtualCluster) add(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := func(p Peer) bool { return p.ID == id }
	if !slices.ContainsFunc(c.peers, known) {
		c.peers = append(c.peers, Peer{ID: id, Raft: id + ":raft", API: id + ":api"})
	}
	store := raft.NewInmemStore()
	c.disks[id] = &Stores{Logs: store, Stable: store, Snapshots: raft.NewInmemSnapshotStore()}
}

// at is a listener that tells of another address than it has.
type at struct {
	net.Listener
	address
}

func (a at) Addr() net.Addr { return a.address }

// start runs a node on its disk, on a network of its own that reaches everyone.
func (c *virtualCluster) start(id string) *Node {
	c.t.Helper()
	_, network := raft.NewInmemTransportWithTimeout(raft.ServerAddress(id+":raft"), time.Second)
	c.mu.Lock()
	c.nets[id] = network
	c.apis[id] = bufconn.Listen(1 << 16)
	c.mu.Unlock()
	c.heal(id)
	cfg := DefaultConfig()
	cfg.ID = id
	cfg.Logger = slog.New(slog.DiscardHandler)
	cfg.Seams = Seams{
		Stores: c.disks[id], RaftTransport: network, APIListener: c.apis[id],
		DialAPI: c.dial, Peers: c.peers,
	}
	if c.dir != nil {
		cfg.Peers, cfg.Directory = nil, c.dir
		cfg.APIListener = at{c.apis[id], address(id + ":api")}
		if slices.ContainsFunc(c.peers[:c.first], func(p Peer) bool { return p.ID == id }) {
			cfg.BootstrapExpect = c.first
		}
	}
	if c.tune != nil {
		c.tune(&cfg)
	}
	n, err := Start(c.t.Context(), cfg)
	if err != nil {
		c.t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes[id] = n
	return n
}

// kill ends a node for good.
func (c *virtualCluster) kill(id string) {
	c.mu.Lock()
	n := c.nodes[id]
	delete(c.nodes, id)
	c.mu.Unlock()
	n.Kill()
}

func (c *virtualCluster) dial(ctx context.Context, address string) (net.Conn, error) {
	c.mu.Lock()
	var lis *bufconn.Listener
	for _, p := range c.peers {
		if p.API == address {
			lis = c.apis[p.ID]
		}
	}
	c.mu.Unlock()
	if lis == nil {
		return nil, errors.New("no such address")
	}
	return lis.DialContext(ctx)
}

// cut separates a node's raft from all others.
func (c *virtualCluster) cut(id string) {
	for other, network := range c.nets {
		if other != id {
			network.Disconnect(raft.ServerAddress(id + ":raft"))
		}
	}
	c.nets[id].DisconnectAll()
}

// heal connects a node's raft to all others.
func (c *virtualCluster) heal(id string) {
	for other, network := range c.nets {
		if other != id {
			network.Connect(raft.ServerAddress(id+":raft"), c.nets[id])
			c.nets[id].Connect(raft.ServerAddress(other+":raft"), network)
		}
	}
}

// leader waits for a leader, among all nodes but the one named, whose epoch is open.
func (c *virtualCluster) leader(but string) *Node {
	c.t.Helper()
	var leader *Node
	eventually(c.t, 10*time.Second, "a leader", func() bool {
		for id, n := range c.nodes {
			if id != but && n.IsLeader() {
				leader = n
				return true
			}
		}
		return false
	})
	return leader
}

// converged waits until all nodes have applied the same entries to the same effect.
func (c *virtualCluster) converged() {
	c.t.Helper()
	eventually(c.t, 10*time.Second, "all nodes to be in the same state", func() bool {
		seen := map[string]bool{}
		for _, n := range c.nodes {
			st := n.Status()
			seen[fmt.Sprint(st.Applied, st.Digest)] = true
		}
		return len(seen) == 1
	})
}

// api connects to a node's API.
func (c *virtualCluster) api(id string) *grpc.ClientConn {
	c.t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+id+":api", grpc.WithContextDialer(c.dial),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			c.t.Error(err)
		}
	})
	return conn
}

// eventually waits for a condition, in virtual or real time.
func eventually(t testing.TB, patience time.Duration, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited %s for %s", patience, what)
		}
	}
}

// holder proposes as one session of budget "b", straight to a node.
type holder struct {
	t        *testing.T
	session  lease.SessionID
	revision uint64
	seq      uint64
}

// propose has n commit cmd.
func propose(t *testing.T, n *Node, cmd fsm.Command) fsm.Result {
	t.Helper()
	result, err := service{n}.Propose(t.Context(), cmd)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// openHolder creates budget "b" of amount a minute, and a session on it.
func openHolder(t *testing.T, n *Node, amount budget.Credits) *holder {
	t.Helper()
	put := fsm.PutBudget{Budget: budget.Budget{Name: "b", Limits: []budget.Limit{
		{Metric: "requests", Kind: budget.KindWindow, Amount: amount, Per: time.Minute},
	}}}
	if r := propose(t, n, fsm.Command{PutBudget: &put}); r.Code != fsm.CodeDone {
		t.Fatalf("put: got %+v", r)
	}
	open := propose(t, n, fsm.Command{OpenSession: &fsm.OpenSession{Budget: "b"}})
	if open.Code != fsm.CodeDone {
		t.Fatalf("open: got %+v", open)
	}
	return &holder{t: t, session: open.Session, revision: open.Revision}
}

// ask is the next request of the session, for exactly n credits.
func (h *holder) ask(n budget.Credits) fsm.Command {
	h.seq++
	return fsm.Command{Acquire: &lease.Request{
		Session: h.session, Seq: h.seq, Revision: h.revision,
		Asks: []lease.Ask{{Need: n, Want: n}},
	}}
}

// used reads what is charged to the current window of budget "b".
func used(t *testing.T, n *Node) budget.Credits {
	t.Helper()
	var used budget.Credits
	err := service{n}.Read(t.Context(), func(s *fsm.State, _ budget.Instant) {
		if b, ok := s.Budget("b", ""); ok {
			used = b.Limits[0].Used
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return used
}
