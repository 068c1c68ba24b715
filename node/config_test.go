package node

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"

	"github.com/leased-io/leased/budget"
)

func TestConfigValidate(t *testing.T) {
	valid := func() Config {
		c := DefaultConfig()
		c.DataDir = "data"
		c.ListenAPI, c.ListenRaft, c.ListenGossip = "127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"
		c.BootstrapExpect = 3
		return c
	}
	for _, tc := range []struct {
		name   string
		change func(*Config)
		field  string // the one to be named; empty: valid
	}{
		{"valid", func(*Config) {}, ""},
		{"joiner", func(c *Config) { c.BootstrapExpect, c.Join = 0, []string{"h:3"} }, ""},
		{"alone", func(c *Config) { c.BootstrapExpect, c.ListenGossip = 1, "" }, ""},
		{"all interfaces", func(c *Config) { c.ListenRaft, c.AdvertiseHost = ":2", "h" }, ""},
		{"bad id", func(c *Config) { c.ID = "a/b" }, "ID"},
		{"long id", func(c *Config) { c.ID = strings.Repeat("a", maxIDLen+1) }, "ID"},
		{"no directory", func(c *Config) { c.DataDir = "" }, "DataDir"},
		{"stores without id", func(c *Config) { c.Stores = &Stores{} }, "ID"},
		{"no API", func(c *Config) { c.ListenAPI = "" }, "ListenAPI"},
		{"no port", func(c *Config) { c.ListenRaft = "127.0.0.1" }, "ListenRaft"},
		{"nothing to advertise", func(c *Config) { c.ListenRaft = "0.0.0.0:2" }, "ListenRaft"},
		{"nothing to gossip", func(c *Config) { c.ListenGossip = ":3" }, "ListenGossip"},
		{"long host", func(c *Config) {
			c.AdvertiseHost = strings.Repeat("h", maxHostLen+1)
		}, "AdvertiseHost"},
		{"join without port", func(c *Config) { c.Join = []string{"h:1", "h"} }, "Join[1]"},
		{"too many founders", func(c *Config) { c.BootstrapExpect = 10 }, "BootstrapExpect"},
		{"alone with others", func(c *Config) {
			c.BootstrapExpect, c.Join = 1, []string{"h:3"}
		}, "BootstrapExpect"},
		{"gossip is needed", func(c *Config) { c.ListenGossip = "" }, "ListenGossip"},
		{"peers and gossip", func(c *Config) { c.Peers = []Peer{{ID: "a"}} }, "Peers"},
		{"not among the peers", func(c *Config) {
			c.ID, c.ListenGossip, c.Peers = "b", "", []Peer{{ID: "a"}}
		}, "Peers"},
		{"directory", func(c *Config) { c.ListenGossip, c.Directory = "", NewDirectory() }, ""},
		{"directory and gossip", func(c *Config) { c.Directory = NewDirectory() }, "ListenGossip"},
		{"directory and peers", func(c *Config) {
			c.ListenGossip, c.Directory, c.Peers = "", NewDirectory(), []Peer{{ID: "a"}}
		}, "Peers"},
		{"no pre-votes", func(c *Config) {
			_, network := raft.NewInmemTransport("")
			c.RaftTransport = struct{ raft.Transport }{network}
		}, "RaftTransport"},
		{"few trailing logs", func(c *Config) { c.TrailingLogs = MinTrailingLogs - 1 },
			"TrailingLogs"},
		{"drift", func(c *Config) { c.DriftPPM = 200_001 }, "DriftPPM"},
		{"heartbeat", func(c *Config) { c.HeartbeatTimeout = time.Millisecond }, "HeartbeatTimeout"},
		{"leader lease", func(c *Config) { c.LeaderLeaseTimeout = time.Hour }, "LeaderLeaseTimeout"},
		{"commit", func(c *Config) { c.CommitTimeout = 0 }, "CommitTimeout"},
		{"snapshot interval", func(c *Config) { c.SnapshotInterval = 0 }, "SnapshotInterval"},
		{"snapshot threshold", func(c *Config) { c.SnapshotThreshold = 0 }, "SnapshotThreshold"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := valid()
			tc.change(&c)
			err := c.Validate()
			switch {
			case tc.field == "" && err != nil:
				t.Errorf("got %v", err)
			case tc.field != "" && err == nil:
				t.Errorf("%s was let through", tc.field)
			case tc.field != "" && !strings.Contains(err.Error(), "config: "+tc.field+": "):
				t.Errorf("%q does not name %s", err, tc.field)
			}
		})
	}
	problems := strings.Count(Config{DriftPPM: -1}.Validate().Error(), "\n") + 1
	if want := 12; problems != want { // nothing set, and a drift that cannot be
		t.Errorf("got %d problems, want %d", problems, want)
	}
}

func TestEpochClock(t *testing.T) {
	mono := 5 * time.Second
	clock := startClock(7, budget.Instant(time.Minute), func() time.Duration { return mono })
	for _, tc := range []struct {
		mono time.Duration
		want budget.Instant
	}{
		{5 * time.Second, budget.Instant(time.Minute)},
		{5*time.Second + 1, budget.Instant(time.Minute) + 1},
		{65 * time.Second, budget.Instant(2 * time.Minute)},
	} {
		if mono = tc.mono; clock.now() != tc.want {
			t.Errorf("at %s: got %d, want %d", tc.mono, clock.now(), tc.want)
		}
	}
}

// TestRaftLogger: raft's errors are warnings, but the same one not ten times a second.
func TestRaftLogger(t *testing.T) {
	var out strings.Builder
	options := &slog.HandlerOptions{Level: slog.LevelInfo}
	log := newRaftLogger(slog.New(slog.NewTextHandler(&out, options)))
	for range 10 {
		log.With("peer", "b").Error("failed to heartbeat", "why", hclog.Fmt("%d%%", 7))
		log.Warn("heartbeat timeout reached")
		log.Info("entering leader state")
	}
	log.Error("failed to commit logs")
	got := out.String()
	for text, want := range map[string]int{
		"failed to heartbeat": 1, "failed to commit logs": 1, "why=7%": 1, "peer=b": 1,
		"timeout": 0, "entering": 0, "level=WARN": 2, "component=raft": 2,
	} {
		if n := strings.Count(got, text); n != want {
			t.Errorf("%q: got %d times, want %d, in:\n%s", text, n, want, got)
		}
	}
}
