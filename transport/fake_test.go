package transport

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/transport/leasedv1"
)

// fakeNode is a Coordinator and Cluster on a state of its own, without raft.
type fakeNode struct {
	mu       sync.Mutex
	state    *fsm.State
	index    uint64
	now      budget.Instant
	leader   Leader
	news     chan struct{} // see become; nil: there is none
	err      error         // of Propose and Read, if set
	fails    map[int]error // of single commands of ProposeAll
	hang     bool          // Propose and Read wait for their context
	proposed int
	called   chan struct{} // gets one for the first Propose
}

var (
	_ Coordinator = (*fakeNode)(nil)
	_ Cluster     = (*fakeNode)(nil)
)

const epoch = 1

func newFakeNode() *fakeNode {
	f := &fakeNode{
		state:  fsm.New(nil),
		index:  1,
		leader: Leader{ID: "a", API: "a:1", Self: true},
		called: make(chan struct{}, 1),
	}
	f.state.Apply(f.index, epoch, fsm.Entry{Open: true})
	return f
}

func (f *fakeNode) Propose(ctx context.Context, cmd fsm.Command) (fsm.Result, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.proposed++; f.proposed == 1 {
		f.called <- struct{}{}
	}
	if f.hang {
		<-ctx.Done()
		return fsm.Result{}, ctx.Err()
	}
	if f.err != nil {
		return fsm.Result{}, f.err
	}
	f.index++
	entry := fsm.Entry{Epoch: epoch, Stamp: f.now, Commands: []fsm.Command{cmd}}
	return f.state.Apply(f.index, epoch, entry)[0], nil
}

// ProposeAll decides each in an entry of its own, and fails those that fails names.
func (f *fakeNode) ProposeAll(ctx context.Context, cmds []fsm.Command) []Proposed {
	all := make([]Proposed, len(cmds))
	for i, cmd := range cmds {
		if all[i].Err = f.fails[i]; all[i].Err == nil {
			all[i].Result, all[i].Err = f.Propose(ctx, cmd)
		}
	}
	return all
}

func (f *fakeNode) Read(ctx context.Context, read func(*fsm.State, budget.Instant)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hang {
		<-ctx.Done()
		return ctx.Err()
	}
	if f.err != nil {
		return f.err
	}
	read(f.state, f.now)
	return nil
}

func (f *fakeNode) Leader() Leader {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.leader
}

func (f *fakeNode) News() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.news
}

// become has somebody else lead, of which there is news.
func (f *fakeNode) become(l Leader) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.leader = l
	close(f.news)
	f.news = make(chan struct{})
}

func (f *fakeNode) Status() Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return Status{
		Node: "a", State: "leader", Leader: f.leader.ID, Term: epoch,
		Applied: f.state.Index(), T: f.state.T(), Digest: f.state.Digest(), Counts: f.state.Counts(),
		Members: []Member{{ID: "a", Raft: "a:2", API: "a:1", Voter: true, Leader: true, Alive: true}},
	}
}

// RemoveMember knows of no other server than "b".
func (f *fakeNode) RemoveMember(ctx context.Context, id string) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hang {
		<-ctx.Done()
		return false, ctx.Err()
	}
	return id == "b", f.err
}

// api is what a client sees of a server.
type api struct {
	*grpc.ClientConn
	leases  leasedv1.LeasesClient
	budgets leasedv1.BudgetsClient
	cluster leasedv1.ClusterClient
}

// serve runs a server for node until the test ends, and returns a client of it and a dialer
// to it.
func serve(t *testing.T, cfg Config) (api, func(context.Context, string) (net.Conn, error)) {
	t.Helper()
	if cfg.DriftPPM == 0 {
		cfg.DriftPPM = lease.DefaultMaxClockDriftPPM
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, s)
}

// serveOn is serve with a server that the test has made.
func serveOn(t *testing.T, s *Server) (api, func(context.Context, string) (net.Conn, error)) {
	t.Helper()
	lis := bufconn.Listen(1 << 16)
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := s.Serve(lis); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	dial := func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }
	conn, err := grpc.NewClient("passthrough:///a",
		grpc.WithContextDialer(dial), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		s.Kill()
		serving.Wait()
	})
	return api{
		ClientConn: conn,
		leases:     leasedv1.NewLeasesClient(conn),
		budgets:    leasedv1.NewBudgetsClient(conn),
		cluster:    leasedv1.NewClusterClient(conn),
	}, dial
}

// Wall stands still.
func (f *fakeNode) Wall() time.Time { return time.Unix(1_800_000_000, 0) }
