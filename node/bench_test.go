package node

import (
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/transport/leasedv1"
)

const benchCallers = 64

// BenchmarkAcquire is committed acquires a second with 64 callers, with fsync: into one node's
// queue, and through its gRPC API.
func BenchmarkAcquire(b *testing.B) {
	for _, nodes := range []int{1, 3} {
		b.Run(fmt.Sprintf("nodes=%d/via=queue", nodes), func(b *testing.B) {
			n := benchCluster(b, nodes)
			benchAcquire(b, n, func(_ int, r *lease.Request) error {
				res, err := service{n}.Propose(b.Context(), fsm.Command{Acquire: r})
				if err == nil && res.Code != fsm.CodeDone {
					err = fmt.Errorf("came to %+v", res)
				}
				return err
			})
		})
		b.Run(fmt.Sprintf("nodes=%d/via=grpc", nodes), func(b *testing.B) {
			n := benchCluster(b, nodes)
			var conns []leasedv1.LeasesClient
			for range 4 {
				conn, err := grpc.NewClient(n.APIAddr(),
					grpc.WithTransportCredentials(insecure.NewCredentials()))
				if err != nil {
					b.Fatal(err)
				}
				defer conn.Close()
				conns = append(conns, leasedv1.NewLeasesClient(conn))
			}
			benchAcquire(b, n, func(caller int, r *lease.Request) error {
				res, err := conns[caller%len(conns)].Acquire(b.Context(), &leasedv1.AcquireRequest{
					Session: uint64(r.Session), Seq: r.Seq, Revision: r.Revision,
					Asks: []*leasedv1.Ask{{Need: 1, Want: 1}},
				})
				if err == nil && res.GetOutcome() != leasedv1.Outcome_OUTCOME_GRANTED {
					err = fmt.Errorf("came to %v", res)
				}
				return err
			})
		})
	}
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

func benchAcquire(b *testing.B, n *Node, acquire func(int, *lease.Request) error) {
	c := clientOf(b, n)
	c.put("b", 1<<50)
	requests := make(chan struct{})
	var callers sync.WaitGroup
	for i := range benchCallers {
		session := c.open("b")
		callers.Go(func() {
			r := lease.Request{
				Session: lease.SessionID(session.GetSession()), Revision: session.GetRevision(),
				Asks: []lease.Ask{{Need: 1, Want: 1}},
			}
			for range requests {
				r.Seq++
				own := r // the committer keeps it until it is committed
				if err := acquire(i, &own); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	before := n.Status().Applied
	b.ReportAllocs()
	for b.Loop() {
		requests <- struct{}{}
	}
	close(requests)
	callers.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "acquires/s")
	b.ReportMetric(float64(b.N)/float64(n.Status().Applied-before), "acquires/entry")
}
