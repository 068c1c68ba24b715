package node

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/transport"
	"github.com/leased-io/leased/transport/leasedv1"
)

// TestMain finds goroutines that outlive their node. Memberlist does not join a probe that is
// under way when it shuts down: that one ends by itself, within gossip's timeout.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/hashicorp/memberlist.(*Memberlist).probeNode"))
}

// medianFailover is how soon after a leader is cut off another one has opened its epoch, in
// half of all cases. A split vote takes another election timeout, as often as it happens.
const medianFailover = time.Second

// TestFailoverTime measures DefaultConfig's timeouts, in virtual time.
func TestFailoverTime(t *testing.T) {
	var times []time.Duration
	for range 41 {
		synctest.Test(t, func(t *testing.T) {
			c := startVirtual(t, 3, nil)
			old := c.leader("")
			c.cut(old.ID())
			began := time.Now()
			c.leader(old.ID())
			times = append(times, time.Since(began))
		})
	}
	slices.Sort(times)
	t.Logf("median %s, worst %s", times[len(times)/2], times[len(times)-1])
	if median := times[len(times)/2]; median > medianFailover {
		t.Errorf("median %s, want at most %s", median, medianFailover)
	}
}

// TestFailover: a grant survives the loss of its leader, its retry is charged once, and the old
// leader falls in again.
func TestFailover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startVirtual(t, 3, nil)
		old := c.leader("")
		h := openHolder(t, old, 100)
		ask := h.ask(30)
		granted := propose(t, old, ask)
		if granted.Code != fsm.CodeDone {
			t.Fatalf("got %+v", granted)
		}

		c.cut(old.ID())
		next := c.leader(old.ID())
		again := propose(t, next, ask)
		if again.Code != fsm.CodeDone || again.Grants[0].Lease != granted.Grants[0].Lease {
			t.Errorf("retry: got %+v, want %+v", again, granted)
		}
		if got := used(t, next); got != 30 {
			t.Errorf("used: got %d, want 30", got)
		}
		if next.Status().Epoch <= 1 {
			t.Errorf("epoch: got %d", next.Status().Epoch)
		}

		// The old leader steps down by itself and decides nothing.
		eventually(t, time.Second, "the old leader to step down", func() bool { return !old.IsLeader() })
		_, err := service{old}.Propose(t.Context(), h.ask(1))
		if !errors.Is(err, transport.ErrNotLeader) {
			t.Errorf("propose at the old leader: got %v, want ErrNotLeader", err)
		}
		err = service{old}.Read(t.Context(), func(*fsm.State, budget.Instant) {
			t.Error("a read was answered without a majority")
		})
		if !errors.Is(err, transport.ErrNotLeader) {
			t.Errorf("read at the old leader: got %v, want ErrNotLeader", err)
		}
		c.heal(old.ID())
		c.converged()
	})
}

// TestOutcomeOfAnEntryInFlight: what a leader appended and could not commit before it was cut
// off is of unknown outcome, and it is answered.
func TestOutcomeOfAnEntryInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startVirtual(t, 3, nil)
		old := c.leader("")
		h := openHolder(t, old, 100)
		c.cut(old.ID())
		began := time.Now()
		_, err := service{old}.Propose(t.Context(), h.ask(30))
		if !errors.Is(err, transport.ErrOutcomeUnknown) {
			t.Errorf("got %v, want ErrOutcomeUnknown", err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("answered after %s", took)
		}
		// A caller with less time hears the same, sooner.
		c.heal(old.ID())
		c.converged()
		leader := c.leader("")
		c.cut(leader.ID())
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		_, err = service{leader}.Propose(ctx, h.ask(30))
		if !errors.Is(err, transport.ErrOutcomeUnknown) {
			t.Errorf("got %v, want ErrOutcomeUnknown", err)
		}
	})
}

// TestRestartRemembers: a node that crashed is rebuilt from its store to the same state.
func TestRestartRemembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startVirtual(t, 3, nil)
		leader := c.leader("")
		h := openHolder(t, leader, 100)
		for range 5 {
			propose(t, leader, h.ask(10))
		}
		for _, p := range c.peers { // one after another, the leader among them
			c.nodes[p.ID].Kill()
			c.start(p.ID)
			c.leader("")
		}
		c.converged()
		if got := used(t, c.leader("")); got != 50 {
			t.Errorf("used: got %d, want 50", got)
		}
	})
}

// TestSnapshots: a follower that missed more than the log keeps is brought up by a snapshot.
func TestSnapshots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startVirtual(t, 3, func(cfg *Config) {
			cfg.SnapshotThreshold, cfg.TrailingLogs = 8, MinTrailingLogs
			cfg.SnapshotInterval = 100 * time.Millisecond
		})
		leader := c.leader("")
		h := openHolder(t, leader, 1000)
		var away string
		for id := range c.nodes {
			if id != leader.ID() {
				away = id
			}
		}
		c.cut(away)
		for range 200 {
			propose(t, leader, h.ask(1))
		}
		missed := c.nodes[away].Status().Applied
		eventually(t, time.Second, "the log to be cut", func() bool {
			first, err := leader.store.Logs.FirstIndex()
			return err == nil && first > missed+1
		})
		c.heal(away)
		c.converged()
		if got := used(t, c.leader("")); got != 200 {
			t.Errorf("used: got %d, want 200", got)
		}
		c.nodes[away].Kill()
		c.start(away)
		c.converged()
	})
}

