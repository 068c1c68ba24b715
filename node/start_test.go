package node

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestStartErrors: each says in one line what is wrong and what to change, and leaves nothing
// running or locked.
func TestStartErrors(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	busy := taken.Addr().String()
	running := localConfig(t, "running")
	running.BootstrapExpect = 1
	startLocal(t, running)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	other := localConfig(t, "other")
	other.BootstrapExpect = 1
	startLocal(t, other).Kill()

	for _, tc := range []struct {
		name   string
		change func(*Config)
		want   []string
	}{
		{"API port", func(c *Config) { c.ListenAPI = busy }, []string{busy, "in use", "--listen"}},
		{"raft port", func(c *Config) { c.ListenRaft = busy },
			[]string{busy, "in use", "--raft-listen"}},
		{"gossip port", func(c *Config) { c.ListenGossip = busy },
			[]string{busy, "in use", "--gossip-listen"}},
		{"no such host", func(c *Config) { c.ListenAPI = "192.0.2.1:0" },
			[]string{"192.0.2.1:0", "--listen"}},
		{"directory in use", func(c *Config) { c.DataDir = running.DataDir },
			[]string{running.DataDir, "in use", "--data-dir"}},
		{"no directory", func(c *Config) { c.DataDir = filepath.Join(file, "below") },
			[]string{file, "--data-dir"}},
		{"another's directory", func(c *Config) { c.DataDir = other.DataDir },
			[]string{other.DataDir, `"other"`, `"n1"`, "--data-dir", "--id"}},
		{"trace directory", func(c *Config) { c.TraceDir = file }, []string{file, "trace directory"}},
		{"bad config", func(c *Config) { c.DataDir, c.DriftPPM = "", -1 },
			[]string{"DataDir", "DriftPPM"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := localConfig(t, "n1")
			cfg.BootstrapExpect = 1
			tc.change(&cfg)
			n, err := Start(t.Context(), cfg)
			if err == nil {
				n.Kill()
				t.Fatal("started")
			}
			for _, part := range tc.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
			if tc.name != "bad config" && strings.Contains(err.Error(), "\n") {
				t.Errorf("%q takes several lines", err)
			}
		})
	}
}

func TestStartIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cfg := localConfig(t, "n1")
	cfg.BootstrapExpect = 1
	if n, err := Start(ctx, cfg); err == nil {
		n.Kill()
		t.Fatal("started")
	}
}

// TestListenerFails: a node that can no longer serve ends by itself, and says why.
func TestListenerFails(t *testing.T) {
	cfg := localConfig(t, "n1")
	cfg.BootstrapExpect = 1
	n := startLocal(t, cfg)
	if n.Err() != nil {
		t.Errorf("a running node has failed: %v", n.Err())
	}
	if err := n.apiListener.Close(); err != nil {
		t.Fatal(err)
	}
	<-n.Done()
	if n.Err() == nil || !strings.Contains(n.Err().Error(), n.APIAddr()) {
		t.Errorf("got %v, want an error that names %s", n.Err(), n.APIAddr())
	}
}
