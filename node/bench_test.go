package node

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/transport"
	"github.com/leased-io/leased/transport/leasedv1"
)

const (
	// renewals are the asks in one message, and renewers those who send such messages at once.
	renewals = 64
	renewers = 96
	// benchConns are the connections that callers share.
	benchConns = 4
	// benchBudgets is how many budgets their sessions are on.
	benchBudgets = 64
)

// BenchmarkCoordinator is what three nodes on loopback, in one process, decide durably: fsynced
// by a majority. Each floor is measured in the same run, on the same stores and transport.
func BenchmarkCoordinator(b *testing.B) {
	benchFloor(b)
	n := benchCluster(b, 3)
	s := openSessions(b, n, renewals*renewers)
	each(b, "grants", []int{1, 64, 256}, func(b *testing.B, callers int) {
		bearLoad(b, callers, 1, "grants", func(i int) error {
			res, err := service{n}.Propose(b.Context(), fsm.Command{Acquire: s[i].next()})
			return granted(res, err)
		})
	})
	each(b, "grants/renewals=64", []int{renewers}, func(b *testing.B, callers int) {
		bearLoad(b, callers, renewals, "leases", func(i int) error {
			return s.ofCaller(i).renew(b.Context(), n)
		})
	})
	conns := dialNode(b, n)
	streams := openStreams(b, conns)
	for _, way := range []struct {
		name string
		call func(caller int) acquirer
	}{
		{"unary", func(i int) acquirer { return conns[i%benchConns] }},
		{"stream", func(i int) acquirer { return streams[i%benchConns] }},
	} {
		each(b, "grpc="+way.name, []int{1, 64, 256}, func(b *testing.B, callers int) {
			bearLoad(b, callers, 1, "grants", func(i int) error {
				return s[i:i+1].acquire(b.Context(), way.call(i), false)
			})
		})
		each(b, "grpc="+way.name+"/renewals=64", []int{renewers}, func(b *testing.B, callers int) {
			bearLoad(b, callers, renewals, "leases", func(i int) error {
				return s.ofCaller(i).acquire(b.Context(), way.call(i), true)
			})
		})
	}
}

// acquirer is a way to the coordinator.
type acquirer interface {
	AcquireBatch(context.Context, *leasedv1.AcquireBatchRequest, ...grpc.CallOption) (
		*leasedv1.AcquireBatchResponse, error)
}

// benchCluster starts nodes on loopback and returns the leader.
func benchCluster(b *testing.B, nodes int) *Node {
	b.Helper()
	var all []*Node
	for i := range nodes {
		cfg := localConfig(b, fmt.Sprintf("n%d", i+1))
		cfg.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
		cfg.BootstrapExpect = nodes
		if nodes > 1 {
			cfg.ListenGossip = "127.0.0.1:0"
		}
		if i > 0 {
			cfg.Join = []string{all[0].GossipAddr()}
		}
		all = append(all, startLocal(b, cfg))
	}
	var leader *Node
	eventually(b, 15*time.Second, "a leader", func() bool {
		for _, n := range all {
			if n.IsLeader() {
				leader = n
			}
		}
		return leader != nil
	})
	return leader
}

// dialNode connects as a few clients would.
func dialNode(b *testing.B, n *Node) []leasedv1.LeasesClient {
	b.Helper()
	var conns []leasedv1.LeasesClient
	for range benchConns {
		conn, err := grpc.NewClient(n.APIAddr(),
			grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() {
			if err := conn.Close(); err != nil {
				b.Error(err)
			}
		})
		conns = append(conns, leasedv1.NewLeasesClient(conn))
	}
	return conns
}

// benchSession is a session that renews: it asks for credits, and gives back what it has.
type benchSession struct {
	id, revision, seq uint64
	held              []lease.Return
}

type benchSessions []*benchSession

// openSessions opens n sessions, on benchBudgets budgets.
func openSessions(b *testing.B, n *Node, count int) benchSessions {
	b.Helper()
	c := clientOf(b, n)
	for i := range benchBudgets {
		c.put(fmt.Sprintf("b%d", i), 1<<50)
	}
	var all benchSessions
	for len(all) < count {
		req := &leasedv1.OpenSessionsRequest{}
		for i := range min(count-len(all), transport.MaxBatch) {
			req.Requests = append(req.Requests, &leasedv1.OpenSessionRequest{
				Budget: fmt.Sprintf("b%d", i%benchBudgets)})
		}
		resp, err := c.leases.OpenSessions(b.Context(), req)
		if err != nil {
			b.Fatal(err)
		}
		for _, r := range resp.GetResults() {
			all = append(all, &benchSession{id: r.GetResponse().GetSession(),
				revision: r.GetResponse().GetRevision()})
		}
	}
	return all
}

func (s benchSessions) ofCaller(i int) benchSessions { return s[i*renewals : (i+1)*renewals] }

// next is a session's next request. The committer keeps it until it is committed.
func (s *benchSession) next() *lease.Request {
	s.seq++
	return &lease.Request{Session: lease.SessionID(s.id), Seq: s.seq, Revision: s.revision,
		Asks: []lease.Ask{{Need: 1, Want: 100}}}
}

func granted(res fsm.Result, err error) error {
	if err == nil && res.Code != fsm.CodeDone {
		err = fmt.Errorf("came to %+v", res)
	}
	return err
}

// renew has the leases of all sessions renewed, in one batch.
func (s benchSessions) renew(ctx context.Context, n *Node) error {
	cmds := make([]fsm.Command, len(s))
	for i, one := range s {
		r := one.next()
		r.Returns = one.held
		cmds[i].Acquire = r
	}
	for i, p := range (service{n}).ProposeAll(ctx, cmds) {
		if err := granted(p.Result, p.Err); err != nil {
			return err
		}
		g := p.Result.Grants[0]
		s[i].held = []lease.Return{{Lease: g.Lease, Window: g.Window, Amount: g.Amount}}
	}
	return nil
}

// acquire is one call for a lease for each session. What they have is given back if they renew.
func (s benchSessions) acquire(ctx context.Context, c acquirer, renew bool) error {
	req := &leasedv1.AcquireBatchRequest{Requests: make([]*leasedv1.AcquireRequest, len(s))}
	for i, one := range s {
		one.seq++
		r := &leasedv1.AcquireRequest{Session: one.id, Seq: one.seq, Revision: one.revision,
			Asks: []*leasedv1.Ask{{Need: 1, Want: 100}}}
		for _, h := range one.held {
			r.Returns = append(r.Returns, &leasedv1.Return{
				Lease: uint64(h.Lease), Window: int64(h.Window), Amount: int64(h.Amount)})
		}
		req.Requests[i] = r
	}
	resp, err := c.AcquireBatch(ctx, req)
	if err != nil {
		return err
	}
	for i, r := range resp.GetResults() {
		grants := r.GetResponse().GetGrants()
		if len(grants) != 1 {
			return fmt.Errorf("request %d came to %v", i, r)
		}
		g := grants[0]
		if renew {
			s[i].held = []lease.Return{{Lease: lease.ID(g.GetLease()),
				Window: budget.Window(g.GetWindow()), Amount: budget.Credits(g.GetAmount())}}
		}
	}
	return nil
}