// TestFollowerForwards: any node takes any request, and its health tells whether it can.
func TestFollowerForwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startVirtual(t, 3, nil)
		leader := c.leader("")
		openHolder(t, leader, 100)
		for id := range c.nodes {
			conn := c.api(id)
			eventually(t, time.Second, "health", func() bool {
				check := &healthv1.HealthCheckRequest{Service: "leased.v1.Leases"}
				h, err := healthv1.NewHealthClient(conn).Check(t.Context(), check)
				return err == nil && h.GetStatus() == healthv1.HealthCheckResponse_SERVING
			})
			leases := leasedv1.NewLeasesClient(conn)
			open, err := leases.OpenSession(t.Context(), &leasedv1.OpenSessionRequest{Budget: "b"})
			if err != nil {
				t.Fatal(err)
			}
			got, err := leases.Acquire(t.Context(), &leasedv1.AcquireRequest{
				Session: open.GetSession(), Seq: 1, Revision: open.GetRevision(),
				Asks: []*leasedv1.Ask{{Need: 10, Want: 10}},
			})
			if err != nil || got.GetOutcome() != leasedv1.Outcome_OUTCOME_GRANTED {
				t.Errorf("%s: got %v, %v", id, got, err)
			}
			status, err := leasedv1.NewClusterClient(conn).Status(t.Context(), nil)
			if err != nil || status.GetLeader() != leader.ID() || len(status.GetMembers()) != 3 {
				t.Errorf("%s: status: got %v, %v", id, status, err)
			}
		}
		if got := used(t, leader); got != 30 {
			t.Errorf("used: got %d, want 30", got)
		}
	})
}

// TestStopHandsOver: a leader that is stopped in order leaves a new one behind at once, and
// what was acknowledged.
func TestStopHandsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startVirtual(t, 3, nil)
		old := c.leader("")
		h := openHolder(t, old, 100)
		propose(t, old, h.ask(10))
		began := time.Now()
		if err := old.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if err := old.Stop(t.Context()); err != nil { // again
			t.Error(err)
		}
		old.Kill() // too late
		next := c.leader(old.ID())
		if took := time.Since(began); took > 300*time.Millisecond {
			t.Errorf("a new leader after %s: no handover but an election", took)
		}
		if got := used(t, next); got != 10 {
			t.Errorf("used: got %d, want 10", got)
		}
		select {
		case <-old.Done():
		default:
			t.Error("stopped, but not done")
		}
		if _, err := (service{old}).Propose(t.Context(), h.ask(1)); err == nil {
			t.Error("a stopped node decided")
		}
	})
}

// TestKillCutsAStopShort: a Stop that waits for a call in progress ends at once.
func TestKillCutsAStopShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startVirtual(t, 1, nil)
		n := c.leader("")
		health := healthv1.NewHealthClient(c.api(n.ID()))
		watch, err := health.Watch(t.Context(), &healthv1.HealthCheckRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := watch.Recv(); err != nil {
			t.Fatal(err)
		}
		stopped := make(chan error, 1)
		go func() { stopped <- n.Stop(t.Context()) }()
		synctest.Wait()
		select {
		case err := <-stopped:
			t.Fatalf("stopped in spite of a call in progress: %v", err)
		default:
		}
		began := time.Now()
		n.Kill()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("took %s", took)
		}
	})
}

// TestLeaderlessTimeDoesNotCount: the cluster clock goes on where the last entry left it (R2),
// and on a leader it runs with its monotonic clock.
func TestLeaderlessTimeDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startVirtual(t, 3, nil)
		leader := c.leader("")
		h := openHolder(t, leader, 100)
		propose(t, leader, h.ask(1))
		before := leader.Status().T
		time.Sleep(10 * time.Second) //nolint:forbidigo // in a synctest bubble
		propose(t, leader, h.ask(1))
		after := leader.Status().T
		if got := after.Sub(before); got < 10*time.Second || got > 10*time.Second+100*time.Millisecond {
			t.Errorf("10 s of real time are %s of cluster time", got)
		}
		for id := range c.nodes {
			c.cut(id)
		}
		time.Sleep(time.Minute) //nolint:forbidigo // in a synctest bubble
		for id := range c.nodes {
			c.heal(id)
		}
		leader = c.leader("")
		propose(t, leader, h.ask(1))
		if got := leader.Status().T.Sub(after); got < 0 || got > 10*time.Second {
			t.Errorf("a leaderless minute counted %s", got)
		}
	})
}
