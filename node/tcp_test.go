package node

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/leased-io/leased/trace"
	"github.com/leased-io/leased/transport/leasedv1"
)

// localConfig is a node on loopback, on ports of the system's choice.
func localConfig(t testing.TB, id string) Config {
	t.Helper()
	cfg := DefaultConfig()
	cfg.ID = id
	cfg.DataDir = filepath.Join(t.TempDir(), id)
	cfg.ListenAPI, cfg.ListenRaft = "127.0.0.1:0", "127.0.0.1:0"
	cfg.Logger = slog.New(slog.NewTextHandler(testWriter{t}, nil))
	return cfg
}

// testWriter puts logs into the test's output.
type testWriter struct{ t testing.TB }

func (w testWriter) Write(line []byte) (int, error) {
	w.t.Logf("%s", line)
	return len(line), nil
}

func startLocal(t testing.TB, cfg Config) *Node {
	t.Helper()
	n, err := Start(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Kill)
	return n
}

// client calls a node's API and retries what a client would retry.
type client struct {
	t       testing.TB
	leases  leasedv1.LeasesClient
	budgets leasedv1.BudgetsClient
}

func clientOf(t testing.TB, n *Node) client {
	t.Helper()
	conn, err := grpc.NewClient(n.APIAddr(),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return client{t, leasedv1.NewLeasesClient(conn), leasedv1.NewBudgetsClient(conn)}
}

// retry repeats a call until it is decided.
func retry[T any](t testing.TB, call func() (T, error)) T {
	t.Helper()
	deadline := time.After(15 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		got, err := call()
		if err == nil {
			return got
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not decided in time: %v", err)
		}
	}
}

func (c client) put(name string, amount int64) {
	c.t.Helper()
	retry(c.t, func() (*leasedv1.PutBudgetResponse, error) {
		return c.budgets.PutBudget(c.t.Context(), &leasedv1.PutBudgetRequest{
			Budget: &leasedv1.Budget{Name: name, Limits: []*leasedv1.Limit{
				{Metric: "requests", Amount: amount, PerNanos: int64(time.Hour)},
			}},
		})
	})
}

func (c client) open(name string) *leasedv1.OpenSessionResponse {
	c.t.Helper()
	return retry(c.t, func() (*leasedv1.OpenSessionResponse, error) {
		req := &leasedv1.OpenSessionRequest{Budget: name}
		return c.leases.OpenSession(c.t.Context(), req)
	})
}

func (c client) acquire(
	s *leasedv1.OpenSessionResponse, seq uint64, n int64,
) *leasedv1.AcquireResponse {
	c.t.Helper()
	return retry(c.t, func() (*leasedv1.AcquireResponse, error) {
		return c.leases.Acquire(c.t.Context(), &leasedv1.AcquireRequest{
			Session: s.GetSession(), Seq: seq, Revision: s.GetRevision(),
			Asks: []*leasedv1.Ask{{Need: n, Want: n}},
		})
	})
}

func (c client) used(name string) int64 {
	c.t.Helper()
	got := retry(c.t, func() (*leasedv1.GetBudgetResponse, error) {
		return c.budgets.GetBudget(c.t.Context(), &leasedv1.GetBudgetRequest{Name: name})
	})
	return got.GetLimits()[0].GetUsed()
}

// TestClusterOnLoopback is a cluster's life with real sockets and disks: founded by gossip,
// asked through followers, its leader killed, restarted on its disk under another address, and
// a fourth server added.
func TestClusterOnLoopback(t *testing.T) {
	traces := t.TempDir()
	nodes := map[string]*Node{}
	configs := map[string]Config{}
	start := func(id string, expect int, join ...string) *Node {
		t.Helper()
		cfg, ok := configs[id]
		if !ok {
			cfg = localConfig(t, id)
			cfg.ListenGossip = "127.0.0.1:0"
			cfg.BootstrapExpect, cfg.TraceDir, cfg.Run = expect, traces, "test"
		}
		cfg.Join = join
		configs[id] = cfg
		nodes[id] = startLocal(t, cfg)
		return nodes[id]
	}
	leader := func() (leader, follower *Node) {
		t.Helper()
		eventually(t, 15*time.Second, "a leader that all know", func() bool {
			leader, follower = nil, nil
			for _, n := range nodes {
				id, api := n.Leader()
				switch {
				case id == "" || api == "":
					return false
				case n.IsLeader():
					leader = n
				default:
					follower = n
				}
			}
			return leader != nil && follower != nil
		})
		return leader, follower
	}
	first := start("n1", 3).GossipAddr()
	start("n2", 3, first)
	start("n3", 3, first)

	old, follower := leader()
	c := clientOf(t, follower)
	c.put("b", 100)
	session := c.open("b")
	granted := c.acquire(session, 1, 30)

	old.Kill()
	delete(nodes, old.ID())
	killed := time.Now()
	again := c.acquire(session, 1, 30)
	t.Logf("decided again %s after the leader was killed", time.Since(killed))
	if again.GetGrants()[0].GetLease() != granted.GetGrants()[0].GetLease() {
		t.Errorf("retry: got %v, want %v", again, granted)
	}
	if got := c.acquire(session, 2, 71); got.GetOutcome() != leasedv1.Outcome_OUTCOME_DENIED {
		t.Errorf("more than is left: got %v", got)
	}
	if got := c.used("b"); got != 30 {
		t.Errorf("used: got %d, want 30", got)
	}

	// The killed node comes back on its disk, on other ports: the leader takes note.
	back := start(old.ID(), 3, follower.GossipAddr())
	fourth := start("n4", 0, follower.GossipAddr())
	eventually(t, 15*time.Second, "four voters in the same state", func() bool {
		seen := map[string]bool{}
		for _, n := range nodes {
			st := n.Status()
			seen[st.Digest] = true
			voters := 0
			for _, m := range st.Members {
				if m.Voter && m.Alive && m.API == nodes[m.ID].APIAddr() &&
					m.Raft == nodes[m.ID].RaftAddr() {
					voters++
				}
			}
			if voters != 4 {
				return false
			}
		}
		return len(seen) == 1
	})
	if got := clientOf(t, back).used("b"); got != 30 {
		t.Errorf("used, asked the node that came back: got %d, want 30", got)
	}
	if got := clientOf(t, fourth).acquire(session, 3, 70); got.GetOutcome() !=
		leasedv1.Outcome_OUTCOME_GRANTED {
		t.Errorf("asked the node that joined: got %v", got)
	}

	for _, n := range nodes {
		if err := n.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	checkTraces(t, traces)
}

// checkTraces reads every trace: each is complete and tells of the grants.
func checkTraces(t *testing.T, dir string) {
	t.Helper()
	files, err := trace.Files(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 5 { // four nodes, and one's second life
		t.Errorf("got %d trace files, want 5", len(files))
	}
	proposals := 0
	for _, file := range files {
		r, err := trace.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		if h := r.Header(); h.Run != "test" || h.Role != trace.RoleNode {
			t.Errorf("%s: header %+v", file, h)
		}
		grants, ended := 0, false
		for {
			e, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			switch e.Kind {
			case trace.KindGrant:
				grants++
			case trace.KindPropose:
				proposals++
				if e.First == 0 || e.First > e.At {
					t.Errorf("%s: the stamp was read between %d and %d", file, e.First, e.At)
				}
			case trace.KindEnd:
				ended = true
			case trace.KindGap:
				t.Errorf("%s: has a gap", file)
			}
		}
		if grants > 2 || grants < 1 && ended { // one that was killed may have told of nothing yet
			t.Errorf("%s: tells of %d grants", file, grants)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if proposals == 0 {
		t.Error("no leader recorded a proposal")
	}
}

// TestSingleNode: one node founds a cluster alone, and a restart remembers.
func TestSingleNode(t *testing.T) {
	cfg := localConfig(t, "")
	cfg.BootstrapExpect = 1
	n := startLocal(t, cfg)
	c := clientOf(t, n)
	c.put("b", 100)
	session := c.open("b")
	granted := c.acquire(session, 1, 30)
	id := n.ID()
	n.Kill()

	n = startLocal(t, cfg)
	if n.ID() != id {
		t.Errorf("id: got %q, want %q", n.ID(), id)
	}
	c = clientOf(t, n)
	again := c.acquire(session, 1, 30)
	if again.GetGrants()[0].GetLease() != granted.GetGrants()[0].GetLease() {
		t.Errorf("retry: got %v, want %v", again, granted)
	}
	if got := c.used("b"); got != 30 {
		t.Errorf("used: got %d, want 30", got)
	}
	if err := n.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestForeignServerIsNotAdded: two clusters whose gossip meets stay two clusters.
func TestForeignServerIsNotAdded(t *testing.T) {
	refusals := make(chan string, 16)
	configs := map[string]Config{}
	for _, id := range []string{"x", "y"} {
		cfg := localConfig(t, id)
		cfg.ListenGossip, cfg.BootstrapExpect = "127.0.0.1:0", 1
		cfg.Logger = slog.New(slog.NewTextHandler(refusalWriter(refusals), nil))
		configs[id] = cfg
	}
	x := startLocal(t, configs["x"])
	eventually(t, 5*time.Second, "a leader", x.IsLeader)
	if err := x.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	y := startLocal(t, configs["y"])
	eventually(t, 5*time.Second, "a leader", y.IsLeader)

	cfg := configs["x"]
	cfg.BootstrapExpect, cfg.Join = 0, []string{y.GossipAddr()}
	x = startLocal(t, cfg)
	refused := map[string]bool{}
	for len(refused) < 2 { // each refuses the other
		select {
		case line := <-refusals:
			refused[line] = true
		case <-time.After(10 * time.Second):
			t.Fatalf("got the refusals %v", refused)
		}
	}
	eventually(t, 5*time.Second, "each to be told", func() bool {
		return x.finder.dismissed() && y.finder.dismissed()
	})
	if !x.IsLeader() || x.Status().State != "leader" {
		t.Errorf("what another cluster says counts: %q", x.Status().State)
	}
	for _, n := range []*Node{x, y} {
		for _, m := range n.Status().Members {
			if m.Voter != (m.ID == n.ID()) {
				t.Errorf("%s: member %+v", n.ID(), m)
			}
		}
	}
}

// refusalWriter passes on the refused servers' names.
type refusalWriter chan<- string

func (w refusalWriter) Write(line []byte) (int, error) {
	if text := string(line); strings.Contains(text, "server not added") {
		w <- text[strings.LastIndex(text, "server="):]
	}
	return len(line), nil
}
