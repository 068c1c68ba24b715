package node

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"

	"github.com/leased-io/leased/fsm"
)

// TestADirectoryKeepsItsLogStore: a node that starts again finds what it had, and with the other
// store it does not start, which its directory survives.
func TestADirectoryKeepsItsLogStore(t *testing.T) {
	for has, other := range map[string]string{
		LogStoreBolt: LogStoreWAL, LogStoreWAL: LogStoreBolt,
	} {
		t.Run(has, func(t *testing.T) {
			cfg := localConfig(t, "n1")
			cfg.BootstrapExpect = 1
			cfg.LogStore = has
			n := startLocal(t, cfg)
			c := clientOf(t, n)
			c.put("b", 100)
			s := c.open("b")
			before := c.acquire(s, 1, 10)
			n.Kill()

			cfg.LogStore = other
			if n, err := Start(t.Context(), cfg); err == nil {
				n.Kill()
				t.Fatal("started with the other store")
			} else if !strings.Contains(err.Error(), "--log-store="+has) ||
				!strings.Contains(err.Error(), cfg.DataDir) {
				t.Errorf("%q does not name the directory and --log-store=%s", err, has)
			}
			cfg.LogStore = has
			again := clientOf(t, startLocal(t, cfg)).acquire(s, 1, 10)
			if len(again.GetGrants()) != 1 ||
				again.GetGrants()[0].GetLease() != before.GetGrants()[0].GetLease() {
				t.Errorf("got %v after the restart, want what was granted: %v", again, before)
			}
		})
	}
}

// TestWALOverAGap: a server that was sent a snapshot goes on appending after it, and does so when
// it is started again.
func TestWALOverAGap(t *testing.T) {
	var cfgs []Config
	var nodes []*Node
	for _, id := range []string{"n1", "n2", "n3"} {
		cfg := localConfig(t, id)
		cfg.LogStore = LogStoreWAL
		cfg.BootstrapExpect = 3
		cfg.ListenGossip = "127.0.0.1:0"
		cfg.SnapshotInterval, cfg.SnapshotThreshold = minHeartbeat, 64
		cfg.TrailingLogs = MinTrailingLogs
		if len(nodes) > 0 {
			cfg.Join = []string{nodes[0].GossipAddr()}
		}
		cfgs, nodes = append(cfgs, cfg), append(nodes, startLocal(t, cfg))
	}
	leading := func() int { // on a slow machine not always the same
		leader := -1
		eventually(t, 15*time.Second, "a leader", func() bool {
			leader = slices.IndexFunc(nodes, (*Node).IsLeader)
			return leader >= 0
		})
		return leader
	}
	away := (leading() + 1) % len(nodes)
	other := nodes[(away+1)%len(nodes)]
	cfgs[away].Join = []string{other.GossipAddr()}
	propose := func(entries int) {
		for range entries {
			retry(t, func() (fsm.Result, error) {
				return service{nodes[leading()]}.Propose(t.Context(),
					fsm.Command{Return: &fsm.Return{Session: 1}})
			})
		}
	}
	for range 2 {
		nodes[away].Kill()
		propose(MinTrailingLogs + 100)
		nodes[away] = startLocal(t, cfgs[away])
		caughtUp := func() bool {
			return nodes[away].Status().Applied >= other.Status().Applied
		}
		eventually(t, 15*time.Second, "what was missed", caughtUp)
		propose(10)
		eventually(t, 15*time.Second, "what came since", caughtUp)
	}
}

// TestALogThatEndsBeforeItsSnapshot: as after a crash while a snapshot took the log's place.
func TestALogThatEndsBeforeItsSnapshot(t *testing.T) {
	dir := t.TempDir()
	open := func() *store {
		s, err := openStore(dir, "n1", LogStoreWAL, hclog.NewNullLogger())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	for i := range uint64(5) {
		if err := s.Logs.StoreLog(&raft.Log{Index: i + 1, Term: 1}); err != nil {
			t.Fatal(err)
		}
	}
	_, network := raft.NewInmemTransport("")
	sink, err := s.Snapshots.Create(1, 10, 1, raft.Configuration{}, 1, network)
	if err != nil {
		t.Fatal(err)
	}
	if err := sink.Close(); err != nil {
		t.Fatal(err)
	}
	for want := range uint64(2) { // also when it was emptied already
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
		s = open()
		if last, err := s.Logs.LastIndex(); err != nil || last != 11*want {
			t.Fatalf("the log ends at %d, %v, want %d", last, err, 11*want)
		}
		if err := s.Logs.StoreLog(&raft.Log{Index: 11 + want, Term: 1}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	if found, _ := filepath.Glob(filepath.Join(dir, walDir, "*")); len(found) == 0 {
		t.Error("there is no log where it belongs")
	}
}
